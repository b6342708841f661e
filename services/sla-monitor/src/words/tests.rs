//! What people read.

use ::deadline::{ClockKind, PolicySet, Suspension, SuspensionReason};
use jiff::Timestamp;

use super::told;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn words(policy: &str, start: &str, suspensions: &[Suspension], language: &str) -> String {
    let term = PolicySet::builtin().term(policy, ClockKind::Resolution).unwrap();
    told(&term.explain(at(start), suspensions).unwrap(), language)
}

fn waiting(from: &str, to: Option<&str>) -> Suspension {
    Suspension { from: at(from), to: to.map(at), reason: SuspensionReason::AwaitingApplicant }
}

const MONDAY: &str = "2026-03-02T12:00:00+03:00";

#[test]
fn working_days_are_listed_with_those_that_are_not() {
    assert_eq!(
        words("standard", MONDAY, &[], "ru"),
        "Срок — 5 рабочих дней. День обращения не считается, срок кончается с концом последнего рабочего дня.\n\
         Отсчёт с 02.03.2026 12:00, время Europe/Moscow.\n\
         Считаются дни: 03.03–06.03, 10.03.\n\
         Не считаются: 07.03 — выходные; 08.03 — Международный женский день; \
         09.03 — Выходной после Международного женского дня.\n\
         Срок истекает 10.03.2026 18:00."
    );
    assert_eq!(
        words("standard", "2026-02-03T12:00:00+03:00", &[], "en-GB"),
        "The term is 5 working days. The day of filing does not count; the term ends with the last working day.\n\
         Counted from 03.02.2026 12:00, Europe/Moscow time.\n\
         Days that count: 04.02–06.02, 09.02–10.02.\n\
         Days that do not: 07.02–08.02 — weekend.\n\
         Due 10.02.2026 18:00."
    );
}

#[test]
fn an_extension_is_told_with_the_end_that_it_moved() {
    let term = PolicySet::builtin().term("standard", ClockKind::Resolution).unwrap();
    let pin = ::deadline::Pin { id: "standard".into(), version: 1 };
    let by = [::deadline::Allowance::WorkingDays(2)];
    let start = at("2026-02-03T12:00:00+03:00");
    let explained = ::deadline::explain_extended(pin, term.calendar(), start, term.plan().allowance, &by, &[]).unwrap();
    let russian = told(&explained, "ru");
    let lines: Vec<&str> = russian.lines().collect();
    assert_eq!(lines[2], "Считаются дни: 04.02–06.02, 09.02–12.02.");
    assert_eq!(
        lines[lines.len() - 2..],
        ["Срок, истекавший 10.02.2026 18:00, продлён: ещё 2 рабочих дня.", "Срок истекает 12.02.2026 18:00."]
    );
    let english = told(&explained, "en");
    assert!(
        english.ends_with("The term that ended 10.02.2026 18:00 is extended by 2 working days.\nDue 12.02.2026 18:00.")
    );
}

/// A pause that spans nights is one sentence; its days are in neither list.
#[test]
fn a_pause_is_told_whole_and_why() {
    let pause = waiting("2026-02-04T13:00:00+03:00", Some("2026-02-06T10:00:00+03:00"));
    assert_eq!(
        words("standard", "2026-02-03T12:00:00+03:00", &[pause], "ru"),
        "Срок — 5 рабочих дней. День обращения не считается, срок кончается с концом последнего рабочего дня.\n\
         Отсчёт с 03.02.2026 12:00, время Europe/Moscow.\n\
         Считаются дни: 04.02, 06.02, 09.02–12.02.\n\
         Не считаются: 07.02–08.02 — выходные.\n\
         С 04.02.2026 13:00 по 06.02.2026 10:00 срок не шёл: ждали ответа заявителя.\n\
         Срок истекает 12.02.2026 15:00."
    );
}

#[test]
fn a_clock_that_stands_tells_what_is_left() {
    let open = waiting("2026-03-02T18:00:00+03:00", None);
    assert_eq!(
        words("suspicious_activity", MONDAY, &[open], "ru"),
        "Срок — 24 часа. Считается всё время, и ночью, и в выходные.\n\
         Отсчёт с 02.03.2026 12:00, время Europe/Moscow.\n\
         С 02.03.2026 18:00 срок не идёт: ждали ответа заявителя. Останется 18 часов."
    );
    let english = words("suspicious_activity", MONDAY, &[open], "en");
    assert!(english.ends_with("waiting for the applicant's answer. 18 hours will be left."), "{english}");
}

#[test]
fn a_year_that_is_not_official_yet_is_said_to_be_so() {
    let told = words("standard", "2027-02-01T12:00:00+03:00", &[], "ru");
    assert!(told.contains("Производственный календарь на 2027 ещё не утверждён"), "{told}");
    assert!(!words("standard", MONDAY, &[], "ru").contains("утверждён"));
}
