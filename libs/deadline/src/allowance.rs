//! How much time a target grants.

use jiff::{SignedDuration, fmt::serde::duration::friendly::compact::required as compact};
use serde::{Deserialize, Serialize};

/// How much time a target grants. The three kinds are told apart by name, never by size: `48h` of real time and two working
/// days are different promises.
///
/// In TOML: `{ real = "30m" }`, `{ working = "8h" }`, `{ working_days = 5 }`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Allowance {
    /// Time of the wall, round the clock; no calendar is asked.
    #[serde(rename = "real", serialize_with = "compact")]
    RealTime(SignedDuration),
    /// Time during the calendar's opening hours.
    #[serde(rename = "working", serialize_with = "compact")]
    WorkingTime(SignedDuration),
    /// Working days by the convention that the policy names: the day of filing is not counted, the term ends with the last
    /// opening interval of the last day.
    #[serde(rename = "working_days")]
    WorkingDays(u16),
}

/// Which time a clock counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// All time.
    Real,
    /// The calendar's opening hours.
    Working,
}

impl Allowance {
    /// The time this allowance is counted in. Working days are counted in the opening hours of those days.
    pub fn basis(self) -> Basis {
        match self {
            Self::RealTime(_) => Basis::Real,
            Self::WorkingTime(_) | Self::WorkingDays(_) => Basis::Working,
        }
    }

    /// Whether it ends within a human's patience: what is computed day by day must not take for ever.
    pub fn is_bounded(self) -> bool {
        match self {
            Self::RealTime(time) | Self::WorkingTime(time) => time <= SignedDuration::from_hours(5 * 366 * 24),
            Self::WorkingDays(days) => days <= 1_000,
        }
    }

    /// Whether it grants any time at all.
    pub fn is_positive(self) -> bool {
        match self {
            Self::RealTime(time) | Self::WorkingTime(time) => time.is_positive(),
            Self::WorkingDays(days) => days > 0,
        }
    }
}
