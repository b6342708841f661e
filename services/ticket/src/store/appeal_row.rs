//! Table `appeal`: its row, and what it says to the domain.

use deadline::Allowance;
use jiff_sqlx::Timestamp;
use sealed::{Personal, Place, Ring};
use sqlx::types::Json;
use store::Error;
use uuid::Uuid;

use crate::domain::{
    Appeal, AssuranceLevel, Clock, ClockKind, ClockState, Consent, Contact, Email, Escalation, Extension, Language,
    Level, Number, Papers, Phone, Priority, Promise, Region, State, Suspension, Text, Zone, priority_rank,
};
use crate::store::suspension::Ledger;
use crate::store::{applicant, corrupt};

/// An appeal as it is stored, with what people wrote still sealed.
#[derive(Debug)]
pub(super) struct AppealRow {
    pub appeal_id: Uuid,
    pub number: String,
    pub state: String,
    pub channel: String,
    pub category: String,
    pub kind: String,
    pub priority: i16,
    pub queue_group: String,
    pub required_assurance: String,
    pub required_action: String,
    pub confirmed: Option<String>,
    pub confirmed_citizen_id: Option<Uuid>,
    pub citizen_id: Option<Uuid>,
    pub filed_by: String,
    pub language_code: String,
    pub time_zone: String,
    pub region: Option<String>,
    pub consent_version: String,
    pub consent_time: Timestamp,
    pub subject: Vec<u8>,
    pub description: Vec<u8>,
    pub applicant: Vec<u8>,
    pub contact_phone: Vec<u8>,
    pub contact_email: Vec<u8>,
    pub policy: String,
    pub policy_version: i32,
    pub policy_hash: String,
    pub first_state: String,
    pub first_epoch: i64,
    pub first_start_time: Timestamp,
    pub first_due_time: Option<Timestamp>,
    pub first_allowance: Json<Allowance>,
    pub first_calendar: String,
    pub first_calendar_version: i32,
    pub first_end_time: Option<Timestamp>,
    pub first_level: i16,
    /// None where the policy promises none.
    pub acceptance: Option<Json<Clock>>,
    /// None where the applicant never waited for one.
    pub next_answer: Option<Json<Clock>>,
    /// None where no body was ever asked.
    pub other_body: Option<Json<Clock>>,
    pub resolution_state: String,
    pub resolution_epoch: i64,
    pub resolution_start_time: Timestamp,
    pub resolution_start_epoch: i64,
    pub resolution_due_time: Option<Timestamp>,
    pub resolution_allowance: Json<Allowance>,
    pub resolution_calendar: String,
    pub resolution_calendar_version: i32,
    pub resolution_end_time: Option<Timestamp>,
    pub resolution_level: i16,
    pub expected_time: Option<Timestamp>,
    pub create_time: Timestamp,
    pub update_time: Timestamp,
    pub resolve_time: Option<Timestamp>,
    pub escalation_level: i16,
    pub acknowledge_time: Option<Timestamp>,
    pub assignee: Option<String>,
    pub queue_level: i16,
    pub answer_message_no: Option<i64>,
    pub revision: i64,
    pub version: i64,
    pub last_event_no: i64,
    pub last_message_no: i64,
    pub last_suspension_no: i32,
    /// None when there never was one.
    pub extensions: Option<Json<Vec<Extension>>>,
    /// The suspensions, by statements that lock nothing; none when there never was one.
    pub ledger: Option<Ledger>,
}

/// Where a sealed value of an appeal belongs: it opens nowhere else.
pub(super) fn place<'a>(column: &'static str, id: &'a Uuid) -> Place<'a> {
    Place { table: "appeal", column, row: id.as_bytes() }
}

fn time(time: Option<Timestamp>) -> Option<jiff::Timestamp> {
    time.map(Timestamp::to_jiff)
}

impl AppealRow {
    /// What people wrote, opened.
    pub(super) fn papers(&self, ring: &Ring) -> Result<Papers, Error> {
        let id = &self.appeal_id;
        let open = |column: &'static str, value: &[u8]| -> Result<Personal, Error> {
            ring.open_text(place(column, id), value).map_err(|_| corrupt("appeal", column))
        };
        Ok(Papers {
            subject: Text::stored(open("subject", &self.subject)?),
            description: Text::stored(open("description", &self.description)?),
            applicant: applicant::read(&open("applicant", &self.applicant)?)?,
            contact: Contact {
                phone: Phone::stored(open("contact_phone", &self.contact_phone)?),
                email: Email::stored(open("contact_email", &self.contact_email)?),
            },
            consent: Consent { version: self.consent_version.clone(), agree_time: self.consent_time.to_jiff() },
        })
    }

    /// A clock that a replica which is older than it leaves running where it pauses or ends the appeal. What paused it was an answer; and by an
    /// answer somebody has begun with it.
    fn since_ended(&self, clock: Option<&Json<Clock>>) -> Option<Clock> {
        let mut clock = clock?.0.clone();
        let state = State::parse(&self.state)?;
        let answered = clock.kind == ClockKind::Acceptance && self.first_end_time.is_some();
        let is_bodys = clock.kind == ClockKind::OtherBody;
        // An older replica leads out of the stage by commands that do not know its clock.
        let waits = !is_bodys || state == State::AwaitingOtherBody;
        if clock.is_running() && (state.is_paused() || !state.is_open() || answered || !waits) {
            let cancelled = state == State::Withdrawn || is_bodys;
            clock.state = if cancelled { ClockState::Cancelled } else { ClockState::Met };
            (clock.due_time, clock.end_time) = (None, Some(self.update_time.to_jiff()));
        }
        Some(clock)
    }

    /// The appeal, with the suspensions of its ledger.
    pub(super) fn appeal(self, suspensions: Vec<Suspension>) -> Result<Appeal, Error> {
        let wrong = |column| corrupt("appeal", column);
        let acceptance = self.since_ended(self.acceptance.as_ref());
        let next_answer = self.since_ended(self.next_answer.as_ref());
        let other_body = self.since_ended(self.other_body.as_ref());
        let appeal = Appeal {
            id: self.appeal_id,
            number: Number::parse(&self.number).map_err(|_| wrong("number"))?,
            state: State::parse(&self.state).ok_or_else(|| wrong("state"))?,
            channel: self.channel.parse().map_err(|_| wrong("channel"))?,
            category: self.category,
            kind: self.kind.parse().map_err(|_| wrong("kind"))?,
            priority: priority(self.priority).ok_or_else(|| wrong("priority"))?,
            group: self.queue_group,
            required_assurance: AssuranceLevel::parse(&self.required_assurance)
                .ok_or_else(|| wrong("required_assurance"))?,
            required_action: self.required_action,
            citizen: self.citizen_id,
            filed_by: self.filed_by.parse().map_err(|_| wrong("filed_by"))?,
            language: Language::parse(&self.language_code).map_err(|_| wrong("language_code"))?,
            time_zone: Zone::parse(&self.time_zone).map_err(|_| wrong("time_zone"))?,
            region: self.region.as_deref().map(Region::parse).transpose().map_err(|_| wrong("region"))?,
            promise: Promise {
                policy: self.policy,
                set_version: u32::try_from(self.policy_version).map_err(|_| wrong("policy_version"))?,
                set_hash: self.policy_hash,
            },
            acceptance,
            first_answer: Clock {
                kind: ClockKind::FirstAnswer,
                state: ClockState::parse(&self.first_state).ok_or_else(|| wrong("first_state"))?,
                epoch: self.first_epoch,
                start_time: self.first_start_time.to_jiff(),
                start_epoch: 1,
                due_time: time(self.first_due_time),
                end_time: time(self.first_end_time),
                allowance: self.first_allowance.0,
                calendar: self.first_calendar,
                calendar_version: u32::try_from(self.first_calendar_version)
                    .map_err(|_| wrong("first_calendar_version"))?,
                acted_level: u8::try_from(self.first_level).map_err(|_| wrong("first_level"))?,
            },
            next_answer,
            other_body,
            resolution: Clock {
                kind: ClockKind::Resolution,
                state: ClockState::parse(&self.resolution_state).ok_or_else(|| wrong("resolution_state"))?,
                epoch: self.resolution_epoch,
                start_time: self.resolution_start_time.to_jiff(),
                start_epoch: self.resolution_start_epoch,
                due_time: time(self.resolution_due_time),
                end_time: time(self.resolution_end_time),
                allowance: self.resolution_allowance.0,
                calendar: self.resolution_calendar,
                calendar_version: u32::try_from(self.resolution_calendar_version)
                    .map_err(|_| wrong("resolution_calendar_version"))?,
                acted_level: u8::try_from(self.resolution_level).map_err(|_| wrong("resolution_level"))?,
            },
            suspensions,
            extensions: self.extensions.map(|json| json.0).unwrap_or_default(),
            expected_time: time(self.expected_time),
            resolve_time: time(self.resolve_time),
            escalation: Escalation {
                level: u8::try_from(self.escalation_level).map_err(|_| wrong("escalation_level"))?,
                acknowledge_time: time(self.acknowledge_time),
            },
            assignee: self.assignee,
            queue_level: Level::of_rank(self.queue_level).ok_or_else(|| wrong("queue_level"))?,
            confirmed: match self.confirmed {
                Some(confirmed) => Some(AssuranceLevel::parse(&confirmed).ok_or_else(|| wrong("confirmed"))?),
                None => None,
            },
            confirmed_citizen: self.confirmed_citizen_id,
            answer_message: self.answer_message_no,
            last_message: self.last_message_no,
            last_event: self.last_event_no,
            version: self.version,
            revision: self.revision,
            create_time: self.create_time.to_jiff(),
            update_time: self.update_time.to_jiff(),
        };
        match appeal.fault() {
            Some(fault) => Err(Error::Corrupt(format!("appeal: {fault}"))),
            None => Ok(appeal),
        }
    }
}

fn priority(rank: i16) -> Option<Priority> {
    Priority::ALL.iter().copied().find(|priority| priority_rank(*priority) == rank)
}
