//! What may be logged at all, whatever the filter says.
//!
//! At `debug` and `trace` several crates write the content of what passes through them: rusmppc and h2 whole frames, hyper
//! headers, lettre the recipients. That content is personal data, so below `info` only our own crates are heard: an
//! allow-list, since a list of the talkative would be wrong after the next update.

use store::TRACE_ONLY;
use tracing::{Level, Metadata};

/// Our own crates, as they appear in module paths.
const OURS: [&str; 16] = [
    "all_in_one",
    "bootstrap",
    "clock",
    "deadline",
    "devpg",
    "identity_verification",
    "notification",
    "otklik",
    "outbox",
    "proto",
    "rpc",
    "sealed",
    "sla_monitor",
    "store",
    "testkit",
    "ticket",
];

/// Not heard at all: its error lines print whole decoding errors, and its caller gets the same errors as values.
const SILENT: [&str; 2] = ["rusmpp", "rusmppc"];

/// Whether a line or span may be logged: under the cap, and not for traces alone.
pub(super) fn allows(metadata: &Metadata<'_>) -> bool {
    metadata.target() != TRACE_ONLY && is_under(metadata)
}

/// Whether a line or span may be recorded. The module path decides, as a target can be any text.
fn is_under(metadata: &Metadata<'_>) -> bool {
    let path = metadata.module_path().unwrap_or_else(|| metadata.target());
    let name = path.split("::").next().unwrap_or(path);
    if SILENT.contains(&name) {
        return false;
    }
    // `Level` orders by verbosity: ERROR < WARN < INFO < DEBUG < TRACE.
    *metadata.level() <= Level::INFO || OURS.contains(&name)
}

/// Whether a span, or a line inside one, may go into traces: `info` and above under the cap, whatever is logged.
pub(super) fn traces(metadata: &Metadata<'_>) -> bool {
    *metadata.level() <= Level::INFO && is_under(metadata)
}
