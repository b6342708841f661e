use super::*;
use crate::grpc::convert;

fn name() -> String {
    appeal_name(id())
}

#[test]
fn every_request_names_its_appeal_and_has_an_id() {
    let refusal = withdraw(&wire::WithdrawAppealRequest::default()).unwrap_err();
    assert_eq!(faults(&refusal), [("name", "FIELD_REQUIRED"), ("request_id", "REQUEST_ID_INVALID")]);
    for bad in [
        "appeals/7",
        "appeals/",
        "citizens/00000000-0000-0000-0000-000000000042",
        "appeals/00000000000000000000000000000042",
    ] {
        let request = wire::WithdrawAppealRequest { name: bad.into(), request_id: REQUEST_ID.into() };
        assert_eq!(faults(&withdraw(&request).unwrap_err()), [("name", "FIELD_INVALID")], "{bad}");
    }
    // Version 1 and the nil UUID are no UUID4.
    for bad in ["", "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "00000000-0000-0000-0000-000000000000"] {
        let request = wire::ClaimNextAppealRequest { request_id: bad.into() };
        assert_eq!(faults(&claim_next(&request).unwrap_err()), [("request_id", "REQUEST_ID_INVALID")], "{bad}");
    }
    let asked = withdraw(&wire::WithdrawAppealRequest { name: name(), request_id: REQUEST_ID.into() }).unwrap();
    assert_eq!((asked.appeal, asked.request_id.to_string().as_str()), (id(), REQUEST_ID));
}

#[test]
fn a_number_is_read_as_people_type_it() {
    let number = Number::from_random(77);
    let find = |typed: &str| find_appeal(&wire::FindAppealRequest { number: typed.into() });
    assert_eq!(find(&number.to_string().to_lowercase()).unwrap(), number);
    assert_eq!(faults(&find("7K3M").unwrap_err()), [("number", "NUMBER_INVALID")]);
    assert_eq!(faults(&find(" ").unwrap_err()), [("number", "FIELD_REQUIRED")]);
}

#[test]
fn notes_are_for_staff() {
    let request = wire::PostMessageRequest {
        parent: name(),
        request_id: REQUEST_ID.into(),
        message: Some(wire::Message {
            text: "внутренняя заметка".into(),
            visibility: wire::message::Visibility::Internal.into(),
            ..Default::default()
        }),
    };
    assert_eq!(post_message(&request, &operator()).unwrap().ask.visibility, Visibility::Internal);
    let refusal = post_message(&request, &citizen()).unwrap_err();
    assert_eq!(faults(&refusal), [("message.visibility", "FIELD_INVALID")]);
    let empty = wire::PostMessageRequest { message: Some(wire::Message::default()), ..request };
    assert_eq!(faults(&post_message(&empty, &citizen()).unwrap_err()), [("message.text", "FIELD_REQUIRED")]);
}

#[test]
fn a_system_escalates_by_clock_and_a_person_without() {
    let by_clock = wire::EscalateAppealRequest {
        name: name(),
        level: 1,
        clock: proto::sla::v1::ClockKind::Resolution.into(),
        epoch: 2,
        level_due_time: Some(to_wire(now())),
        lateness: Some(prost_types::Duration { seconds: 61, nanos: 0 }),
        request_id: REQUEST_ID.into(),
    };
    let sla = Caller::of_system("sla");
    let ask = escalate(&by_clock, &sla).unwrap().ask;
    assert_eq!(ask.clock, Some(ClockRef { kind: ClockKind::Resolution, epoch: 2 }));
    assert_eq!((ask.level, ask.level_due_time), (Some(1), Some(now())));
    assert_eq!(ask.lateness, Some(jiff::SignedDuration::from_secs(61)));
    assert_eq!(faults(&escalate(&by_clock, &operator()).unwrap_err()), [("clock", "FIELD_INVALID")]);

    let by_hand = wire::EscalateAppealRequest { name: name(), request_id: REQUEST_ID.into(), ..Default::default() };
    let ask = escalate(&by_hand, &operator()).unwrap().ask;
    assert_eq!((ask.level, ask.clock), (None, None));
    let refusal = escalate(&by_hand, &sla).unwrap_err();
    assert_eq!(faults(&refusal), [("clock", "FIELD_REQUIRED"), ("level", "FIELD_REQUIRED")]);
    let odd = wire::EscalateAppealRequest {
        level: -1,
        epoch: 3,
        lateness: Some(prost_types::Duration { seconds: -1, nanos: 0 }),
        ..by_hand
    };
    let refusal = escalate(&odd, &operator()).unwrap_err();
    assert_eq!(
        faults(&refusal),
        [("level", "FIELD_INVALID"), ("lateness", "FIELD_INVALID"), ("epoch", "FIELD_INVALID")]
    );
}

#[test]
fn outcomes_are_read_and_hold_no_free_text() {
    use wire::record_deadline_outcome_request::Outcome;
    let request = wire::RecordDeadlineOutcomeRequest {
        appeal: name(),
        clock: proto::sla::v1::ClockKind::FirstAnswer.into(),
        epoch: 1,
        level: 1,
        outcome: Outcome::Superseded.into(),
        outcome_time: Some(to_wire(now())),
        reason: "SUPERSEDED_BY_LEVEL_2".into(),
        request_id: REQUEST_ID.into(),
        ..Default::default()
    };
    let note = record_deadline(&request).unwrap().ask;
    assert_eq!((note.clock, note.outcome), (ClockKind::FirstAnswer, RungOutcome::Superseded));
    let notice = wire::RecordDeadlineOutcomeRequest { outcome: Outcome::RepeatNotice.into(), ..request.clone() };
    assert_eq!(faults(&record_deadline(&notice).unwrap_err()), [("notice_state", "FIELD_REQUIRED")]);
    let chatty =
        wire::RecordDeadlineOutcomeRequest { reason: "Анна просила подождать".into(), ..request };
    assert_eq!(faults(&record_deadline(&chatty).unwrap_err()), [("reason", "FIELD_INVALID")]);

    let told = |subject: String| wire::RecordNoticeOutcomeRequest {
        request_id: REQUEST_ID.into(),
        outcome: Some(proto::notification::v1::NoticeOutcome {
            notification: "notifications/00000000-0000-0000-0000-000000000001".into(),
            subject,
            template: "registration".into(),
            state: proto::notification::v1::notification::State::Delivered.into(),
            outcome_time: Some(to_wire(now())),
            send_request_id: REQUEST_ID.into(),
            ..Default::default()
        }),
    };
    let note = record_notice(&told(name())).unwrap();
    assert_eq!((note.appeal, note.ask.state), (id(), NoticeState::Delivered));
    assert_eq!(faults(&record_notice(&told(String::new())).unwrap_err()), [("outcome.subject", "FIELD_REQUIRED")]);
}

#[test]
fn an_extension_names_a_reason_and_grants_whole_seconds() {
    use proto::sla::v1::{Allowance, ExtensionReason, allowance::Span};
    let ask = |reason: ExtensionReason, span: Option<Span>| {
        let (reason, length) = (reason.into(), Some(Allowance { span }));
        extend(&wire::ExtendDeadlineRequest {
            name: name(),
            reason,
            length,
            etag: String::new(),
            request_id: REQUEST_ID.into(),
        })
    };
    let asked = ask(ExtensionReason::OtherDepartments, Some(Span::WorkingDays(3))).unwrap().ask;
    assert_eq!((asked.reason.as_str(), asked.length), ("other_departments", deadline::Allowance::WorkingDays(3)));
    let time = |seconds, nanos| Some(Span::RealTime(prost_types::Duration { seconds, nanos }));
    assert!(ask(ExtensionReason::FurtherAnalysis, time(3600, 0)).is_ok());
    for span in
        [None, Some(Span::WorkingDays(0)), Some(Span::WorkingDays(70_000)), time(-1, 0), time(1, 1), time(i64::MAX, 0)]
    {
        let refusal = ask(ExtensionReason::Unspecified, span).unwrap_err();
        assert_eq!(faults(&refusal), [("reason", "FIELD_REQUIRED"), ("length", "FIELD_INVALID")], "{span:?}");
    }
}

#[test]
fn a_citizens_list_is_their_own_whatever_they_ask_for() {
    let request = wire::ListAppealsRequest {
        citizen: citizen_name(Uuid::from_u128(0x99)),
        states: vec![wire::appeal::State::Resolved.into()],
        page_size: 9_999,
        ..Default::default()
    };
    let page = list_appeals(&request, &citizen()).unwrap();
    assert_eq!((page.filter.citizen, page.size), (citizen().citizen(), 500));
    assert_eq!(page.filter.states, [State::Resolved]);
    assert_ne!(page.bound, list_appeals(&request, &operator()).unwrap().bound, "a token is the caller's own");
    let second = wire::ListAppealsRequest { page_token: "next".into(), page_size: 10, ..request.clone() };
    assert_eq!(page.bound, list_appeals(&second, &citizen()).unwrap().bound, "size and token are no filter");

    let nosy = wire::ListAppealsRequest { assignee: "staff/op".into(), group: "access".into(), ..request };
    let refusal = list_appeals(&nosy, &citizen()).unwrap_err();
    assert_eq!(faults(&refusal), [("assignee", "FIELD_INVALID"), ("group", "FIELD_INVALID")]);
    let odd = wire::ListAppealsRequest { page_size: -1, states: vec![0, 99], priority: 9, ..Default::default() };
    let refusal = list_appeals(&odd, &operator()).unwrap_err();
    assert_eq!(
        faults(&refusal),
        [
            ("page_size", "FIELD_INVALID"),
            ("states[0]", "FIELD_REQUIRED"),
            ("states[1]", "FIELD_INVALID"),
            ("priority", "FIELD_INVALID"),
        ]
    );
}

#[test]
fn ids_that_lists_are_narrowed_by_have_the_form_of_ids() {
    for bad in ["access\0", "Access", "1st", "доступ", "a b"] {
        let request = wire::ListAppealsRequest { category: bad.into(), group: bad.into(), ..Default::default() };
        let refusal = list_appeals(&request, &operator()).unwrap_err();
        assert_eq!(faults(&refusal), [("category", "FIELD_INVALID"), ("group", "FIELD_INVALID")], "{bad:?}");
        let request = wire::ListMembersRequest { group: bad.into(), ..Default::default() };
        assert_eq!(faults(&list_members(&request, &operator()).unwrap_err()), [("group", "FIELD_INVALID")], "{bad:?}");
    }
    let request = wire::ListAppealsRequest { category: "access_recovery".into(), ..Default::default() };
    let page = list_appeals(&request, &operator()).unwrap();
    assert_eq!((page.filter.category.as_deref(), page.filter.group), (Some("access_recovery"), None));
    // Instants that Postgres does not keep.
    let early = to_wire("-005000-01-01T00:00:00Z".parse().unwrap());
    let request = wire::ListAppealsRequest { due_before_time: Some(early), ..Default::default() };
    assert_eq!(faults(&list_appeals(&request, &operator()).unwrap_err()), [("due_before_time", "FIELD_INVALID")]);
}

#[test]
fn a_mask_says_what_of_a_member_changes() {
    let update = |paths: Option<&[&str]>, member: wire::Member| {
        update_member(&wire::UpdateMemberRequest {
            member: Some(wire::Member { name: "staff/anna".into(), ..member }),
            update_mask: paths
                .map(|paths| prost_types::FieldMask { paths: paths.iter().map(|p| (*p).into()).collect() }),
            request_id: REQUEST_ID.into(),
        })
    };
    let named = || wire::Member { display_name: "Анна".into(), ..Default::default() };
    let set = update(None, named()).unwrap().change;
    assert!(set.display_name.is_some() && set.level.is_none() && set.email.is_none());
    let cleared = update(Some(&["email"]), named()).unwrap().change;
    assert!(cleared.display_name.is_none());
    assert_eq!(cleared.email, Some(None));
    let all = update(Some(&["*"]), named()).unwrap_err();
    assert_eq!(
        faults(&all),
        [
            ("member.level", "FIELD_REQUIRED"),
            ("member.groups", "FIELD_REQUIRED"),
            ("member.language_codes", "FIELD_REQUIRED"),
        ]
    );
    for bad in ["load", "on_duty", "name", "*"] {
        let refusal = update(Some(&["display_name", bad]), named()).unwrap_err();
        assert_eq!(faults(&refusal), [("update_mask", "FIELD_INVALID")], "{bad}");
    }
}

#[test]
fn members_are_read_and_shown_alike() {
    let wire = wire::Member {
        name: "staff/anna".into(),
        display_name: "Анна".into(),
        level: wire::member::Level::Specialist.into(),
        groups: vec!["access".into(), "payments".into()],
        language_codes: vec!["ru".into(), "en".into()],
        on_duty: true,
        email: "anna@example.org".into(),
        create_time: Some(to_wire(now())),
        update_time: Some(to_wire(now())),
        load: 0,
    };
    let request = wire::CreateMemberRequest { member: Some(wire.clone()), request_id: REQUEST_ID.into() };
    let asked = create_member(&request, now()).unwrap();
    assert!(convert::member_view(&asked.member) == wire);
    let bad = wire::Member { name: "staff/Анна".into(), groups: vec!["Access".into()], ..wire };
    let refusal = create_member(&wire::CreateMemberRequest { member: Some(bad), request_id: REQUEST_ID.into() }, now())
        .unwrap_err();
    assert_eq!(faults(&refusal), [("member.name", "FIELD_INVALID"), ("member.groups", "FIELD_INVALID")]);
}
