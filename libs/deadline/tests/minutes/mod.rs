//! A second implementation of the arithmetic that shares nothing with the walk but what a calendar says: it looks at the wall once a
//! minute and counts. Slow, and too simple to be wrong; for instants, suspensions and allowances on whole minutes.

use std::collections::HashMap;

use deadline::{Allowance, Basis, Due, Hours};
use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp};

use crate::generated::Case;

const DAY: i64 = 24 * 60;
/// More than the wall was ever put back, so that what it has shown before the start is known at the start.
const BEFORE: i64 = 2 * DAY;
/// Where it gives up.
const LIMIT: i64 = 40 * DAY;

/// What the wall says, in minutes since 1970.
struct Wall<'a> {
    case: &'a Case,
    exceptions: HashMap<i64, &'a Hours>,
    /// From each minute on, the wall is so many minutes ahead.
    ahead: Vec<(i64, i64)>,
}

/// One minute.
struct Minute {
    at: i64,
    /// The local day, in days since 1970.
    day: i64,
    is_open: bool,
}

/// The due time, counted; `None` when it lies too far away.
pub fn due(case: &Case) -> Option<Due> {
    let (wall, start) = (Wall::new(case), minute_of(case.start));
    let budget = match case.allowance {
        Allowance::RealTime(time) | Allowance::WorkingTime(time) => time.as_mins(),
        Allowance::WorkingDays(days) => {
            let end = wall.end_of_day(start, days)?;
            let counted = wall.minutes().filter(|it| it.is_open && (start..end).contains(&it.at)).count();
            i64::try_from(counted).ok()?
        }
    };
    let mut used = 0;
    for minute in wall.minutes().skip_while(|it| it.at < start) {
        let now = case.suspensions.iter().filter(|it| minute_of(it.from) <= minute.at);
        let mut now = now.filter(|it| it.to.is_none_or(|to| minute.at < minute_of(to))).peekable();
        if now.peek().is_some() {
            if now.any(|it| it.to.is_none()) {
                return Some(Due::Paused { remaining: SignedDuration::from_mins(budget - used) });
            }
        } else if case.allowance.basis() == Basis::Real || minute.is_open {
            used += 1;
            if used == budget {
                return Some(Due::At(Timestamp::from_second((minute.at + 1) * 60).unwrap()));
            }
        }
    }
    None
}

fn minute_of(time: Timestamp) -> i64 {
    time.as_second().div_euclid(60)
}

fn day_of(day: Date) -> i64 {
    day.duration_since(date(1970, 1, 1)).as_hours() / 24
}

// === impl Wall ===

impl<'a> Wall<'a> {
    fn new(case: &'a Case) -> Self {
        let data = case.calendar.data();
        let mut exceptions = HashMap::new();
        for exception in &data.exceptions {
            for day in day_of(exception.from)..=day_of(exception.to.unwrap_or(exception.from)) {
                exceptions.insert(day, &exception.hours);
            }
        }
        let (zone, from) = (case.calendar.zone(), case.start - SignedDuration::from_mins(BEFORE));
        let turns = zone.following(from).map(|turn| (minute_of(turn.timestamp()), turn.offset()));
        let end = minute_of(case.start) + LIMIT;
        let turns = turns.take_while(|(at, _)| *at < end);
        let all = std::iter::once((minute_of(from), zone.to_offset(from))).chain(turns);
        Self { case, exceptions, ahead: all.map(|(at, offset)| (at, i64::from(offset.seconds()) / 60)).collect() }
    }

    /// Every minute from two days before the start on, each as what the wall has shown at the latest: when it is put back, it shows nothing
    /// new until it is where it was.
    fn minutes(&self) -> impl Iterator<Item = Minute> {
        let start = minute_of(self.case.start);
        let (mut shown, mut turns) = (i64::MIN, self.ahead.iter().copied().peekable());
        let mut ahead = 0;
        (start - BEFORE..start + LIMIT).map(move |at| {
            while let Some((_, now)) = turns.next_if(|(from, _)| *from <= at) {
                ahead = now;
            }
            shown = shown.max(at + ahead);
            let (day, minute) = (shown.div_euclid(DAY), shown.rem_euclid(DAY));
            let mut intervals = self.hours(day).intervals().iter();
            Minute {
                at,
                day,
                is_open: intervals.any(|it| (i64::from(it.from())..i64::from(it.to())).contains(&minute)),
            }
        })
    }

    fn hours(&self, day: i64) -> &Hours {
        let week = &self.case.calendar.data().week;
        // 1 January 1970 was a Thursday.
        let days =
            [&week.thursday, &week.friday, &week.saturday, &week.sunday, &week.monday, &week.tuesday, &week.wednesday];
        self.exceptions.get(&day).copied().unwrap_or(days[usize::try_from(day.rem_euclid(7)).unwrap()])
    }

    /// The end of the last open minute of the n-th day after the day that the wall shows at the start, of days that are open after it.
    fn end_of_day(&self, start: i64, days: u16) -> Option<i64> {
        let filed_on = self.case.calendar.date_of(self.case.start);
        let (mut left, mut day, mut end) = (days, i64::MIN, None);
        for minute in self.minutes() {
            if minute.day > day {
                if day > day_of(filed_on) && end.is_some_and(|end| end > start) {
                    left -= 1;
                    if left == 0 {
                        return end;
                    }
                }
                (day, end) = (minute.day, None);
            }
            if minute.is_open {
                end = Some(minute.at + 1);
            }
        }
        None
    }
}
