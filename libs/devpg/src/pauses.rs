//! Pauses between the lives of a Postgres that ends again and again.

use std::time::Duration;

/// A life so long was a good one: what ended it is none of what ended the ones before.
const GOOD_LIFE: Duration = Duration::from_secs(10);
const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(5);

/// None after a good life or the first bad one, since a killed server should be back at once; then doubling.
#[derive(Debug, Default)]
pub(crate) struct Pauses(Duration);

impl Pauses {
    /// The pause after a life of that length.
    pub(crate) fn after(&mut self, life: Duration) -> Duration {
        let pause = if life < GOOD_LIFE { self.0 } else { Duration::ZERO };
        self.0 = (pause * 2).clamp(FIRST, LONGEST);
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_end_with_a_good_life() {
        let mut pauses = Pauses::default();
        let mut after = |seconds| pauses.after(Duration::from_secs(seconds)).as_millis();
        let bad: Vec<_> = (0..9).map(|_| after(1)).collect();
        assert_eq!(bad, [0, 100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
        assert_eq!([after(10), after(0), after(0)], [0, 100, 200]);
    }
}
