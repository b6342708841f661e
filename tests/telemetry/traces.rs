//! One trace from the citizen's call to the provider; another, linked to it, when the due time passes.

use futures::FutureExt as _;
use jiff::SignedDuration;
use opentelemetry_proto::tonic::trace::v1::Span;
use proto::from_wire;
use proto::ticket::v1::Appeal;
use rusmpp::values::MessageState;
use testkit::smsc::{Act, Form};
use tests::{Part, Suite, SuiteOptions, forms};

use crate::collector::{self, Outside};
use crate::scrape;
use crate::tree::{attribute, hex, tree};

/// What no span may hold of the form below.
const PERSONAL: [&str; 7] = ["Иванова", "Мария", "Не приходит", "второй день", "9161234567", "123-45-67", "Bearer"];

/// A suite that sends no mail: two channels at once would end in an order of their own.
async fn suite() -> Suite {
    let presets = vec![(Part::Notification, "email.provider", "none".into())];
    Suite::with(SuiteOptions { presets, ..SuiteOptions::default() }).await
}

async fn file(suite: &Suite, outside: &Outside, is_recorded: bool) -> Appeal {
    let request = outside.request(forms::appeal(suite.now()), is_recorded);
    suite.ticket("portal").file_appeal(request).await.expect("a right form").into_inner()
}

fn has_nothing_personal(spans: &[Span]) {
    for span in spans {
        let text = format!("{span:?}");
        for word in PERSONAL {
            assert!(!text.contains(word), "{word} in {text}");
        }
    }
}

#[tokio::test]
async fn one_tree_from_the_citizen_to_the_provider() {
    collector::listen();
    let suite = suite().await;
    let outside = Outside::new();
    file(&suite, &outside, true).await;
    suite.settle().await;

    let spans = collector::until(REGISTRATION.lines().count(), |it| outside.has(it)).await;
    same(&tree(&spans, &outside.span_id), REGISTRATION);

    // The receipt comes later, from outside and without a trace; what it leads to goes on with the one of who asked.
    for part in &suite.smsc.messages()[0].parts {
        let mut answer = std::pin::pin!(suite.smsc.deliver(part, MessageState::Delivered, Form::Tlv));
        // It is answered once it is recorded, and nothing is recorded but by a step.
        while answer.as_mut().now_or_never().is_none() {
            suite.step(Part::Notification, "receipts").await;
            tokio::task::yield_now().await;
        }
    }
    suite.settle().await;
    let expected = REGISTRATION.replace(SENDING, &format!("{SENDING}{DELIVERED}"));
    let spans = collector::until(expected.lines().count(), |it| outside.has(it)).await;
    same(&tree(&spans, &outside.span_id), &expected);
    has_nothing_personal(&spans);
}

/// A request that is lost, and a message that the SMS centre does not take at first.
#[tokio::test]
async fn each_further_attempt_is_a_span_of_its_own_beside_the_first() {
    collector::listen();
    let suite = suite().await;
    let outside = Outside::new();
    file(&suite, &outside, true).await;
    suite.faults.lose_request("SendNotification");
    suite.smsc.script([Act::QueueFull]);
    suite.live_until(suite.now() + SignedDuration::from_mins(10), SignedDuration::from_secs(20)).await;
    assert_eq!((suite.faults.unused(), suite.smsc.messages().len()), (0, 1));

    let spans = collector::until(REPEATED.lines().count(), |it| outside.has(it)).await;
    same(&tree(&spans, &outside.span_id), REPEATED);
    has_nothing_personal(&spans);
}

/// What fires at the due time begins a trace of its own, with a link to the call that set that time.
#[tokio::test]
async fn a_rung_has_a_trace_of_its_own_down_to_the_repeat_message() {
    collector::listen();
    let suite = suite().await;
    let outside = Outside::new();
    let filed = file(&suite, &outside, true).await;
    suite.settle().await;
    let due = filed.due_time.as_ref().and_then(from_wire).unwrap();
    suite.live_until(due + SignedDuration::from_secs(61), SignedDuration::from_mins(30)).await;

    let first = collector::until(REGISTRATION.lines().count(), |it| outside.has(it)).await;
    let tracked = first.iter().find(|it| it.name == "track_deadline").expect("the promise was taken over");
    let is_ours = |it: &Span| it.name == "rung" && it.links.iter().any(|link| link.trace_id == tracked.trace_id);
    let breach = |it: &Span| {
        attribute(it, "clock").as_deref() == Some("resolution") && attribute(it, "level").as_deref() == Some("1")
    };
    let rungs = collector::until(1, |it| is_ours(it) && breach(it)).await;
    let [rung] = rungs.as_slice() else { panic!("it fired {} times", rungs.len()) };
    assert!(rung.links.iter().all(|link| link.span_id == tracked.span_id) && rung.links.len() == 1);
    assert!(rung.parent_span_id.is_empty() && rung.trace_id != tracked.trace_id);

    let spans = collector::until(ESCALATION.lines().count(), |it| it.trace_id == rung.trace_id).await;
    same(&tree(&spans, ""), ESCALATION);
    has_nothing_personal(&spans);

    let late = scrape::traces(&scrape::metrics(&suite, Part::Sla).await, "otklik_sla_fire_lateness_seconds", "");
    let fired: Vec<_> = collector::all().iter().filter(|it| is_ours(it)).map(|it| hex(&it.trace_id)).collect();
    assert!(!late.is_empty() && late.iter().all(|id| fired.contains(id)), "{late:?} of {fired:?}");
}

/// The citizen's side decides, also for what comes of it much later; and loops that find nothing begin no traces.
#[tokio::test]
async fn what_is_not_recorded_at_its_beginning_is_recorded_nowhere() {
    collector::listen();
    let suite = suite().await;
    let (outside, other) = (Outside::new(), Outside::new());
    let filed = file(&suite, &outside, false).await;
    let due = filed.due_time.as_ref().and_then(from_wire).unwrap();
    suite.live_until(due + SignedDuration::from_secs(61), SignedDuration::from_mins(30)).await;
    // Behind all that there might be.
    file(&suite, &other, true).await;
    collector::until(2, |it| other.has(it)).await;

    let all = collector::all();
    assert!(!all.iter().any(|it| outside.has(it)));
    let linked = all.iter().flat_map(|it| &it.links).any(|link| hex(&link.trace_id) == outside.trace_id);
    assert!(!linked, "a rung follows the call that set its time");
    let began: Vec<_> = all.iter().filter(|it| it.parent_span_id.is_empty()).map(|it| it.name.as_str()).collect();
    let known = |name: &&str| *name == "rung" || name.starts_with("/otklik.");
    assert!(began.iter().all(known), "{began:?}");
}

/// As text and not as a debug string.
fn same(got: &str, expected: &str) {
    assert!(got == expected, "got:\n{got}\nexpected:\n{expected}");
}

const REGISTRATION: &str = r"server TicketService/FileAppeal code=OK
  - file_appeal outcome=committed
    client NotificationService/SendNotification attempt=1 outcome=done
      server NotificationService/SendNotification code=OK
        - send_notification outcome=committed
          consumer dispatch channel=email template=registration attempt=1 state=failed
            - record_attempt outcome=committed
          consumer dispatch channel=sms template=registration attempt=1 state=accepted
            - record_attempt outcome=committed
              client TicketService/RecordNoticeOutcome attempt=1 outcome=done
                server TicketService/RecordNoticeOutcome code=OK
                  - record_notice_outcome outcome=committed
            producer send provider=smpp outcome=accepted
    client NotificationService/UpsertRecipient attempt=1 outcome=done
      server NotificationService/UpsertRecipient code=OK
        - upsert_recipient outcome=committed
    client SlaService/TrackDeadline attempt=1 outcome=done
      server SlaService/TrackDeadline code=OK
        - track_deadline outcome=committed
";
const SENDING: &str = r"        - send_notification outcome=committed
";

const DELIVERED: &str = r"          client TicketService/RecordNoticeOutcome attempt=1 outcome=done
            server TicketService/RecordNoticeOutcome code=OK
              - record_notice_outcome outcome=committed
";

const REPEATED: &str = r"server TicketService/FileAppeal code=OK
  - file_appeal outcome=committed
    client NotificationService/SendNotification attempt=1 outcome=retry
    client NotificationService/SendNotification attempt=2 outcome=done
      server NotificationService/SendNotification code=OK
        - send_notification outcome=committed
          consumer dispatch channel=email template=registration attempt=1 state=failed
            - record_attempt outcome=committed
          consumer dispatch channel=sms template=registration attempt=1 state=queued
            - record_attempt outcome=committed
            producer send provider=smpp outcome=refused
          consumer dispatch channel=sms template=registration attempt=2 state=accepted
            - record_attempt outcome=committed
              client TicketService/RecordNoticeOutcome attempt=1 outcome=done
                server TicketService/RecordNoticeOutcome code=OK
                  - record_notice_outcome outcome=committed
            producer send provider=smpp outcome=accepted
    client NotificationService/UpsertRecipient attempt=1 outcome=done
      server NotificationService/UpsertRecipient code=OK
        - upsert_recipient outcome=committed
    client SlaService/TrackDeadline attempt=1 outcome=done
      server SlaService/TrackDeadline code=OK
        - track_deadline outcome=committed
";
const ESCALATION: &str = r"- rung clock=resolution level=1 state=fired
  client TicketService/EscalateAppeal attempt=1 outcome=done
    client NotificationService/SendNotification attempt=1 outcome=done
      server NotificationService/SendNotification code=OK
        - send_notification outcome=committed
          consumer dispatch channel=email template=overdue_repeat attempt=1 state=failed
            - record_attempt outcome=committed
          consumer dispatch channel=sms template=overdue_repeat attempt=1 state=accepted
            - record_attempt outcome=committed
              client SlaService/RecordNoticeOutcome attempt=1 outcome=done
                server SlaService/RecordNoticeOutcome code=OK
                  - record_notice_outcome outcome=committed
                    client TicketService/RecordDeadlineOutcome attempt=1 outcome=done
                      server TicketService/RecordDeadlineOutcome code=OK
                        - record_deadline_outcome outcome=committed
            producer send provider=smpp outcome=accepted
    server TicketService/EscalateAppeal code=OK
      - escalate_appeal outcome=committed
        client NotificationService/SendNotification attempt=1 outcome=done
          server NotificationService/SendNotification code=OK
            - send_notification outcome=committed
              consumer dispatch channel=email template=staff_escalated attempt=1 state=failed
                - record_attempt outcome=committed
                  client TicketService/RecordNoticeOutcome attempt=1 outcome=done
                    server TicketService/RecordNoticeOutcome code=OK
                      - record_notice_outcome outcome=committed
";
