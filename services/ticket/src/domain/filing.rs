//! Registering an appeal: its policy is chosen, its due times are promised, its first event is made (T2, L3).

use deadline::Features;
use jiff::Timestamp;
use person::ApplicantGroup;
use uuid::Uuid;

use super::actor::Actor;
use super::appeal::{Appeal, Promise};
use super::applicant::Region;
use super::command::FileAppeal;
use super::event::{Event, FiledEvent, Recorded};
use super::kinds::{ClockKind, State};
use super::number::Number;
use super::refusal::Refusal;
use super::state::Decision;
use super::terms::{Rules, begun};

/// Registers an appeal at `now`, from which its terms run. The papers stay with the caller: the event holds nothing personal.
/// Called for `validate_only` too, with a number that is then not shown.
///
/// # Errors
/// [`Refusal::CalendarHorizon`] when the due time can't be promised.
pub fn file(
    filing: &FileAppeal,
    id: Uuid,
    number: Number,
    by: &Actor,
    now: Timestamp,
    rules: &Rules<'_>,
) -> Result<Decision, Refusal> {
    let set = rules.in_force(now);
    let category = &filing.category;
    let features = Features {
        category: &category.id,
        kind: category.kind,
        priority: category.priority,
        channel: filing.channel,
        region: filing.region.as_ref().map(Region::as_str),
        applicant_group: filing.papers.applicant.group.as_ref().map(ApplicantGroup::expose),
    };
    let policy = set.select(&features);
    let promise =
        Promise { policy: policy.id.clone(), set_version: set.version(), set_hash: set.content_hash().to_string() };
    let term = |clock| {
        let term = set.term_for(&policy.id, clock, Some(filing.time_zone.as_str()));
        let term = term.ok_or_else(|| Refusal::Broken(format!("policy {:?} has no calendar", policy.id)))?;
        begun(&term, now, &[])
    };
    let event = FiledEvent {
        id,
        number,
        channel: filing.channel,
        category: category.id.clone(),
        kind: category.kind,
        priority: category.priority,
        group: category.group.clone(),
        queue_level: category.queue_level,
        required_assurance: category.required_assurance,
        required_action: category.required_action.clone(),
        citizen: filing.citizen,
        language: filing.language.clone(),
        time_zone: filing.time_zone.clone(),
        region: filing.region.clone(),
        acceptance: policy.acceptance.as_ref().map(|_| term(ClockKind::Acceptance)).transpose()?,
        first_answer: term(ClockKind::FirstAnswer)?,
        resolution: term(ClockKind::Resolution)?,
        promise,
    };
    let recorded = Recorded {
        number: 1,
        time: now,
        actor: by.clone(),
        state: State::Registered,
        event: Event::Filed(Box::new(event)),
    };
    let after = Appeal::replay([&recorded]).ok_or_else(|| Refusal::Broken("a filed event gives an appeal".into()))?;
    Ok(Decision { events: vec![recorded], after, message: None })
}
