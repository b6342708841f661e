//! When to try again: data by lane (N-02).

use jiff::SignedDuration;

/// Attempts after which nobody knows whether the message arrived. One repeat is right, since a citizen not told is worse than one told
/// twice; a centre that takes everything and answers too late would have it repeated all day.
pub(crate) const DOUBTS_MOST: i32 = 2;

/// The pauses of one lane.
#[derive(Clone, Debug)]
pub(crate) struct Retries(Vec<SignedDuration>);

// === impl Retries ===

impl Retries {
    /// Not empty; the last one is repeated until the message expires.
    pub(crate) fn new(pauses: Vec<SignedDuration>) -> Self {
        Self(pauses)
    }

    /// The pause after the attempt of that number (from 1), stretched by up to a fifth by `jitter` (0 to 1) so that what failed
    /// together does not come back together, and not shorter than what the provider asked for.
    pub(crate) fn after(&self, attempt: u32, asked: Option<SignedDuration>, jitter: f64) -> SignedDuration {
        let index = usize::try_from(attempt.saturating_sub(1)).unwrap_or(usize::MAX);
        let pause = self.0.get(index).or(self.0.last()).copied().unwrap_or(SignedDuration::from_mins(1));
        let stretched = pause.mul_f64(1.0 + 0.2 * jitter.clamp(0.0, 1.0));
        asked.map_or(stretched, |asked| asked.max(stretched))
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::Retries;

    #[test]
    fn the_last_pause_is_repeated_and_the_provider_may_ask_for_more() {
        let retries = Retries::new([1, 5].map(SignedDuration::from_secs).to_vec());
        let pauses: Vec<_> = (1..=4).map(|attempt| retries.after(attempt, None, 0.0).as_secs()).collect();
        assert_eq!(pauses, [1, 5, 5, 5]);
        assert_eq!(retries.after(2, None, 1.0), SignedDuration::from_secs(6));
        assert_eq!(retries.after(1, Some(SignedDuration::from_secs(30)), 0.5), SignedDuration::from_secs(30));
        assert_eq!(retries.after(2, Some(SignedDuration::from_secs(1)), 0.0), SignedDuration::from_secs(5));
    }
}
