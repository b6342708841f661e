//! The service's own token, from a file that somebody else renews.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use http::HeaderValue;

/// Reads the token again when the file changes; until then from memory.
pub(crate) struct TokenFile {
    path: PathBuf,
    last: Mutex<Option<(Stamp, HeaderValue)>>,
}

/// Tells one version of the file from another, also when it is replaced by renaming within the resolution of its time.
#[derive(Clone, PartialEq)]
struct Stamp(Option<SystemTime>, u64, u64);

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self(metadata.modified().ok(), metadata.len(), metadata.ino())
    }
}

impl TokenFile {
    pub(crate) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), last: Mutex::new(None) }
    }

    /// The `authorization` header, marked sensitive so that nothing logs it and HTTP/2 does not index it.
    ///
    /// Blocking calls on purpose: a stat of a local file takes microseconds, less than handing it to another thread.
    pub(crate) fn header(&self) -> std::io::Result<HeaderValue> {
        let stamp = Stamp::of(&std::fs::metadata(&self.path)?);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, header)) = &*last
            && *known == stamp
        {
            return Ok(header.clone());
        }
        let token = std::fs::read_to_string(&self.path)?;
        let mut header = HeaderValue::try_from(format!("Bearer {}", token.trim()))
            .map_err(|_| std::io::Error::new(std::io::ErrorKind::InvalidData, "the file holds no token"))?;
        header.set_sensitive(true);
        *last = Some((stamp, header.clone()));
        Ok(header)
    }
}

impl std::fmt::Debug for TokenFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenFile").field("path", &self.path).finish_non_exhaustive()
    }
}
