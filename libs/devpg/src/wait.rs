use std::time::{Duration, Instant};

/// Looks every 5 ms until `look` answers, for at most `limit`; `None` when it never did.
///
/// What is waited for here is another process's doing (a file it writes, its end), which reports no event portably.
/// Blocks the thread: never called from an async function of this crate.
#[allow(clippy::disallowed_methods)] // see above; every caller is a plain thread with a time limit
pub fn until<T>(limit: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + limit;
    loop {
        if let Some(answer) = look() {
            return Some(answer);
        }
        if Instant::now() >= end {
            return None;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
