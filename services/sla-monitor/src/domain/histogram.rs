//! Spans of time in buckets, and percentiles from them.
//!
//! Bucket 0 holds what is shorter than a second; bucket n from 1 on `[2^((n-1)/4), 2^(n/4))` seconds, so four double the time; the last begins at
//! 2^26 s, two years, and has no end. A percentile is the geometric middle of the whole seconds of its bucket, so it is off by a factor of
//! 2^(1/8) at most, 9.1 %, and by what is rounded to whole seconds. A mean is exact but for the parts of seconds. The bounds are those of stored
//! figures: they never change.

use std::collections::BTreeMap;

/// The number of the last bucket.
pub const LAST: u8 = 105;

/// The least whole second of each bucket. Where two are the same, the first holds nothing.
const LOWEST: [i64; LAST as usize + 1] = lowest();

const fn lowest() -> [i64; LAST as usize + 1] {
    // 2^0, 2^(1/4), 2^(2/4), 2^(3/4), in parts of a thousand million.
    const ROOTS: [u128; 4] = [1_000_000_000, 1_189_207_115, 1_414_213_562, 1_681_792_831];
    let mut lowest = [0; LAST as usize + 1];
    let mut bucket = 1;
    while bucket < lowest.len() {
        let (doubled, root) = ((bucket - 1) / 4, ROOTS[(bucket - 1) % 4]);
        lowest[bucket] = ((root << doubled).div_ceil(1_000_000_000)) as i64;
        bucket += 1;
    }
    lowest
}

/// The bucket of a span.
pub fn bucket_of(seconds: i64) -> u8 {
    let above = LOWEST.partition_point(|lowest| *lowest <= seconds);
    u8::try_from(above.saturating_sub(1)).unwrap_or(LAST)
}

/// What stands for the spans of a bucket, in seconds.
fn middle(bucket: u8) -> i64 {
    let at = usize::from(bucket.min(LAST));
    let lowest = LOWEST[at];
    let highest = LOWEST.get(at + 1).map_or(lowest, |next| (next - 1).max(lowest));
    // Both are below 2^26.1, so the product is exact in a double, and the root lies between the two.
    ((lowest * highest) as f64).sqrt().round() as i64
}

/// How many spans there are of each length.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    counts: BTreeMap<u8, i64>,
    seconds: i64,
}

// === impl Histogram ===

impl Histogram {
    /// Adds spans of one bucket, `seconds` long in all; a count below zero takes away.
    pub fn add(&mut self, bucket: u8, count: i64, seconds: i64) {
        *self.counts.entry(bucket.min(LAST)).or_default() += count;
        self.seconds += seconds;
    }

    /// The spans of both.
    #[must_use]
    pub fn with(mut self, other: &Self) -> Self {
        for (bucket, count) in &other.counts {
            self.add(*bucket, *count, 0);
        }
        self.seconds += other.seconds;
        self
    }

    /// How many there are. What was taken away before it was added counts as none.
    pub fn count(&self) -> i64 {
        self.counts.values().sum::<i64>().max(0)
    }

    /// How long they are on the average, in seconds.
    pub fn mean(&self) -> Option<f64> {
        let count = self.count();
        (count > 0).then(|| self.seconds.max(0) as f64 / count as f64)
    }

    /// The shortest span that at least `percent` of 100 are not longer than (the nearest rank), in seconds, as exactly as buckets tell.
    pub fn percentile(&self, percent: u8) -> Option<i64> {
        let count = self.count();
        let rank = ((i128::from(count) * i128::from(percent.min(100)) + 99) / 100).max(1);
        let mut below = 0;
        for (bucket, in_bucket) in &self.counts {
            below += i128::from(*in_bucket);
            if below >= rank {
                return Some(middle(*bucket));
            }
        }
        None
    }
}
