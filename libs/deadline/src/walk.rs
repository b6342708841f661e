//! The one walk along time that every answer is read from: due time, elapsed time, shares and explanations cannot disagree,
//! because they add up the same pieces.
//!
//! ```text
//! calendar     |  open  | off hours |  open  | off hours | holiday ...
//! ledger            [  suspended      )
//! pieces       |open|   suspended    |open   | off hours | holiday ...     contiguous, from the start on
//! ```

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp, civil::Date};

use crate::{Basis, Calendar, Refused, SpecialDates, SuspensionReason, suspension::Ledger};

/// What a stretch of time is to a calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Base<'a> {
    Open,
    Closed(Option<&'a SpecialDates>),
}

/// What a stretch of time is to a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind<'a> {
    Counted,
    /// Outside opening hours; with what the day is if it has hours of its own.
    Closed(Option<&'a SpecialDates>),
    /// `lost`: it would have counted.
    Suspended {
        reason: SuspensionReason,
        lost: bool,
    },
    /// Suspended without an end yet. The last piece of a walk; its `to` means nothing.
    Open(SuspensionReason),
}

/// A stretch of time of one kind, never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Piece<'a> {
    pub from: Timestamp,
    pub to: Timestamp,
    pub kind: Kind<'a>,
}

impl Piece<'_> {
    pub(crate) fn length(&self) -> SignedDuration {
        self.from.duration_until(self.to)
    }
}

/// Contiguous pieces from `start` on, until an open suspension, the calendar's horizon (an error) or the end of time.
pub(crate) struct Walk<'a> {
    base: BaseWalk<'a>,
    ledger: &'a Ledger,
    /// What is left of the calendar's present stretch.
    rest: Option<(Timestamp, Timestamp, Base<'a>)>,
    over: bool,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(calendar: &'a Calendar, basis: Basis, start: Timestamp, ledger: &'a Ledger) -> Self {
        let base = match basis {
            Basis::Real => BaseWalk::Real(Some(start)),
            Basis::Working => BaseWalk::Working(Days::new(calendar, start)),
        };
        Self { base, ledger, rest: None, over: false }
    }
}

impl<'a> Iterator for Walk<'a> {
    type Item = Result<Piece<'a>, Refused>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let (from, end, base) = match self.rest.take() {
            Some(rest) => rest,
            None => match self.base.next()? {
                Ok(stretch) => stretch,
                Err(refused) => {
                    self.over = true;
                    return Some(Err(refused));
                }
            },
        };
        let unsuspended = match base {
            Base::Open => Kind::Counted,
            Base::Closed(special) => Kind::Closed(special),
        };
        let (to, kind) = match self.ledger.after(from) {
            None => (end, unsuspended),
            Some(next) if next.from > from => (end.min(next.from), unsuspended),
            Some(now) => match now.to {
                Some(to) => (end.min(to), Kind::Suspended { reason: now.reason, lost: base == Base::Open }),
                None => {
                    self.over = true;
                    (end, Kind::Open(now.reason))
                }
            },
        };
        if to < end {
            self.rest = Some((to, end, base));
        }
        Some(Ok(Piece { from, to, kind }))
    }
}

/// The calendar's side of the walk.
enum BaseWalk<'a> {
    /// One stretch: real time is always open.
    Real(Option<Timestamp>),
    Working(Days<'a>),
}

impl<'a> BaseWalk<'a> {
    fn next(&mut self) -> Option<Result<(Timestamp, Timestamp, Base<'a>), Refused>> {
        match self {
            Self::Real(start) => start
                .take()
                .filter(|start| *start < Timestamp::MAX)
                .map(|start| Ok((start, Timestamp::MAX, Base::Open))),
            Self::Working(days) => days.next(),
        }
    }
}

/// Open and closed stretches, one local date after another.
struct Days<'a> {
    calendar: &'a Calendar,
    start: Timestamp,
    date: Option<Date>,
    queue: VecDeque<(Timestamp, Timestamp, Base<'a>)>,
}

impl<'a> Days<'a> {
    fn new(calendar: &'a Calendar, start: Timestamp) -> Self {
        // A date begins at the first instant that shows it or a later one, so never after an instant that shows it; what
        // ends before the start is dropped.
        Self { calendar, start, date: Some(calendar.date_of(start)), queue: VecDeque::new() }
    }

    fn next(&mut self) -> Option<Result<(Timestamp, Timestamp, Base<'a>), Refused>> {
        loop {
            if let Some(stretch) = self.queue.pop_front() {
                return Some(Ok(stretch));
            }
            if let Err(refused) = self.fill() {
                return Some(Err(refused));
            }
        }
    }

    fn fill(&mut self) -> Result<(), Refused> {
        let date = self.date.ok_or(Refused::OutOfRange)?;
        let calendar = self.calendar;
        let (hours, special) = calendar.day(date)?;
        let mut at = calendar.instant(date, 0)?;
        for interval in hours.intervals() {
            let (open, close) = (calendar.instant(date, interval.from())?, calendar.instant(date, interval.to())?);
            self.push(at, open, Base::Closed(special));
            self.push(open, close, Base::Open);
            at = close;
        }
        self.push(at, calendar.instant(date, 24 * 60)?, Base::Closed(special));
        self.date = date.tomorrow().ok();
        Ok(())
    }

    fn push(&mut self, from: Timestamp, to: Timestamp, base: Base<'a>) {
        let from = from.max(self.start);
        if from < to {
            self.queue.push_back((from, to, base));
        }
    }
}
