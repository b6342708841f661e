//! An audit that can't fail is no audit: when all has been found well, something of each kind is taken away behind the services' backs, and
//! they are asked the same questions again. Each theft must be missed, under the name of its kind.

use anyhow::{Context, Result, ensure};
use sqlx::Connection as _;

use crate::audit;
use crate::book::Done;
use crate::dues::Planned;
use crate::found::Found;
use crate::verdict::Auditor;
use crate::world::World;

macro_rules! event {
    ($which:literal) => {
        concat!(
            "DELETE FROM ticket.appeal_event WHERE (appeal_id, event_no) =
            (SELECT appeal_id, event_no FROM ticket.appeal_event WHERE ",
            $which,
            " LIMIT 1)"
        )
    };
}

macro_rules! notice {
    ($template:literal) => {
        concat!(
            "DELETE FROM notification.notification WHERE notification_id =
            (SELECT notification_id FROM notification.notification WHERE template = '",
            $template,
            "' LIMIT 1)"
        )
    };
}

/// What is missed, and the statement that takes it.
const THEFTS: [(&[&str], &str); 16] = [
    (
        &["appeals", "numbers"],
        "DELETE FROM ticket.appeal WHERE appeal_id = (SELECT appeal_id FROM ticket.appeal
            WHERE state = 'registered' AND category = 'code_not_arriving' LIMIT 1)",
    ),
    (
        &["promises watched"],
        "DELETE FROM sla.deadline WHERE deadline_id = (SELECT deadline_id FROM sla.deadline
            WHERE state = 'tracked' AND category = 'code_not_arriving' LIMIT 1)",
    ),
    (&["registration notices"], notice!("registration")),
    (&["assignments"], event!("type = 'assigned' AND actor = 'staff/head'")),
    (&["claims"], event!("type = 'assigned' AND actor = 'staff/spec'")),
    (
        &["messages"],
        "DELETE FROM ticket.message WHERE (appeal_id, message_no) =
            (SELECT appeal_id, message_no FROM ticket.message WHERE author = 'applicant' LIMIT 1)",
    ),
    (&["messages in journals"], event!("type = 'message_posted'")),
    (&["resolutions in journals"], event!("type = 'resolved'")),
    (
        &["resolved appeals"],
        "UPDATE ticket.appeal SET state = 'closed' WHERE appeal_id =
            (SELECT appeal_id FROM ticket.appeal WHERE state = 'resolved' LIMIT 1)",
    ),
    (
        &["answers"],
        "DELETE FROM ticket.message WHERE (appeal_id, message_no) =
            (SELECT appeal_id, answer_message_no FROM ticket.appeal WHERE state = 'resolved' LIMIT 1)",
    ),
    (&["resolution notices"], notice!("resolution")),
    (
        &["citizens"],
        "DELETE FROM identity.citizen WHERE citizen_id = (SELECT citizen_id FROM identity.citizen LIMIT 1)",
    ),
    (&["rungs"], "DELETE FROM sla.rung WHERE ctid = (SELECT ctid FROM sla.rung WHERE state = 'acted' LIMIT 1)"),
    (&["warnings in journals"], event!("type = 'deadline_warned'")),
    (&["escalations in journals"], event!("type = 'escalated'")),
    (&["repeat notices"], notice!("overdue_repeat")),
];

/// Takes it all away and looks whether it is missed. What is left of the trial's data is of no more use.
///
/// # Errors
/// Something was not missed, or could not be taken.
pub async fn are_missed(world: &World, done: &Done, planned: &[Planned]) -> Result<()> {
    let mut admin = world.admin().await?;
    // The journal refuses deletions, and rows are referred to: to a replica's worker both is no matter.
    sqlx::raw_sql("SET session_replication_role = replica").execute(&mut admin).await?;
    for (_, statement) in THEFTS {
        let taken = sqlx::query(statement).execute(&mut admin).await.context(statement)?.rows_affected();
        ensure!(taken == 1, "{taken} rows taken by {statement}");
    }
    admin.close().await?;
    let found = Found::read(world, &Auditor::new(world)?, &done.filed, planned).await?;
    let rows = audit::rows(done, planned, &found);
    let stolen: Vec<&str> = THEFTS.iter().flat_map(|(kinds, _)| *kinds).copied().collect();
    for row in &rows {
        ensure!(stolen.contains(&row.kind), "nobody steals of {}", row.kind);
        ensure!(!row.lost().is_empty(), "nobody misses what was stolen of {}", row.kind);
    }
    println!("rollout: of each of {} kinds something was taken away then, and missed", rows.len());
    Ok(())
}
