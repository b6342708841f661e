//! Whether a ring belongs to a database. Pure: the caller asks the database.

use crate::{Error, KeyId, Ring};

/// A ring is made only for an empty database, and every key in use must be in the ring. Anything else refuses the start: a
/// service that seals under a wrong ring, or writes blind indexes that match nothing, does harm that no later start can undo.
///
/// - `ids_in_use`: every key id that the database remembers or holds in its sealed columns (see [`Ring::ids`]).
/// - `database_is_empty`: nothing was ever sealed into it.
///
/// # Errors
/// [`Error::KeyMissing`], [`Error::NewRingForOldData`].
pub fn check(ring: &Ring, ids_in_use: &[KeyId], database_is_empty: bool) -> Result<(), Error> {
    if let Some(missing) = ids_in_use.iter().find(|id| !ring.contains(**id)) {
        return Err(Error::KeyMissing(*missing));
    }
    if ring.is_new() && !database_is_empty {
        return Err(Error::NewRingForOldData);
    }
    Ok(())
}
