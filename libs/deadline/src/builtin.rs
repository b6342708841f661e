//! The set that is compiled in: version 1, in force until a newer one is published.

use std::sync::LazyLock;

use crate::PolicySet;

static DOCUMENTS: [&str; 9] = [
    include_str!("../data/set.toml"),
    include_str!("../data/calendars/round_the_clock.toml"),
    include_str!("../data/calendars/phone.toml"),
    include_str!("../data/calendars/support.toml"),
    include_str!("../data/calendars/working_days.toml"),
    include_str!("../data/policies/urgent.toml"),
    include_str!("../data/policies/subject.toml"),
    include_str!("../data/policies/channel.toml"),
    include_str!("../data/policies/standard.toml"),
];

static BUILTIN: LazyLock<PolicySet> = LazyLock::new(|| match PolicySet::from_toml(&DOCUMENTS) {
    Ok(set) => set,
    // The text is a constant of the binary and a test loads it: a build in which this can happen does not pass its tests.
    Err(invalid) => panic!("the policies in libs/deadline/data: {invalid}"),
});

impl PolicySet {
    /// The shipped policies (`L1`) and calendars (`L2`), from `libs/deadline/data`.
    pub fn builtin() -> &'static Self {
        &BUILTIN
    }
}
