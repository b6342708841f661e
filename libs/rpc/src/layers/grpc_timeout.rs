//! The `grpc-timeout` header: up to eight digits and a unit.

use std::time::Duration;

use http::{HeaderMap, HeaderValue};

pub(crate) const HEADER: &str = "grpc-timeout";

/// The timeout a call brought. A malformed one counts as absent, as grpc's own servers have it.
pub(crate) fn parse(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(HEADER)?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let amount: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(amount * 3600)),
        "M" => Some(Duration::from_secs(amount * 60)),
        "S" => Some(Duration::from_secs(amount)),
        "m" => Some(Duration::from_millis(amount)),
        "u" => Some(Duration::from_micros(amount)),
        "n" => Some(Duration::from_nanos(amount)),
        _ => None,
    }
}

/// The header of a timeout, in the finest unit of micro-, milliseconds and seconds that fits eight digits.
pub(crate) fn format(timeout: Duration) -> HeaderValue {
    const LARGEST: u128 = 99_999_999;
    let text = match (timeout.as_micros(), timeout.as_millis(), timeout.as_secs()) {
        (micros, _, _) if micros <= LARGEST => format!("{micros}u"),
        (_, millis, _) if millis <= LARGEST => format!("{millis}m"),
        (_, _, seconds) => format!("{}S", u128::from(seconds).min(LARGEST)),
    };
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("0u"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Option<Duration> {
        parse(&HeaderMap::from_iter([(http::HeaderName::from_static(HEADER), HeaderValue::from_str(text).unwrap())]))
    }

    #[test]
    fn reads_what_it_writes_and_refuses_the_rest() {
        for timeout in [Duration::from_micros(1), Duration::from_millis(1500), Duration::from_secs(7200)] {
            assert_eq!(parsed(format(timeout).to_str().unwrap()), Some(timeout));
        }
        assert_eq!(parsed("2H"), Some(Duration::from_secs(7200)));
        for bad in ["", "S", "123456789S", "-1S", "1x", "1.5S", "\u{7f}"] {
            let value = HeaderValue::from_bytes(bad.as_bytes()).ok();
            assert!(value.is_none_or(|v| parsed(v.to_str().unwrap_or("x")).is_none()), "{bad}");
        }
    }
}
