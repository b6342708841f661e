//! From when until when a calendar is known, and by whose word.

use deadline::{Allowance, Basis, Calendar, Due, Explanation, Pin, Refused, Suspension, SuspensionReason};
use deadline::{due, elapsed, explain};
use jiff::{SignedDuration, Timestamp, civil::date};

fn calendar(head: &str) -> Result<Calendar, String> {
    let days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let week: String = days.map(|day| format!("{day} = [\"09:00-18:00\"]\n")).concat();
    let text = format!("id = \"daily\"\nversion = 1\nzone = \"Europe/Moscow\"\n{head}\n[week]\n{week}");
    toml::from_str(&text).map_err(|error| error.to_string())
}

fn years(edges: &str, years: &[(i16, &str)]) -> Result<Calendar, String> {
    let years = years.iter().map(|(year, more)| format!("[[year]]\nyear = {year}\nsource = \"Акт {year}\"\n{more}\n"));
    calendar(&format!("{edges}\n{}", years.collect::<String>()))
}

const FOUR: &str = "from = \"2024-01-01\"\nhorizon = \"2027-12-31\"";

fn four_years() -> Calendar {
    let provisional = "provisional = true";
    years(FOUR, &[(2025, ""), (2024, ""), (2026, provisional), (2027, provisional)]).unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn told(start: &str, allowance: Allowance, suspensions: &[Suspension]) -> Explanation {
    explain(Pin { id: "by_hand".into(), version: 1 }, &four_years(), at(start), allowance, suspensions).unwrap()
}

#[test]
fn nothing_is_computed_from_before_the_first_date() {
    let calendar = four_years();
    let refused = Refused::BeforeValidity { calendar: "daily".into(), from: date(2024, 1, 1) };
    assert_eq!(refused.reason(), "CALENDAR_NOT_VALID_YET");
    // 1 January begins at 21:00 of the day before in UTC.
    let (last_unknown, first_known) = (at("2023-12-31T20:59:59Z"), at("2023-12-31T21:00:00Z"));
    for allowance in [Allowance::WorkingDays(1), Allowance::WorkingTime(SignedDuration::from_hours(1))] {
        assert_eq!(due(&calendar, last_unknown, allowance, &[]), Err(refused.clone()));
        assert!(due(&calendar, first_known, allowance, &[]).is_ok());
    }
    assert_eq!(elapsed(&calendar, Basis::Working, last_unknown, first_known, &[]), Err(refused));
    // Real time asks no calendar.
    assert!(due(&calendar, last_unknown, Allowance::RealTime(SignedDuration::from_hours(1)), &[]).is_ok());
}

#[test]
fn the_horizon_ends_with_its_last_local_date() {
    assert_eq!(four_years().horizon_end(), Some(at("2028-01-01T00:00:00+03")));
    assert_eq!((calendar("").unwrap().horizon_end(), calendar("").unwrap().from()), (None, None));
}

#[test]
fn every_year_has_its_source() {
    let calendar = four_years();
    assert_eq!(calendar.years().iter().map(|year| year.year).collect::<Vec<_>>(), [2024, 2025, 2026, 2027]);
    let sources = |year| calendar.year(year).map(|it| (it.source.as_str(), it.provisional));
    assert_eq!(sources(2025), Some(("Акт 2025", false)));
    assert_eq!(sources(2027), Some(("Акт 2027", true)));
    assert_eq!((sources(2023), sources(2028)), (None, None));
}

#[test]
fn years_with_a_hole_a_double_or_too_few_or_too_many_are_refused() {
    for (edges, of, why) in [
        (FOUR, &[2024, 2025, 2027][..], "2025 and 2027 do not follow each other"),
        (FOUR, &[2024, 2025, 2025, 2026, 2027], "2025 and 2025 do not follow each other"),
        (FOUR, &[2025, 2026, 2027], "begins on 2024-01-01, and its years begin with 2025"),
        (FOUR, &[2023, 2024, 2025, 2026, 2027], "begins on 2024-01-01, and its years begin with 2023"),
        (FOUR, &[2024, 2025, 2026], "ends on 2027-12-31, and its years end with 2026"),
        ("from = \"2027-01-01\"\nhorizon = \"2026-12-31\"", &[], "begins on 2027-01-01, after its horizon 2026-12-31"),
    ] {
        let of: Vec<_> = of.iter().map(|year| (*year, "")).collect();
        let refused = years(edges, &of).unwrap_err();
        assert!(refused.contains(why), "{refused}");
    }
    let refused = calendar(&format!("{FOUR}\n[[year]]\nyear = 2024\nsource = \" \"")).unwrap_err();
    assert!(refused.contains("the year 2024 has no source"), "{refused}");
    let one_day = "from = \"2026-06-01\"\nhorizon = \"2026-06-01\"";
    assert!(years(one_day, &[(2026, "")]).is_ok(), "a single date");
    assert!(years(FOUR, &[]).is_ok(), "none at all");
    assert!(years("", &[(2024, ""), (2025, "")]).is_ok(), "without edges");
}

#[test]
fn an_explanation_names_the_provisional_years_that_its_term_touches() {
    let nine = Allowance::WorkingTime(SignedDuration::from_hours(9));
    assert_eq!(told("2025-12-30T09:00:00+03", nine, &[]).provisional, [0; 0]);
    // Ends at 18:00 of New Year's Eve; the next hour of work is one of the new year.
    assert_eq!(told("2025-12-31T09:00:00+03", nine, &[]).provisional, [0; 0]);
    assert_eq!(told("2025-12-31T09:00:01+03", nine, &[]).provisional, [2026]);
    assert_eq!(told("2026-12-31T12:00:00+03", Allowance::WorkingDays(1), &[]).provisional, [2026, 2027]);
    // Real time depends on no calendar.
    assert_eq!(
        told("2026-12-31T12:00:00+03", Allowance::RealTime(SignedDuration::from_hours(24)), &[]).provisional,
        [0; 0]
    );
}

#[test]
fn a_paused_clock_has_touched_the_years_up_to_the_pause() {
    let open = |from: &str| Suspension { from: at(from), to: None, reason: SuspensionReason::AwaitingApplicant };
    let paused = |from: &str| told("2025-12-30T12:00:00+03", Allowance::WorkingDays(5), &[open(from)]);
    assert!(matches!(paused("2025-12-31T10:00:00+03").due, Due::Paused { .. }));
    assert_eq!(paused("2025-12-31T10:00:00+03").provisional, [0; 0]);
    assert_eq!(paused("2026-01-01T10:00:00+03").provisional, [2026]);
}

#[test]
fn a_term_that_ends_at_midnight_of_the_new_year_is_of_the_old_one() {
    let head = "from = \"2025-01-01\"\nhorizon = \"2026-12-31\"\n[[year]]\nyear = 2025\nsource = \"Акт\"\n\
                [[year]]\nyear = 2026\nsource = \"Акт\"\nprovisional = true\n";
    let text = toml::to_string(&calendar(head).unwrap()).unwrap().replace("09:00-18:00", "00:00-24:00");
    let calendar: Calendar = toml::from_str(&text).unwrap();
    let day = Allowance::WorkingTime(SignedDuration::from_hours(24));
    let told = explain(Pin { id: "by_hand".into(), version: 1 }, &calendar, at("2025-12-31T00:00:00+03"), day, &[]);
    let told = told.unwrap();
    assert_eq!(told.due, Due::At(at("2026-01-01T00:00:00+03")));
    assert_eq!(told.provisional, [0; 0]);
}
