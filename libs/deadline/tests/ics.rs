//! Days from iCalendar files: what is read, and what is refused by name.

use deadline::{Calendar, DayKind, DayName, Exception, PolicySet, ics};
use jiff::{SignedDuration, civil::date};
use proptest::{collection::vec, prelude::*, sample::select};

fn calendar(events: &str) -> String {
    let text = format!("BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//Тест//RU\n{events}\nEND:VCALENDAR\n");
    text.replace('\n', "\r\n")
}

fn event(lines: &str) -> String {
    calendar(&format!("BEGIN:VEVENT\nUID:1@test\nDTSTAMP:20240101T000000Z\n{lines}\nEND:VEVENT"))
}

fn read(text: &str) -> Result<Vec<Exception>, String> {
    ics::days(text, Some(date(2024, 1, 1)), Some(date(2027, 12, 31))).map_err(|invalid| invalid.to_string())
}

/// First date, last date and label of each.
fn told(text: &str) -> Vec<String> {
    let days = read(text).unwrap();
    days.iter().map(|day| format!("{}..{} {}", day.from, day.last(), day.label)).collect()
}

#[track_caller]
fn refuses(text: &str, why: &str) {
    let refused = read(text).unwrap_err();
    assert!(refused.starts_with("iCalendar: ") && refused.contains(why), "{refused}");
}

#[test]
fn a_file_as_it_is_exported_becomes_the_days_of_a_calendar() {
    let text = calendar(
        "BEGIN:VTIMEZONE\nTZID:Europe/Moscow\nBEGIN:STANDARD\nDTSTART:20141026T010000\nTZOFFSETFROM:+0400\n\
         TZOFFSETTO:+0300\nEND:STANDARD\nEND:VTIMEZONE\n\
         BEGIN:VEVENT\nDTSTART;VALUE=DATE:20250502\nDTEND;VALUE=DATE:20250503\nSUMMARY:Выходной\\, перенесённый с 4 января\n\
         CATEGORIES:Календарь,TRANSFERRED_HOLIDAY\nEND:VEVENT\n\
         BEGIN:VEVENT\nDTSTART;VALUE=DATE:20250101\nDTEND;VALUE=DATE:20250109\nSUMMARY;LANGUAGE=ru:Новогодние каник\n \
         улы\n\t и Рождество\nX-ALT-DESC;FMTTYPE=\"text/html;a:b\":<b>x</b>\n\
         BEGIN:VALARM\nTRIGGER:-P1D\nSUMMARY:Напоминание\nACTION:DISPLAY\nEND:VALARM\nEND:VEVENT\n\
         BEGIN:VEVENT\nDTSTART;VALUE=DATE:20250707\nSUMMARY:Отменён\nSTATUS:CANCELLED\nEND:VEVENT",
    );
    let days = read(&text).unwrap();
    assert_eq!(
        told(&text),
        [
            "2025-01-01..2025-01-08 Новогодние каникулы и Рождество",
            // DTEND is the first date after: one day has no `to`.
            "2025-05-02..2025-05-02 Выходной, перенесённый с 4 января",
        ]
    );
    assert_eq!(
        days.iter().map(|day| day.day).collect::<Vec<_>>(),
        [Some(DayKind::Holiday), Some(DayKind::TransferredHoliday)]
    );
    assert_eq!((days[0].to, days[1].to), (Some(date(2025, 1, 8)), None));

    let mut data = PolicySet::builtin().calendar("phone").unwrap().data().clone();
    data.exceptions = days;
    let phone = Calendar::try_from(data).unwrap();
    assert!(phone.hours_on(date(2025, 1, 8)).unwrap().0.is_closed());
    assert!(!phone.hours_on(date(2025, 1, 9)).unwrap().0.is_closed());
}

#[test]
fn escapes_and_folds_are_undone() {
    let with_parameter =
        event("DTSTART;VALUE=DATE:20240304\nSUMMARY;ALTREP=\"https://a/b;c\";LANGUAGE=ru:День: первый");
    assert_eq!(read(&with_parameter).unwrap()[0].label, "День: первый");
    for (written, label) in [
        (r"День\, когда\; всё\nзакрыто", "День, когда; всё закрыто"),
        (r"Путь C:\\n", r"Путь C:\n"),
        ("Без, экрана: и так", "Без, экрана: и так"),
        ("  Пробелы  по  краям ", "Пробелы по краям"),
        ("Сло\n во", "Слово"),
    ] {
        let text = event(&format!("DTSTART;VALUE=DATE:20240304\nSUMMARY:{written}"));
        assert_eq!(read(&text).unwrap()[0].label, label, "{written}");
        assert_eq!(read(&text.replace("\r\n", "\n")), read(&text), "line ends of other programs");
        assert_eq!(read(&format!("\u{feff}{text}")), read(&text), "a byte order mark");
    }
}

#[test]
fn an_event_lasts_to_its_end_by_its_duration_or_a_day() {
    for (length, last) in [
        ("", "04"),
        ("DTEND;VALUE=DATE:20240305\n", "04"),
        ("DTEND;VALUE=DATE:20240307\n", "06"),
        ("DURATION:P1D\n", "04"),
        ("DURATION:P2W\n", "17"),
    ] {
        let text = event(&format!("DTSTART;VALUE=DATE:20240304\n{length}SUMMARY:День"));
        assert_eq!(told(&text), [format!("2024-03-04..2024-03-{last} День")]);
    }
    for (length, why) in [
        ("DTEND;VALUE=DATE:20240304", "the event \"День\" ends before it begins"),
        ("DTEND:20240305T000000", "the event \"День\" ends at \"20240305T000000\": not an event of whole days"),
        ("DURATION:PT24H", "lasts \"PT24H\": not an event of whole days"),
        ("DURATION:-P1D", "not an event of whole days"),
        ("DTEND;VALUE=DATE:20240305\nDURATION:P1D", "has both DTEND and DURATION"),
        ("DTEND;VALUE=DATE:20240305\nDTEND;VALUE=DATE:20240306", "has more than one DTEND"),
    ] {
        refuses(&event(&format!("DTSTART;VALUE=DATE:20240304\n{length}\nSUMMARY:День")), why);
    }
}

#[test]
fn an_event_of_hours_is_refused_by_its_name() {
    for start in
        ["DTSTART:20240304T090000Z", "DTSTART;TZID=Europe/Moscow:20240304T090000", "DTSTART;VALUE=DATE:20240231"]
    {
        refuses(&event(&format!("SUMMARY:Совещание\n{start}")), "the event \"Совещание\" begins at ");
    }
    refuses(&event("SUMMARY:Совещание"), "the event \"Совещание\" has no DTSTART");
    refuses(&event("DTSTART;VALUE=DATE:20240304"), "the event that ends on line 8 has no SUMMARY");
    refuses(&event("DTSTART;VALUE=DATE:20240304\nSUMMARY: "), "has no SUMMARY");
}

#[test]
fn what_comes_every_year_comes_up_to_the_horizon() {
    let yearly = |start: &str, rule: &str| event(&format!("DTSTART;VALUE=DATE:{start}\nRRULE:{rule}\nSUMMARY:День"));
    let years =
        |start, rule| -> Vec<i16> { read(&yearly(start, rule)).unwrap().iter().map(|day| day.from.year()).collect() };
    assert_eq!(years("20250612", "FREQ=YEARLY"), [2025, 2026, 2027]);
    // Only what the calendar knows: it begins with 2024.
    assert_eq!(years("19920612", "FREQ=YEARLY;BYMONTH=6;BYMONTHDAY=12;WKST=MO"), [2024, 2025, 2026, 2027]);
    assert_eq!(years("19920612", "FREQ=YEARLY;INTERVAL=2"), [2024, 2026]);
    assert_eq!(years("20230612", "FREQ=YEARLY;COUNT=3"), [2024, 2025]);
    assert_eq!(years("20240612", "UNTIL=20260611;FREQ=YEARLY"), [2024, 2025]);
    assert_eq!(years("20240612", "FREQ=YEARLY;UNTIL=20260612T000000Z"), [2024, 2025, 2026]);
    // 29 February comes in leap years, and only those are counted.
    assert_eq!(years("20160229", "FREQ=YEARLY;COUNT=3"), [2024]);

    for rule in [
        "FREQ=WEEKLY",
        "FREQ=YEARLY;BYDAY=4TH",
        "FREQ=YEARLY;BYMONTH=7",
        "FREQ=YEARLY;INTERVAL=0",
        "FREQ=YEARLY;COUNT=-1",
        "FREQ=YEARLY;UNTIL=2026",
        "INTERVAL=1",
        "",
    ] {
        refuses(&yearly("20240612", rule), "the event \"День\" comes again by a rule that is not read");
    }
    let open = ics::days(&yearly("20240612", "FREQ=YEARLY"), None, None).unwrap_err().to_string();
    assert_eq!(open, "iCalendar: the event \"День\" comes again, and the calendar has no horizon to end it at");
    refuses(&event("DTSTART;VALUE=DATE:20240612\nSUMMARY:День\nEXDATE;VALUE=DATE:20250612"), "has EXDATE");
    let two = "DTSTART;VALUE=DATE:20240612\nSUMMARY:День\nRRULE:FREQ=YEARLY\nRRULE:FREQ=YEARLY;COUNT=1";
    refuses(&event(two), "has more than one RRULE");
}

#[test]
fn days_that_the_calendar_does_not_know_are_left_out() {
    let on =
        |start: &str, end: &str| event(&format!("DTSTART;VALUE=DATE:{start}\nDTEND;VALUE=DATE:{end}\nSUMMARY:День"));
    assert_eq!(told(&on("20231230", "20240101")), [""; 0]);
    assert_eq!(told(&on("20231231", "20240102")), ["2023-12-31..2024-01-01 День"]);
    assert_eq!(told(&on("20271231", "20280103")), ["2027-12-31..2028-01-02 День"]);
    assert_eq!(told(&on("20280101", "20280103")), [""; 0]);
    assert_eq!(ics::days(&on("20280101", "20280103"), None, None).unwrap().len(), 1);
}

#[test]
fn a_worked_saturday_and_a_short_day_say_how_in_properties_of_ours() {
    let text = event(
        "DTSTART;VALUE=DATE:20241102\nSUMMARY:Рабочая суббота\nCATEGORIES:working_weekend\nX-OTKLIK-LIKE:friday\n\
         X-OTKLIK-SHORTER-BY:1h",
    );
    let day = read(&text).unwrap().remove(0);
    assert_eq!(
        (day.day, day.like, day.shorter_by),
        (Some(DayKind::WorkingWeekend), Some(DayName::Friday), Some(SignedDuration::from_hours(1)))
    );
    let holiday = |hours| event(&format!("DTSTART;VALUE=DATE:20241104\nSUMMARY:Праздник\nX-OTKLIK-HOURS:{hours}"));
    let hours = &read(&holiday("10:00-12:00, 13:00-14:00")).unwrap()[0].hours;
    assert_eq!(hours.intervals().len(), 2);
    refuses(&holiday("14:00-10:00"), "the event \"Праздник\" has a wrong X-OTKLIK-HOURS: opening interval ends before");
    refuses(&text.replace("LIKE:friday", "LIKE:Пятница"), "has a wrong X-OTKLIK-LIKE");
}

#[test]
fn a_text_that_is_no_whole_calendar_is_refused() {
    let good = event("DTSTART;VALUE=DATE:20240304\nSUMMARY:День");
    refuses("", "there is no VCALENDAR");
    refuses("<html>", "line 1 is not NAME:value");
    refuses("<a href=\"x:y\">:1", "line 1 is not NAME:value");
    refuses("SUMMARY:День", "line 1 is in no VCALENDAR");
    refuses(good.strip_suffix("END:VCALENDAR\r\n").unwrap(), "the text ends inside VCALENDAR");
    refuses(&good[..good.find("END:VEVENT").unwrap()], "the text ends inside VEVENT");
    refuses(&good.replace("BEGIN:VEVENT\r\n", ""), "ends VEVENT, which is not what was begun last");
    assert_eq!(read(&calendar("BEGIN:VTODO\nSUMMARY:Дело\nEND:VTODO")), Ok(vec![]));
}

/// What files are made of, and what is made to break readers.
const PIECES: &[&str] = &[
    "BEGIN:VCALENDAR\n",
    "END:VCALENDAR\n",
    "BEGIN:VEVENT\n",
    "END:VEVENT\n",
    "DTSTART;VALUE=DATE:",
    "DTEND;VALUE=DATE:",
    "DURATION:P",
    "RRULE:FREQ=YEARLY;",
    "SUMMARY:",
    "CATEGORIES:",
    "20240229",
    "99991231",
    "00010101",
    "UNTIL=",
    "COUNT=9",
    "INTERVAL=32767",
    "99999999D",
    "\n",
    "\n ",
    ":",
    ";",
    ",",
    "\\",
    "\"",
    "Ж",
    "\u{feff}",
    "-1",
    "\r",
];

proptest! {
    #[test]
    fn no_text_makes_it_fall_over(
        whole in any::<bool>(),
        pieces in vec(select(PIECES), 0..40),
        known in any::<bool>(),
    ) {
        let text = pieces.concat();
        let text = if whole { event(&format!("DTSTART;VALUE=DATE:20240229\nSUMMARY:День\n{text}")) } else { text };
        let horizon = known.then_some(jiff::civil::Date::MAX);
        for day in ics::days(&text, None, horizon).unwrap_or_default() {
            prop_assert!(day.from <= day.last() && !day.label.is_empty());
        }
    }
}
