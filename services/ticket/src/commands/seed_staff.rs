//! Sample members for a first start (T9): only into an empty table, so a member who was changed is never set back.

use ::store::{Error, transaction};

use crate::app::App;
use crate::domain::Member;
use crate::{routes, store};

/// Registers the members of `data/staff.toml` when there is none yet; answers how many.
///
/// # Errors
/// Those of any statement.
pub async fn run(app: &App) -> Result<usize, Error> {
    let now = app.now();
    let members = Member::samples(now).map_err(|fault| Error::Other(format!("data/staff.toml: {fault}")))?;
    transaction!(app.db, "seed_staff", |tx| -> Result<usize, Error> {
        if store::member::any(tx).await? {
            return Ok(0);
        }
        let mut calls = Vec::new();
        let mut made = 0;
        for member in &members {
            // Another replica may be seeding at the same moment.
            if store::member::insert(tx, &app.ring, member).await? {
                calls.extend(routes::member_calls(member, 1));
                made += 1;
            }
        }
        app.outbox.enqueue(tx, now, calls).await?;
        Ok(made)
    })
}
