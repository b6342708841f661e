//! How the story looks: in columns as wide as the terminal, coloured where somebody looks on, plain and without pauses in a file. In a
//! narrow terminal an entry's text stands below its head, and the table's rows become paragraphs.
//!
//! Failure handling: what can't be written is kept until somebody asks whether all was ([`Page::written`]); nothing is written after it.

use std::io::{self, IsTerminal as _, Write};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use anyhow::{Context as _, Result};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use textwrap::Options;
use textwrap::core::display_width;

use super::words::{Tongue, Words};

/// The head of an entry needs so much.
const LEAST: usize = 40;
/// Below this there is no room for an entry's text beside its head. Also the width of a file.
const USUAL: usize = 80;
/// Lines longer than this are hard to read.
const WIDE: usize = 140;
/// Time to read a line, where somebody does: the whole story then takes half a minute.
const READ: Duration = Duration::from_millis(150);
const INDENT: usize = 9;
const NUMBER: usize = 14;
const TAG: usize = 12;

/// What an entry is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    Quiet,
    Good,
    Warn,
    Bad,
}

/// Where the story is told.
pub struct Page {
    out: Box<dyn Write + Send>,
    failed: Option<io::Error>,
    width: usize,
    is_coloured: bool,
    pause: Duration,
    tongue: Tongue,
    zone: TimeZone,
    day: Option<Date>,
}

// === impl Page ===

impl Page {
    /// Standard output. `NO_COLOR` (no-color.org) is honoured.
    pub fn stdout(tongue: Tongue) -> Self {
        let out = io::stdout();
        let is_terminal = out.is_terminal();
        // Its own width: a file has none, also where the errors go to a terminal.
        let size = terminal_size::terminal_size_of(&out);
        let columns = size.map_or(USUAL, |(terminal_size::Width(it), _)| it.into());
        let is_coloured = is_terminal && std::env::var_os("NO_COLOR").is_none_or(|it| it.is_empty());
        let pause = if is_terminal { READ } else { Duration::ZERO };
        Self { pause, is_coloured, ..Self::plain(Box::new(out), columns, tongue) }
    }

    /// Any writer, without colours and pauses.
    pub(super) fn plain(out: Box<dyn Write + Send>, columns: usize, tongue: Tongue) -> Self {
        let zone = TimeZone::get("Europe/Moscow").unwrap_or(TimeZone::UTC);
        let width = columns.clamp(LEAST, WIDE);
        Self { out, failed: None, width, is_coloured: false, pause: Duration::ZERO, tongue, zone, day: None }
    }

    pub(super) fn words(&self) -> Words {
        self.tongue.words()
    }

    pub(super) fn opening(&mut self) {
        let words = self.words();
        self.heading(words.title);
        self.paragraph(words.opening);
        self.line("");
        self.line(words.preparing);
    }

    pub(super) fn heading(&mut self, text: &str) {
        let rule = "─".repeat(self.width.saturating_sub(display_width(text) + 4));
        let text = self.painted(Style::new().bold(), text);
        self.line("");
        self.line(&format!("── {text} {rule}"));
    }

    pub(super) fn paragraph(&mut self, text: &str) {
        self.wrapped(text, 0);
    }

    /// Indented by two, from the second line on by more.
    pub(super) fn item(&mut self, text: &str) {
        self.wrapped(text, 2);
    }

    fn wrapped(&mut self, text: &str, indent: usize) {
        let (first, rest) = (" ".repeat(indent), " ".repeat(3 * indent));
        for line in textwrap::wrap(text, Options::new(self.width).initial_indent(&first).subsequent_indent(&rest)) {
            self.line(&line);
        }
    }

    /// `09:12  0001-2345-6789  registered    «…»: answer expected by …`, under its day.
    pub(super) async fn entry(&mut self, at: Timestamp, number: &str, (tone, tag): (Tone, &str), text: &str) {
        let local = at.to_zoned(self.zone.clone());
        if self.day.replace(local.date()) != Some(local.date()) {
            let day = self.day_name(local.date());
            self.heading(&day);
        }
        let pad = |text: &str, to: usize| " ".repeat(to.saturating_sub(display_width(text)));
        let tag = format!("{}{}", self.painted(style(tone), tag), pad(tag, TAG));
        let head = format!("  {}  {number:<NUMBER$}  {tag}  ", local.strftime("%H:%M"));
        let beside = 2 + 5 + 2 + NUMBER + 2 + TAG + 2;
        let is_beside = self.width >= USUAL;
        let indent = if is_beside { beside } else { INDENT };
        let mut lines = textwrap::wrap(text, self.width - indent).into_iter();
        let first = if is_beside { lines.next().unwrap_or_default() } else { "".into() };
        self.line(format!("{head}{first}").trim_end());
        for line in lines {
            self.line(&format!("{}{line}", " ".repeat(indent)));
        }
        tokio::time::sleep(self.pause).await;
    }

    pub(super) async fn sms(&mut self, text: &str) {
        let style = Style::new().fg_color(Some(AnsiColor::Cyan.into()));
        for (n, line) in textwrap::wrap(text, self.width - INDENT - 6).into_iter().enumerate() {
            let label = if n == 0 { "SMS" } else { "" };
            let line = self.painted(style, &format!("{label:<3} │ {line}"));
            self.line(&format!("{}{line}", " ".repeat(INDENT)));
        }
        tokio::time::sleep(self.pause).await;
    }

    /// Rows under a heading of their own, each cell as wide as its column's widest; the flexible column gives way.
    pub(super) fn table(&mut self, head: &[&str], rows: &[Vec<String>], flexible: usize) {
        if self.width < USUAL {
            for row in rows {
                let cells = head.iter().zip(row).map(|(title, cell)| format!("{title}: {cell}"));
                self.item(&cells.collect::<Vec<_>>().join(", "));
            }
            return;
        }
        let cell = |row: &[String], column: usize| row.get(column).map_or(0, |it| display_width(it));
        let mut widths: Vec<usize> = head
            .iter()
            .enumerate()
            .map(|(n, title)| rows.iter().map(|row| cell(row, n)).max().unwrap_or(0).max(display_width(title)))
            .collect();
        let others: usize = widths.iter().enumerate().filter(|(n, _)| *n != flexible).map(|(_, it)| it + 2).sum();
        if let Some(width) = widths.get_mut(flexible) {
            *width = (*width).min(self.width.saturating_sub(others + 2));
        }
        let laid = |cells: &[String]| -> String {
            let padded = cells.iter().zip(&widths).map(|(text, width)| {
                let text = shortened(text, *width);
                let pad = " ".repeat(width.saturating_sub(display_width(&text)));
                format!("{text}{pad}")
            });
            padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        };
        let title = laid(&head.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>());
        let title = self.painted(Style::new().dimmed(), &title);
        self.line(&format!("  {title}"));
        for row in rows {
            self.line(&format!("  {}", laid(row)));
        }
    }

    /// An instant as told at another one: without its day when that is the same.
    pub(super) fn moment(&self, at: Timestamp, told: Timestamp) -> String {
        let day = |at: Timestamp| at.to_zoned(self.zone.clone()).date();
        let local = at.to_zoned(self.zone.clone());
        if day(at) == day(told) { local.strftime("%H:%M").to_string() } else { self.date_and_time(at) }
    }

    /// An instant with its day.
    pub(super) fn date_and_time(&self, at: Timestamp) -> String {
        let local = at.to_zoned(self.zone.clone());
        format!("{} {}", self.short_day(local.date()), local.strftime("%H:%M"))
    }

    fn short_day(&self, date: Date) -> String {
        match self.tongue {
            Tongue::English => date.strftime("%-d %b").to_string(),
            Tongue::Russian => date.strftime("%d.%m").to_string(),
        }
    }

    fn day_name(&self, date: Date) -> String {
        let words = self.words();
        let day = words.days[usize::from(date.weekday().to_monday_zero_offset().unsigned_abs())];
        let month = words.months[usize::from(date.month().unsigned_abs()) - 1];
        format!("{day}, {} {month}", date.day())
    }

    fn painted(&self, style: Style, text: &str) -> String {
        if self.is_coloured { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    pub(super) fn line(&mut self, line: &str) {
        if self.failed.is_none() {
            self.failed = writeln!(self.out, "{line}").and_then(|()| self.out.flush()).err();
        }
    }

    /// Whether all was written so far.
    pub(super) fn written(&mut self) -> Result<()> {
        self.failed.take().map_or(Ok(()), Err).context("telling the story")
    }
}

impl std::fmt::Debug for Page {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Page").field("width", &self.width).finish_non_exhaustive()
    }
}

fn style(tone: Tone) -> Style {
    let colour = |it: AnsiColor| Style::new().fg_color(Some(it.into()));
    match tone {
        Tone::Plain => Style::new(),
        Tone::Quiet => Style::new().dimmed(),
        Tone::Good => colour(AnsiColor::Green),
        Tone::Warn => colour(AnsiColor::Yellow),
        Tone::Bad => colour(AnsiColor::Red).bold(),
    }
}

fn shortened(text: &str, width: usize) -> String {
    if display_width(text) <= width {
        return text.to_owned();
    }
    // Columns are letters here: nothing in the script is wider or narrower than one.
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}
