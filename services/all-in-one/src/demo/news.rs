//! What happened since the last look: the journals of the appeals, and what came to phones and mailboxes.

use std::collections::BTreeMap;

use anyhow::Result;
use jiff::Timestamp;
use proto::from_wire;
use proto::sla::v1::ClockKind;
use proto::ticket::v1::appeal::State;
use proto::ticket::v1::appeal_event::Type;
use proto::ticket::v1::{AppealEvent, ListAppealEventsRequest};

use super::act::{Cast, SUPERVISOR};
use super::page::{Page, Tone};
use super::phone::{self, Received};
use super::stage::Stage;

/// More entries than any appeal of the demo gets.
const PAGE: i32 = 500;

#[derive(Debug, Default)]
pub(super) struct News {
    /// Entries told so far, by appeal.
    told: BTreeMap<usize, usize>,
    /// Messages told so far.
    received: usize,
    /// Who has each appeal.
    holders: BTreeMap<usize, String>,
    /// SMS by appeal.
    pub(super) sms: BTreeMap<usize, usize>,
}

// === impl News ===

impl News {
    pub(super) async fn gather(&mut self, page: &mut Page, stage: &Stage, cast: &Cast<'_>) -> Result<()> {
        let mut happened: Vec<(Timestamp, usize, AppealEvent)> = Vec::new();
        for (place, appeal) in &cast.filed {
            let all = ListAppealEventsRequest { parent: appeal.name.clone(), page_size: PAGE, ..Default::default() };
            let events = stage.ticket().list_appeal_events(stage.by(SUPERVISOR, all)?).await?.into_inner().events;
            let told = self.told.entry(*place).or_default();
            for event in events.into_iter().skip(*told) {
                *told += 1;
                happened.push((time(event.event_time).unwrap_or(stage.now()), *place, event));
            }
        }
        happened.sort_by_key(|(time, ..)| *time);
        for (at, place, event) in &happened {
            self.hold(*place, event);
            let holder = self.holders.get(place).map(String::as_str);
            if let Some((tag, text)) = line(page, cast, (*at, *place, event), holder) {
                page.entry(*at, &cast.filed[place].number, tag, &text).await;
            }
        }
        for message in phone::received(&stage.paper, self.received)? {
            self.received += 1;
            self.tell_message(page, stage.now(), cast, &message).await;
        }
        Ok(())
    }

    /// An escalation that finds the appeal with somebody of that level already leaves it there, and names nobody.
    fn hold(&mut self, place: usize, event: &AppealEvent) {
        if !event.assignee.is_empty() {
            self.holders.insert(place, event.assignee.clone());
        } else if event.state() == State::Registered {
            self.holders.remove(&place);
        }
    }

    async fn tell_message(&mut self, page: &mut Page, now: Timestamp, cast: &Cast<'_>, message: &Received) {
        let place = cast.forms.iter().position(|it| it.phone == message.to || it.email == message.to);
        match place {
            Some(place) if message.is_sms => {
                *self.sms.entry(place).or_default() += 1;
                page.sms(&message.text).await;
            }
            // The same as the SMS, at more length.
            Some(_) => {}
            None => {
                let words = page.words();
                page.entry(now, "", (Tone::Quiet, words.mail), &format!("{}: {}", message.to, message.text)).await;
            }
        }
    }
}

/// Tag and text of an entry worth telling.
fn line(
    page: &Page,
    cast: &Cast<'_>,
    (at, place, event): (Timestamp, usize, &AppealEvent),
    holder: Option<&str>,
) -> Option<((Tone, &'static str), String)> {
    let words = page.words();
    let when = |wire| time(wire).map(|it| page.moment(it, at)).unwrap_or_default();
    let clock = match event.clock() {
        ClockKind::Acceptance => words.acceptance,
        ClockKind::FirstAnswer => words.first_answer,
        ClockKind::NextAnswer => words.next_answer,
        ClockKind::OtherBody => words.other_body,
        ClockKind::Resolution | ClockKind::Unspecified => words.resolution,
    };
    let who = cast.name(&event.actor);
    let holder = holder.map_or(words.queue, |it| cast.name(it));
    Some(match event.r#type() {
        Type::Filed => {
            let (subject, expected) = (&cast.forms[place].subject, when(cast.filed[&place].expected_time));
            ((Tone::Good, words.registered), format!("«{subject}»: {} {expected}", words.expected))
        }
        Type::Assigned => ((Tone::Plain, words.assigned), holder.to_owned()),
        Type::FirstAnswered => ((Tone::Plain, words.answered), who.to_owned()),
        Type::InfoRequested => ((Tone::Plain, words.question), words.clocks_stop.to_owned()),
        Type::InfoProvided => {
            ((Tone::Plain, words.information), format!("{} {}", words.clocks_go, when(event.expected_time)))
        }
        Type::IdentityConfirmed => ((Tone::Good, words.identity), words.identity_text.to_owned()),
        Type::Resolved => ((Tone::Good, words.resolved), who.to_owned()),
        Type::Reopened => ((Tone::Warn, words.reopened), format!("{} {}", words.clocks_go, when(event.expected_time))),
        Type::Withdrawn => ((Tone::Plain, words.withdrawn), words.by_applicant.to_owned()),
        Type::DeadlineWarned => {
            ((Tone::Warn, words.reminder), format!("{clock} {} {} → {holder}", words.due, when(event.due_time)))
        }
        Type::Escalated => {
            let mut text = format!("{clock} → {holder}");
            if event.clock() == ClockKind::Resolution {
                text.push_str(&format!("; {} {}", words.new_term, when(event.expected_time)));
            }
            ((Tone::Bad, words.overdue), text)
        }
        _ => return None,
    })
}

pub(super) fn time(wire: Option<prost_types::Timestamp>) -> Option<Timestamp> {
    wire.as_ref().and_then(from_wire)
}
