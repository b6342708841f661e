use std::fmt;

use zeroize::Zeroize;

/// A name, phone, address, text or code: anything that tells of a person. It can't be printed: `Debug` shows `***`, `Display`
/// and serialization do not exist. Its memory is wiped when it goes.
#[derive(Clone, PartialEq, Eq)]
pub struct Personal(String);

impl Personal {
    /// The value itself, for the wire, a channel or a check. Whoever calls this keeps it out of logs, metrics and errors.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Personal {
    fn from(value: String) -> Personal {
        Personal(value)
    }
}

impl From<&str> for Personal {
    fn from(value: &str) -> Personal {
        Personal(value.to_owned())
    }
}

impl fmt::Debug for Personal {
    // Not even the length: of a code or a surname that is a lot.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Personal(***)")
    }
}

impl Drop for Personal {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}
