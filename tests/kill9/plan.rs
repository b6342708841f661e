//! Who is killed when: all of it from the seed.

use std::fmt;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Fewer filings than this between two kills, and the second may find everything sent.
pub const FILINGS_PER_KILL: usize = 100;

/// Who is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Victim {
    /// The all-in-one; the kernel then stops Postgres at once, without a checkpoint.
    Process,
    /// The postmaster; the all-in-one lives on and starts it again.
    Postgres,
    /// The postmaster and the all-in-one, in this order, without a pause.
    Both,
}

/// One kill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kill {
    /// Who.
    pub victim: Victim,
    /// Not before so many appeals are acknowledged,
    pub acknowledged: usize,
    /// and the SMS centre has then seen so many more `submit_sm`: at that very moment their outcome is not recorded yet.
    pub submits: usize,
    /// Forms up to this one are handed out before the kill, however long it is waited for; the rest after it.
    pub forms: usize,
    /// The new process is killed too, so long into its start.
    pub again_after: Option<Duration>,
}

/// Two kills a round: the filings are cut into equal slices, one a kill, at a random place of its first half.
pub fn kills(seed: u64, filings: usize, rounds: usize) -> Vec<Kill> {
    let mut random = StdRng::seed_from_u64(seed);
    let slice = filings / (rounds * 2).max(1);
    let mut kills = Vec::new();
    for _ in 0..rounds {
        let process = if random.random_ratio(1, 3) { Victim::Both } else { Victim::Process };
        let pair = if random.random() { [process, Victim::Postgres] } else { [Victim::Postgres, process] };
        for victim in pair {
            let acknowledged = kills.len() * slice + random.random_range(1..=slice / 2);
            let submits = if random.random() { random.random_range(1..=8) } else { 0 };
            let twice = victim != Victim::Postgres && random.random_ratio(1, 4);
            let again_after = twice.then(|| Duration::from_millis(random.random_range(0..1500)));
            let forms = (kills.len() + 1) * slice;
            kills.push(Kill { victim, acknowledged, submits, forms, again_after });
        }
    }
    kills
}

impl fmt::Display for Kill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let victim = match self.victim {
            Victim::Process => "the process",
            Victim::Postgres => "Postgres",
            Victim::Both => "Postgres and the process",
        };
        write!(f, "{victim} after {} acknowledged", self.acknowledged)?;
        if self.submits > 0 {
            write!(f, " and {} submits more", self.submits)?;
        }
        if let Some(again) = self.again_after {
            write!(f, ", the new process after {} ms", again.as_millis())?;
        }
        Ok(())
    }
}
