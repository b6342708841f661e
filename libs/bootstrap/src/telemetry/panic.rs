//! Panics as log lines.
//!
//! A panic's text often quotes what it choked on ("byte index 3 is not a char boundary; it is inside 'ж' of `…`"), which here
//! may be a citizen's words. So only texts that were written in the source are shown; of a formatted one, the place.

use std::{backtrace::Backtrace, backtrace::BacktraceStatus, panic};

/// Replaces the process's panic hook.
pub(super) fn hook() {
    panic::set_hook(Box::new(|info| {
        let text =
            info.payload().downcast_ref::<&'static str>().copied().unwrap_or("(text withheld: it may quote data)");
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        let thread = std::thread::current();
        // Captured only when RUST_BACKTRACE asks for it: function names and lines, no values.
        let backtrace = Backtrace::capture();
        let backtrace = (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string());
        tracing::error!(place, thread = thread.name(), backtrace, "panic: {text}");
    }));
}
