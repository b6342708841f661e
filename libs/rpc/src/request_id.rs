//! The id under which one call is found in the logs. Not the `request_id` of AIP-155, which belongs to a message and makes it repeatable.

use std::sync::Arc;

use http::HeaderValue;
use uuid::Uuid;

/// The header that carries it in and out.
pub const HEADER: &str = "x-request-id";

/// The id of one call; in the request's extensions, the span, the response's header and the details of INTERNAL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// A new one.
    pub fn fresh() -> Self {
        Self(Uuid::new_v4().to_string().into())
    }

    /// The caller's own, if it looks like an id: 16 to 64 letters, digits and hyphens, and not digits alone. A phone number has up to 15
    /// digits, a card's 16, an account's 20, and none of them must reach the log this way.
    pub fn accept(value: &HeaderValue) -> Option<Self> {
        let text = value.to_str().ok().filter(|text| (16..=64).contains(&text.len()))?;
        let is_id = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        (is_id && text.bytes().any(|b| b.is_ascii_alphabetic())).then(|| Self(text.into()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
