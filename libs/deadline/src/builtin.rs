//! The sets that are compiled in, oldest first. Appeals are pinned to the set that they were promised under, so one that was
//! ever shipped stays here byte by byte.

use std::sync::LazyLock;

use crate::PolicySet;

/// Policies and calendars that all versions have.
const SHARED: [&str; 6] = [
    include_str!("../data/calendars/round_the_clock.toml"),
    include_str!("../data/calendars/phone.toml"),
    include_str!("../data/policies/urgent.toml"),
    include_str!("../data/policies/subject.toml"),
    include_str!("../data/policies/channel.toml"),
    include_str!("../data/policies/standard.toml"),
];

const VERSIONS: [[&str; 3]; 3] = [
    [
        include_str!("../data/1/set.toml"),
        include_str!("../data/1/calendars/support.toml"),
        include_str!("../data/1/calendars/working_days.toml"),
    ],
    [
        include_str!("../data/2/set.toml"),
        include_str!("../data/2/calendars/support.toml"),
        include_str!("../data/2/calendars/working_days.toml"),
    ],
    [
        include_str!("../data/3/set.toml"),
        include_str!("../data/2/calendars/support.toml"),
        include_str!("../data/2/calendars/working_days.toml"),
    ],
];

static SHIPPED: LazyLock<[PolicySet; VERSIONS.len()]> = LazyLock::new(|| {
    VERSIONS.map(|own| match PolicySet::from_toml(&[&own[..], &SHARED].concat()) {
        Ok(set) => set,
        // The text is a constant of the binary and a test loads it: a build in which this can happen does not pass its tests.
        Err(invalid) => panic!("the policies in libs/deadline/data: {invalid}"),
    })
});

impl PolicySet {
    /// Every version that was shipped, oldest first; the last is in force until a newer one is published.
    pub fn shipped() -> &'static [Self] {
        &*SHIPPED
    }

    /// The newest shipped policies (`L1`) and calendars (`L2`), from `libs/deadline/data`.
    pub fn builtin() -> &'static Self {
        let [.., newest] = &*SHIPPED;
        newest
    }
}
