//! The people who work on appeals, and which of them gets one (T9, L7).

use std::collections::BTreeSet;

use deadline::Holder;
use jiff::Timestamp;
use serde::Deserialize;

use super::appeal::Appeal;
use super::kinds::ids;
use super::refusal::Unsuitable;
use person::{Email, Language, Text};

ids! {
    /// How far up a member is.
    Level {
        /// Takes calls and first answers.
        Operator = "operator",
        /// Solves.
        Specialist = "specialist",
        /// Gets what is overdue (L7).
        SeniorSpecialist = "senior_specialist",
        /// Gets what is still not solved.
        Supervisor = "supervisor",
    }
}

impl Level {
    /// 1 is the lowest: the order of queues.
    pub const fn rank(self) -> i16 {
        match self {
            Self::Operator => 1,
            Self::Specialist => 2,
            Self::SeniorSpecialist => 3,
            Self::Supervisor => 4,
        }
    }

    /// The level of that rank.
    pub fn of_rank(rank: i16) -> Option<Self> {
        Self::ALL.iter().copied().find(|level| level.rank() == rank)
    }

    /// Who is one up, of those whom anything is handed up to; a supervisor has nobody above.
    pub fn above(self) -> Self {
        if self < Self::SeniorSpecialist { Self::SeniorSpecialist } else { Self::Supervisor }
    }

    /// Who a level of a ladder hands to; `None` for who takes no appeals.
    pub const fn of_holder(holder: Holder) -> Option<Self> {
        match holder {
            Holder::Specialist => Some(Self::Specialist),
            Holder::SeniorSpecialist => Some(Self::SeniorSpecialist),
            Holder::Supervisor => Some(Self::Supervisor),
            Holder::SecurityOfficer => None,
        }
    }

    /// Who gets an appeal that a person hands up so far, or whose ladder is not known: 1 senior specialist, 2 and up supervisor.
    pub const fn of_escalation(level: u8) -> Self {
        if level <= 1 { Self::SeniorSpecialist } else { Self::Supervisor }
    }
}

/// A member of staff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// `{id}` of `staff/{id}`, the subject of the member's tokens.
    pub id: String,
    /// Name shown to colleagues.
    pub display_name: Text,
    /// How far up.
    pub level: Level,
    /// Groups whose queues the member serves; at least one.
    pub groups: BTreeSet<String>,
    /// Languages the member answers in; at least one.
    pub languages: Vec<Language>,
    /// Whether the member takes work now.
    pub on_duty: bool,
    /// Open appeals assigned to the member.
    pub load: i32,
    /// Where the member is told of assignments.
    pub email: Option<Email>,
    /// When the record was made.
    pub create_time: Timestamp,
    /// When the record was last changed.
    pub update_time: Timestamp,
}

/// What to change of a member; `None` leaves a field as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemberChange {
    /// New name.
    pub display_name: Option<Text>,
    /// New level.
    pub level: Option<Level>,
    /// New groups.
    pub groups: Option<BTreeSet<String>>,
    /// New languages.
    pub languages: Option<Vec<Language>>,
    /// New address, or none.
    pub email: Option<Option<Email>>,
}

impl Member {
    /// The member with the change applied at `now`. Appeals already assigned stay where they are.
    #[must_use]
    pub fn changed(mut self, change: MemberChange, now: Timestamp) -> Self {
        let MemberChange { display_name, level, groups, languages, email } = change;
        self.display_name = display_name.unwrap_or(self.display_name);
        self.level = level.unwrap_or(self.level);
        self.groups = groups.unwrap_or(self.groups);
        self.languages = languages.unwrap_or(self.languages);
        self.email = email.unwrap_or(self.email);
        self.update_time = now;
        self
    }
}

/// Whether the member may be given the appeal. Languages only choose in the queue: who assigns by hand knows why.
///
/// # Errors
/// [`Unsuitable`], the first that does not fit.
pub fn suitable(member: &Member, appeal: &Appeal) -> Result<(), Unsuitable> {
    if !member.on_duty {
        Err(Unsuitable::OffDuty)
    } else if !member.groups.contains(&appeal.group) {
        Err(Unsuitable::OtherGroup)
    } else if member.level < appeal.queue_level {
        Err(Unsuitable::LevelTooLow)
    } else {
        Ok(())
    }
}

/// Who gets an appeal of the group at that level: on duty, the least load, ties by id. `None` leaves it in the level's queue.
pub fn escalation_target<'a>(candidates: &'a [Member], group: &str, level: Level) -> Option<&'a Member> {
    candidates
        .iter()
        .filter(|member| member.on_duty && member.level == level && member.groups.contains(group))
        .min_by(|one, other| (one.load, &one.id).cmp(&(other.load, &other.id)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    member: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    display_name: String,
    level: Level,
    groups: BTreeSet<String>,
    languages: Vec<Language>,
    on_duty: bool,
    #[serde(default)]
    email: Option<String>,
}

impl Member {
    /// The sample members that are compiled in, for a first start (`data/staff.toml`).
    ///
    /// # Errors
    /// As [`Self::from_toml`]; a test holds the compiled-in text to none.
    pub fn samples(now: Timestamp) -> Result<Vec<Self>, String> {
        Self::from_toml(include_str!("../../data/staff.toml"), now)
    }

    /// Members out of a text, each registered at `now`.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn from_toml(text: &str, now: Timestamp) -> Result<Vec<Self>, String> {
        let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
        file.member.into_iter().map(|entry| entry.member(now)).collect()
    }
}

impl Entry {
    fn member(self, now: Timestamp) -> Result<Member, String> {
        let fault = |what: &str| format!("staff/{}: {what}", self.id);
        super::names::parse_staff(&format!("staff/{}", self.id)).map_err(|error| fault(error.0))?;
        if self.groups.is_empty() || self.languages.is_empty() {
            return Err(fault("needs a group and a language"));
        }
        Ok(Member {
            display_name: Text::line(&self.display_name).map_err(fault)?,
            level: self.level,
            on_duty: self.on_duty,
            load: 0,
            email: self.email.as_deref().map(Email::parse).transpose().map_err(fault)?,
            create_time: now,
            update_time: now,
            groups: self.groups,
            languages: self.languages,
            id: self.id,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(id: &str, level: Level, load: i32) -> Member {
        Member {
            id: id.into(),
            display_name: Text::line("Test").unwrap(),
            level,
            groups: BTreeSet::from(["access".to_owned()]),
            languages: vec![Language::parse("ru").unwrap()],
            on_duty: true,
            load,
            email: None,
            create_time: Timestamp::UNIX_EPOCH,
            update_time: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn the_least_loaded_of_the_level_gets_it_ties_by_id() {
        let level = Level::SeniorSpecialist;
        let staff = [
            member("c", level, 2),
            member("b", level, 1),
            member("a", level, 1),
            member("operator", Level::Operator, 0),
            member("boss", Level::Supervisor, 0),
            Member { on_duty: false, ..member("away", level, 0) },
            Member { groups: BTreeSet::from(["payments".to_owned()]), ..member("other", level, 0) },
        ];
        assert_eq!(escalation_target(&staff, "access", level).map(|m| m.id.as_str()), Some("a"));
        assert_eq!(escalation_target(&staff[3..], "access", level), None);
    }

    #[test]
    fn the_samples_serve_every_group_at_every_level_of_the_ladder() {
        let staff = Member::samples(Timestamp::UNIX_EPOCH).unwrap();
        for category in super::super::Catalogue::builtin().all() {
            for level in [category.queue_level, Level::SeniorSpecialist, Level::Supervisor] {
                let found = staff.iter().any(|m| m.on_duty && m.level == level && m.groups.contains(&category.group));
                assert!(found, "{} has nobody at {}", category.group, level.as_str());
            }
        }
    }

    #[test]
    fn levels_have_ranks_in_order() {
        for level in Level::ALL {
            assert_eq!(Level::of_rank(level.rank()), Some(*level));
        }
        assert!(Level::ALL.windows(2).all(|pair| pair[0].rank() < pair[1].rank()));
    }
}
