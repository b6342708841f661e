//! The end of the story: one due time explained, and what became of every appeal.

use anyhow::{Context as _, Result};
use proto::sla::v1::{ClockKind, ExplainDeadlineRequest};
use proto::ticket::v1::appeal::State;
use proto::ticket::v1::{Appeal, GetAppealRequest};

use super::act::{Cast, SUPERVISOR};
use super::news::{News, time};
use super::page::Page;
use super::script::Deed;
use super::stage::Stage;

pub(super) async fn tell(page: &mut Page, stage: &Stage, cast: &Cast<'_>, news: &News) -> Result<()> {
    explain(page, stage, cast).await?;
    let words = page.words();
    page.heading(words.summary);
    let mut rows = Vec::new();
    for (place, filed) in &cast.filed {
        let request = GetAppealRequest { name: filed.name.clone() };
        let appeal = stage.ticket().get_appeal(stage.by(SUPERVISOR, request)?).await?.into_inner();
        let sms = news.sms.get(place).copied().unwrap_or_default();
        rows.push(row(page, &appeal, sms));
    }
    page.table(&words.columns, &rows, 1);
    page.line("");
    page.paragraph(words.closing);
    Ok(())
}

fn row(page: &Page, appeal: &Appeal, sms: usize) -> Vec<String> {
    let words = page.words();
    let ended = time(appeal.resolve_time).map(|at| page.date_and_time(at));
    let (ended, in_time) = match (appeal.state(), ended) {
        (State::Resolved, Some(at)) => {
            let promised = time(appeal.due_time);
            let late = promised.is_some_and(|due| time(appeal.resolve_time).is_some_and(|at| at > due));
            (at, if late || appeal.escalation_level > 0 { words.late } else { words.in_time })
        }
        (State::Withdrawn, _) => (words.withdrawn.to_owned(), "–"),
        _ => (words.open.to_owned(), "–"),
    };
    let level = if appeal.escalation_level == 0 { "–".to_owned() } else { appeal.escalation_level.to_string() };
    vec![appeal.number.clone(), appeal.subject.clone(), ended, in_time.to_owned(), level, sms.to_string()]
}

/// Of the appeal that waited for its applicant: its term in plain words, which spans counted, which did not, and why.
async fn explain(page: &mut Page, stage: &Stage, cast: &Cast<'_>) -> Result<()> {
    let asked = |place: &usize| cast.forms[*place].acts.iter().any(|it| it.act == Deed::Ask);
    let place = cast.filed.keys().copied().find(asked).context("an appeal that was asked about")?;
    let appeal = &cast.filed[&place];
    let words = page.words();
    let request = ExplainDeadlineRequest {
        name: format!("deadlines/{}", appeal.uid),
        clock: ClockKind::Resolution.into(),
        language_code: words.language_code.to_owned(),
    };
    let told = stage.sla().explain_deadline(stage.by(SUPERVISOR, request)?).await?.into_inner();
    page.heading(words.explained);
    let due = time(told.due_time).or(time(told.computed_due_time)).map(|at| page.date_and_time(at)).unwrap_or_default();
    page.item(&format!("{}  «{}» → {due}", appeal.number, appeal.subject));
    page.item(&format!("{} {}, {} {}", told.policy, told.policy_version, told.calendar, told.calendar_version));
    told.text.lines().for_each(|sentence| page.item(sentence));
    for span in &told.spans {
        let moment = |wire| time(wire).map_or("…".to_owned(), |at| page.date_and_time(at));
        let reason = words.reasons.iter().find(|(key, _)| *key == span.reason).map_or(&*span.reason, |(_, it)| *it);
        let what = if span.counted { words.counts } else { words.stands };
        let line = format!("{:>12} – {:<12}  {what}", moment(span.start_time), moment(span.end_time));
        let line = if reason.is_empty() { line } else { format!("{line}: {reason}") };
        page.item(&line);
    }
    Ok(())
}
