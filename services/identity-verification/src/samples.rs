//! One sample citizen for trying the suite out, whom the all-in-one has a token for.

use std::sync::Arc;

use person::{Email, Language, PersonName, Phone, Zone};
use uuid::{Uuid, uuid};

use crate::App;
use crate::domain::Citizen;
use crate::{routes, store};

/// `citizens/00000000-0000-4000-8000-000000000001`.
const SAMPLE: Uuid = uuid!("00000000-0000-4000-8000-000000000001");

/// Registers the sample unless it is registered.
pub(crate) async fn seed(app: &Arc<App>) -> anyhow::Result<()> {
    let now = app.clock.now();
    let invalid = |rule: &'static str| anyhow::anyhow!("the sample citizen {rule}");
    let citizen = Citizen {
        id: SAMPLE,
        full_name: PersonName::parse("Примерова Анна Игоревна").map_err(invalid)?,
        phone: Some(Phone::parse("+79160000001").map_err(invalid)?),
        email: Some(Email::parse("anna@example.org").map_err(invalid)?),
        snils: None,
        inn: None,
        birth_date: None,
        language: Language::parse("ru").map_err(invalid)?,
        zone: Zone::parse("Europe/Moscow").map_err(invalid)?,
        revision: 1,
        create_time: now,
        update_time: now,
    };
    ::store::transaction!(app.db, "seed_samples", |tx| -> Result<(), ::store::Error> {
        if store::citizen::get(tx, &app.ring, SAMPLE).await?.is_none() {
            store::citizen::insert(tx, &app.ring, &citizen).await?;
            app.outbox.enqueue(tx, now, vec![routes::upsert_recipient(&citizen)]).await?;
        }
        Ok(())
    })?;
    Ok(())
}
