//! Lists and explanations.

use std::sync::Arc;

use jiff::SignedDuration;
use proto::sla::v1::{
    self as wire, ClockKind, ExplainDeadlineRequest, Explanation, ListDeadlinesRequest, deadline::State,
};
use proto::to_wire;
use rpc::{Caller, Refusal};

use super::rig::{RESOLUTION, Rig, answered, hours, instant, over, pause, promise, revised, run_on, start};
use crate::queries;

fn anna() -> Caller {
    Caller::of_staff("anna", [])
}

async fn list(rig: &Rig, request: ListDeadlinesRequest) -> Result<(Vec<String>, String), Refusal> {
    let page = queries::list_deadlines::run(Arc::clone(&rig.app), anna(), request).await?;
    Ok((page.deadlines.into_iter().map(|it| it.name).collect(), page.next_page_token))
}

async fn explain(rig: &Rig, name: &str, clock: ClockKind) -> Result<Explanation, Refusal> {
    let request = ExplainDeadlineRequest { name: name.to_owned(), clock: clock.into(), language_code: "en".into() };
    queries::explain_deadline::run(Arc::clone(&rig.app), anna(), request).await
}

#[tokio::test]
async fn lists_go_by_due_time_in_pages_and_a_token_fits_its_filter_only() {
    let rig = Rig::new().await;
    let due_at = |due: i64| {
        let mut deadline = answered();
        deadline.clocks[RESOLUTION].due_time = Some(to_wire(start() + hours(due)));
        deadline
    };
    let paused = revised(&answered(), pause);
    let stopped = revised(&answered(), |clock| over(clock, start()));
    let [third, first, fourth, second] = [30, 10, 30, 20].map(due_at);
    for it in [&paused, &third, &first, &stopped, &fourth, &second] {
        rig.track(it).await;
    }
    let mut tie = [third.name.clone(), fourth.name.clone()];
    tie.sort();
    let expected = [first.name.clone(), second.name.clone(), tie[0].clone(), tie[1].clone(), paused.name];

    let mut all = Vec::new();
    let mut request = ListDeadlinesRequest { page_size: 1, ..ListDeadlinesRequest::default() };
    loop {
        let (page, next) = list(&rig, request.clone()).await.unwrap();
        all.extend(page);
        if next.is_empty() {
            break;
        }
        request.page_token = next;
    }
    assert_eq!(all, expected);

    let before = ListDeadlinesRequest { due_before_time: Some(to_wire(start() + hours(20))), ..Default::default() };
    assert_eq!(list(&rig, before.clone()).await.unwrap().0, [first.name]);
    let ended = ListDeadlinesRequest { state: State::Stopped.into(), ..Default::default() };
    assert_eq!(list(&rig, ended).await.unwrap().0, [stopped.name]);
    let stolen = ListDeadlinesRequest { page_token: request.page_token, ..before };
    assert_eq!(list(&rig, stolen).await.unwrap_err().violations()[0].reason, "PAGE_TOKEN_INVALID");
    let negative = ListDeadlinesRequest { page_size: -1, state: 77, ..Default::default() };
    assert_eq!(list(&rig, negative).await.unwrap_err().violations().len(), 2);
}

#[tokio::test]
async fn an_explanation_tells_every_stretch_with_its_versions() {
    let rig = Rig::new().await;
    let mut told = answered();
    told.suspensions = vec![wire::Suspension {
        start_time: Some(to_wire(start() + hours(2))),
        end_time: Some(to_wire(start() + hours(5))),
        reason: "awaiting_applicant".into(),
        actor: "staff/anna".into(),
    }];
    run_on(&mut told.clocks[RESOLUTION], start() + hours(27));
    assert!(!rig.track(&told).await.mismatch);
    let it = explain(&rig, &told.name, ClockKind::Unspecified).await.unwrap();
    assert_eq!(
        (it.clock(), it.policy.as_str(), it.policy_version),
        (ClockKind::Resolution, "suspicious_activity", ::deadline::PolicySet::builtin().version().into())
    );
    assert_eq!((it.calendar.as_str(), it.calendar_version), ("round_the_clock", 1));
    assert!(!it.tzdb_version.is_empty() && !it.time_zone.is_empty());
    assert_eq!(instant(it.computed_due_time.as_ref()), Some(start() + hours(27)));
    assert_eq!(it.computed_due_time, it.due_time);
    assert!(it.text.starts_with("The term is 24 hours."), "{}", it.text);
    let spans: Vec<_> = it.spans.iter().map(|span| (span.counted, span.reason.as_str())).collect();
    assert_eq!(spans, [(true, ""), (false, "awaiting_applicant"), (true, "")]);
    let counted = it.spans.iter().filter(|span| span.counted).map(|span| {
        instant(span.end_time.as_ref()).unwrap().duration_since(instant(span.start_time.as_ref()).unwrap())
    });
    assert_eq!(counted.fold(SignedDuration::ZERO, |sum, more| sum + more), hours(24));
}

#[tokio::test]
async fn what_cannot_be_explained_says_why() {
    let rig = Rig::new().await;
    let reason = |it: Result<Explanation, Refusal>| it.unwrap_err().reason();
    for name in ["deadlines/0", "deadlines/01890a5d-ac96-774b-bcce-b302099a8057"] {
        assert_eq!(reason(explain(&rig, name, ClockKind::Resolution).await), "DEADLINE_NOT_FOUND");
        assert_eq!(rig.find(name).await.unwrap_err().reason(), "DEADLINE_NOT_FOUND");
    }
    let odd = async |change: fn(&mut wire::Deadline), clock| {
        let mut told = promise();
        change(&mut told);
        rig.track(&told).await;
        reason(explain(&rig, &told.name, clock).await)
    };
    assert_eq!(odd(|it| drop(it.clocks.pop()), ClockKind::Resolution).await, "CLOCK_NOT_FOUND");
    assert_eq!(odd(|it| it.policy_version = 9, ClockKind::Resolution).await, "POLICY_UNKNOWN");
    assert_eq!(odd(|it| it.clocks[0].calendar_version = 9, ClockKind::FirstAnswer).await, "CALENDAR_UNKNOWN");
    let beyond = |it: &mut wire::Deadline| {
        (it.clocks[RESOLUTION].calendar, it.clocks[RESOLUTION].calendar_version) = ("working_days".into(), 2);
        it.clocks[RESOLUTION].allowance = Some(wire::Allowance { span: Some(wire::allowance::Span::WorkingDays(900)) });
    };
    assert_eq!(odd(beyond, ClockKind::Resolution).await, "CALENDAR_HORIZON");
}
