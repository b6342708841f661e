//! When to remind that a due time nears (`L6`), besides the share that every plan names.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    Allowance, Basis, Calendar, Due, Refused, Suspension,
    due::{budget, counted, part, share, used_at},
    suspension::Ledger,
    walk::Walk,
};

/// One reminder. In TOML: `{ percent = 50 }`, `{ offset = { real = "1h" } }`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Warning {
    /// When this share of the counted time is used, 1 to 99.
    Percent(u8),
    /// This long before the due time: real time whatever was slept through, or time that the term counts itself. Where the clock stood still then, it
    /// is once it runs again; where not so much of the term is
    /// left at its beginning, nobody is reminded.
    Offset(Allowance),
}

/// An instant, or the end of the stretch that stands still around it: nobody is reminded of what did not run then.
fn once_running(calendar: &Calendar, suspensions: &[Suspension], mut time: Timestamp) -> Timestamp {
    let around = |time| {
        let still = suspensions.iter().chain(calendar.outages()).filter(|it| it.from <= time);
        still.filter_map(|it| it.to).find(|end| time < *end)
    };
    while let Some(end) = around(time) {
        time = end;
    }
    time
}

impl Warning {
    /// The share, where it is one.
    pub(crate) fn percent(&self) -> Option<u8> {
        match self {
            Self::Percent(percent) => Some(*percent),
            Self::Offset(_) => None,
        }
    }

    /// What is wrong with it in a plan of that allowance.
    pub(crate) fn fault(self, term: Allowance) -> Option<&'static str> {
        let is_shorter = |offset: SignedDuration, whole: SignedDuration| offset.is_positive() && offset < whole;
        match (self, term) {
            (Self::Percent(1..=99), _) => None,
            (Self::Percent(_), _) => Some("a percent of warn_before must be 1 to 99"),
            (Self::Offset(Allowance::WorkingDays(_)), _) => Some("an offset of warn_before is real or working time"),
            (Self::Offset(Allowance::WorkingTime(_)), Allowance::RealTime(_)) => {
                Some("an offset of warn_before can't be working time where the term is real time")
            }
            (Self::Offset(Allowance::RealTime(offset)), Allowance::RealTime(whole))
            | (Self::Offset(Allowance::WorkingTime(offset)), Allowance::WorkingTime(whole)) => {
                (!is_shorter(offset, whole)).then_some("an offset of warn_before must be shorter than the term")
            }
            (Self::Offset(offset), _) => {
                (!offset.is_positive()).then_some("an offset of warn_before must be longer than zero")
            }
        }
    }

    /// When it is to happen under the due time in force; `None` where that is not known now, and where it would not lie within the term.
    pub(crate) fn time(
        self,
        calendar: &Calendar,
        start: Timestamp,
        allowance: Allowance,
        suspensions: &[Suspension],
        in_force: Due,
    ) -> Result<Option<Timestamp>, Refused> {
        let basis = allowance.basis();
        let time = match (self, in_force) {
            (Self::Percent(percent), Due::At(due)) => share(calendar, basis, start, due, suspensions, percent)?,
            (Self::Percent(percent), Due::Paused { .. }) => {
                let ledger = Ledger::of(calendar, suspensions)?;
                let need = part(budget(calendar, start, allowance)?, percent);
                return Ok(used_at(Walk::new(calendar, basis, start, &ledger), start, need)?.time());
            }
            // How long before the end nobody knows who does not know the end.
            (Self::Offset(_), Due::Paused { .. }) => None,
            (Self::Offset(Allowance::WorkingTime(offset)), Due::At(due)) if basis == Basis::Working && start < due => {
                let ledger = Ledger::of(calendar, suspensions)?;
                let walk = || Walk::new(calendar, basis, start, &ledger);
                let need = counted(walk(), due)?.saturating_sub(offset);
                if need.is_positive() { used_at(walk(), start, need)?.time() } else { None }
            }
            (Self::Offset(Allowance::RealTime(offset)), Due::At(due)) => {
                let time = due.checked_sub(offset).ok().filter(|time| *time > start);
                time.map(|time| once_running(calendar, suspensions, time))
            }
            (Self::Offset(_), Due::At(_)) => None,
        };
        Ok(time.filter(|time| in_force.time().is_none_or(|due| *time < due)))
    }
}
