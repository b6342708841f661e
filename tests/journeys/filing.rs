//! An appeal is filed: at once, with nobody else there, once per request id, a thousand at a time.

use std::collections::HashSet;
use std::sync::Arc;

use proto::ticket::v1::{Appeal, FindAppealRequest, GetAppealRequest, ListAppealsRequest, Priority, appeal::State};
use tests::{Part, Suite, SuiteOptions, forms};
use tokio::sync::Semaphore;
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::story::{OPERATOR, file, file_this, hours, instant, texts_to, why, with_phone};

#[tokio::test]
async fn filing_needs_no_other_service_and_the_sms_goes_out_when_they_come() {
    let without = vec![Part::Identity, Part::Notification, Part::Sla];
    let suite = Suite::with(SuiteOptions { without: without.clone(), ..SuiteOptions::default() }).await;
    let filed = file(&suite, "+79161230001").await;

    assert_eq!(filed.state(), State::Registered);
    assert_ne!(filed.priority(), Priority::Unspecified);
    assert!(instant(filed.due_time) > suite.now());
    assert!(!filed.number.is_empty());
    suite.relay_once(Part::Ticket).await;
    assert_eq!(texts_to(&suite, "+79161230001"), Vec::<String>::new());

    for part in without {
        suite.start_part(part).await;
    }
    suite.advance(hours(1)).await;
    suite.advance(hours(1)).await;
    let texts = texts_to(&suite, "+79161230001");
    assert_eq!(texts.len(), 1, "{texts:?}");
    assert!(texts[0].contains(&filed.number), "{texts:?}");
}

#[tokio::test]
async fn the_number_is_found_as_people_type_it() {
    let suite = Suite::start().await;
    let filed = file(&suite, "+79161230002").await;
    let plain: String = filed.number.chars().filter(|c| c.is_alphanumeric()).collect();
    for typed in [filed.number.clone(), plain.to_lowercase(), format!(" {} ", plain), plain.replace('0', "O")] {
        let found = suite.ticket(OPERATOR).find_appeal(FindAppealRequest { number: typed.clone() }).await;
        assert_eq!(found.expect(&typed).into_inner().name, filed.name, "{typed}");
    }
    let mut wrong: Vec<char> = plain.chars().collect();
    wrong.swap(2, 3);
    if wrong[2] != wrong[3] {
        let number = wrong.into_iter().collect();
        let refused = suite.ticket(OPERATOR).find_appeal(FindAppealRequest { number }).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        let faults = refused.get_details_bad_request().expect("details").field_violations;
        assert_eq!((faults[0].field.as_str(), faults[0].reason.as_str()), ("number", "NUMBER_INVALID"));
    }
}

#[tokio::test]
async fn the_same_request_is_the_same_appeal_and_nobody_elses() {
    let suite = Suite::start().await;
    let request = forms::appeal(suite.now());
    let first = file_this(&suite, request.clone()).await;
    suite.advance(hours(1)).await;
    assert_eq!(file_this(&suite, request.clone()).await.name, first.name);

    let mut other = request.clone();
    other.appeal.as_mut().unwrap().description = "Совсем другое дело".to_owned();
    let refused = suite.ticket("portal").file_appeal(other).await.unwrap_err();
    assert_eq!(why(&refused), (Code::InvalidArgument, "REQUEST_ID_REUSED".to_owned()));

    let by_operator = suite.ticket(OPERATOR).file_appeal(request).await.expect("another caller, another appeal");
    assert_ne!(by_operator.into_inner().name, first.name);
    let all = suite.ticket(OPERATOR).list_appeals(ListAppealsRequest::default()).await.unwrap().into_inner();
    assert_eq!(all.appeals.len(), 2);
}

#[tokio::test]
async fn a_bad_form_names_all_its_faults_at_once_and_changes_nothing() {
    let suite = Suite::start().await;
    let mut request = forms::appeal(suite.now());
    let appeal = request.appeal.as_mut().unwrap();
    appeal.subject = String::new();
    appeal.category = "no_such_thing".to_owned();
    appeal.contact.as_mut().unwrap().phone = "12".to_owned();
    appeal.contact.as_mut().unwrap().email = "nobody".to_owned();
    appeal.applicant.as_mut().unwrap().snils = "112-233-445 96".to_owned();
    appeal.consent = None;
    request.request_id = "7".to_owned();
    let refused = suite.ticket("portal").file_appeal(request).await.unwrap_err();

    assert_eq!(refused.code(), Code::InvalidArgument);
    let faults = refused.get_details_bad_request().expect("details").field_violations;
    let fields: HashSet<&str> = faults.iter().map(|it| it.field.as_str()).collect();
    let expected = [
        "request_id",
        "appeal.subject",
        "appeal.category",
        "appeal.contact.phone",
        "appeal.contact.email",
        "appeal.applicant.snils",
        "appeal.consent",
    ];
    assert_eq!(fields, HashSet::from(expected));
    let all = suite.ticket(OPERATOR).list_appeals(ListAppealsRequest::default()).await.unwrap().into_inner();
    assert!(all.appeals.is_empty());
}

#[tokio::test]
async fn a_form_can_be_checked_without_filing() {
    let suite = Suite::start().await;
    let mut request = forms::appeal(suite.now());
    request.validate_only = true;
    let checked = file_this(&suite, request).await;
    assert!(checked.name.is_empty() && checked.number.is_empty());
    assert!(instant(checked.due_time) > suite.now());
    suite.settle().await;
    assert!(suite.smsc.messages().is_empty());
    let all = suite.ticket(OPERATOR).list_appeals(ListAppealsRequest::default()).await.unwrap().into_inner();
    assert!(all.appeals.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_at_once_get_a_thousand_numbers() {
    let suite = Arc::new(Suite::start().await);
    let portal = suite.ticket("portal");
    // All at once first; what is refused for load comes again with the same id, a few at a time.
    let again = Arc::new(Semaphore::new(64));
    let mut filings = tokio::task::JoinSet::new();
    for index in 0..1000 {
        let (mut portal, again) = (portal.clone(), Arc::clone(&again));
        let request = with_phone(forms::appeal(suite.now()), &format!("+7916{index:07}"));
        filings.spawn(async move {
            let mut turn = None;
            loop {
                match portal.file_appeal(request.clone()).await {
                    Ok(filed) => return filed.into_inner(),
                    Err(status) => {
                        let retryable = [Code::ResourceExhausted, Code::Unavailable, Code::DeadlineExceeded];
                        assert!(retryable.contains(&status.code()), "{status}");
                    }
                }
                if turn.is_none() {
                    turn = Some(Arc::clone(&again).acquire_owned().await.expect("never closed"));
                }
            }
        });
    }
    let filed: Vec<Appeal> = filings.join_all().await;
    assert_eq!(filed.iter().map(|it| &it.number).collect::<HashSet<_>>().len(), 1000);
    let name = filed[0].name.clone();
    assert!(suite.ticket(OPERATOR).get_appeal(GetAppealRequest { name }).await.is_ok());
}
