//! Numbers from runs.

use std::time::Duration;

/// The latencies of one run, shortest first.
#[derive(Clone, Debug, Default)]
pub struct Latencies(Vec<Duration>);

// === impl Latencies ===

impl Latencies {
    /// Sorts them.
    pub fn new(mut all: Vec<Duration>) -> Self {
        all.sort_unstable();
        Self(all)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The smallest latency that `percent` of them do not exceed (nearest rank); zero when there are none.
    pub fn percentile(&self, percent: f64) -> Duration {
        let rank = (percent / 100.0 * self.0.len() as f64).ceil() as usize;
        self.0.get(rank.clamp(1, self.0.len().max(1)) - 1).copied().unwrap_or_default()
    }

    /// The longest.
    pub fn max(&self) -> Duration {
        self.0.last().copied().unwrap_or_default()
    }
}

/// The one in the middle; of an even number the mean of the two there.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_unstable_by(f64::total_cmp);
    match (values.len(), values.len() / 2) {
        (0, _) => f64::NAN,
        (length, middle) if length % 2 == 1 => values[middle],
        (_, middle) => f64::midpoint(values[middle - 1], values[middle]),
    }
}

/// The median of durations.
pub fn median_time(values: impl IntoIterator<Item = Duration>) -> Duration {
    let seconds = median(values.into_iter().map(|it| it.as_secs_f64()));
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(all: impl IntoIterator<Item = u64>) -> Latencies {
        Latencies::new(all.into_iter().map(Duration::from_millis).collect())
    }

    #[test]
    fn a_percentile_is_a_latency_that_was_seen() {
        let hundred = millis((1..=100).rev());
        let of = |percent| hundred.percentile(percent).as_millis();
        assert_eq!([of(50.0), of(99.0), of(99.1), of(100.0), of(0.0)], [50, 99, 100, 100, 1]);
        assert_eq!(hundred.max(), Duration::from_millis(100));
        assert_eq!(millis([7]).percentile(99.0), Duration::from_millis(7));
        assert_eq!(millis([]).percentile(99.0), Duration::ZERO);
    }

    #[test]
    fn the_median_is_not_moved_by_one_bad_run() {
        assert!((median([3.0, 1000.0, 1.0, 2.0, 4.0]) - 3.0).abs() < f64::EPSILON);
        assert!((median([4.0, 2.0]) - 3.0).abs() < f64::EPSILON);
        assert!(median([]).is_nan());
        assert_eq!(median_time([1, 9, 2].map(Duration::from_secs)), Duration::from_secs(2));
    }
}
