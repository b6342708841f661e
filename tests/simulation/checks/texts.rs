//! What came to the SMS centre and to the mail relay, against the deliveries.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use testkit::smsc::{Submitted, put_together};

use super::notices::Delivery;
use crate::catalogue::members;
use crate::model::Appeal;
use crate::world::World;

/// Words by which a text is known, in both languages: template, level.
const MARKS: [(&str, i64, &[&str]); 6] = [
    ("registration", 0, &["зарегистрировано", "is registered"]),
    ("applicant_question", 0, &["нужен ваш ответ", "needs your answer"]),
    ("resolution", 0, &["дан ответ", "is answered"]),
    ("overdue_repeat", 1, &["старшему специалисту", "a senior specialist"]),
    ("overdue_repeat", 2, &["руководителю", "the head of the service"]),
    (CODE, 0, &["Код подтверждения", "Confirmation code", "code"]),
];

/// A message as the applicant got it.
struct Told {
    at: Timestamp,
    template: &'static str,
    level: i64,
}

/// The template of codes.
const CODE: &str = "verification_code";

/// What a text is, by its words.
fn text_of(text: &str) -> Option<(&'static str, i64, &'static [&'static str])> {
    MARKS.iter().copied().find(|(.., words)| words.iter().any(|word| text.contains(word)))
}

/// One came for each that was sent, and one more only where it is doubted.
fn as_many(count: usize, sent: usize, doubts: usize) -> Result<()> {
    ensure!(count >= sent, "{count} came, {sent} were sent");
    ensure!(count <= sent + doubts, "{count} came, {sent} were sent, {doubts} are doubted");
    Ok(())
}

/// Each doubt may be a message more: one that was taken without an answer.
fn doubts<'a>(deliveries: impl Iterator<Item = &'a Delivery>) -> usize {
    deliveries.filter(|it| it.possibly_doubled).map(|it| it.doubts.unsigned_abs() as usize).sum()
}

// === impl World ===

impl World {
    pub(super) fn check_texts(&mut self, deliveries: &[Delivery]) -> Result<()> {
        self.collect();
        for appeal in &self.appeals {
            self.check_phone(appeal, deliveries).with_context(|| format!("SMS of {}", appeal.name))?;
        }
        self.check_codes(deliveries).context("codes")?;
        self.check_mails(deliveries).context("mails")
    }

    /// Codes belong to no appeal: all of them together.
    fn check_codes(&self, deliveries: &[Delivery]) -> Result<()> {
        let codes = || deliveries.iter().filter(|it| it.template == CODE);
        let submits: Vec<_> =
            self.texts.iter().map(|(_, it)| it).filter(|it| it.message_id.is_some()).cloned().collect();
        let is_code = |text: &str| text_of(text).is_some_and(|(template, ..)| template == CODE);
        let count = put_together(&submits).into_iter().filter(|it| it.whole && is_code(&it.text)).count();
        let sent = codes().filter(|it| it.is_taken()).count();
        as_many(count, sent, doubts(codes()))
    }

    /// Message by message: as many as there are deliveries, and a second one only where a label says that it may be.
    fn check_phone(&self, appeal: &Appeal, deliveries: &[Delivery]) -> Result<()> {
        let messages = self.messages(appeal)?;
        let sms = |template: &'static str| {
            let is_it =
                move |it: &&Delivery| it.subject == appeal.name && it.template == template && it.channel == "sms";
            deliveries.iter().filter(is_it)
        };
        for template in ["registration", "applicant_question", "resolution", "overdue_repeat"] {
            let sent = sms(template).filter(|it| it.is_taken()).count();
            let doubts = doubts(sms(template));
            let count = messages.iter().filter(|it| it.template == template).count();
            ensure!(count >= sent, "{count} {template} came, {sent} were sent; parts: {}", self.parts(appeal));
            ensure!(count <= sent + doubts, "{count} {template} came, {sent} were sent, {doubts} are doubted");
            let latest = sms(template).map(|it| it.expire_time.to_jiff()).max();
            for late in messages.iter().filter(|it| it.template == template) {
                ensure!(
                    latest.is_none_or(|latest| late.at < latest),
                    "{template} went out at {}, good until {latest:?}",
                    late.at
                );
            }
        }
        ensure!(sms("registration").count() == 1, "registered once, told {} times", sms("registration").count());
        for level in 1..=2 {
            let acted = appeal.handed_up.iter().filter(|it| it.clock == "resolution" && it.level == level).count();
            let count = messages.iter().filter(|it| it.template == "overdue_repeat" && it.level == level).count();
            let doubts = if acted == 0 { 0 } else { doubts(sms("overdue_repeat")) };
            ensure!(count <= acted + doubts, "level {level} acted {acted} times and told {count} times");
        }
        self.in_order(appeal, &messages, deliveries)
    }

    /// What came to the phone, part by part, with the beginning of each.
    fn parts(&self, appeal: &Appeal) -> String {
        let ours = self.texts.iter().filter(|(_, it)| it.to == appeal.phone);
        let shown = ours.map(|(at, it)| {
            let begin: String = it.text.chars().take(12).collect();
            format!("{at} {:?} {:?} {begin:?}", it.part, it.message_id)
        });
        shown.collect::<Vec<_>>().join(", ")
    }

    /// The whole messages to the applicant about the appeal, in the order in which they came.
    fn messages(&self, appeal: &Appeal) -> Result<Vec<Told>> {
        let taken: Vec<_> =
            self.texts.iter().filter(|(_, it)| it.to == appeal.phone && it.message_id.is_some()).collect();
        let submits: Vec<_> = taken.iter().map(|(_, it)| it.clone()).collect();
        let mut all = Vec::new();
        for message in put_together(&submits).into_iter().filter(|it| it.whole) {
            let mark = text_of(&message.text);
            let (template, level, _) = mark.with_context(|| format!("nobody knows this text: {}", message.text))?;
            let of_it =
                |it: &&&(Timestamp, Submitted)| it.1.message_id.as_ref().is_some_and(|id| message.parts.contains(id));
            let at = taken.iter().filter(of_it).map(|(at, _)| *at).min().context("its parts came")?;
            if template != CODE {
                ensure!(message.text.contains(&appeal.number), "the text of another appeal: {}", message.text);
                all.push(Told { at, template, level });
            }
        }
        Ok(all)
    }

    /// Nobody hears that we are late once they heard that it is solved, or that it is their turn.
    fn in_order(&self, appeal: &Appeal, messages: &[Told], deliveries: &[Delivery]) -> Result<()> {
        let mut heard: Option<Timestamp> = None;
        for told in messages {
            if matches!(told.template, "resolution" | "applicant_question") {
                let of = deliveries.iter().filter(|it| it.subject == appeal.name && it.template == told.template);
                // Which of several it is, the text does not say: the first is the least that they know.
                heard = heard.max(of.map(|it| it.event_time.to_jiff()).min());
            }
            if let ("overdue_repeat", Some(heard)) = (told.template, heard) {
                let acted = appeal.handed_up.iter().find(|it| it.clock == "resolution" && it.level == told.level);
                let acted = acted.context("told of a level that did not act")?;
                ensure!(acted.time > heard, "told at {} that we are late since {}, after {heard}", told.at, acted.time);
            }
        }
        Ok(())
    }

    /// Mails to an address: as many as there are deliveries.
    fn check_mails(&self, deliveries: &[Delivery]) -> Result<()> {
        let mut came: BTreeMap<&str, usize> = BTreeMap::new();
        for mail in &self.mails {
            for to in &mail.to {
                *came.entry(to).or_default() += 1;
            }
        }
        let mut check = |address: &str, recipient: &str, appeal: Option<&Appeal>| {
            let ours = || {
                let is_theirs = |it: &&Delivery| it.recipient_id == recipient && it.channel == "email";
                deliveries.iter().filter(is_theirs).filter(|it| appeal.is_none_or(|appeal| it.subject == appeal.name))
            };
            let count = came.remove(address).unwrap_or_default();
            as_many(count, ours().filter(|it| it.is_taken()).count(), doubts(ours()))
                .with_context(|| format!("to {recipient}"))
        };
        for appeal in &self.appeals {
            check(&format!("p{}@example.org", appeal.phone), &appeal.recipient(), Some(appeal))?;
        }
        for member in members() {
            check(&member.email, &format!("staff-{}", member.id), None)?;
        }
        ensure!(came.is_empty(), "mails to {:?}, whom nobody knows", came.keys());
        Ok(())
    }
}

// === impl Delivery ===

impl Delivery {
    /// Whether a provider is known to have taken it.
    fn is_taken(&self) -> bool {
        matches!(self.state.as_str(), "accepted" | "delivered") || self.reason == "UNREACHABLE"
    }
}
