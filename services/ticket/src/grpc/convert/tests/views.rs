use super::*;

fn view(audience: Audience) -> wire::Appeal {
    let (mut appeal, papers) = filed(&citizen());
    appeal.assignee = Some("anna".into());
    let answer = Text::body("Доступ восстановлен.").unwrap();
    appeal_view(&appeal, &papers, Some(&answer), Advices::builtin(), audience)
}

#[test]
fn a_citizen_sees_what_they_wrote_and_not_who_works_on_it() {
    let view = view(Audience::Citizen);
    assert_eq!(view.subject, "Не могу войти");
    assert_eq!(view.applicant.as_ref().unwrap().snils, "11223344595");
    assert_eq!(view.applicant.as_ref().unwrap().citizen, citizen().subject);
    assert_eq!(view.answer, "Доступ восстановлен.");
    assert!(view.advice.contains("зарегистрировано"));
    assert_eq!((view.assignee.as_str(), view.group.as_str(), view.recipient.as_str()), ("", "", ""));
    assert_eq!(view.due_time, view.expected_time);
    assert!(view.first_answer_due_time.is_some() && view.resolve_time.is_none());
    assert_eq!(view.required_assurance(), proto::identity::v1::AssuranceLevel::Simplified);
}

#[test]
fn staff_see_who_works_on_it_and_services_only_what_a_term_needs() {
    let staff = view(Audience::Staff);
    assert_eq!((staff.assignee.as_str(), staff.group.as_str(), staff.recipient.as_str()), ("staff/anna", "access", ""));

    let service = view(Audience::System);
    assert_eq!(service.recipient, format!("recipients/{}", Uuid::from_u128(0x11)));
    assert_eq!(service.contact.as_ref().unwrap().phone, "+79161234567");
    assert!(service.expected_time.is_some() && !service.number.is_empty());
    assert!(service.applicant.is_none() && service.consent.is_none());
    for hidden in [&service.subject, &service.description, &service.answer, &service.assignee, &service.group] {
        assert_eq!(hidden, "");
    }

    let filer = view(Audience::Filer);
    assert!(!filer.subject.is_empty() && !filer.recipient.is_empty() && filer.assignee.is_empty());
}

#[test]
fn audiences_follow_from_the_caller_and_who_filed() {
    let portal = Caller::of_system("portal");
    let (own, _) = filed(&citizen());
    let (anonymous, _) = filed(&portal);
    let stranger = Caller::of_citizen(Uuid::from_u128(0x12));
    for (caller, appeal, audience, sees) in [
        (&citizen(), &own, Audience::Citizen, true),
        (&stranger, &own, Audience::Citizen, false),
        (&citizen(), &anonymous, Audience::Citizen, false),
        (&operator(), &own, Audience::Staff, true),
        (&portal, &anonymous, Audience::Filer, true),
        (&portal, &own, Audience::System, false),
        (&Caller::of_system("sla"), &own, Audience::System, true),
        (&Caller::of_system("tax-office"), &own, Audience::System, false),
    ] {
        assert_eq!(Audience::of(caller, appeal), audience);
        assert_eq!(Audience::may_see(caller, appeal), sees, "{}", caller.subject);
    }
}

#[test]
fn a_draft_has_no_name() {
    let (appeal, papers) = filed(&citizen());
    let draft = draft_view(&appeal, &papers, Advices::builtin(), Audience::Filer);
    for empty in [&draft.name, &draft.uid, &draft.number, &draft.etag, &draft.recipient] {
        assert_eq!(empty, "");
    }
    assert!(draft.due_time.is_some());
}

#[test]
fn the_journal_hides_people_and_notes_from_citizens() {
    let entry =
        |event| Recorded { number: 2, time: now(), actor: Actor::Staff("anna".into()), state: State::Assigned, event };
    let assigned = entry(Event::Assigned { assignee: "boris".into() });
    let staff = event_view(id(), &assigned, Audience::Staff).unwrap();
    assert_eq!((staff.actor.as_str(), staff.assignee.as_str()), ("staff/anna", "staff/boris"));
    let citizen = event_view(id(), &assigned, Audience::Citizen).unwrap();
    assert_eq!((citizen.actor.as_str(), citizen.assignee.as_str()), ("staff", ""));
    assert_eq!(citizen.name, format!("appeals/{}/events/2", id()));

    let note = entry(Event::MessagePosted { message: 1, author: Author::Staff, visibility: Visibility::Internal });
    assert!(event_view(id(), &note, Audience::Citizen).is_none());
    assert_eq!(event_view(id(), &note, Audience::Staff).unwrap().message, format!("appeals/{}/messages/1", id()));

    let asked = entry(Event::BodyAsked { body: "police".into(), message: 3, clock: None });
    let answered = entry(Event::BodyAnswered { outcome: BodyOutcome::GivenUp, message: 4 });
    for (event, reason, message) in [(&asked, "police", 3), (&answered, "given_up", 4)] {
        let staff = event_view(id(), event, Audience::Staff).unwrap();
        assert_eq!((staff.reason, staff.message), (reason.to_owned(), format!("appeals/{}/messages/{message}", id())));
        let citizen = event_view(id(), event, Audience::Citizen).unwrap();
        assert_eq!((citizen.reason.as_str(), citizen.message.as_str()), ("", ""), "the stage and no more");
    }

    let due = vec![NewDue { clock: ClockKind::Resolution, epoch: 2, due_time: now() }];
    let provided = entry(Event::InfoProvided { message: None, due, expected_time: now() });
    let view = event_view(id(), &provided, Audience::Citizen).unwrap();
    assert_eq!((view.due_time, view.expected_time, view.epoch), (Some(to_wire(now())), Some(to_wire(now())), 2));
    assert_eq!(view.message, "");
}

#[test]
fn a_note_is_shown_at_the_time_it_happened() {
    let happened = now() - jiff::SignedDuration::from_hours(2);
    let note = RungNote {
        clock: ClockKind::Resolution,
        epoch: 1,
        level: 0,
        outcome_time: happened,
        due_time: Some(now()),
        reason: None,
        lateness: Some(jiff::SignedDuration::from_millis(61_500)),
    };
    let recorded = Recorded {
        number: 3,
        time: now(),
        actor: Actor::System("sla".into()),
        state: State::Registered,
        event: Event::DeadlineWarned(note),
    };
    let view = event_view(id(), &recorded, Audience::Staff).unwrap();
    assert_eq!(view.event_time, Some(to_wire(happened)));
    assert_eq!(view.lateness, Some(prost_types::Duration { seconds: 61, nanos: 500_000_000 }));
    assert_eq!(view.clock(), proto::sla::v1::ClockKind::Resolution);
}

#[test]
fn messages_show_the_member_to_staff_only() {
    let (appeal, _) = filed(&citizen());
    let message = |visibility| Message {
        meta: MessageMeta {
            number: 1,
            author: Author::Staff,
            member: Some("anna".into()),
            visibility,
            channel: Channel::Portal,
            create_time: now(),
        },
        text: Text::body("Здравствуйте").unwrap(),
    };
    let public = message(Visibility::Public);
    assert_eq!(message_view(&appeal, &public, Audience::Staff).unwrap().member, "staff/anna");
    assert_eq!(message_view(&appeal, &public, Audience::Citizen).unwrap().member, "");
    let note = message(Visibility::Internal);
    assert!(message_view(&appeal, &note, Audience::Citizen).is_none());
    assert!(message_view(&appeal, &note, Audience::Filer).is_none());
    assert!(message_view(&appeal, &note, Audience::Staff).is_some());
}
