//! The demo is a test of its own: it is played whole, and what it tells is read.

use std::io::Write;
use std::sync::{Arc, Mutex};

use textwrap::core::display_width;

use super::*;

#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Write for Paper {
    fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(octets)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

async fn told(columns: usize, tongue: Tongue) -> String {
    let paper = Paper::default();
    run(Page::plain(Box::new(paper.clone()), columns, tongue), CancellationToken::new()).await.unwrap();
    String::from_utf8(paper.0.lock().unwrap().clone()).unwrap()
}

/// Each of the parts after the one before.
fn in_order(story: &str, parts: &[&str]) {
    let mut rest = story;
    for part in parts {
        let at = rest.find(part).unwrap_or_else(|| panic!("{part:?} is missing, or too early, in:\n{story}"));
        rest = &rest[at + part.len()..];
    }
}

/// Of the first appeal alone: lines with its number and the messages below them.
fn of_first(story: &str) -> String {
    let number = story.split_whitespace().find(|it| it.len() == 14 && it.matches('-').count() == 2).unwrap();
    let mut is_theirs = false;
    let lines = story.lines().filter(|line| {
        // An entry's head begins with its time, after two blanks.
        if !line.starts_with("   ") {
            is_theirs = line.contains(number);
        }
        is_theirs
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_story_is_told_in_order_in_english_on_eighty_columns() {
    let story = told(80, Tongue::English).await;
    let first = of_first(&story);
    in_order(
        &first,
        &["registered", "«Не приходит код", "SMS", "reminder", "OVERDUE", "Инна", "OVERDUE", "Раиса", "RESOLVED"],
    );
    in_order(
        &story,
        &["Monday, 2 March", "Tuesday, 3 March", "Why is it due then?", "stands still", "What became of them"],
    );
    assert_eq!(story.matches("registered  ").count(), 12, "{story}");
    let widest = story.lines().max_by_key(|line| display_width(line)).unwrap();
    assert!(display_width(widest) <= 80, "{widest}");
    assert!(!story.contains('\u{1b}'), "no colours in a file");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_in_russian_on_fifty() {
    let story = told(50, Tongue::Russian).await;
    in_order(&of_first(&story), &["принято", "SMS", "напоминание", "ПРОСРОЧЕНО", "ПРОСРОЧЕНО", "РЕШЕНО"]);
    in_order(&story, &["понедельник, 2 марта", "вторник, 3 марта", "Почему такой срок?", "Чем всё кончилось"]);
    let widest = story.lines().max_by_key(|line| display_width(line)).unwrap();
    assert!(display_width(widest) <= 50, "{widest}");
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_wide_terminal_the_messages_are_told_word_for_word() {
    let story = told(140, Tongue::Russian).await;
    let first = of_first(&story).split_whitespace().collect::<Vec<_>>().join(" ");
    in_order(
        &first,
        &[
            "принято",
            "SMS",
            "зарегистрировано. Ожидаемый срок ответа: ",
            "напоминание",
            "ПРОСРОЧЕНО",
            "Инна",
            "Извините за задержку ответа по № ",
            "Новый срок: ",
            "ПРОСРОЧЕНО",
            "Раиса",
            "Извините за задержку ответа по № ",
            "РЕШЕНО",
        ],
    );
    let widest = story.lines().map(display_width).max().unwrap();
    assert!((100..=140).contains(&widest), "{widest} columns");
}

#[tokio::test]
async fn a_page_is_no_wider_than_lines_can_be_read_and_no_narrower_than_a_head() {
    for (columns, widest) in [(500, 140), (140, 140), (1, 40)] {
        let paper = Paper::default();
        let mut page = Page::plain(Box::new(paper.clone()), columns, Tongue::English);
        page.opening();
        page.entry(
            jiff::Timestamp::UNIX_EPOCH,
            "0000-0000-0000",
            (Tone::Plain, "information"),
            "слово ".repeat(50).trim(),
        )
        .await;
        let text = String::from_utf8(paper.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.lines().map(display_width).max(), Some(widest), "{text}");
    }
}

/// As a full disk, or a pipe whose reader has gone.
struct Full;

impl Write for Full {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Err(std::io::ErrorKind::StorageFull.into())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_story_that_nobody_can_read_is_not_told() {
    let page = Page::plain(Box::new(Full), 80, Tongue::English);
    let error = run(page, CancellationToken::new()).await.unwrap_err();
    assert!(format!("{error:#}").starts_with("telling the story: "), "{error:#}");
}

#[test]
fn the_language_is_the_environments() {
    let of = |set: &[(&str, &str)]| {
        Tongue::of_environment(|name| set.iter().find(|(it, _)| *it == name).map(|(_, value)| (*value).to_owned()))
    };
    assert_eq!(of(&[]), Tongue::English);
    assert_eq!(of(&[("LANG", "ru_RU.UTF-8")]), Tongue::Russian);
    assert_eq!(of(&[("LANG", "ru_RU.UTF-8"), ("LC_ALL", "C")]), Tongue::English);
    assert_eq!(of(&[("LANG", "ru_RU.UTF-8"), ("LC_ALL", "")]), Tongue::Russian);
}
