//! Stretches that count for nobody.

use deadline::{Allowance, ClockKind, Due, Invalid, Outage, PolicySet, Suspension, SuspensionReason, What};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

const OUTAGE: &str = r#"
[[outage]]
id = "of_2_march"
from = "2026-03-02T10:00:00+03:00"
to = "2026-03-02T14:00:00+03:00"
label = "Питание в дата-центре"
"#;

fn next(document: &str, removed: &[&str]) -> Result<PolicySet, Vec<String>> {
    let removed: Vec<String> = removed.iter().map(|id| (*id).to_owned()).collect();
    let set = PolicySet::builtin();
    let told = |faults: Vec<Invalid>| faults.iter().map(Invalid::to_string).collect();
    set.revised(set.version() + 1, document, &removed).map(|it| it.set).map_err(told)
}

fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

#[test]
fn it_stops_every_clock_by_as_much_of_it_as_would_have_counted() {
    let (before, after) = (PolicySet::builtin(), next(OUTAGE, &[]).unwrap());
    let due = |set: &PolicySet, policy, clock, start| {
        set.term(policy, clock).unwrap().due(at(start), &[]).unwrap().time().unwrap()
    };
    let hours = SignedDuration::from_hours;
    // Real time: filed an hour into it, so that three hours of it are left.
    let filed = "2026-03-02T11:00:00+03:00";
    let moved =
        |policy, clock, start| due(&after, policy, clock, start).duration_since(due(before, policy, clock, start));
    assert_eq!(moved("suspicious_activity", ClockKind::FirstAnswer, filed), hours(3));
    assert_eq!(moved("suspicious_activity", ClockKind::Resolution, "2026-03-02T09:00:00+03:00"), hours(4));
    assert_eq!(
        moved("suspicious_activity", ClockKind::Resolution, "2026-03-02T15:00:00+03:00"),
        hours(0),
        "it was over"
    );
    // Working days: four hours of one, and the next day has nine.
    let standard = due(&after, "standard", ClockKind::Resolution, "2026-03-01T12:00:00+03:00");
    assert!(standard > due(before, "standard", ClockKind::Resolution, "2026-03-01T12:00:00+03:00"));
}

#[test]
fn it_is_named_where_a_due_time_is_explained_and_the_terms_of_levels_stand_still_too() {
    let set = next(OUTAGE, &[]).unwrap();
    let term = set.term("suspicious_activity", ClockKind::Resolution).unwrap();
    let told = term.explain(at("2026-03-02T09:00:00+03:00"), &[]).unwrap();
    let is_it = |what: &What| matches!(what, What::Suspended { reason: SuspensionReason::Outage, .. });
    assert_eq!(told.spans.iter().filter(|span| is_it(&span.what)).count(), 1);
    let level = term.level_end(1, at("2026-03-02T09:00:00+03:00"), &[]).unwrap();
    assert_eq!(level, at("2026-03-02T21:00:00+03:00"), "eight hours and these four");
}

#[test]
fn a_truth_table_tells_what_a_policy_promises_whatever_came_between() {
    let case = "[[policy.case]]\ncategory = \"suspicious_activity\"\nkind = \"technical\"\npriority = \"emergency\"\nchannel = \"portal\"\n\
        filed = \"2026-03-02T12:00:00+03:00\"\n";
    let set = PolicySet::builtin();
    let features = deadline::Features {
        category: "suspicious_activity",
        kind: deadline::Kind::Technical,
        priority: deadline::Priority::Emergency,
        channel: deadline::Channel::Portal,
        region: None,
        applicant_group: None,
    };
    let mut policy = set.select(&features).clone();
    let first = set.term(&policy.id, ClockKind::FirstAnswer).unwrap().due(at("2026-03-02T12:00:00+03:00"), &[]);
    policy.version += 1;
    let text = toml::to_string(&std::collections::BTreeMap::from([("policy", [policy])])).unwrap();
    let due = first.unwrap().time().unwrap();
    let document = format!("{OUTAGE}\n{text}\n{case}first_answer = \"{due}\"\n");
    assert_eq!(next(&document, &[]).map(|set| set.outages().len()), Ok(1));
}

#[test]
fn it_is_published_replaced_and_taken_back_by_its_id() {
    let one = next(OUTAGE, &[]).unwrap();
    let label = |set: &PolicySet| set.outages().iter().map(|it| it.label.clone()).collect::<Vec<_>>();
    let longer = OUTAGE.replace("14:00", "15:00").replace("Питание", "Всё питание");
    let revised = one.revised(one.version() + 1, &longer, &[]).unwrap();
    assert_eq!(label(&revised.set), ["Всё питание в дата-центре"]);
    assert!(revised.changes.iter().all(|it| it.entry == "outage of_2_march"), "{:?}", revised.changes);
    let none = one.revised(one.version() + 1, "", &["of_2_march".into()]).unwrap();
    assert_eq!(label(&none.set), [""; 0]);
    assert_eq!(PolicySet::published(&one.to_toml().unwrap()).unwrap().outages(), one.outages());
    assert!(!PolicySet::builtin().to_toml().unwrap().contains("outage"), "sets without any keep their hash");
}

#[test]
fn what_can_be_no_outage_is_refused() {
    for (from, to, expected) in [
        ("14:00", "09:00", "ends before it begins"),
        ("2026-03-02T14", "2026-05-02T14", "longer than 31 days"),
        ("of_2_march", "2. März", "not lower snake case"),
    ] {
        let refused = next(&OUTAGE.replace(from, to), &[]).unwrap_err();
        assert!(refused.iter().any(|it| it.contains("outage") && it.contains(expected)), "{to}: {refused:?}");
    }
    let twice = format!("{OUTAGE}{OUTAGE}");
    assert!(next(&twice, &[]).unwrap_err().iter().any(|it| it.contains("two outages have the id")));
    assert!(next("", &["of_nothing"]).is_err());
}

proptest! {
    /// As if it were a pause of each appeal.
    #[test]
    fn an_outage_counts_as_a_suspension_of_everybody(
        start in 0i64..400, from in 0i64..400, length in 1i64..200, pause in 0i64..400, days in 1u16..6, kind in 0usize..3,
    ) {
        let hour = |hours: i64| at("2026-03-02T00:00:00Z") + SignedDuration::from_hours(hours);
        let outage = Outage { id: "it".into(), from: hour(from), to: hour(from + length), label: "x".into() };
        let document = toml::to_string(&std::collections::BTreeMap::from([("outage", [outage])])).unwrap();
        let set = next(&document, &[]).unwrap();
        let allowance = [
            Allowance::RealTime(SignedDuration::from_hours(i64::from(days) * 7)),
            Allowance::WorkingTime(SignedDuration::from_hours(i64::from(days) * 3)),
            Allowance::WorkingDays(days),
        ][kind];
        let own = Suspension { from: hour(pause), to: Some(hour(pause + 9)), reason: SuspensionReason::AwaitingApplicant };
        let for_all = Suspension { from: hour(from), to: Some(hour(from + length)), reason: SuspensionReason::Outage };
        let with = deadline::due(set.calendar("working_days").unwrap(), hour(start), allowance, &[own]);
        let bare = PolicySet::builtin().calendar("working_days").unwrap();
        prop_assert_eq!(with.map(Due::time), deadline::due(bare, hour(start), allowance, &[own, for_all]).map(Due::time));
    }
}
