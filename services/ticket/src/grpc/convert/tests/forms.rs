use super::*;

#[test]
fn a_good_form_is_read_and_evened_out() {
    let filing = read(&form(), &Caller::of_system("portal")).unwrap();
    assert_eq!((filing.request_id.to_string().as_str(), filing.validate_only), (REQUEST_ID, false));
    let FileAppeal { citizen, channel, category, language, time_zone, region, papers } = filing.filing;
    assert_eq!((citizen, channel, category.id.as_str()), (None, Channel::WebForm, "access_recovery"));
    assert_eq!((language.as_str(), time_zone.as_str()), ("ru", "Europe/Moscow"));
    assert_eq!((region.unwrap().as_str(), papers.applicant.group.unwrap().expose()), ("RU-SA", "large_family"));
    assert_eq!(papers.subject.expose(), "Не могу войти");
    assert_eq!(papers.description.expose(), "Код не приходит.\nПомогите.");
    assert_eq!(papers.contact.phone.expose(), "+79161234567");
    assert_eq!(papers.contact.email.expose(), "Anna@example.org");
    assert_eq!(papers.applicant.full_name.expose(), "Петрова Анна");
    assert_eq!(papers.applicant.snils.unwrap().expose(), "11223344595");
    assert_eq!(papers.applicant.passport.unwrap().series(), "4512");
    assert_eq!(papers.applicant.preferred_answer, Some(PreferredAnswer::Sms));
    assert_eq!(papers.consent.agree_time, now());
}

#[test]
fn a_bad_form_hears_of_every_fault_at_once() {
    let request = wire::FileAppealRequest {
        request_id: "1".into(),
        validate_only: false,
        appeal: Some(wire::Appeal {
            channel: 99,
            category: "no_such".into(),
            subject: "two\nlines".into(),
            language_code: "ру".into(),
            time_zone: "Moscow".into(),
            applicant: Some(wire::Applicant {
                citizen: "citizens/7".into(),
                snils: "112-233-445 96".into(),
                inn: "7707083893".into(),
                passport: Some(wire::Passport {
                    series: "1".into(),
                    number: String::new(),
                    issue_date: Some(Date { year: 2030, month: 1, day: 1 }),
                }),
                birth_date: Some(Date { year: 1990, month: 2, day: 30 }),
                preferred_answer: 77,
                region: "Якутия".into(),
                group: "многодетные".into(),
                ..Default::default()
            }),
            contact: Some(wire::AppealContact { phone: "123".into(), email: "anna@".into() }),
            ..Default::default()
        }),
    };
    let refusal = read(&request, &operator()).unwrap_err();
    assert_eq!((refusal.code(), refusal.reason()), (tonic::Code::InvalidArgument, "REQUEST_INVALID"));
    assert_eq!(
        faults(&refusal),
        [
            ("request_id", "REQUEST_ID_INVALID"),
            ("appeal.channel", "FIELD_INVALID"),
            ("appeal.category", "CATEGORY_UNKNOWN"),
            ("appeal.subject", "FIELD_INVALID"),
            ("appeal.description", "FIELD_REQUIRED"),
            ("appeal.language_code", "FIELD_INVALID"),
            ("appeal.time_zone", "FIELD_INVALID"),
            ("appeal.contact.phone", "FIELD_INVALID"),
            ("appeal.contact.email", "FIELD_INVALID"),
            ("appeal.consent", "CONSENT_REQUIRED"),
            ("appeal.applicant.citizen", "FIELD_INVALID"),
            ("appeal.applicant.region", "FIELD_INVALID"),
            ("appeal.applicant.full_name", "FIELD_REQUIRED"),
            ("appeal.applicant.snils", "FIELD_INVALID"),
            ("appeal.applicant.inn", "FIELD_INVALID"),
            ("appeal.applicant.passport.series", "FIELD_INVALID"),
            ("appeal.applicant.passport.number", "FIELD_REQUIRED"),
            ("appeal.applicant.passport.issue_date", "FIELD_INVALID"),
            ("appeal.applicant.birth_date", "FIELD_INVALID"),
            ("appeal.applicant.preferred_answer", "FIELD_INVALID"),
            ("appeal.applicant.group", "FIELD_INVALID"),
        ]
    );
    let told = format!("{refusal:?}");
    assert!(!told.contains("445 96") && !told.contains("anna@"), "a refusal repeats no value");
}

#[test]
fn an_empty_form_names_everything_that_t4_asks_for() {
    let request = wire::FileAppealRequest { appeal: Some(wire::Appeal::default()), ..form() };
    let refusal = read(&request, &operator()).unwrap_err();
    let paths: Vec<&str> = faults(&refusal).into_iter().map(|(path, _)| path).collect();
    assert_eq!(
        paths,
        [
            "appeal.channel",
            "appeal.category",
            "appeal.subject",
            "appeal.description",
            "appeal.contact.phone",
            "appeal.contact.email",
            "appeal.consent",
            "appeal.applicant",
        ]
    );
    let none = wire::FileAppealRequest { appeal: None, ..form() };
    assert_eq!(faults(&read(&none, &operator()).unwrap_err()), [("appeal", "FIELD_REQUIRED")]);
}

#[test]
fn consent_has_a_version_and_a_time_that_is_past() {
    let with = |consent: wire::Consent| {
        let mut request = form();
        request.appeal.as_mut().unwrap().consent = Some(consent);
        read(&request, &operator())
    };
    let at = |time: Timestamp| Some(to_wire(time));
    let empty = with(wire::Consent::default()).unwrap_err();
    assert_eq!(
        faults(&empty),
        [("appeal.consent.version", "CONSENT_REQUIRED"), ("appeal.consent.agree_time", "CONSENT_REQUIRED")]
    );
    let hour = jiff::SignedDuration::from_hours(1);
    let future = with(wire::Consent { version: "1".into(), agree_time: at(now() + hour) }).unwrap_err();
    assert_eq!(faults(&future), [("appeal.consent.agree_time", "FIELD_INVALID")]);
    // Before there was a law to consent under; the second is no instant that Postgres keeps.
    for early in ["2006-07-26T12:00:00Z", "-005000-01-01T00:00:00Z"] {
        let early = with(wire::Consent { version: "1".into(), agree_time: at(early.parse().unwrap()) }).unwrap_err();
        assert_eq!(faults(&early), [("appeal.consent.agree_time", "FIELD_INVALID")]);
    }
    assert!(
        with(wire::Consent { version: "1".into(), agree_time: at("2006-07-27T12:00:00Z".parse().unwrap()) }).is_ok()
    );
    // A caller's clock that is half a minute fast.
    let second = jiff::SignedDuration::from_secs(30);
    let fast = with(wire::Consent { version: "1".into(), agree_time: at(now() + second) }).unwrap();
    assert_eq!(fast.filing.papers.consent.agree_time, now());
}

#[test]
fn citizens_file_for_themselves_and_for_nobody_else() {
    let own = citizen().citizen();
    assert_eq!(read(&form(), &citizen()).unwrap().filing.citizen, own);
    let naming = |id: Uuid| {
        let mut request = form();
        request.appeal.as_mut().unwrap().applicant.as_mut().unwrap().citizen = citizen_name(id);
        request
    };
    assert_eq!(read(&naming(own.unwrap()), &citizen()).unwrap().filing.citizen, own);
    let other = Uuid::from_u128(0x12);
    let refusal = read(&naming(other), &citizen()).unwrap_err();
    assert_eq!((refusal.code(), refusal.reason()), (tonic::Code::PermissionDenied, "NOT_YOURS"));
    assert_eq!(read(&naming(other), &operator()).unwrap().filing.citizen, Some(other));
}
