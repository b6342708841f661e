//! What is read is one moment of an appeal, whatever is committed meanwhile.

use proto::ticket::v1::{self as wire, appeal::State, request_info_request::Need};
use sqlx::{Connection as _, Executor as _, PgConnection};

use crate::rig::{Rig, citizen, form, supervisor};
use crate::work::ask;

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_that_ends_during_a_read_is_seen_whole_or_not_at_all() {
    let rig = Rig::staffed().await;
    let filed = rig.assigned(&citizen(), form()).await;
    ask(&rig, &filed.name, Need::Information).await.unwrap();

    // The end of the pause, not committed yet; whoever looks at the ledger waits for it, after having read what they read before.
    let mut writer = PgConnection::connect(&rig.database.admin_url()).await.unwrap();
    let mut writing = writer.begin().await.unwrap();
    writing.execute("LOCK TABLE ticket.suspension IN ACCESS EXCLUSIVE MODE").await.unwrap();
    writing.execute("UPDATE ticket.suspension SET end_time = start_time + interval '1 hour'").await.unwrap();
    let resume = "UPDATE ticket.appeal SET state = 'in_progress', resolution_state = 'running', resolution_epoch = 2,
        resolution_due_time = create_time + interval '9 days', expected_time = create_time + interval '9 days'";
    writing.execute(resume).await.unwrap();

    let (app, name, number) = (&rig.app, filed.name.clone(), filed.number.clone());
    let get = wire::GetAppealRequest { name: name.clone() };
    let messages = wire::ListMessagesRequest { parent: name.clone(), ..Default::default() };
    let events = wire::ListAppealEventsRequest { parent: name, ..Default::default() };
    let (got, found, listed, said, journal, ()) = tokio::join!(
        ticket::queries::get_appeal::run(app.clone(), supervisor(), get),
        ticket::queries::find_appeal::run(app.clone(), supervisor(), wire::FindAppealRequest { number }),
        ticket::queries::list_appeals::run(app.clone(), supervisor(), wire::ListAppealsRequest::default()),
        ticket::queries::list_messages::run(app.clone(), supervisor(), messages),
        ticket::queries::list_appeal_events::run(app.clone(), supervisor(), events),
        async {
            rig.until_waiting(5).await;
            writing.commit().await.unwrap();
        }
    );
    let seen = [got.unwrap(), found.unwrap(), listed.unwrap().appeals.remove(0)];
    for appeal in &seen {
        assert_eq!(appeal.due_time.is_some(), appeal.state() == State::InProgress);
    }
    assert_eq!(said.unwrap().messages.len(), 1);
    assert!(!journal.unwrap().events.is_empty());
}
