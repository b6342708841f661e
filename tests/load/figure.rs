//! Figures as people read them.

use std::time::Duration;

/// `8,432`, `84.3`, `0.84`: three digits tell enough.
pub fn number(value: f64) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    match value.abs() {
        it if it >= 100.0 => grouped(value.round() as i64),
        it if it >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// `1,234,567`.
pub fn grouped(value: i64) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if value < 0 { format!("-{text}") } else { text }
}

/// `95 µs`, `1.20 ms`, `34.5 ms`, `1.70 s`.
pub fn time(value: Duration) -> String {
    let micros = value.as_secs_f64() * 1e6;
    match micros {
        it if it < 1_000.0 => format!("{it:.0} µs"),
        it if it < 1e6 => format!("{} ms", number(it / 1e3)),
        it => format!("{} s", number(it / 1e6)),
    }
}

/// `1.25`, as a ratio.
pub fn ratio(value: f64) -> String {
    if value.is_finite() { format!("{value:.2}") } else { "–".to_owned() }
}

/// `12.3 MiB`.
pub fn bytes(value: u64) -> String {
    match value as f64 {
        it if it < 1024.0 => format!("{value} B"),
        it if it < 1024.0 * 1024.0 => format!("{} KiB", number(it / 1024.0)),
        it => format!("{} MiB", number(it / 1024.0 / 1024.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_three_digits_and_a_unit() {
        assert_eq!([number(8431.6), number(84.31), number(0.8431)], ["8,432", "84.3", "0.84"]);
        assert_eq!([grouped(1_234_567), grouped(999), grouped(-1_000)], ["1,234,567", "999", "-1,000"]);
        let micros = |it| time(Duration::from_micros(it));
        assert_eq!(
            [micros(95), micros(1_204), micros(34_500), micros(1_700_000)],
            ["95 µs", "1.20 ms", "34.5 ms", "1.70 s"]
        );
        assert_eq!([bytes(300), bytes(4_096), bytes(52_428_800)], ["300 B", "4.00 KiB", "50.0 MiB"]);
        assert_eq!(number(f64::NAN), "–");
    }
}
