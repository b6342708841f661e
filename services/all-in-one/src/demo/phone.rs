//! The citizens' phones and everybody's mailboxes: what the provider "console" wrote.

use std::path::Path;

use anyhow::{Context as _, Result};

/// A message as somebody got it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Received {
    pub is_sms: bool,
    pub to: String,
    /// Of an SMS the text, of an e-mail its subject.
    pub text: String,
}

/// What came after the first `skip` messages.
pub(super) fn received(paper: &Path, skip: usize) -> Result<Vec<Received>> {
    let text = std::fs::read_to_string(paper).context("reading the messages")?;
    Ok(text.split("└──\n").filter_map(parse).skip(skip).collect())
}

/// `┌── SMS to +79161230001 ── delivery 0198…` and lines that begin with `│ `.
fn parse(block: &str) -> Option<Received> {
    let (head, body) = block.strip_prefix("┌── ")?.split_once('\n')?;
    let (kind, rest) = head.split_once(" to ")?;
    let (to, _) = rest.split_once(" ── ")?;
    let lines: Vec<&str> = body.lines().map(|line| line.strip_prefix("│ ").unwrap_or_default()).collect();
    let is_sms = kind == "SMS";
    let text = if is_sms { lines.join("\n") } else { lines.first().copied().unwrap_or_default().to_owned() };
    Some(Received { is_sms, to: to.to_owned(), text })
}

/// The last code of eight digits (recovery of access) among messages to a phone.
pub(super) fn code(messages: &[Received], phone: &str) -> Option<String> {
    let texts = messages.iter().rev().filter(|it| it.is_sms && it.to == phone);
    let digits = |text: &str| text.split(|c: char| !c.is_ascii_digit()).find(|it| it.len() == 8).map(str::to_owned);
    texts.filter_map(|it| digits(&it.text)).next()
}
