//! Appeals and messages as they are shown.

use proto::ticket::v1::{self as wire, message};
use proto::{Date, to_wire};

use super::allowance::allowance_to_wire;
use super::audience::Audience;
use super::kinds;
use crate::domain::{
    Advices, Appeal, Applicant, Author, Consent, Contact, Extension, Message, Papers, Passport, Text, citizen_name,
    message_name,
};

/// An appeal for its audience. `answer` is the text of its answer message, once resolved.
pub fn appeal_view(
    appeal: &Appeal,
    papers: &Papers,
    answer: Option<&Text>,
    advices: &Advices,
    audience: Audience,
) -> wire::Appeal {
    let shown = audience.sees_papers();
    let staff = audience.is_staff();
    let text = |text: &Text| if shown { text.expose().to_owned() } else { String::new() };
    wire::Appeal {
        name: appeal.name(),
        uid: appeal.id.to_string(),
        number: appeal.number.to_string(),
        state: kinds::state_to_wire(appeal.state).into(),
        channel: kinds::channel_to_wire(appeal.channel).into(),
        category: appeal.category.clone(),
        kind: kinds::kind_to_wire(appeal.kind).into(),
        priority: kinds::priority_to_wire(appeal.priority).into(),
        subject: text(&papers.subject),
        description: text(&papers.description),
        applicant: shown.then(|| applicant(appeal, &papers.applicant)),
        contact: Some(contact(&papers.contact)),
        consent: shown.then(|| consent(&papers.consent)),
        language_code: appeal.language.as_str().to_owned(),
        time_zone: appeal.time_zone.as_str().to_owned(),
        create_time: Some(to_wire(appeal.create_time)),
        update_time: Some(to_wire(appeal.update_time)),
        acceptance_due_time: appeal.acceptance.as_ref().and_then(|clock| clock.due_time).map(to_wire),
        first_answer_due_time: appeal.first_answer.due_time.map(to_wire),
        resume_time: appeal.open_suspension().and_then(|open| open.resume_time).map(to_wire),
        next_answer_due_time: appeal.next_answer.as_ref().and_then(|clock| clock.due_time).map(to_wire),
        other_body_due_time: appeal.other_body.as_ref().and_then(|clock| clock.due_time).map(to_wire),
        due_time: appeal.resolution.due_time.map(to_wire),
        expected_time: appeal.expected_time.map(to_wire),
        resolve_time: appeal.resolve_time.map(to_wire),
        escalation_level: appeal.escalation.level.into(),
        acknowledge_time: appeal.escalation.acknowledge_time.map(to_wire),
        assignee: appeal.assignee.as_ref().filter(|_| staff).map(|id| format!("staff/{id}")).unwrap_or_default(),
        group: if staff { appeal.group.clone() } else { String::new() },
        required_assurance: kinds::assurance_to_wire(appeal.required_assurance).into(),
        required_action: appeal.required_action.clone(),
        confirmed_citizen: appeal
            .confirmed_citizen
            .filter(|_| staff || audience.is_system())
            .map(citizen_name)
            .unwrap_or_default(),
        answer: answer.map(text).unwrap_or_default(),
        advice: advices.of(appeal.state, &appeal.language).to_owned(),
        etag: appeal.etag(),
        extension: appeal.extensions.last().map(extension),
        recipient: if audience.is_system() { appeal.recipient() } else { String::new() },
    }
}

/// An appeal as it would be (`validate_only`): without anything that it only has once registered.
pub fn draft_view(appeal: &Appeal, papers: &Papers, advices: &Advices, audience: Audience) -> wire::Appeal {
    wire::Appeal {
        name: String::new(),
        uid: String::new(),
        number: String::new(),
        etag: String::new(),
        recipient: String::new(),
        ..appeal_view(appeal, papers, None, advices, audience)
    }
}

/// A message for its audience; `None` for a note that is not theirs to read.
pub fn message_view(appeal: &Appeal, message: &Message, audience: Audience) -> Option<wire::Message> {
    let meta = &message.meta;
    let visibility = kinds::visibility_to_wire(meta.visibility);
    if visibility == message::Visibility::Internal && !audience.is_staff() {
        return None;
    }
    let member = meta.member.as_ref().filter(|_| audience.is_staff() && meta.author == Author::Staff);
    Some(wire::Message {
        name: message_name(appeal.id, meta.number),
        author: kinds::author_to_wire(meta.author).into(),
        member: member.map(|id| format!("staff/{id}")).unwrap_or_default(),
        visibility: visibility.into(),
        channel: kinds::channel_to_wire(meta.channel).into(),
        text: message.text.expose().to_owned(),
        create_time: Some(to_wire(meta.create_time)),
    })
}

fn applicant(appeal: &Appeal, applicant: &Applicant) -> wire::Applicant {
    let preferred = applicant.preferred_answer.map(kinds::preferred_to_wire).unwrap_or_default();
    wire::Applicant {
        citizen: appeal.citizen.map(citizen_name).unwrap_or_default(),
        full_name: applicant.full_name.expose().to_owned(),
        account_number: applicant.account_number.as_ref().map(|n| n.expose().to_owned()).unwrap_or_default(),
        snils: applicant.snils.as_ref().map(|n| n.expose().to_owned()).unwrap_or_default(),
        inn: applicant.inn.as_ref().map(|n| n.expose().to_owned()).unwrap_or_default(),
        passport: applicant.passport.as_ref().map(passport),
        birth_date: applicant.birth_date.map(|date| civil(date.expose())),
        preferred_answer: preferred.into(),
        call_time: applicant.call_time.as_ref().map(|t| t.expose().to_owned()).unwrap_or_default(),
        region: appeal.region.as_ref().map(|region| region.as_str().to_owned()).unwrap_or_default(),
        group: applicant.group.as_ref().map(|group| group.expose().to_owned()).unwrap_or_default(),
    }
}

fn passport(passport: &Passport) -> wire::Passport {
    wire::Passport {
        series: passport.series().to_owned(),
        number: passport.number().to_owned(),
        issue_date: passport.issue_date().map(civil),
    }
}

fn contact(contact: &Contact) -> wire::AppealContact {
    wire::AppealContact { phone: contact.phone.expose().to_owned(), email: contact.email.expose().to_owned() }
}

fn consent(consent: &Consent) -> wire::Consent {
    wire::Consent { version: consent.version.clone(), agree_time: Some(to_wire(consent.agree_time)) }
}

fn extension(extension: &Extension) -> wire::appeal::Extension {
    wire::appeal::Extension {
        state: kinds::extension_state_to_wire(extension.state).into(),
        reason: kinds::extension_reason_to_wire(extension.reason).into(),
        length: Some(allowance_to_wire(extension.length)),
        due_time: Some(to_wire(extension.due_time)),
        propose_time: Some(to_wire(extension.propose_time)),
    }
}

fn civil(date: jiff::civil::Date) -> Date {
    Date { year: date.year().into(), month: date.month().into(), day: date.day().into() }
}
