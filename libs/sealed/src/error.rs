use std::path::PathBuf;

use crate::KeyId;

/// Why a value did not open or a ring can't be used. Never tells content, plain or sealed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not something that [`crate::Ring::seal`] made: too short, or of a version this program does not know.
    #[error("not a sealed value")]
    Malformed,
    /// Sealed under a key that this ring does not hold.
    #[error("sealed under key {0}, which the ring lacks")]
    UnknownKey(KeyId),
    /// Changed since it was sealed, or sealed for another place.
    #[error("a sealed value was changed or moved")]
    Refused,
    /// Opened, but no UTF-8.
    #[error("a sealed value is not text")]
    NotText,
    /// The ring file can't be read.
    #[error("reading the key ring {path}: {source}")]
    Read { path: PathBuf, source: std::io::Error },
    /// The ring file can't be written, or is there already.
    #[error("writing the key ring {path}: {source}")]
    Write { path: PathBuf, source: std::io::Error },
    /// The ring file is not understood. `fault` quotes nothing of it.
    #[error("understanding the key ring {path}: {fault}")]
    Ring { path: PathBuf, fault: String },
    /// The database holds values under a key that the ring lacks: the start is refused.
    #[error("the database holds values under key {0}, which the ring lacks; bring back the ring file that has it")]
    KeyMissing(KeyId),
    /// A new ring for a database that is not empty: the start is refused.
    #[error("the database is not empty, so a new key ring can't be its own; bring back its ring file")]
    NewRingForOldData,
}

impl Error {
    /// Whether the ring file is not there at all, so that one may be made (if [`crate::key_guard::check`] agrees).
    pub fn is_absent_ring(&self) -> bool {
        matches!(self, Error::Read { source, .. } if source.kind() == std::io::ErrorKind::NotFound)
    }
}
