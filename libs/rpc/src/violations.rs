//! Faults of a request, collected so that the caller hears of all of them at once.

use std::borrow::Cow;

use crate::refusal::Refusal;
use crate::why::Why;

/// One fault of one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Dotted path from the request message: `appeal.contact.phone`.
    pub field: String,
    /// UPPER_SNAKE reason.
    pub reason: &'static str,
    /// What to do about it. Never repeats the value: it may be personal.
    pub text: Cow<'static, str>,
}

/// Collects faults while a request is converted; `finish` refuses when there are any.
#[derive(Debug, Default)]
pub struct Violations {
    list: Vec<Violation>,
}

impl Violations {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a fault of `field` (dotted path from the request). `text` must not repeat the value.
    pub fn add<K>(&mut self, field: impl Into<String>, reason: impl Why<K>, text: impl Into<Cow<'static, str>>) {
        self.list.push(Violation { field: field.into(), reason: reason.text(), text: text.into() });
    }

    /// True while nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The faults so far.
    pub fn list(&self) -> &[Violation] {
        &self.list
    }

    /// `Ok` without faults, else INVALID_ARGUMENT with every one of them.
    pub fn finish(self) -> Result<(), Refusal> {
        if self.is_empty() { Ok(()) } else { Err(Refusal::invalid(self)) }
    }

    pub(crate) fn into_list(self) -> Vec<Violation> {
        self.list
    }
}
