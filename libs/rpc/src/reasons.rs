//! Reasons that every service can give. Each service's `ErrorReason` enum lists the same names, so a client needs no second
//! vocabulary for what happens before a command runs.

/// The same `request_id` came with other content (AIP-155).
pub const REQUEST_ID_REUSED: &str = "REQUEST_ID_REUSED";
/// `request_id` is absent or no UUID4 (AIP-155).
pub const REQUEST_ID_INVALID: &str = "REQUEST_ID_INVALID";
/// No `authorization: Bearer` header.
pub const TOKEN_MISSING: &str = "TOKEN_MISSING";
/// The token is malformed, expired, signed by nobody we know, or meant for somebody else.
pub const TOKEN_INVALID: &str = "TOKEN_INVALID";
/// The access table gives this RPC to none of the caller's roles (X2).
pub const ROLE_NOT_ALLOWED: &str = "ROLE_NOT_ALLOWED";
/// A staff token that names only one factor (X2).
pub const SECOND_FACTOR_REQUIRED: &str = "SECOND_FACTOR_REQUIRED";
/// The thing belongs to somebody else, or does not exist: the caller may not know which.
pub const NOT_YOURS: &str = "NOT_YOURS";
/// The server has as many requests in flight as it takes.
pub const TOO_MANY_REQUESTS: &str = "TOO_MANY_REQUESTS";
/// The caller's deadline leaves, or left, too little time to answer.
pub const DEADLINE_TOO_SHORT: &str = "DEADLINE_TOO_SHORT";
/// The database does not answer.
pub const DATABASE_UNAVAILABLE: &str = "DATABASE_UNAVAILABLE";
/// Concurrent transactions kept colliding; the same request may be sent again.
pub const CONFLICT: &str = "CONFLICT";
/// The page token was altered, or belongs to another filter or method (AIP-158).
pub const PAGE_TOKEN_INVALID: &str = "PAGE_TOKEN_INVALID";
/// Something is wrong with the request's fields; `BadRequest` lists them, each with its own reason.
pub const REQUEST_INVALID: &str = "REQUEST_INVALID";
/// A field's value is malformed.
pub const FIELD_INVALID: &str = "FIELD_INVALID";
/// A required field is absent (AIP-203).
pub const FIELD_REQUIRED: &str = "FIELD_REQUIRED";
/// The keys that tokens are checked with could not be loaded yet.
pub const KEYS_UNAVAILABLE: &str = "KEYS_UNAVAILABLE";
/// A fault of ours; the `RequestInfo` detail finds it in the log.
pub const INTERNAL: &str = "INTERNAL";

/// All of the above, for the test that compares them with the contracts.
pub const ALL: &[&str] = &[
    REQUEST_ID_REUSED,
    REQUEST_ID_INVALID,
    TOKEN_MISSING,
    TOKEN_INVALID,
    ROLE_NOT_ALLOWED,
    SECOND_FACTOR_REQUIRED,
    NOT_YOURS,
    TOO_MANY_REQUESTS,
    DEADLINE_TOO_SHORT,
    DATABASE_UNAVAILABLE,
    CONFLICT,
    PAGE_TOKEN_INVALID,
    REQUEST_INVALID,
    FIELD_INVALID,
    FIELD_REQUIRED,
    KEYS_UNAVAILABLE,
    INTERNAL,
];
