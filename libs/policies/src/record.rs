//! A published set with what is known about its publication.

use deadline::{Edit, Invalid, PolicySet};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A row.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    pub version: u32,
    /// Lower-case hex.
    pub content_hash: String,
    /// The whole set as TOML.
    pub document: String,
    /// From when on new promises are made under it.
    pub effective_time: Timestamp,
    pub create_time: Timestamp,
    /// Who published it, `staff/{id}`.
    pub author: String,
    /// Why, in their words.
    pub note: String,
    pub changes: Vec<Edit>,
}

/// A change as it is kept.
#[derive(Serialize, Deserialize)]
pub(crate) struct Kept {
    entry: String,
    field: String,
    before: Option<String>,
    after: Option<String>,
}

// === impl Record ===

impl Record {
    /// The set.
    ///
    /// # Errors
    /// This program can't read it, or it is not the set of that version and hash.
    pub fn set(&self) -> Result<PolicySet, Invalid> {
        let set = PolicySet::published(&self.document)?;
        if (set.version(), set.content_hash().to_string()) == (self.version, self.content_hash.clone()) {
            Ok(set)
        } else {
            Err(Invalid::Set("its version or its content hash is not that of the document".into()))
        }
    }
}

// === impl Kept ===

impl From<&Edit> for Kept {
    fn from(change: &Edit) -> Self {
        let Edit { entry, field, before, after } = change.clone();
        Self { entry, field, before, after }
    }
}

impl From<Kept> for Edit {
    fn from(kept: Kept) -> Self {
        let Kept { entry, field, before, after } = kept;
        Self { entry, field, before, after }
    }
}
