//! The arithmetic of a term: when it ends, how much of it is used.
//!
//! An allowance is a budget of counted time. What counts is real time or the calendar's opening hours, less the suspensions;
//! the due time is *the earliest instant at which the budget is used*. A budget used up exactly at closing time is due at
//! closing time, not on the next morning.
//!
//! **Working days.** The day of filing is not counted; the term ends with the last opening interval of the n-th worked date
//! after it. Suspensions are given back hour for hour: the budget is the working time from the start to that end, and a
//! suspension does not use it. So a suspension that covers x of working time, the rest of the filing day included, moves the
//! due time by exactly x of working time (then it may fall inside a day); one that lies outside opening hours moves
//! nothing; more suspension never makes a term end earlier, and neither does a later start, as long as the suspensions lie
//! after both starts.
//!
//! A longer allowance and a later start never give an earlier due time. Past the calendar's horizon nothing is computed.

use jiff::{SignedDuration, Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use crate::{
    Allowance, Basis, Calendar, Refused, Suspension,
    suspension::Ledger,
    walk::{Kind, Walk},
};

/// Where a term ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Due {
    /// At this instant, passed or to come.
    At(Timestamp),
    /// The clock stands still and nobody knows until when; so much of the allowance is left.
    Paused {
        /// Counted time left, longer than zero.
        remaining: SignedDuration,
    },
}

impl Due {
    /// The due time, if there is one now.
    pub fn time(self) -> Option<Timestamp> {
        match self {
            Self::At(time) => Some(time),
            Self::Paused { .. } => None,
        }
    }
}

/// When the term ends.
///
/// # Errors
/// [`Refused`]: a due time past the calendar's horizon, an allowance not above zero, a broken suspension.
pub fn due(
    calendar: &Calendar,
    start: Timestamp,
    allowance: Allowance,
    suspensions: &[Suspension],
) -> Result<Due, Refused> {
    let ledger = Ledger::of(calendar, suspensions)?;
    let budget = budget(calendar, start, allowance)?;
    used_at(Walk::new(calendar, allowance.basis(), start, &ledger), start, budget)
}

/// How much counted time lies in `[from, to)`; zero when `to` is not after `from`.
///
/// # Errors
/// [`Refused`]: `to` past the calendar's horizon (for working time), a broken suspension.
pub fn elapsed(
    calendar: &Calendar,
    basis: Basis,
    from: Timestamp,
    to: Timestamp,
    suspensions: &[Suspension],
) -> Result<SignedDuration, Refused> {
    let ledger = Ledger::of(calendar, suspensions)?;
    if to <= from {
        return Ok(SignedDuration::ZERO);
    }
    counted(Walk::new(calendar, basis, from, &ledger), to)
}

/// How much of the allowance is left at `now`, in counted time; negative once overdue. It stands still while suspended and,
/// for working time, outside opening hours.
///
/// # Errors
/// As [`due`] and [`elapsed`].
pub fn remaining(
    calendar: &Calendar,
    start: Timestamp,
    allowance: Allowance,
    suspensions: &[Suspension],
    now: Timestamp,
) -> Result<SignedDuration, Refused> {
    let used = elapsed(calendar, allowance.basis(), start, now, suspensions)?;
    budget(calendar, start, allowance)?.checked_sub(used).ok_or(Refused::OutOfRange)
}

/// The instant at which `percent` of the counted time of `[start, due)` is used (`L6`): earlier than `due` for every percent
/// under 100. `None` while the clock is paused without an end before `due`: the due time will move, and its share with it.
///
/// It takes the due time and not the allowance, so that a promise given earlier is warned about at its own share.
///
/// # Errors
/// As [`elapsed`].
pub fn share(
    calendar: &Calendar,
    basis: Basis,
    start: Timestamp,
    due: Timestamp,
    suspensions: &[Suspension],
    percent: u8,
) -> Result<Option<Timestamp>, Refused> {
    let ledger = Ledger::of(calendar, suspensions)?;
    if suspensions.iter().any(|suspension| suspension.to.is_none() && suspension.from < due) {
        return Ok(None);
    }
    if due <= start {
        return Ok(Some(start));
    }
    let total = counted(Walk::new(calendar, basis, start, &ledger), due)?;
    Ok(used_at(Walk::new(calendar, basis, start, &ledger), start, part(total, percent))?.time())
}

/// The counted time that the allowance grants. For working days: the opening hours from the start to the end of the last one.
pub(crate) fn budget(calendar: &Calendar, start: Timestamp, allowance: Allowance) -> Result<SignedDuration, Refused> {
    if !allowance.is_positive() {
        return Err(Refused::AllowanceNotPositive);
    }
    match allowance {
        Allowance::RealTime(time) | Allowance::WorkingTime(time) => Ok(time),
        Allowance::WorkingDays(days) => {
            let none = Ledger::new(&[])?;
            let end = end_of_day(calendar, start, days)?;
            counted(Walk::new(calendar, Basis::Working, start, &none), end)
        }
    }
}

/// `percent` of a time, rounded down to the nanosecond; never less than zero, never more than all of it.
pub(crate) fn part(total: SignedDuration, percent: u8) -> SignedDuration {
    SignedDuration::try_from_nanos_i128(total.as_nanos() * i128::from(percent.min(100)) / 100).unwrap_or(total)
}

/// The earliest instant at which `need` of counted time is used.
pub(crate) fn used_at(walk: Walk<'_>, start: Timestamp, need: SignedDuration) -> Result<Due, Refused> {
    let mut left = need;
    if !left.is_positive() {
        return Ok(Due::At(start));
    }
    for piece in walk {
        let piece = piece?;
        match piece.kind {
            Kind::Counted if piece.length() >= left => {
                return piece.from.checked_add(left).map(Due::At).map_err(|_| Refused::OutOfRange);
            }
            Kind::Counted => left -= piece.length(),
            Kind::Open(_) => return Ok(Due::Paused { remaining: left }),
            Kind::Closed(_) | Kind::Suspended { .. } => {}
        }
    }
    Err(Refused::OutOfRange)
}

/// Counted time before `end`, which lies after the start of the walk.
pub(crate) fn counted(walk: Walk<'_>, end: Timestamp) -> Result<SignedDuration, Refused> {
    let mut total = SignedDuration::ZERO;
    for piece in walk {
        let piece = piece?;
        if piece.kind == Kind::Counted && piece.from < end {
            total += piece.from.duration_until(piece.to.min(end));
        }
        // Stops before asking for what lies behind: `end` may be the last instant before the horizon.
        if piece.to >= end {
            break;
        }
    }
    Ok(total)
}

/// The end of the n-th worked local date after the date of `start`.
fn end_of_day(calendar: &Calendar, start: Timestamp, days: u16) -> Result<Timestamp, Refused> {
    let mut date = calendar.date_of(start);
    let mut left = days;
    loop {
        date = date.tomorrow().map_err(|_| Refused::OutOfRange)?;
        let Some(close) = closing_time(calendar, date)?.filter(|close| *close > start) else { continue };
        left -= 1;
        if left == 0 {
            return Ok(close);
        }
    }
}

/// When the last opening interval of a date ends. Hours that the turn of the clocks swallows are no hours: the date that
/// Samoa skipped in 2011 is not a worked day, whatever the week says.
fn closing_time(calendar: &Calendar, date: Date) -> Result<Option<Timestamp>, Refused> {
    let (hours, _) = calendar.hours_on(date)?;
    for interval in hours.intervals().iter().rev() {
        let close = calendar.instant(date, interval.to())?;
        if calendar.instant(date, interval.from())? < close {
            return Ok(Some(close));
        }
    }
    Ok(None)
}
