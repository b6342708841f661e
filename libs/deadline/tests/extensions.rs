//! Terms that were extended (`L4`).

use deadline::{
    Allowance, Due, ExtensionReason, ExtensionRule, NotExtensible, Pin, PolicySet, Refused, Suspension,
    SuspensionReason, due, explain_extended, extended,
};
use jiff::{SignedDuration, Timestamp};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn rule(longest: Allowance) -> ExtensionRule {
    ExtensionRule { reasons: [ExtensionReason::FurtherAnalysis].into(), at_most: 2, longest }
}

const ANALYSIS: ExtensionReason = ExtensionReason::FurtherAnalysis;

/// As the Moscow production calendar of 2026 has it: 9 March is off, so five working days from Tuesday's closing end on the next Wednesday.
#[test]
fn an_extension_counts_from_the_end_of_the_term_before() {
    let set = PolicySet::builtin();
    let calendar = set.calendar("working_days").unwrap();
    let start = at("2026-02-24T12:00:00+03");
    let five = Allowance::WorkingDays(5);
    let before = due(calendar, start, five, &[]).unwrap().time().unwrap();
    assert_eq!(before, at("2026-03-03T18:00:00+03"));
    let after = extended(calendar, start, five, &[five], &[]).unwrap();
    assert_eq!(after, Due::At(at("2026-03-11T18:00:00+03")));
    // A pause of two working hours within the first term moves its end, and with that the end of the extension.
    let pause = Suspension {
        from: at("2026-02-25T10:00:00+03"),
        to: Some(at("2026-02-25T12:00:00+03")),
        reason: SuspensionReason::AwaitingApplicant,
    };
    let moved = due(calendar, start, five, &[pause]).unwrap().time().unwrap();
    assert_eq!(moved, at("2026-03-04T11:00:00+03"));
    assert_eq!(extended(calendar, start, five, &[five], &[pause]).unwrap(), Due::At(at("2026-03-12T18:00:00+03")));
}

#[test]
fn a_paused_term_has_no_end_to_extend() {
    let set = PolicySet::builtin();
    let calendar = set.calendar("working_days").unwrap();
    let start = at("2026-02-24T12:00:00+03");
    let open = Suspension { from: start, to: None, reason: SuspensionReason::AwaitingApplicant };
    let five = Allowance::WorkingDays(5);
    assert!(matches!(extended(calendar, start, five, &[five], &[open]), Ok(Due::Paused { .. })));
    let told =
        explain_extended(Pin { id: "by_hand".into(), version: 1 }, calendar, start, five, &[five], &[open]).unwrap();
    assert_eq!((told.extensions[0].from, told.extensions[0].budget), (None, SignedDuration::ZERO));
}

#[test]
fn a_rule_bounds_reason_count_and_length() {
    let set = PolicySet::builtin();
    let calendar = set.calendar("working_days").unwrap();
    let ends = at("2026-03-03T18:00:00+03");
    let rule = rule(Allowance::WorkingDays(5));
    let allow = |before, reason, length| rule.allow(calendar, before, ends, reason, length, &[]).unwrap();
    assert_eq!(allow(1, ANALYSIS, Allowance::WorkingDays(5)), Ok(at("2026-03-11T18:00:00+03")));
    assert_eq!(allow(0, ExtensionReason::OtherDepartments, Allowance::WorkingDays(1)), Err(NotExtensible::Reason));
    assert_eq!(allow(2, ANALYSIS, Allowance::WorkingDays(1)), Err(NotExtensible::Count));
    assert_eq!(allow(0, ANALYSIS, Allowance::WorkingDays(6)), Err(NotExtensible::Length));
    assert_eq!(allow(0, ANALYSIS, Allowance::WorkingDays(0)), Err(NotExtensible::Length));
    // Lengths of different kinds are compared by what they come to: to Wednesday 18:00 it is eight days.
    let days = |days: i64| Allowance::RealTime(SignedDuration::from_hours(24 * days));
    assert!(allow(0, ANALYSIS, days(8)).is_ok());
    assert_eq!(allow(0, ANALYSIS, days(9)), Err(NotExtensible::Length));
}

/// At the end of the published calendar a short extension is computed although the longest one can't be.
#[test]
fn the_horizon_refuses_only_what_reaches_it() {
    let set = PolicySet::builtin();
    let calendar = set.calendar("working_days").unwrap();
    let ends = at("2027-12-27T18:00:00+03");
    let rule = rule(Allowance::WorkingDays(10));
    let allow = |length| rule.allow(calendar, 0, ends, ANALYSIS, length, &[]);
    assert_eq!(allow(Allowance::WorkingDays(1)).unwrap(), Ok(at("2027-12-28T18:00:00+03")));
    assert!(matches!(allow(Allowance::WorkingDays(9)), Err(Refused::PastHorizon { .. })));
}

/// Every shipped policy has the set's rule, and one of its own wins.
#[test]
fn the_rule_of_the_set_holds_where_a_policy_has_none() {
    let set = PolicySet::builtin();
    let shipped = set.extension("standard").unwrap();
    assert_eq!((shipped.at_most, shipped.longest), (1, Allowance::WorkingDays(10)));
    assert_eq!(shipped.reasons.len(), ExtensionReason::ALL.len());
    assert_eq!(PolicySet::shipped()[1].extension("standard"), None, "no older promise may be extended");

    let mut own = set.policy("emergency").unwrap().clone();
    own.version += 1;
    own.extension = Some(rule(Allowance::RealTime(SignedDuration::from_hours(1))));
    let document = |it: &deadline::Policy| {
        let mut table = toml::Table::new();
        table.insert("policy".into(), toml::Value::Array(vec![toml::Value::try_from(it).unwrap()]));
        table.to_string()
    };
    let next = set.revised(4, &document(&own), &[]).unwrap();
    assert_eq!(next.set.extension("emergency"), own.extension.as_ref());
    assert_eq!(next.set.extension("standard"), Some(shipped));
    own.extension.as_mut().unwrap().reasons.clear();
    let faults = set.revised(4, &document(&own), &[]).unwrap_err();
    assert!(faults[0].to_string().contains("an extension needs reasons"), "{faults:?}");
}

#[test]
fn the_rule_of_the_set_is_published_like_an_entry() {
    let set = PolicySet::builtin();
    let document = "[extension]\nreasons = [\"further_analysis\"]\nat_most = 2\nlongest = { working_days = 5 }\n";
    let next = set.revised(4, document, &[]).unwrap();
    assert_eq!(next.set.extension("standard").unwrap().at_most, 2);
    let fields: Vec<_> = next.changes.iter().map(|it| (it.entry.as_str(), it.field.as_str())).collect();
    assert_eq!(fields, [("extension", "at_most"), ("extension", "longest.working_days"), ("extension", "reasons")]);
    let broken =
        set.revised(4, "[extension]\nreasons = []\nat_most = 0\nlongest = { real = \"0s\" }\n", &[]).unwrap_err();
    assert_eq!(broken.len(), 3, "{broken:?}");
}
