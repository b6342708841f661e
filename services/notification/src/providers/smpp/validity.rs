//! `validity_period` in SMPP's relative form `YYMMDDhhmmss000R`: the centre keeps its own clock, so an absolute time would need
//! both to agree. Pure.

use jiff::Timestamp;

/// Days that every centre takes; a longer wait is cut to it.
const MOST_DAYS: i64 = 28;

/// The field's text: empty (the centre's own default) for a message without an end, `None` when the end has passed
/// or is less than a second away, which is the least that the field can tell.
pub(super) fn period(now: Timestamp, expires_at: Option<Timestamp>) -> Option<String> {
    let Some(expires_at) = expires_at else { return Some(String::new()) };
    let seconds = expires_at.duration_since(now).as_secs();
    if seconds <= 0 {
        return None;
    }
    let seconds = seconds.min(MOST_DAYS * 86_400);
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    Some(format!("0000{days:02}{:02}{:02}{:02}000R", rest / 3600, rest % 3600 / 60, rest % 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spelled_as_the_protocol_wants() {
        let now = Timestamp::from_second(1_790_000_000).expect("in range");
        let at = |seconds: i64| Timestamp::from_second(1_790_000_000 + seconds).ok();
        assert_eq!(period(now, None).as_deref(), Some(""));
        assert_eq!(period(now, at(600)).as_deref(), Some("000000001000000R"));
        assert_eq!(period(now, at(2 * 86_400 + 3 * 3600 + 4 * 60 + 5)).as_deref(), Some("000002030405000R"));
        assert_eq!(period(now, at(400 * 86_400)).as_deref(), Some("000028000000000R"));
        assert_eq!(period(now, Timestamp::from_millisecond(1_790_000_000_999).ok()), None);
        assert_eq!(period(now, at(0)), None);
        assert_eq!(period(now, at(-1)), None);
    }
}
