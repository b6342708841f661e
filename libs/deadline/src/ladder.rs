//! What happens as a due time nears and passes (`L6`, `L7`).
//!
//! ```text
//! start ------------- warn ------- due ------------------ promise 1 ---------------- promise 2
//!                 share used     level 1                   level 2                   (end of the ladder)
//!                                hands to a senior         hands to the supervisor
//!                                specialist, promises 1    and promises 2
//! ```
//!
//! There may be further warnings before that one. Each level fires at the end of the term before it and grants the next
//! holder a term of its own, by the same calendar and the same suspensions. So an appeal that awaits its applicant climbs
//! no further until the answer is there. Whether a rung has fired already is not known here: that is the insert-once row of
//! the SLA monitor.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Allowance, Calendar, Due, Refused, Suspension, Warning, due::due};

/// Who a level hands the task to (`T9`, `X2`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Holder {
    Specialist,
    SeniorSpecialist,
    Supervisor,
    SecurityOfficer,
}

impl Holder {
    /// The role's name in policies, databases and tokens.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Specialist => "specialist",
            Self::SeniorSpecialist => "senior_specialist",
            Self::Supervisor => "supervisor",
            Self::SecurityOfficer => "security_officer",
        }
    }
}

/// One step of a ladder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Level {
    /// Who takes the task over.
    pub role: Holder,
    /// How long they have, from the instant at which the level fires.
    pub allowance: Allowance,
    /// Within which of it they have to say that they have seen it, or the next level gets it without waiting for the end of their term. Absent:
    /// nobody has to say so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledge_within: Option<Allowance>,
    /// How many times in a row it acts, each with the whole of its term: so the citizen is told again, and the holder asked again, at that
    /// interval and no more often. Each time is a level with a number of its own. Absent: once.
    #[serde(default = "once", skip_serializing_if = "is_once")]
    pub times: u8,
}

/// The levels of a clock as they are written, first to last; the first one fires at the due time. See [`Ladder::levels`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ladder(pub Vec<Level>);

/// What a rung is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RungKind {
    /// One of the further reminders before the last, counted from 1 as the plan lists them.
    Earlier(u8),
    /// The set share of the time is used: the operator is reminded for the last time.
    Warn,
    /// The term before it has passed; counts from 1.
    Level(u8),
}

/// One thing that happens at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rung {
    pub kind: RungKind,
    /// When it happens.
    pub fire_time: Timestamp,
    /// The new expected time that a level gives. `None` for a warning, and for a level whose term has no end now: the clock
    /// pauses without an end, or the calendar is not published so far. The ladder then ends with it until the rungs are
    /// derived again.
    pub promise: Option<Timestamp>,
}

/// What the rungs of one clock are derived from.
#[derive(Clone, Copy, Debug)]
pub struct RungInputs<'a> {
    pub calendar: &'a Calendar,
    /// When the term began (`L3`).
    pub start: Timestamp,
    pub allowance: Allowance,
    /// Those that pause this clock.
    pub suspensions: &'a [Suspension],
    /// The due time in force, from [`due`] or as it was promised before.
    pub due: Due,
    /// Share of the counted time after which to warn, 1 to 99.
    pub warn_percent: u8,
    /// Further warnings before that one.
    pub earlier: &'a [Warning],
    pub ladder: &'a Ladder,
}

/// The rungs in the order in which they fire: the warnings, then the levels whose instant is known. While the clock is paused
/// without an end only a warning that came before the pause is known.
///
/// # Errors
/// [`Refused`] when a warning can't be computed. A level's promise that can't be is `None`, so that a due time near the
/// horizon keeps its first level.
pub fn rungs(inputs: &RungInputs<'_>) -> Result<Vec<Rung>, Refused> {
    let RungInputs { calendar, start, allowance, suspensions, due: in_force, warn_percent, earlier, ladder } = *inputs;
    let mut rungs = Vec::with_capacity(1 + earlier.len() + ladder.len());
    let further = (1..=u8::MAX).zip(earlier).map(|(number, warning)| (RungKind::Earlier(number), *warning));
    for (kind, warning) in further.chain([(RungKind::Warn, Warning::Percent(warn_percent))]) {
        let fire_time = warning.time(calendar, start, allowance, suspensions, in_force)?;
        rungs.extend(fire_time.map(|fire_time| Rung { kind, fire_time, promise: None }));
    }
    rungs.sort_by_key(|rung| rung.fire_time);

    let mut fires = in_force.time();
    for (number, level) in ladder.levels() {
        let Some(fire_time) = fires else { break };
        let promise = level_end(calendar, level, fire_time, suspensions);
        rungs.push(Rung { kind: RungKind::Level(number), fire_time, promise });
        fires = promise;
    }
    Ok(rungs)
}

/// When the term of a level ends whose holder has it from `from` on: the promise of a rung that fires then. After an outage
/// that is later than planned, and a term that was counted from the planned instant may be over before anybody has it.
///
/// `None` where [`Rung::promise`] is.
pub fn level_end(calendar: &Calendar, level: &Level, from: Timestamp, suspensions: &[Suspension]) -> Option<Timestamp> {
    due(calendar, from, level.allowance, suspensions).ok().and_then(Due::time)
}

/// Until when the holder of a level who has it from `from` on has to say that they have seen it. `None` where nobody has to, and where that has no
/// end now.
pub fn acknowledge_end(
    calendar: &Calendar,
    level: &Level,
    from: Timestamp,
    suspensions: &[Suspension],
) -> Option<Timestamp> {
    due(calendar, from, level.acknowledge_within?, suspensions).ok().and_then(Due::time)
}

fn once() -> u8 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_once(times: &u8) -> bool {
    *times == 1
}

// === impl Ladder ===

impl Ladder {
    /// The levels with their numbers, from 1: one that acts several times is there as often.
    pub fn levels(&self) -> impl Iterator<Item = (u8, &Level)> {
        let all = self.0.iter().flat_map(|level| std::iter::repeat_n(level, usize::from(level.times)));
        (1..=u8::MAX).zip(all)
    }

    /// How many levels there are.
    pub fn len(&self) -> usize {
        self.levels().count()
    }

    /// Whether there are none: what is late is handed to nobody.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The level of that number, from 1.
    pub fn level(&self, number: u8) -> Option<&Level> {
        self.levels().find(|(at, _)| *at == number).map(|(_, level)| level)
    }
}
