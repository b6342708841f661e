//! A clock that may run fast (`--time-scale`) and never goes back, whatever the scale of the next run.
//!
//! The anchor (a pair of instants that belong together, and the scale since) lies in the data folder. Every process on the
//! folder reads the same anchor, so `--only` processes agree; a run with another scale moves the anchor to its start.

use std::sync::Arc;

use anyhow::{Context, Result};
use clock::{Clock, ScaledClock, SharedClock};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Home;

const FILE: &str = "clock.json";

#[derive(Clone, Copy, Deserialize, Serialize)]
struct Anchor {
    base: Timestamp,
    shown: Timestamp,
    scale: u32,
}

/// The clock of a run.
#[derive(Clone, Debug)]
pub struct RunClock {
    /// What it shows.
    pub clock: SharedClock,
    /// Whether it is the usual one, which is corrected from Postgres. A clock that ran fast once is ahead for good, and nobody's to
    /// correct: its appeals were filed at times that it has shown.
    pub is_usual: bool,
}

/// The clock of this run over `base`. With scale 1 and no fast run before, `base` itself.
///
/// # Errors
/// The anchor's file is damaged or can't be written.
pub fn fast_clock(home: &Home, base: SharedClock, scale: u32) -> Result<RunClock> {
    let kept = home
        .read(FILE)
        .map(|text| serde_json::from_str::<Anchor>(&text).with_context(|| format!("{FILE} is damaged")))
        .transpose()?;
    let anchor = match kept {
        Some(anchor) if anchor.scale == scale => anchor,
        None if scale == 1 => return Ok(RunClock { clock: base, is_usual: true }),
        kept => {
            let now = base.now();
            let shown = kept.map_or(now, |it| clock_at(&base, it).now());
            let anchor = Anchor { base: now, shown, scale };
            home.replace(FILE, &serde_json::to_string(&anchor)?)?;
            anchor
        }
    };
    Ok(RunClock { clock: Arc::new(clock_at(&base, anchor)), is_usual: false })
}

fn clock_at(base: &SharedClock, anchor: Anchor) -> ScaledClock {
    ScaledClock::anchored(Arc::clone(base), (anchor.base, anchor.shown), anchor.scale)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use clock::ManualClock;
    use jiff::{SignedDuration, Timestamp};

    use super::{Home, fast_clock};

    #[test]
    fn a_later_run_never_goes_back() {
        let dir = std::env::temp_dir().join(format!("otklik-clock-{}", std::process::id()));
        let home = Home::open(&dir).unwrap();
        let start: Timestamp = "2026-11-22T09:00:00Z".parse().unwrap();
        let hand = ManualClock::at(start);

        let run = |scale| fast_clock(&home, Arc::new(hand.clone()), scale).unwrap();

        let first = run(1);
        assert_eq!((first.clock.now(), first.is_usual), (start, true));
        let fast = run(60).clock;
        hand.advance(SignedDuration::from_mins(1));
        assert_eq!(fast.now(), start + SignedDuration::from_hours(1));

        // Another process of the same run, then a run at the usual pace.
        assert_eq!(run(60).clock.now(), fast.now());
        let usual = run(1);
        assert!(!usual.is_usual, "corrected by the machine's time it would go back");
        let usual = usual.clock;
        assert_eq!(usual.now(), start + SignedDuration::from_hours(1));
        hand.advance(SignedDuration::from_mins(1));
        assert_eq!(usual.now(), start + SignedDuration::from_mins(61));
        std::fs::remove_dir_all(dir).unwrap();
    }
}
