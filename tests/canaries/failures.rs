//! What goes wrong for good: mail refused by a server that quotes, calls refused by a peer that quotes, lost answers, a
//! service that is away.

use jiff::SignedDuration;
use proto::outbox::v1::{DropCallRequest, ListCallsRequest, RequeueCallRequest, call::State};
use tests::{Part, forms};

use crate::needles::Haystack;
use crate::people;
use crate::watch::{PORTAL, Watch};

/// Mail is refused with a text that names the person.
pub async fn mail_refused(it: &Watch) {
    file(it).await;
    it.suite.faults.lose_request("UpsertRecipient");
    it.suite.faults.lose_answer("TrackDeadline");
    for _ in 0..3 {
        it.suite.advance(SignedDuration::from_mins(10)).await;
    }
    assert_eq!(it.suite.faults.unused(), 0);
    it.dump("mail refused by a server that quotes").await;
}

/// The peer is away, then dead calls are listed, tried again and dropped.
pub async fn dead_calls(it: &Watch) {
    it.suite.stop_part(Part::Sla).await;
    file(it).await;
    it.suite.settle().await;
    it.dump("calls refused by a peer that quotes").await;

    let mut outbox = it.outbox(Part::Ticket);
    let list = ListCallsRequest { state: State::Dead.into(), ..Default::default() };
    let dead = it.good("ListCalls", outbox.list_calls(list).await).calls;
    assert!(!dead.is_empty());
    let all = it.good("ListCalls", outbox.list_calls(ListCallsRequest::default()).await).calls;
    let told: String = all
        .iter()
        .map(|c| format!("{} {} {} {} {}\n", c.name, c.destination, c.ordering_key, c.method, c.last_error))
        .collect();
    it.place(Haystack::new("ListCalls", told));

    let name = dead[0].name.clone();
    it.good(
        "RequeueCall",
        outbox.requeue_call(RequeueCallRequest { name: name.clone(), request_id: forms::request_id() }).await,
    );
    it.suite.settle().await;
    it.good("DropCall", outbox.drop_call(DropCallRequest { name, request_id: forms::request_id() }).await);
    let name = people::PHONE.to_owned();
    it.bad("DropCall", outbox.drop_call(DropCallRequest { name: name.clone(), request_id: name.clone() }).await);
    let list = ListCallsRequest { page_token: name.clone(), destination: name, ..Default::default() };
    it.bad("ListCalls", outbox.list_calls(list).await);
    it.dump("after dead calls").await;
}

async fn file(it: &Watch) {
    let request = people::form(it.suite.now(), "code_not_arriving");
    it.good("FileAppeal", it.ticket(PORTAL).file_appeal(request).await);
}
