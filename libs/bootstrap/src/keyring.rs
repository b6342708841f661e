//! The key ring at the start.
//!
//! ```text
//! ring file   database     then
//! exists      any          loaded; refused when it lacks a key that the database uses
//! missing     empty        made, with a new key
//! missing     not empty    refused: a new key would start a second truth and the old values would stay shut
//! ```

use std::path::Path;

use anyhow::Context as _;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{family::Family, gauge::Gauge},
    registry::Registry,
};
use sealed::{Error, KeyId, Ring, key_guard};
use store::Db;

use crate::config::ConfigError;

/// A key in metrics. Its id is no secret.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Key {
    key_id: String,
    role: &'static str,
    in_use: String,
}

/// Loads or makes the ring, and notes in the database which keys are used from now on, before anything is sealed under them.
/// A ring that is given (by a test, or to several services of one process) is used as it is. Answers the ids that are in use, too.
pub(crate) async fn open(file: Option<&Path>, given: Option<Ring>, db: &Db) -> anyhow::Result<(Ring, Vec<KeyId>)> {
    let used = in_use(db).await?;
    let ring = match (given, file) {
        (Some(ring), _) => ring,
        (None, Some(file)) => load_or_make(file, &used)?,
        (None, None) => return Err(ConfigError::new("the key `keys.file` is missing").into()),
    };
    // Those that values are made with; a key that only lies ready in the file may be taken out again.
    key_guard::check(&ring, &used, true)?;
    for id in [ring.index_id(), ring.active_id()] {
        store::note_key(db, u32::from_be_bytes(id.to_bytes()), db.now()).await?;
    }
    // Once more: two first starts, each with a ring of its own, pass the check above at the same moment, but not this one.
    let used = in_use(db).await?;
    key_guard::check(&ring, &used, true)?;
    Ok((ring, used))
}

/// Shows which keys there are: after a rotation every replica must show the new one as sealing before the old one may go.
pub(crate) fn show(ring: &Ring, used: &[KeyId], registry: &mut Registry) {
    let keys = Family::<Key, Gauge>::default();
    for id in ring.ids() {
        let role = match id {
            id if id == ring.active_id() => "seals",
            id if id == ring.index_id() => "indexes",
            _ => "opens",
        };
        keys.get_or_create(&Key { key_id: id.to_string(), role, in_use: used.contains(&id).to_string() }).set(1);
    }
    registry.register(
        "otklik_sealed_key",
        "1 for each key of this process's ring, by id and role: seals (what is written now), opens (what was written before), indexes; in_use: \
         something in the database was made with it",
        keys,
    );
}

fn load_or_make(file: &Path, used: &[KeyId]) -> anyhow::Result<Ring> {
    match Ring::load(file) {
        Err(error) if error.is_absent_ring() => {}
        loaded => return loaded.context("`keys.file`"),
    }
    let new = Ring::generate();
    key_guard::check(&new, used, used.is_empty()).with_context(|| format!("`keys.file` {}", file.display()))?;
    match new.save_new(file) {
        Ok(()) => {
            tracing::warn!(file = %file.display(), "made a key ring; keep a copy: without it nothing can be read")
        }
        // Another replica was faster: its ring is the one.
        Err(Error::Write { source, .. }) if source.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error).context("`keys.file`"),
    }
    Ring::load(file).context("`keys.file`")
}

async fn in_use(db: &Db) -> Result<Vec<KeyId>, store::Error> {
    let ids = store::keys_in_use(db).await?;
    Ok(ids.into_iter().map(|id| KeyId::from_bytes(id.to_be_bytes())).collect())
}
