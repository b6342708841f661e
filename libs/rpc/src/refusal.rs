//! The one error of commands and queries, and its only way to a gRPC status.
//!
//! Every row of the table in the contracts has one constructor here, so code, reason and details can't drift apart. Texts are for developers
//! and carry nothing personal: names of resources may appear, contents may not.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use tonic::{Code, Status};

use crate::details::{self, Details};
use crate::reasons;
use crate::violations::{Violation, Violations};
use crate::why::Why;

/// Pause asked of a caller whose transaction kept colliding: long enough for the rival to commit.
const CONFLICT_PAUSE: Duration = Duration::from_millis(100);

/// Pause asked of a caller while the database is away: a restart takes seconds.
const DATABASE_PAUSE: Duration = Duration::from_secs(1);

/// Why a command or query was not carried out. Nothing of it was applied.
pub struct Refusal(Box<Inner>);

struct Inner {
    code: Code,
    domain: Option<&'static str>,
    reason: &'static str,
    message: Cow<'static, str>,
    metadata: BTreeMap<String, String>,
    details: Details,
    cause: Option<Box<dyn StdError + Send + Sync>>,
    conflict: bool,
}

impl Refusal {
    fn new<K>(code: Code, reason: impl Why<K>, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            code,
            domain: reason.domain(),
            reason: reason.text(),
            message: message.into(),
            metadata: BTreeMap::new(),
            details: Details::default(),
            cause: None,
            conflict: false,
        }))
    }

    /// INVALID_ARGUMENT, REQUEST_INVALID, with every violation and its own reason.
    pub fn invalid(violations: Violations) -> Self {
        let mut refusal = Self::new(Code::InvalidArgument, reasons::REQUEST_INVALID, "the request has invalid fields");
        refusal.0.details.violations = violations.into_list();
        refusal
    }

    /// INVALID_ARGUMENT, REQUEST_ID_REUSED: the `request_id` was used before with other content (AIP-155).
    pub fn request_id_reused() -> Self {
        let mut violations = Violations::new();
        violations.add("request_id", reasons::REQUEST_ID_REUSED, "was used before with other content");
        let mut refusal = Self::invalid(violations);
        refusal.0.reason = reasons::REQUEST_ID_REUSED;
        refusal.0.message = "request_id was used before with other content".into();
        refusal
    }

    /// NOT_FOUND, only for callers who may know that nothing is there. `kind` is the resource type, `name` the resource name.
    pub fn not_found<K>(reason: impl Why<K>, kind: impl Into<String>, name: impl Into<String>) -> Self {
        Self::resource(Code::NotFound, reason, "there is no such", kind.into(), name.into())
    }

    /// ALREADY_EXISTS.
    pub fn exists<K>(reason: impl Why<K>, kind: impl Into<String>, name: impl Into<String>) -> Self {
        Self::resource(Code::AlreadyExists, reason, "there already is such a", kind.into(), name.into())
    }

    fn resource<K>(code: Code, reason: impl Why<K>, text: &str, kind: String, name: String) -> Self {
        let mut refusal = Self::new(code, reason, format!("{text} {kind}: {name}"));
        refusal.0.metadata.insert("type".into(), kind.clone());
        refusal.0.metadata.insert("name".into(), name.clone());
        refusal.0.details.resource = Some((kind, name));
        refusal
    }

    /// PERMISSION_DENIED. Says nothing of whether the thing exists (AIP-193).
    pub fn denied<K>(reason: impl Why<K>, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::PermissionDenied, reason, message)
    }

    /// UNAUTHENTICATED: no token or a bad one, no assertion or a bad one.
    pub fn unauthenticated<K>(reason: impl Why<K>, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::Unauthenticated, reason, message)
    }

    /// FAILED_PRECONDITION: the state of `subject` (a resource name) does not allow it; `description` says what is allowed now.
    pub fn precondition<K>(reason: impl Why<K>, subject: impl Into<String>, description: impl Into<String>) -> Self {
        let (subject, description) = (subject.into(), description.into());
        let mut refusal = Self::new(Code::FailedPrecondition, reason, format!("{subject}: {description}"));
        refusal.0.metadata.insert("subject".into(), subject.clone());
        refusal.0.details.precondition = Some((subject, description));
        refusal
    }

    /// OUT_OF_RANGE: a cursor leads to where nothing is.
    pub fn out_of_range<K>(reason: impl Why<K>, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::OutOfRange, reason, message)
    }

    /// ABORTED: the caller acted on an outdated copy (AIP-154) and must read again first.
    pub fn stale<K>(reason: impl Why<K>, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::Aborted, reason, message)
    }

    /// ABORTED with RetryInfo: transactions collided. The named transaction runs again; the caller sees it only after the last try.
    pub fn conflict() -> Self {
        let mut refusal =
            Self::new(Code::Aborted, reasons::CONFLICT, "concurrent requests collided; send the same request again");
        refusal.0.details.retry_after = Some(CONFLICT_PAUSE);
        refusal.0.conflict = true;
        refusal
    }

    /// RESOURCE_EXHAUSTED: `subject` used up what it may. `retry_after` is `None` when waiting does not help.
    pub fn exhausted<K>(
        reason: impl Why<K>,
        subject: impl Into<String>,
        retry_after: impl Into<Option<Duration>>,
    ) -> Self {
        let subject = subject.into();
        let mut refusal = Self::new(Code::ResourceExhausted, reason, format!("{subject} has used up its quota"));
        let description = refusal.0.reason.to_owned();
        refusal.0.metadata.insert("subject".into(), subject.clone());
        refusal.0.details.quota = Some((subject, description));
        refusal.0.details.retry_after = retry_after.into();
        refusal
    }

    /// RESOURCE_EXHAUSTED by the server itself: too many requests in flight. RetryInfo only; no quota of the caller's is involved.
    pub fn busy(retry_after: Duration) -> Self {
        let mut refusal = Self::new(Code::ResourceExhausted, reasons::TOO_MANY_REQUESTS, "too many requests in flight");
        refusal.0.details.retry_after = Some(retry_after);
        refusal
    }

    /// UNAVAILABLE: the database does not answer.
    pub fn unavailable(retry_after: Duration) -> Self {
        Self::unavailable_for(reasons::DATABASE_UNAVAILABLE, retry_after)
    }

    /// UNAVAILABLE for another reason: a peer is down, the server is closing.
    pub fn unavailable_for<K>(reason: impl Why<K>, retry_after: Duration) -> Self {
        let mut refusal = Self::new(Code::Unavailable, reason, "temporarily unavailable");
        refusal.0.details.retry_after = Some(retry_after);
        refusal
    }

    /// DEADLINE_EXCEEDED: too little time is left, or none.
    pub fn too_late(message: &'static str) -> Self {
        Self::new(Code::DeadlineExceeded, reasons::DEADLINE_TOO_SHORT, message)
    }

    /// INTERNAL: a fault of ours. The cause goes to the log under the request id and never to the caller.
    pub fn internal(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        let mut refusal = Self::new(Code::Internal, reasons::INTERNAL, "internal error");
        refusal.0.cause = Some(cause.into());
        refusal
    }

    /// Adds metadata. AIP-193 wants every variable of the message here.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.metadata.insert(key.into(), value.into());
        self
    }

    /// Adds a text for the citizen's eyes; `locale` as BCP 47 (`ru-RU`).
    #[must_use]
    pub fn localized(mut self, locale: impl Into<String>, text: impl Into<String>) -> Self {
        self.0.details.localized = Some((locale.into(), text.into()));
        self
    }

    /// The gRPC code.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// UPPER_SNAKE reason.
    pub fn reason(&self) -> &'static str {
        self.0.reason
    }

    /// The field violations of an INVALID_ARGUMENT.
    pub fn violations(&self) -> &[Violation] {
        &self.0.details.violations
    }

    /// The status for a call served by `domain`. INTERNAL keeps only its fixed text; its cause is logged here.
    pub fn into_status(self, domain: &str) -> Status {
        self.into_status_for(domain, None)
    }

    /// As [`Self::into_status`]; INTERNAL names the request, so its log line can be found.
    pub fn into_status_for(self, domain: &str, request_id: Option<&str>) -> Status {
        let Inner { code, domain: own, reason, message, mut metadata, mut details, cause, .. } = *self.0;
        if code == Code::Internal {
            let cause = cause.as_deref().map_or_else(|| "unknown".to_owned(), chain);
            tracing::error!(cause, request_id, "internal error");
            metadata.clear();
            details = Details { request_id: request_id.map(str::to_owned), ..Details::default() };
        } else {
            tracing::debug!(code = ?code, reason, "refused");
        }
        details::status(code, message.into_owned(), own.unwrap_or(domain), reason, metadata, details)
    }
}

/// The cause and its causes on one line.
fn chain(error: &(dyn StdError + Send + Sync + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Refusal");
        out.field("code", &self.0.code).field("reason", &self.0.reason).field("message", &self.0.message);
        if !self.0.details.violations.is_empty() {
            out.field("violations", &self.0.details.violations);
        }
        if let Some(cause) = &self.0.cause {
            out.field("cause", &chain(cause.as_ref()));
        }
        out.finish()
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}: {}", self.0.code, self.0.reason, self.0.message)
    }
}

impl store::Retryable for Refusal {
    fn is_conflict(&self) -> bool {
        self.0.conflict
    }
}

impl From<store::Error> for Refusal {
    /// A constraint that no command expects is a fault of ours: commands match on the names they know before they get here.
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Unavailable(_) => {
                tracing::warn!(%error, "the database is unavailable");
                Self::unavailable(DATABASE_PAUSE)
            }
            store::Error::Conflict(_) => Self::conflict(),
            store::Error::Constraint { .. } | store::Error::Corrupt(_) | store::Error::Other(_) => {
                Self::internal(error)
            }
        }
    }
}

impl StdError for Refusal {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.cause.as_deref().map(|cause| cause as &(dyn StdError + 'static))
    }
}
