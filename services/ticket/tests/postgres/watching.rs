//! WatchAppeal: what happens is told, once, to those who may hear it; whoever goes on from a cursor misses nothing.

use futures::stream::{BoxStream, StreamExt as _};
use jiff::SignedDuration;
use proto::ticket::v1::{self as wire, appeal::State, request_info_request::Need};
use rpc::{Caller, Refusal};
use sqlx::Connection as _;
use tonic::Code;

use crate::rig::{Rig, citizen, form, new_id, operator, portal, supervisor};
use crate::work::{ask, post, provide, resolve};

type Messages = BoxStream<'static, Result<wire::WatchAppealResponse, Refusal>>;

async fn watch(rig: &Rig, caller: &Caller, name: &str, cursor: &str) -> Result<Messages, Refusal> {
    let request = wire::WatchAppealRequest { name: name.into(), start_cursor: cursor.into() };
    Ok(ticket::queries::watch_appeal::run(rig.app.clone(), caller.clone(), request).await?.boxed())
}

/// What the loop does: one look for all.
async fn look(rig: &Rig) {
    watches::look(&rig.app.watches, &*rig.app).await.unwrap();
}

async fn told(messages: &mut Messages) -> wire::WatchAppealResponse {
    messages.next().await.expect("a watch does not end by itself").unwrap()
}

/// The watch's end.
async fn end(messages: &mut Messages) -> Refusal {
    let refusal = messages.next().await.expect("an end is told").unwrap_err();
    assert!(messages.next().await.is_none());
    refusal
}

fn names(message: &wire::WatchAppealResponse) -> Vec<String> {
    message.events.iter().map(|event| event.name.clone()).collect()
}

fn is_sign_of_life(message: &wire::WatchAppealResponse) -> bool {
    message.appeal.is_none() && message.events.is_empty() && !message.cursor.is_empty()
}

/// A life of seven events or more, with a look after each step; answers what the watch told on the way.
async fn live(rig: &Rig, own: &Caller, name: &str, messages: &mut Messages) -> Vec<wire::WatchAppealResponse> {
    let mut seen = Vec::new();
    for step in 0..5 {
        match step {
            0 => drop(rig.assign(name, "operator-1").await.unwrap()),
            1 => drop(ask(rig, name, Need::Information).await.unwrap()),
            2 => drop(provide(rig, own, name, "").await.unwrap()),
            3 => drop(post(rig, own, name, "И ещё одно.").await.unwrap()),
            _ => drop(resolve(rig, name, "", "").await.unwrap()),
        }
        rig.minutes(1);
        look(rig).await;
        seen.push(told(messages).await);
    }
    seen
}

#[tokio::test]
async fn each_change_is_told_with_the_appeal_that_it_made() {
    let rig = Rig::staffed().await;
    let own = citizen();
    let filed = rig.file(&own, form()).await;
    let mut messages = watch(&rig, &own, &filed.name, "").await.unwrap();
    let first = told(&mut messages).await;
    assert_eq!((first.appeal.as_ref(), first.events.len()), (Some(&filed), 0), "the appeal as it is, no history");

    let seen = live(&rig, &own, &filed.name, &mut messages).await;

    let states: Vec<_> = seen.iter().map(|it| it.appeal.as_ref().unwrap().state()).collect();
    let progress = State::InProgress;
    assert_eq!(states, [State::Assigned, State::AwaitingApplicant, progress, progress, State::Resolved]);
    let last = rig.get(&own, &filed.name).await.unwrap();
    assert_eq!(seen.last().unwrap().appeal.as_ref(), Some(&last), "as GetAppeal shows it to the same caller");
    assert!(last.assignee.is_empty());
}

#[tokio::test]
async fn whoever_goes_on_from_a_cursor_misses_nothing_and_hears_nothing_twice() {
    let rig = Rig::staffed().await;
    let own = citizen();
    let filed = rig.file(&own, form()).await;
    let mut messages = watch(&rig, &own, &filed.name, "").await.unwrap();
    let mut heard = vec![told(&mut messages).await];
    heard.extend(live(&rig, &own, &filed.name, &mut messages).await);
    drop(messages);
    let request =
        wire::ListAppealEventsRequest { parent: filed.name.clone(), page_size: 500, page_token: String::new() };
    let list = ticket::queries::list_appeal_events::run(rig.app.clone(), own.clone(), request).await.unwrap();
    let all: Vec<_> = list.events.iter().map(|event| event.name.clone()).collect();
    assert!(all.len() >= 7, "{all:?}");

    for cut in 0..heard.len() {
        // What was heard before the cut, what was before the watch, and what comes after it are the whole journal.
        let before = heard[..=cut].iter().flat_map(names);
        let again = told(&mut watch(&rig, &own, &filed.name, &heard[cut].cursor).await.unwrap()).await;
        let joined: Vec<_> = all[..1].iter().cloned().chain(before).chain(names(&again)).collect();
        assert_eq!(joined, all, "cut after message {cut}");
        assert_eq!(again.appeal.unwrap().state(), State::Resolved, "the first message is the present state");
    }
}

#[tokio::test]
async fn a_slow_reader_gets_all_of_it_in_few_messages_later() {
    let rig = Rig::staffed().await;
    let own = citizen();
    let filed = rig.assigned(&own, form()).await;
    let mut messages = watch(&rig, &own, &filed.name, "").await.unwrap();
    let first = told(&mut messages).await;
    let before = rig.events(&filed.name).await.len();
    for round in 0..107 {
        post(&rig, &own, &filed.name, &format!("{round}")).await.unwrap();
        look(&rig).await;
    }
    let (full, rest) = (told(&mut messages).await, told(&mut messages).await);
    assert_eq!((full.events.len(), rest.events.len()), (100, 7), "nothing waits for the reader but the journal");
    let heard: Vec<_> = names(&full).into_iter().chain(names(&rest)).collect();
    let all: Vec<_> = rig.events(&filed.name).await.into_iter().map(|event| event.name).collect();
    assert_eq!(heard, all[before..]);

    drop(messages);
    let mut again = watch(&rig, &own, &filed.name, &first.cursor).await.unwrap();
    let missed = (told(&mut again).await.events.len(), told(&mut again).await.events.len());
    assert_eq!(missed, (100, 7), "whoever comes back reads on before anybody looked");
}

#[tokio::test]
async fn signs_of_life_come_at_their_interval_and_what_is_not_theirs_is_passed_over() {
    let rig = Rig::staffed().await;
    let own = citizen();
    let filed = rig.assigned(&own, form()).await;
    let (mut theirs, mut staffs) = (
        watch(&rig, &own, &filed.name, "").await.unwrap(),
        watch(&rig, &operator("operator-1"), &filed.name, "").await.unwrap(),
    );
    let first = told(&mut theirs).await;
    told(&mut staffs).await;
    let message = wire::Message {
        text: "Позвонить завтра.".into(),
        visibility: wire::message::Visibility::Internal.into(),
        ..Default::default()
    };
    let request = wire::PostMessageRequest { parent: filed.name.clone(), message: Some(message), request_id: new_id() };
    ticket::commands::post_message::run(rig.app.clone(), operator("operator-1"), request).await.unwrap();
    look(&rig).await;
    assert_eq!(told(&mut staffs).await.events.len(), 1, "a note is for staff");

    rig.clock.advance(SignedDuration::from_secs(29));
    look(&rig).await;
    post(&rig, &own, &filed.name, "Есть новости?").await.unwrap();
    look(&rig).await;
    let news = told(&mut theirs).await;
    assert_eq!(names(&news).len(), 1, "neither the note nor a sign of life came before it");
    assert_ne!(news.cursor, first.cursor);

    rig.clock.advance(SignedDuration::from_secs(30));
    look(&rig).await;
    let sign = told(&mut theirs).await;
    assert!(is_sign_of_life(&sign), "30 s after the news");
    let again = told(&mut watch(&rig, &own, &filed.name, &sign.cursor).await.unwrap()).await;
    assert!(again.events.is_empty() && again.appeal.is_some());
}

#[tokio::test]
async fn it_is_for_those_who_may_see_the_appeal_and_its_journal() {
    let rig = Rig::staffed().await;
    let own = citizen();
    let filed = rig.file(&own, form()).await;
    let missing = format!("appeals/{}", new_id());
    for (caller, name, expected) in [
        (&citizen(), &filed.name, (Code::PermissionDenied, "NOT_YOURS")),
        (&citizen(), &missing, (Code::PermissionDenied, "NOT_YOURS")),
        (&portal(), &filed.name, (Code::PermissionDenied, "NOT_YOURS")),
        (&supervisor(), &missing, (Code::NotFound, "APPEAL_NOT_FOUND")),
        (&supervisor(), &"appeals/7".to_owned(), (Code::InvalidArgument, "REQUEST_INVALID")),
    ] {
        let refusal = watch(&rig, caller, name, "").await.err().unwrap();
        assert_eq!((refusal.code(), refusal.reason()), expected, "{} of {name}", caller.subject);
    }
    let mut staffs = watch(&rig, &supervisor(), &filed.name, "").await.unwrap();
    assert_eq!(told(&mut staffs).await.appeal.unwrap().name, filed.name);
}

#[tokio::test]
async fn a_cursor_is_good_for_its_caller_and_appeal_and_not_beyond_the_journal() {
    let rig = Rig::staffed().await;
    let own = citizen();
    let (filed, other) = (rig.assigned(&own, form()).await, rig.file(&own, form()).await);
    let cursor = told(&mut watch(&rig, &own, &filed.name, "").await.unwrap()).await.cursor;
    for (caller, name, cursor) in
        [(&own, &other.name, &cursor), (&supervisor(), &filed.name, &cursor), (&own, &filed.name, &"x".to_owned())]
    {
        let refusal = watch(&rig, caller, name, cursor).await.err().unwrap();
        let fields: Vec<_> = refusal.violations().iter().map(|it| (it.field.as_str(), it.reason)).collect();
        assert_eq!(fields, [("start_cursor", "PAGE_TOKEN_INVALID")]);
    }
    restore(&rig).await;
    let refusal = watch(&rig, &own, &filed.name, &cursor).await.err().unwrap();
    assert_eq!((refusal.code(), refusal.reason()), (Code::OutOfRange, "CURSOR_OUT_OF_RANGE"));
}

#[tokio::test]
async fn a_watch_over_a_restored_database_neither_spins_nor_waits_for_numbers_that_were_told() {
    let rig = Rig::staffed().await;
    let own = citizen();
    let filed = rig.file(&own, form()).await;
    let (mut untold, mut knowing) =
        (watch(&rig, &own, &filed.name, "").await.unwrap(), watch(&rig, &own, &filed.name, "").await.unwrap());
    told(&mut untold).await;
    told(&mut knowing).await;
    rig.assign(&filed.name, "operator-1").await.unwrap();
    look(&rig).await;
    assert_eq!(told(&mut knowing).await.events.len(), 1);
    restore(&rig).await;
    look(&rig).await;

    rig.clock.advance(SignedDuration::from_secs(30));
    look(&rig).await;
    assert!(is_sign_of_life(&told(&mut untold).await), "the news is gone before it was told, and is none any more");
    let refusal = end(&mut knowing).await;
    assert_eq!((refusal.code(), refusal.reason()), (Code::OutOfRange, "CURSOR_OUT_OF_RANGE"));
}

#[tokio::test]
async fn a_watch_of_an_appeal_that_a_restored_database_does_not_know_ends() {
    let rig = Rig::staffed().await;
    let own = citizen();
    let filed = rig.file(&own, form()).await;
    let (mut citizens, mut staffs) =
        (watch(&rig, &own, &filed.name, "").await.unwrap(), watch(&rig, &supervisor(), &filed.name, "").await.unwrap());
    told(&mut citizens).await;
    told(&mut staffs).await;
    look(&rig).await;

    let mut admin = sqlx::PgConnection::connect(&rig.database.admin_url()).await.unwrap();
    let restored = "SET session_replication_role = replica; DELETE FROM ticket.appeal_event; DELETE FROM ticket.appeal";
    sqlx::raw_sql(restored).execute(&mut admin).await.unwrap();
    rig.clock.advance(SignedDuration::from_secs(30));
    look(&rig).await;
    assert_eq!(end(&mut staffs).await.code(), Code::NotFound);
    assert_eq!(end(&mut citizens).await.code(), Code::PermissionDenied, "who may see it is not known any more");
}

/// The database as it had been before the assignment.
async fn restore(rig: &Rig) {
    let mut admin = sqlx::PgConnection::connect(&rig.database.admin_url()).await.unwrap();
    let restored = "SET session_replication_role = replica; DELETE FROM ticket.appeal_event WHERE event_no > 1;
        UPDATE ticket.appeal SET last_event_no = 1, version = 1, revision = 1";
    sqlx::raw_sql(restored).execute(&mut admin).await.unwrap();
}

#[tokio::test]
async fn it_ends_with_the_token_after_its_longest_time_and_when_the_service_stops() {
    let rig = Rig::staffed().await;
    let mut own = citizen();
    let filed = rig.file(&own, form()).await;
    let mut longest = watch(&rig, &own, &filed.name, "").await.unwrap();
    own.expire_time = Some(rig.app.now() + SignedDuration::from_mins(10));
    let mut brief = watch(&rig, &own, &filed.name, "").await.unwrap();
    told(&mut longest).await;
    told(&mut brief).await;

    rig.minutes(9);
    look(&rig).await;
    assert!(is_sign_of_life(&told(&mut longest).await) && is_sign_of_life(&told(&mut brief).await));
    rig.minutes(1);
    look(&rig).await;
    let refusal = end(&mut brief).await;
    assert_eq!((refusal.code(), refusal.reason()), (Code::Unauthenticated, "TOKEN_INVALID"));
    assert!(is_sign_of_life(&told(&mut longest).await));

    rig.minutes(50);
    look(&rig).await;
    let refusal = end(&mut longest).await;
    assert_eq!((refusal.code(), refusal.reason()), (Code::Unavailable, "WATCH_ENDED"));

    let anew = Caller { expire_time: None, ..own };
    let mut open = watch(&rig, &anew, &filed.name, "").await.unwrap();
    told(&mut open).await;
    rig.stopper.cancel();
    assert_eq!(end(&mut open).await.reason(), "WATCH_ENDED");
    assert_eq!(watch(&rig, &anew, &filed.name, "").await.err().unwrap().reason(), "WATCH_ENDED", "nor is one begun");
}

#[tokio::test]
async fn there_are_so_many_of_a_person_and_a_place_is_free_when_its_watch_is_gone() {
    let rig = Rig::staffed().await;
    let own = citizen();
    let (filed, portals) = (rig.file(&own, form()).await, rig.file(&portal(), form()).await);
    let mut open = Vec::new();
    for _ in 0..20 {
        open.push(watch(&rig, &own, &filed.name, "").await.unwrap());
    }
    let refusal = watch(&rig, &own, &filed.name, "").await.err().unwrap();
    assert_eq!((refusal.code(), refusal.reason()), (Code::ResourceExhausted, "TOO_MANY_REQUESTS"));
    // Somebody else is not kept out, and the portal watches for many.
    for _ in 0..21 {
        open.push(watch(&rig, &portal(), &portals.name, "").await.unwrap());
    }
    drop(open.remove(0));
    let mut again = watch(&rig, &own, &filed.name, "").await.unwrap();
    drop(open);
    // The appeal is still looked at for the one that is left.
    told(&mut again).await;
    post(&rig, &own, &filed.name, "Есть новости?").await.unwrap();
    look(&rig).await;
    assert_eq!(told(&mut again).await.events.len(), 1);
}
