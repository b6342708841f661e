//! When rungs fired: none before its time or so late that the monitor labels it, and some during each roll.

use all_in_one::Part;
use jiff::{SignedDuration, Timestamp};
use proto::from_wire;
use proto::sla::v1::{Deadline, rung};

/// The rungs that fired.
#[derive(Debug, Default)]
pub struct Firings {
    times: Vec<Timestamp>,
    latest: SignedDuration,
    pub faults: Vec<String>,
}

// === impl Firings ===

impl Firings {
    /// Reads them off the deadlines.
    pub fn of(due: &[Deadline]) -> Self {
        let mut firings = Self::default();
        for deadline in due {
            let rungs = deadline.clocks.iter().flat_map(|clock| &clock.rungs);
            for rung in rungs.filter(|it| it.state() != rung::State::Armed) {
                let times = (rung.fire_time.as_ref().and_then(from_wire), rung.act_time.as_ref().and_then(from_wire));
                let (Some(planned), Some(acted)) = times else {
                    firings.faults.push(format!("{}: level {} has no times", deadline.name, rung.level));
                    continue;
                };
                let late = acted.duration_since(planned);
                if late.is_negative() || rung.lateness.is_some() {
                    let text = format!("{}: level {} fired {late:#} after its time", deadline.name, rung.level);
                    firings.faults.push(text);
                }
                firings.times.push(acted);
                firings.latest = firings.latest.max(late);
            }
        }
        firings
    }

    /// How many fired while each service was rolled, as the spans say; if none, nothing was tried.
    pub fn during(&self, rolls: &[(Part, [Timestamp; 2])]) -> Vec<String> {
        let within = |[from, to]: [Timestamp; 2]| self.times.iter().filter(|it| (from..=to).contains(*it)).count();
        let counts: Vec<_> = rolls.iter().map(|(part, roll)| (part, within(*roll))).collect();
        let of_each: Vec<String> =
            counts.iter().map(|(part, count)| format!("{count} in the roll of {part}")).collect();
        let (all, latest) = (self.times.len(), self.latest.as_secs_f64());
        println!("rollout: {all} rungs fired, {}; the latest {latest:.1} s after its time", of_each.join(", "));
        let without = counts.iter().filter(|(_, count)| *count == 0);
        without.map(|(part, _)| format!("no rung fired while {part} was rolled")).collect()
    }
}
