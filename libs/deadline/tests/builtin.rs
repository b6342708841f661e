//! The shipped set: what it promises, and that it can't change unnoticed.

use deadline::{Channel, ClockKind, Features, Invalid, Kind, PolicySet, Priority, ZoneChoice};
use jiff::{SignedDuration, Timestamp, civil::date};

const CATEGORIES: [&str; 17] = [
    "access_recovery",
    "account_locked",
    "code_not_arriving",
    "personal_data_change",
    "application_error",
    "application_status",
    "document_rejected",
    "payment",
    "technical_fault",
    "page_display",
    "file_upload",
    "mobile_app",
    "notification_fault",
    "suspicious_activity",
    "consultation",
    "feedback",
    "suggestion",
];

fn every_appeal() -> impl Iterator<Item = Features<'static>> {
    let of_category = |category| {
        Kind::ALL.iter().flat_map(move |&kind| {
            Priority::ALL.iter().flat_map(move |&priority| {
                Channel::ALL.iter().map(move |&channel| Features {
                    category,
                    kind,
                    priority,
                    channel,
                    region: None,
                    applicant_group: None,
                })
            })
        })
    };
    CATEGORIES.into_iter().chain(["identity_review", "not_in_any_catalogue"]).flat_map(of_category)
}

fn selected(category: &str, kind: Kind, priority: Priority, channel: Channel) -> &'static str {
    &PolicySet::builtin()
        .select(&Features { category, kind, priority, channel, region: None, applicant_group: None })
        .id
}

/// Every row of `L1` with an appeal that it is for, and what is promised to an appeal of Monday 2 March 2026, 12:00 Moscow.
#[test]
fn every_row_of_the_requirements_is_shipped() {
    use Channel::{Chat, Email, Phone, Portal, WebForm};
    use Kind::{Documentary, Reference, Technical};
    use Priority::{Critical, Emergency, High, Low, Normal};
    let rows = [
        (("technical_fault", Technical, Emergency, Portal), "emergency", "02T12:30", "03T18:00"),
        (("access_recovery", Technical, High, Phone), "lost_access", "02T12:30", "03T18:00"),
        (("account_locked", Technical, Critical, Chat), "lost_access", "02T12:30", "03T18:00"),
        (("suspicious_activity", Technical, High, WebForm), "suspicious_activity", "02T12:30", "03T12:00"),
        (("technical_fault", Technical, Critical, Email), "critical", "02T13:00", "03T18:00"),
        (("identity_review", Documentary, Normal, Channel::System), "identity_review", "03T18:00", "03T18:00"),
        // Monday 9 March is a day off: the fifth working day is Tuesday 10.
        (("personal_data_change", Documentary, Normal, Portal), "personal_data_change", "03T12:00", "10T18:00"),
        (("page_display", Technical, Normal, WebForm), "page_fault_by_form", "03T18:00", "03T18:00"),
        (("application_error", Documentary, Normal, Email), "application_by_email", "03T12:00", "04T12:00"),
        (("document_rejected", Documentary, Normal, Portal), "complex", "03T12:00", "17T18:00"),
        (("technical_fault", Technical, Normal, Phone), "phone", "02T12:05", "03T12:00"),
        (("consultation", Reference, Normal, Chat), "chat", "02T12:05", "02T12:15"),
        (("technical_fault", Technical, Normal, WebForm), "web_form", "03T12:00", "03T12:00"),
        (("technical_fault", Technical, High, Email), "email_high", "02T13:00", "03T18:00"),
        (("technical_fault", Technical, Normal, Email), "email_normal", "03T12:00", "05T18:00"),
        (("consultation", Reference, Low, Email), "email_low", "03T12:00", "10T18:00"),
        (("payment", Technical, High, Portal), "high", "02T13:00", "03T18:00"),
        (("suggestion", Reference, Low, Portal), "low", "04T12:00", "10T18:00"),
        (("technical_fault", Technical, Normal, Portal), "standard", "03T12:00", "10T18:00"),
    ];
    let set = PolicySet::builtin();
    let start: Timestamp = "2026-03-02T12:00:00+03".parse().unwrap();
    let mut shipped: Vec<&str> = set.policies().iter().map(|policy| policy.id.as_str()).collect();
    for ((category, kind, priority, channel), policy, first_answer, resolution) in rows {
        assert_eq!(selected(category, kind, priority, channel), policy);
        for (clock, expected) in [(ClockKind::FirstAnswer, first_answer), (ClockKind::Resolution, resolution)] {
            let expected: Timestamp = format!("2026-03-{expected}:00+03").parse().unwrap();
            let due = set.term(policy, clock).unwrap().due(start, &[]).unwrap();
            assert_eq!(due.time(), Some(expected), "{policy} {clock:?}");
        }
        shipped.retain(|id| *id != policy);
    }
    assert_eq!(shipped, [""; 0], "shipped, but in no row");
}

#[test]
fn a_chat_goes_up_at_fifteen_minutes_and_lost_access_within_the_hour() {
    let set = PolicySet::builtin();
    let start: Timestamp = "2026-03-02T12:00:00+03".parse().unwrap();
    for (policy, minutes) in [("chat", 15), ("lost_access", 60)] {
        let term = set.term(policy, ClockKind::FirstAnswer).unwrap();
        let rungs = term.rungs(start, &[], term.due(start, &[]).unwrap()).unwrap();
        assert_eq!(rungs[1].promise, Some(start + SignedDuration::from_mins(minutes)), "{policy}");
    }
}

#[test]
fn every_appeal_gets_the_first_matching_policy_and_every_policy_some_appeal() {
    let set = PolicySet::builtin();
    let mut chosen = std::collections::BTreeSet::new();
    for features in every_appeal() {
        let policy = set.select(&features);
        assert!(policy.matches.holds(&features));
        // By the rule itself, and not by the order in which the set keeps its policies.
        let best = set
            .policies()
            .iter()
            .filter(|policy| policy.matches.holds(&features))
            .min_by_key(|policy| (policy.order, std::cmp::Reverse(policy.matches.specificity())));
        assert_eq!(best.map(|policy| &policy.id), Some(&policy.id), "{features:?}");
        chosen.insert(&policy.id);
    }
    assert_eq!(chosen.len(), set.policies().len());
}

#[test]
fn every_term_can_be_computed_until_a_month_before_the_horizon() {
    let set = PolicySet::builtin();
    let mut start: Timestamp = "2026-01-01T00:00:00+03".parse().unwrap();
    let end: Timestamp = "2027-12-01T00:00:00+03".parse().unwrap();
    while start < end {
        for policy in set.policies() {
            let [first_answer, resolution] = ClockKind::FROM_FILING.map(|clock| {
                let term = set.term(&policy.id, clock).unwrap();
                let due = term.due(start, &[]).unwrap();
                let rungs = term.rungs(start, &[], due).unwrap();
                assert_eq!(rungs.len(), 3, "{} {clock:?} {start}", policy.id);
                assert!(rungs[2].promise.is_some(), "{} {clock:?} {start}", policy.id);
                due.time().unwrap()
            });
            assert!(first_answer <= resolution, "{} at {start}: {first_answer} after {resolution}", policy.id);
        }
        start += SignedDuration::from_hours(31);
    }
}

#[test]
fn calendars_reach_as_far_as_they_are_published() {
    let horizon = |id| PolicySet::builtin().calendar(id).unwrap().horizon();
    assert_eq!(horizon("support"), Some(date(2027, 12, 31)));
    assert_eq!(horizon("working_days"), Some(date(2027, 12, 31)));
    assert_eq!((horizon("phone"), horizon("round_the_clock")), (None, None));
}

/// Appeals are pinned to these hashes. When one differs, a promise has changed: that takes a new version in `data/` and a line
/// here, never a change of a line.
#[test]
fn the_shipped_sets_are_these_versions_with_this_content() {
    let shipped: Vec<_> =
        PolicySet::shipped().iter().map(|set| (set.version(), set.content_hash().to_string())).collect();
    let expected = [
        (1, "f4c39099324e5c8c7b6a89e65d08cce85699bc3da39007fe342f3c2d10c4efed"),
        (2, "8f69ae88c3b4d8eeb6c21aa208606f0ed191ed391be9c46e18dd8210d96dc261"),
        (3, "0e3f2208f0130710fde3a62ff2895482cee1dd5a1b764201ad3ae39337e05db4"),
    ];
    assert_eq!(shipped, expected.map(|(version, hash)| (version, hash.to_owned())));
    assert!(std::ptr::eq(PolicySet::builtin(), &PolicySet::shipped()[2]), "the newest is in force");
}

/// An appeal of 2026 is promised the same by all versions.
#[test]
fn no_later_version_moves_a_due_time_of_version_1() {
    let [one, two, three] = PolicySet::shipped() else { panic!("three versions") };
    assert_eq!(one.policies(), two.policies());
    assert_eq!((two.policies(), two.calendars()), (three.policies(), three.calendars()));
    let mut start: Timestamp = "2026-01-01T00:00:00+03".parse().unwrap();
    let end: Timestamp = "2028-01-01T00:00:00+03".parse().unwrap();
    while start < end {
        for policy in one.policies() {
            for clock in ClockKind::FROM_FILING {
                let due = |set: &'static PolicySet| set.term(&policy.id, clock).unwrap().due(start, &[]);
                assert_eq!(due(one), due(two), "{} {clock:?} {start}", policy.id);
            }
        }
        start += SignedDuration::from_hours(31);
    }
}

#[test]
fn the_canonical_text_gives_the_same_set_back() {
    for set in PolicySet::shipped() {
        let text = set.to_toml().unwrap();
        let copy = PolicySet::from_toml(&[&text]).unwrap();
        assert_eq!(&copy, set);
        assert_eq!(copy.to_toml().unwrap(), text);
    }
}

// === what is refused when loading ===

const CALENDAR: &str = "version = 1\n[[calendar]]\nid = \"daily\"\nversion = 1\nzone = \"UTC\"\n[calendar.week]\nmonday = [\"09:00-18:00\"]\n";

fn policy(id: &str, order: u32, matches: &str) -> String {
    let plan = "calendar = \"daily\"\nallowance = { working = \"8h\" }\nwarn_percent = 75\npauses = []\nladder = []\n";
    format!(
        "[[policy]]\nid = \"{id}\"\nversion = 1\norder = {order}\nday_convention = \"next_day_to_closing\"\n\
         match = {{ {matches} }}\n[policy.first_answer]\n{plan}[policy.resolution]\n{plan}"
    )
}

fn load(policies: &[String]) -> Result<PolicySet, Invalid> {
    PolicySet::from_toml(&[CALENDAR, &policies.concat()])
}

#[test]
fn order_decides_first_and_specificity_second() {
    let set = load(&[
        policy("everything", 9, ""),
        policy("broad", 5, "priority = [\"high\", \"low\"]"),
        policy("narrow", 5, "priority = [\"high\"], channel = [\"chat\"]"),
        policy("first", 1, "channel = [\"email\"]"),
    ])
    .unwrap();
    let chosen = |priority, channel| {
        set.select(&Features {
            category: "payment",
            kind: Kind::Technical,
            priority,
            channel,
            region: None,
            applicant_group: None,
        })
        .id
        .clone()
    };
    assert_eq!(chosen(Priority::High, Channel::Chat), "narrow");
    assert_eq!(chosen(Priority::High, Channel::Portal), "broad");
    assert_eq!(chosen(Priority::High, Channel::Email), "first");
    assert_eq!(chosen(Priority::Normal, Channel::Chat), "everything");
}

#[test]
fn a_plan_reads_its_calendar_by_the_calendars_wall() {
    let plain = policy("everything", 9, "");
    let by_choice = |choice: &str| {
        load(&[plain.replace("calendar = \"daily\"", &format!("calendar = \"daily\"\nzone = \"{choice}\""))])
    };
    let zone = |set: &PolicySet| set.policies()[0].resolution.zone;
    let calendars = load(std::slice::from_ref(&plain)).unwrap();
    assert_eq!(zone(&calendars), ZoneChoice::Calendar);
    // The default is not written, so a set that is older than the choice keeps its hash.
    assert_eq!(by_choice("calendar").unwrap().to_toml(), calendars.to_toml());
    assert_eq!(zone(&by_choice("applicant").unwrap()), ZoneChoice::Applicant);
    assert!(by_choice("operator").unwrap_err().to_string().contains("unknown variant `operator`"));
}

#[test]
fn a_tie_is_refused_unless_the_two_can_never_meet() {
    let catch_all = policy("everything", 9, "");
    let chat = policy("chat", 5, "channel = [\"chat\"]");
    let high = policy("high", 5, "priority = [\"high\"]");
    let email = policy("email", 5, "channel = [\"email\"]");
    let tie = Invalid::Tie { one: "chat".into(), other: "high".into() };
    assert_eq!(load(&[catch_all.clone(), chat.clone(), high]), Err(tie));
    assert!(load(&[catch_all, chat, email]).is_ok());
}

#[test]
fn a_policy_that_can_never_be_chosen_is_refused() {
    let wide = policy("wide", 1, "priority = [\"high\", \"low\"]");
    let narrow = policy("narrow", 5, "priority = [\"high\"], channel = [\"chat\"]");
    let unreachable = Invalid::Unreachable { id: "narrow".into(), by: vec!["wide".into()] };
    assert_eq!(load(&[policy("everything", 9, ""), wide, narrow]), Err(unreachable));

    let (one, other) =
        (policy("chats", 1, "channel = [\"chat\"]"), policy("rest", 2, "kind = [\"technical\", \"documentary\"]"));
    let last = policy("last", 3, "kind = [\"reference\", \"technical\"], channel = [\"chat\"]");
    let reference = policy("references", 2, "kind = [\"reference\"], priority = [\"high\"]");
    let refused = load(&[policy("everything", 9, ""), one, other.clone(), last.clone()]).unwrap_err();
    assert_eq!(refused.to_string(), r#"policy "last" can never be chosen: "chats" comes first and matches all of it"#);
    let rest = policy("references", 2, "kind = [\"reference\"]");
    let refused = load(&[policy("everything", 9, ""), other.clone(), rest, last.clone()]).unwrap_err();
    let told = r#"policy "last" can never be chosen: "references" and "rest" come first and together match all of it"#;
    assert_eq!(refused.to_string(), told);
    assert!(
        load(&[policy("everything", 9, ""), other, reference, last]).is_ok(),
        "references that are not high are left"
    );
}

#[test]
fn a_set_without_a_catch_all_is_refused() {
    let refused = load(&[policy("chat", 5, "channel = [\"chat\"]")]).unwrap_err();
    assert_eq!(refused.to_string(), "no policy matches everything");
}

#[test]
fn faults_in_the_text_are_refused() {
    let good = policy("everything", 9, "");
    for (from, to, expected) in [
        ("calendar = \"daily\"", "calendar = \"weekly\"", "no calendar \"weekly\""),
        ("warn_percent = 75", "warn_percent = 100", "warn_percent must be 1 to 99"),
        ("warn_percent", "warn_percents", "unknown field `warn_percents`"),
        ("working = \"8h\"", "working = \"0h\"", "longer than zero"),
        ("working = \"8h\"", "working = \"1d\"", "TOML parse error"),
        (
            "ladder = []",
            "ladder = [{ role = \"supervisor\", allowance = { real = \"8h\" }, acknowledge_within = { real = \"0h\" } }]",
            "longer than zero",
        ),
        (
            "ladder = []",
            "ladder = [{ role = \"security_officer\", allowance = { real = \"8h\" } }]",
            "a security_officer",
        ),
        (
            "ladder = []",
            "ladder = [{ role = \"supervisor\", allowance = { real = \"8h\" }, times = 10 }]",
            "at most 9 levels",
        ),
        (
            "ladder = []",
            "ladder = [{ role = \"supervisor\", allowance = { real = \"8h\" }, times = 0 }]",
            "acts no times",
        ),
        ("match = {  }", "match = {  }\nlongest_pause = { working_days = 0 }", "longer than zero"),
        ("match = {  }", "match = {  }\nreopen = { grant = { real = \"0h\" } }", "longer than zero"),
        ("match = {  }", "match = {  }\nreopen = \"never\"", "unknown variant `never`"),
        ("working = \"8h\"", "hours = 8", "unknown variant `hours`"),
        ("\"everything\"", "\"Everything\"", "not lower snake case"),
        ("match = {  }", "match = { channel = [\"fax\"] }", "unknown variant `fax`"),
        ("match = {  }", "match = { channel = [] }", "an empty list matches nothing"),
    ] {
        assert!(good.contains(from), "{from}");
        let refused = load(&[good.replace(from, to)]).unwrap_err().to_string();
        assert!(refused.contains(expected), "{to}: {refused}");
    }
    for (from, to, expected) in [
        ("\"UTC\"", "\"Europe/Nowhere\"", "time zone"),
        ("\"09:00-18:00\"", "", "no weekday has hours"),
        ("\"09:00-18:00\"", "\"18:00-09:00\"", "ends before it begins"),
        ("id = \"daily\"", "id = \"daily\"\nhorizont = \"2027-12-31\"", "unknown field `horizont`"),
    ] {
        let calendar = CALENDAR.replace(from, to);
        let refused = PolicySet::from_toml(&[&calendar, &good]).unwrap_err().to_string();
        assert!(refused.contains(expected), "{to}: {refused}");
    }
    assert!(PolicySet::from_toml(&[CALENDAR, CALENDAR, &good]).is_err());
    assert!(load(&[good.clone(), good]).is_err());
}
