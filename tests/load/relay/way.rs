//! Where the time goes from an appeal to the peer that hears of it.

use std::time::Duration;

use jiff::Timestamp;

use crate::figure::{number, time};
use crate::report::Table;
use crate::waits::Seen;

/// Looked at one by one: so many of the slowest.
const SLOWEST: usize = 10;

/// A run's ways, the slowest last, and what the database's connections did all the time and while the slowest were under way.
#[derive(Debug)]
pub(super) struct Profile {
    ways: Vec<Way>,
    always: Seen,
    then: Seen,
}

/// An appeal's way from its portal to the peer that hears of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way {
    /// When its request came to the service.
    pub asked: Timestamp,
    /// When its portal had the answer: it was committed before.
    pub answered: Timestamp,
    /// When the peer had the call.
    pub arrived: Timestamp,
}

// === impl Way ===

impl Way {
    /// From its request to the peer.
    pub fn whole(&self) -> Duration {
        between(self.asked, self.arrived)
    }

    /// Until it is committed and its portal knows.
    fn filing(&self) -> Duration {
        between(self.asked, self.answered)
    }

    /// From then on; nothing when its call was faster than its answer.
    fn telling(&self) -> Duration {
        between(self.answered, self.arrived)
    }
}

/// The service's clock is Postgres's, which is this machine's: a microsecond of difference is no negative latency.
fn between(from: Timestamp, to: Timestamp) -> Duration {
    to.duration_since(from).try_into().unwrap_or_default()
}

// === impl Profile ===

impl Profile {
    /// Of the ways of a run, and what was seen meanwhile.
    pub fn new(mut ways: Vec<Way>, always: Seen) -> Self {
        ways.sort_unstable_by_key(Way::whole);
        let slowest = &ways[ways.len().saturating_sub(SLOWEST)..];
        let then = always.within(|moment| slowest.iter().any(|way| (way.asked..=way.arrived).contains(&moment)));
        Self { ways, always, then }
    }

    /// In words.
    pub fn told(&self) -> String {
        let slowest = self.slowest();
        let shown = |doing: String| {
            let average = self.then.average(&doing, 0).map_or_else(|| "–".to_owned(), number);
            format!("{doing} {average}")
        };
        let doings = Seen::doings(&[&self.then], 0).into_iter().map(shown).collect::<Vec<_>>().join("; ");
        format!(
            "In a run that was looked at, the {} slowest took {}: {} until the appeal was committed and answered, {} from then on; the \
             database's connections while they were under way: {doings}",
            slowest.len(),
            mean(slowest, Way::whole),
            mean(slowest, Way::filing),
            mean(slowest, Way::telling),
        )
    }

    /// In figures.
    pub fn tables(&self) -> Vec<Table> {
        let slowest = self.slowest();
        let row =
            |what: &str, part: fn(&Way) -> Duration| vec![what.to_owned(), mean(&self.ways, part), mean(slowest, part)];
        let ways = vec![
            row("until the appeal is committed and answered", Way::filing),
            row("from the answer to the peer", Way::telling),
            row("all", Way::whole),
        ];
        let often = |doing: String| {
            let of = |seen: &Seen| seen.average(&doing, 0).map_or_else(|| "–".to_owned(), number);
            let (always, then) = (of(&self.always), of(&self.then));
            vec![doing, always, then]
        };
        let doings = Seen::doings(&[&self.always, &self.then], 0).into_iter().map(often).collect();
        let slowest = format!("of the {} slowest", slowest.len());
        let then = "while one of the slowest was under way";
        vec![
            Table::new(
                "A quiet ticket service, a run that is looked at: where the time goes, means",
                &["", "of all", &slowest],
                ways,
            ),
            Table::new("How many of the database's connections did what then, averages", &["", "always", then], doings),
        ]
    }

    fn slowest(&self) -> &[Way] {
        &self.ways[self.ways.len().saturating_sub(SLOWEST)..]
    }
}

fn mean(ways: &[Way], part: fn(&Way) -> Duration) -> String {
    let sum: Duration = ways.iter().map(part).sum();
    time(sum.div_f64(ways.len().max(1) as f64))
}
