//! Instants between the wire and the domain.

use jiff::Timestamp;

/// The wire form of an instant.
pub fn to_wire(time: Timestamp) -> prost_types::Timestamp {
    // jiff keeps the sign of the sub-second part equal to that of the seconds; the wire wants it non-negative.
    let total = time.as_nanosecond();
    let seconds = total.div_euclid(1_000_000_000);
    let nanos = total.rem_euclid(1_000_000_000);
    prost_types::Timestamp {
        seconds: i64::try_from(seconds).expect("a Timestamp's seconds fit in 64 bits"),
        nanos: i32::try_from(nanos).expect("below 1e9"),
    }
}

/// 0001-01-01T00:00:00Z, before which `google.protobuf.Timestamp` has no values, and Postgres soon none either.
const FIRST_SECOND: i64 = -62_135_596_800;

/// The instant that a wire value names; `None` outside years 1 to 9999 or with nanos out of range.
pub fn from_wire(time: &prost_types::Timestamp) -> Option<Timestamp> {
    if time.seconds < FIRST_SECOND || !(0..1_000_000_000).contains(&time.nanos) {
        return None;
    }
    let total = i128::from(time.seconds) * 1_000_000_000 + i128::from(time.nanos);
    Timestamp::from_nanosecond(total).ok()
}

#[cfg(test)]
mod tests {
    use super::{from_wire, to_wire};

    #[test]
    fn instants_before_1970_keep_nanos_non_negative() {
        let time: jiff::Timestamp = "1969-12-31T23:59:59.25Z".parse().unwrap();
        let wire = to_wire(time);
        assert_eq!((wire.seconds, wire.nanos), (-1, 250_000_000));
        assert_eq!(from_wire(&wire), Some(time));
    }

    #[test]
    fn what_is_out_of_range_is_refused() {
        let first = prost_types::Timestamp { seconds: -62_135_596_800, nanos: 0 };
        assert_eq!(from_wire(&first), Some("0001-01-01T00:00:00Z".parse().unwrap()));
        assert_eq!(from_wire(&prost_types::Timestamp { seconds: first.seconds - 1, nanos: 0 }), None);
        assert_eq!(from_wire(&prost_types::Timestamp { seconds: 0, nanos: 1_000_000_000 }), None);
        assert_eq!(from_wire(&prost_types::Timestamp { seconds: i64::MAX, nanos: 0 }), None);
    }
}
