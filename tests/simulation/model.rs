//! What is known of an appeal from outside: folded from its journal by rules of our own, so that a row, a promise and a message can
//! each be compared with it.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use uuid::Uuid;

use crate::catalogue::{Category, rank};
use crate::clock::{Clock, HandedUp, warning};
use crate::journal::Event;
use crate::op::Form;

/// An appeal of the list.
#[derive(Clone, Debug)]
pub struct Appeal {
    pub id: Uuid,
    pub name: String,
    pub number: String,
    /// Digits; nobody else has it.
    pub phone: String,
    pub form: Form,
    pub category: &'static Category,
    /// Who may act as its applicant.
    pub applicant: String,
    /// `citizens/…` that the appeal, or a proof for it, speaks of.
    pub citizen: Option<String>,
    /// A proof that was not used yet: the token, and when it stops to count.
    pub proof: Option<(String, Timestamp)>,
    pub state: String,
    pub assignee: Option<String>,
    pub queue_level: i16,
    pub level: i64,
    pub is_acknowledged: bool,
    /// When the present level was.
    pub acknowledged: Option<Timestamp>,
    /// The level that the monitor was last told of as acknowledged, and when it was.
    pub told_acknowledged: Option<(i64, Timestamp)>,
    pub is_confirmed: bool,
    pub acceptance: Clock,
    pub first: Clock,
    pub next: Clock,
    /// Another body's.
    pub other: Clock,
    pub resolution: Clock,
    pub expected_time: Option<Timestamp>,
    /// Until when the applicant was last to be waited for.
    pub resume_time: Option<Timestamp>,
    /// When they are to be reminded; none once they were.
    pub remind_time: Option<Timestamp>,
    pub create_time: Timestamp,
    pub resolve_time: Option<Timestamp>,
    /// Number of the last event, and of the last that moved a clock.
    pub last_event: i64,
    pub revision: i64,
    /// What the ticket service has to tell: template, recipient, time of the event.
    pub notices: Vec<(&'static str, String, Timestamp)>,
    pub handed_up: Vec<HandedUp>,
    /// What was warned about, see [`warning`].
    pub warned: BTreeSet<String>,
    /// How often the resolution was warned about, by level: once, and once more for each extension.
    pub warnings: BTreeMap<i64, usize>,
    /// An extension of which the citizen is being told.
    pub is_proposed: bool,
    /// Extensions that govern.
    pub extensions: usize,
    /// Entries that tell of notices, in order: template, notification or rung, state.
    pub outcomes: Vec<(String, String, String)>,
}

/// What others do, which is not asked for by anybody here.
pub const MACHINERY: [&str; 8] = [
    "escalated",
    "deadline_warned",
    "rung_not_acted",
    "notice_outcome",
    "extended",
    "extension_lapsed",
    "applicant_reminded",
    "pause_ended",
];

// === impl Appeal ===

impl Appeal {
    /// Before its first event.
    pub fn new(id: Uuid, number: String, phone: String, form: Form, citizen: Option<String>) -> Self {
        let category = crate::catalogue::category(form.category);
        Self {
            id,
            name: format!("appeals/{id}"),
            number,
            phone,
            category,
            applicant: citizen.clone().unwrap_or_else(|| "portal".to_owned()),
            citizen,
            form,
            proof: None,
            state: String::new(),
            assignee: None,
            queue_level: rank(&category.queue_level),
            level: 0,
            is_acknowledged: false,
            acknowledged: None,
            told_acknowledged: None,
            is_confirmed: false,
            acceptance: Clock::none(),
            first: Clock::none(),
            next: Clock::none(),
            other: Clock::none(),
            resolution: Clock::none(),
            expected_time: None,
            resume_time: None,
            remind_time: None,
            create_time: Timestamp::UNIX_EPOCH,
            resolve_time: None,
            last_event: 0,
            revision: 0,
            notices: Vec::new(),
            handed_up: Vec::new(),
            warned: BTreeSet::new(),
            warnings: BTreeMap::new(),
            is_proposed: false,
            extensions: 0,
            outcomes: Vec::new(),
        }
    }

    /// Whether something may still be done about it.
    pub fn is_open(&self) -> bool {
        !matches!(self.state.as_str(), "resolved" | "withdrawn")
    }

    /// Whether it is the applicant's turn.
    pub fn is_paused(&self) -> bool {
        matches!(self.state.as_str(), "awaiting_applicant" | "awaiting_verification")
    }

    /// The promises that there are, with their names.
    pub fn clocks(&self) -> Vec<(&'static str, &Clock)> {
        let all = [
            ("acceptance", &self.acceptance),
            ("first_answer", &self.first),
            ("next_answer", &self.next),
            ("other_body", &self.other),
            ("resolution", &self.resolution),
        ];
        all.into_iter().filter(|(_, clock)| clock.state != "none").collect()
    }

    /// Whether what the applicant writes begins a wait for the next answer.
    pub fn may_begin_to_wait(&self) -> bool {
        self.is_open() && !self.is_paused() && self.first.is_over() && self.next.state != "running"
    }

    /// The part of the recipient's name behind the slash.
    pub fn recipient(&self) -> String {
        match self.applicant.strip_prefix("citizens/") {
            Some(citizen) => citizen.to_owned(),
            None => format!("appeal-{}", self.id),
        }
    }

    /// The promise of that name.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn clock(&mut self, name: &str) -> Result<&mut Clock> {
        match name {
            "acceptance" => Ok(&mut self.acceptance),
            "first_answer" => Ok(&mut self.first),
            "next_answer" => Ok(&mut self.next),
            "other_body" => Ok(&mut self.other),
            "resolution" => Ok(&mut self.resolution),
            _ => anyhow::bail!("there is no clock {name}"),
        }
    }

    /// Takes the next entry of the journal in.
    ///
    /// # Errors
    /// It can't have happened.
    pub fn learn(&mut self, event: &Event) -> Result<()> {
        self.fold(event).with_context(|| format!("{} of {}: {} {}", event.number, self.name, event.kind, event.data))
    }

    fn fold(&mut self, event: &Event) -> Result<()> {
        ensure!(event.number == self.last_event + 1, "a gap in the journal");
        let is_move = self.state != event.state;
        match event.kind.as_str() {
            "filed" => {
                for name in ["acceptance", "first_answer", "resolution"] {
                    let due = event.data[name]["due_time"].as_str().context("a due time")?.parse()?;
                    *self.clock(name)? = Clock::begun(1, due);
                }
                self.create_time = event.time;
                self.expected_time = self.resolution.due_time;
            }
            "assigned" => self.assignee = Some(event.text("assignee").to_owned()),
            "accepted" => {
                ensure!(self.acceptance.state == "running", "taken twice");
                self.acceptance.end("met");
            }
            "first_answered" => {
                ensure!(self.acceptance.is_over(), "answered by nobody who has it");
                self.first.end("met");
            }
            "answer_awaited" => {
                ensure!(self.may_begin_to_wait(), "nobody can wait for the next answer now");
                ensure!(event.number_of("epoch") == self.next.epoch + 1, "the epoch does not grow by one");
                let due = event.data["term"]["due_time"].as_str().context("a due time")?.parse()?;
                ensure!(due > event.time, "due before it is awaited");
                self.next = Clock::begun(self.next.epoch + 1, due);
            }
            "next_answered" => {
                ensure!(self.next.state == "running", "the next answer to nothing");
                self.next.end("met");
            }
            "info_requested" => {
                ensure!(!self.is_paused(), "paused twice");
                ensure!(self.next.state != "running", "it is the applicant's turn, and they wait for an answer");
                ensure!(self.acceptance.is_over(), "asked by nobody who has it");
                [&mut self.first, &mut self.resolution].into_iter().for_each(Clock::pause);
                self.expected_time = None;
                self.resume_time = event.time_of("resume_time");
                self.remind_time = event.time_of("remind_time");
                ensure!(
                    Some(event.time) < self.remind_time && self.remind_time < self.resume_time,
                    "waited for until when?"
                );
            }
            "info_provided" => self.run_on(event, true)?,
            "applicant_reminded" => {
                let at = self.remind_time.take();
                ensure!(self.is_paused() && at.is_some_and(|at| at <= event.time), "reminded before it is time");
                ensure!(self.resume_time > Some(event.time), "reminded of what is over");
            }
            "pause_ended" => {
                ensure!(self.is_paused() && self.resume_time <= Some(event.time), "ended before its time");
                self.run_on(event, true)?;
            }
            "body_asked" => {
                ensure!(matches!(self.state.as_str(), "assigned" | "in_progress"), "another body is asked too late");
                ensure!(self.acceptance.is_over(), "another body is asked by nobody who has it");
                let begun = &event.data["clock"];
                ensure!(begun["epoch"].as_i64() == Some(self.other.epoch + 1), "the epoch does not grow by one");
                let due = begun["term"]["due_time"].as_str().context("a due time")?.parse()?;
                ensure!(due > event.time, "due before it is asked");
                self.other = Clock::begun(self.other.epoch + 1, due);
            }
            "body_answered" => {
                ensure!(self.other.state == "running", "an answer that nobody waits for");
                self.other.end(if event.text("outcome") == "answered" { "met" } else { "cancelled" });
            }
            "identity_confirmed" => self.is_confirmed = true,
            "resolved" => {
                self.other.end("cancelled");
                self.end("met");
                self.expected_time = None;
                self.resolve_time = Some(event.time);
                self.is_confirmed = false;
            }
            "reopened" => {
                self.run_on(event, false)?;
                self.resolve_time = None;
            }
            "withdrawn" => {
                self.end("cancelled");
                self.expected_time = None;
            }
            "escalated" => self.escalate(event)?,
            "escalation_acknowledged" => (self.is_acknowledged, self.acknowledged) = (true, Some(event.time)),
            "deadline_warned" => {
                let (clock, level) = (event.text("clock").to_owned(), event.number_of("level"));
                let times = self.warnings.entry(level).or_default();
                *times += usize::from(clock == "resolution");
                let again = clock == "resolution" && *times <= 1 + self.extensions;
                let warning = warning(&clock, event.number_of("epoch"), level);
                ensure!(self.warned.insert(warning) || again, "warned too often");
            }
            "notice_outcome" => {
                let of = match event.data["notification"].as_str() {
                    Some(notification) => notification.to_owned(),
                    None => format!("{}/{}/{}", event.text("clock"), event.data["epoch"], event.data["level"]),
                };
                self.outcomes.push((event.text("notice").to_owned(), of, event.text("state").to_owned()));
            }
            "extension_proposed" => {
                ensure!(!self.is_proposed, "two proposals at once");
                ensure!(self.resolution.due_time.is_some_and(|due| event.time < due), "proposed when it was late");
                self.is_proposed = true;
            }
            "extended" => self.extend(event)?,
            "extension_lapsed" => {
                ensure!(std::mem::take(&mut self.is_proposed), "lapsed, and was not proposed");
            }
            "message_posted" | "rung_not_acted" => {}
            other => anyhow::bail!("{other} is not known here"),
        }
        self.notice(event, is_move)?;
        self.state.clone_from(&event.state);
        self.last_event = event.number;
        const MOVING: [&str; 15] = [
            "body_asked",
            "body_answered",
            "accepted",
            "pause_ended",
            "filed",
            "first_answered",
            "answer_awaited",
            "next_answered",
            "info_requested",
            "info_provided",
            "resolved",
            "reopened",
            "withdrawn",
            "extended",
            "escalation_acknowledged",
        ];
        if MOVING.contains(&event.kind.as_str()) {
            self.revision = event.number;
            // What is known stays until a newer one comes.
            if let Some(time) = self.acknowledged {
                self.told_acknowledged = Some((self.level, time));
            }
        }
        Ok(())
    }

    /// Nothing is owed any more.
    fn end(&mut self, state: &'static str) {
        let all = [&mut self.acceptance, &mut self.first, &mut self.next, &mut self.other, &mut self.resolution];
        all.into_iter().for_each(|clock| clock.end(state));
    }

    /// The clocks run again, each in its next epoch.
    fn run_on(&mut self, event: &Event, was_paused: bool) -> Result<()> {
        let moved = event.data["due"].as_array().context("due times")?;
        for due in moved {
            let clock = self.clock(due["clock"].as_str().unwrap_or_default())?;
            let expected = if was_paused { "paused" } else { "met" };
            ensure!(clock.state == expected, "a clock that is {} runs again", clock.state);
            ensure!(due["epoch"].as_i64() == Some(clock.epoch + 1), "the epoch does not grow by one");
            clock.epoch += 1;
            clock.state = "running";
            clock.due_time = Some(due["due_time"].as_str().context("a due time")?.parse()?);
        }
        ensure!(self.resolution.state == "running", "the resolution's clock does not run again");
        ensure!(self.first.state != "paused", "a clock is left paused");
        self.expected_time = event.time_of("expected_time");
        ensure!(self.expected_time >= self.resolution.due_time, "expected before it is due");
        Ok(())
    }

    /// A proposal governs, before the old due time and never after it; a paused clock has its new due time when it runs again.
    fn extend(&mut self, event: &Event) -> Result<()> {
        ensure!(std::mem::take(&mut self.is_proposed), "extended, and was not proposed");
        self.extensions += 1;
        let moved = &event.data["due"];
        let clock = &mut self.resolution;
        ensure!(moved.is_null() == (clock.state == "paused"), "extended while {}", clock.state);
        let Some(old) = clock.due_time else { return Ok(()) };
        ensure!(event.time < old, "extended at {}, when it was due at {old}", event.time);
        ensure!(moved["epoch"].as_i64() == Some(clock.epoch + 1), "the epoch does not grow by one");
        let due = moved["due_time"].as_str().context("a due time")?.parse()?;
        ensure!(due > old, "extended from {old} to {due}");
        (clock.epoch, clock.due_time) = (clock.epoch + 1, Some(due));
        self.expected_time = event.time_of("expected_time");
        ensure!(self.expected_time >= Some(due), "expected before it is due");
        Ok(())
    }
}
