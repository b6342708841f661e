//! What applicants read: texts that are known, about their own appeal, in time and in an order that makes sense.

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use uuid::Uuid;

use super::arrivals::Told;
use super::notices::Delivery;
use crate::model::Appeal;
use crate::world::World;

/// Words by which a text is known, in both languages: template, level.
const MARKS: [(&str, i64, &[&str]); 9] = [
    ("registration", 0, &["зарегистрировано", "is registered"]),
    ("applicant_question", 0, &["нужен ваш ответ", "needs your answer"]),
    ("reminder", 0, &["Напоминаем", "A reminder"]),
    ("pause_ended", 0, &["срок для вашего ответа прошёл", "the time for your answer is over"]),
    ("resolution", 0, &["дан ответ", "is answered"]),
    ("deadline_extended", 0, &["продлён", "takes longer"]),
    ("overdue_repeat", 1, &["старшему специалисту", "a senior specialist"]),
    ("overdue_repeat", 2, &["руководителю", "the head of the service"]),
    (CODE, 0, &["Код подтверждения", "Confirmation code", "code"]),
];

/// The template of codes.
const CODE: &str = "verification_code";

/// What a text is, by its words: template, level.
pub(super) fn text_of(text: &str) -> Option<(&'static str, i64)> {
    let mark = MARKS.iter().find(|(.., words)| words.iter().any(|word| text.contains(word)))?;
    Some((mark.0, mark.1))
}

// === impl World ===

impl World {
    pub(super) fn check_texts(&self, told: &[Told], deliveries: &[Delivery]) -> Result<()> {
        for appeal in &self.appeals {
            let theirs = told.iter().filter(|it| it.to == appeal.phone && it.template != CODE);
            let theirs: Vec<&Told> = theirs.collect();
            let about = |template: &'static str| {
                deliveries.iter().filter(move |it| it.subject == appeal.name && it.template == template)
            };
            for it in &theirs {
                ensure!(it.text.contains(&appeal.number), "the text of another appeal: {}", it.text);
                let is_it = |of: &&Delivery| it.of.is_none_or(|id| of.delivery_id == id);
                let latest = about(it.template).filter(is_it).map(|it| it.expire_time.to_jiff()).max();
                let template = it.template;
                ensure!(
                    latest.is_none_or(|latest| it.at < latest),
                    "{}: {template} went out at {}, good until {latest:?}",
                    appeal.name,
                    it.at
                );
            }
            let lines = theirs.iter().map(|it| Line { at: it.at, template: it.template, level: it.level, of: it.of });
            in_order(appeal, lines, deliveries).with_context(|| format!("SMS of {}", appeal.name))?;
        }
        Ok(())
    }
}

/// One message, by whichever way it came.
pub(super) struct Line<'a> {
    pub(super) at: Timestamp,
    pub(super) template: &'a str,
    /// The level that it tells of.
    pub(super) level: i64,
    /// The delivery that notes it.
    pub(super) of: Option<Uuid>,
}

/// Nobody hears that we are late once they heard that it is solved, or that it is their turn.
pub(super) fn in_order<'a>(
    appeal: &Appeal,
    messages: impl IntoIterator<Item = Line<'a>>,
    deliveries: &[Delivery],
) -> Result<()> {
    let mut heard: Option<Timestamp> = None;
    for told in messages {
        if matches!(told.template, "resolution" | "applicant_question") {
            let of = deliveries.iter().filter(|it| it.subject == appeal.name && it.template == told.template);
            // Which of several it is, only its delivery says; without one the first is the least that they know.
            let of = of.filter(|it| told.of.is_none_or(|id| it.delivery_id == id));
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
