//! What another version of a calendar changes, date by date: what a dry run shows before it is published.

use jiff::{Span, civil::Date};
use serde::Serialize;

use crate::{Calendar, DayKind, Hours, SpecialDates};

/// Consecutive local dates whose hours differ in the same way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// First local date.
    pub from: Date,
    /// Last local date.
    pub to: Date,
    pub old: DayHours,
    pub new: DayHours,
}

/// The hours of a local date, and why it has them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DayHours {
    /// None means closed.
    pub hours: Hours,
    /// What people call the day, if its hours are not its weekday's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub day: Option<DayKind>,
}

impl Calendar {
    /// Where the hours of `new` differ from these: for every date that both know from `first` on. Where neither has a
    /// horizon, for a year, which tells everything about weeks. Labels alone are no change, and zones are not compared.
    pub fn changes(&self, new: &Self, first: Date) -> Vec<Change> {
        let first = [self.from(), new.from()].into_iter().flatten().fold(first, Date::max);
        let horizon = [self.horizon(), new.horizon()].into_iter().flatten().min();
        let last = horizon.unwrap_or_else(|| first.saturating_add(Span::new().days(365)));
        let mut changes: Vec<Change> = Vec::new();
        for date in first.series(Span::new().days(1)).take_while(|date| *date <= last) {
            // Both know it: neither refuses.
            let (Ok(old), Ok(new)) = (self.day(date), new.day(date)) else { break };
            if old.0 == new.0 {
                continue;
            }
            let (old, new) = (DayHours::of(old), DayHours::of(new));
            match changes.last_mut() {
                Some(run) if run.to == date.yesterday().unwrap_or(date) && run.old == old && run.new == new => {
                    run.to = date
                }
                _ => changes.push(Change { from: date, to: date, old, new }),
            }
        }
        changes
    }
}

impl DayHours {
    fn of((hours, special): (&Hours, Option<&SpecialDates>)) -> Self {
        let label = special.map(|special| special.label.clone());
        Self { hours: hours.clone(), label, day: special.and_then(|special| special.day) }
    }
}
