//! Which policies can ever be chosen. An appeal falls to the first policy that matches it, so one whose appeals all fall to earlier ones is dead,
//! be it one that takes them all or several together.
//!
//! What a policy matches is a box: in each dimension a set of values. Values that nobody names are alike and stand as one, and so does what nobody
//! told of an appeal. From each box those of the policies before it are cut; where nothing is left, it can't be chosen:
//!
//! ```text
//!  earlier:  high × {chat, email}    high × {every other channel}        later:  high × every channel
//!            └──────────────────── together all of it ────────────────────────────┘
//! ```

use std::collections::{BTreeMap, BTreeSet};

use crate::Match;
use crate::matching::DIMENSIONS;

/// Pieces that are cut at before a box is taken for one that something is left of: only a set made for it needs more.
const MOST_PIECES: usize = 20_000;

type Values = BTreeSet<usize>;

/// Sets of values, one for each dimension.
type Piece = [Values; DIMENSIONS];

/// The boxes of policies in the order of trial.
pub(crate) struct Boxes(Vec<Piece>);

// === impl Boxes ===

impl Boxes {
    pub(crate) fn of<'a>(matches: impl Iterator<Item = &'a Match>) -> Self {
        let (named, closed): (Vec<_>, _) = (matches.map(Match::named).collect(), Match::closed());
        let known: [BTreeMap<&str, usize>; DIMENSIONS] = std::array::from_fn(|at| {
            let given = named.iter().flat_map(|it| it[at].iter().flatten().copied());
            let all: BTreeSet<&str> = closed[at].iter().flatten().copied().chain(given).collect();
            all.into_iter().zip(0..).collect()
        });
        // A closed list has nothing that nobody names.
        let whole = |at: usize| (0..known[at].len() + usize::from(closed[at].is_none())).collect::<Values>();
        let of = |set: &Option<BTreeSet<&str>>, at: usize| match set {
            None => whole(at),
            Some(names) => names.iter().map(|name| known[at][name]).collect(),
        };
        Self(named.iter().map(|it| std::array::from_fn(|at| of(&it[at], at))).collect())
    }

    /// Those of `earlier` that leave nothing of `later`; empty where something is left. One that takes all of it is named alone.
    pub(crate) fn taken_by(&self, later: usize, earlier: &[usize]) -> Vec<usize> {
        let all = &self.0[later];
        let takes_all = |it: &&usize| all.iter().zip(&self.0[**it]).all(|(narrow, wide)| narrow.is_subset(wide));
        if let Some(alone) = earlier.iter().find(takes_all) {
            return vec![*alone];
        }
        let (mut left, mut takers, mut worked) = (vec![all.clone()], Vec::new(), 0);
        for &it in earlier {
            let mut touched = false;
            left = left.into_iter().flat_map(|piece| cut(piece, &self.0[it], &mut touched)).collect();
            if touched {
                takers.push(it);
            }
            if left.is_empty() {
                return takers;
            }
            worked += left.len();
            if worked > MOST_PIECES {
                break;
            }
        }
        Vec::new()
    }
}

/// What is left of a piece without a box.
fn cut(mut piece: Piece, away: &Piece, touched: &mut bool) -> Vec<Piece> {
    if piece.iter().zip(away).any(|(one, other)| one.is_disjoint(other)) {
        return vec![piece];
    }
    *touched = true;
    let mut left = Vec::new();
    for at in 0..DIMENSIONS {
        let rest: Values = piece[at].difference(&away[at]).copied().collect();
        piece[at].retain(|value| away[at].contains(value));
        if !rest.is_empty() {
            let mut outside = piece.clone();
            outside[at] = rest;
            left.push(outside);
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Channel, Features, Kind, Priority};

    fn of(pairs: &[(&str, &[&str])]) -> Match {
        let text = pairs.iter().map(|(dimension, values)| format!("{dimension} = {values:?}\n")).collect::<String>();
        toml::from_str(&text).unwrap()
    }

    fn taken_by(matches: &[Match]) -> Vec<usize> {
        let last = matches.len() - 1;
        Boxes::of(matches.iter()).taken_by(last, &(0..last).collect::<Vec<_>>())
    }

    #[test]
    fn several_together_can_take_all_of_one() {
        let high = of(&[("priority", &["high"])]);
        let halves: Vec<_> = ["technical", "documentary", "reference"]
            .map(|kind| of(&[("kind", &[kind]), ("priority", &["high", "low"])]))
            .into();
        assert_eq!(taken_by(&[halves.clone(), vec![high.clone()]].concat()), [0, 1, 2]);
        assert_eq!(taken_by(&[halves[..2].to_vec(), vec![high.clone()]].concat()), [0; 0], "reference is left");
        let wide = of(&[("priority", &["high", "normal"])]);
        assert_eq!(
            taken_by(&[halves.clone(), vec![wide, high.clone()]].concat()),
            [3],
            "one that takes all is named alone"
        );
        // Categories, regions and groups are open lists: what nobody names is always left.
        let regions = ["RU-SA", "RU-MOW"].map(|region| of(&[("region", &[region])]));
        assert_eq!(taken_by(&[regions.to_vec(), vec![high]].concat()), [0; 0]);
    }

    fn some_of(values: &'static [&'static str]) -> impl Strategy<Value = Vec<&'static str>> {
        prop_oneof![Just(Vec::new()), prop::sample::subsequence(values, 1..=values.len())]
    }

    fn matches() -> impl Strategy<Value = Match> {
        let kinds = some_of(&["technical", "documentary", "reference"]);
        let priorities = some_of(&["emergency", "critical", "high", "normal", "low"]);
        (some_of(&["a", "b"]), kinds, priorities, some_of(&["RU-SA", "RU-MOW"])).prop_map(
            |(category, kind, priority, region)| {
                let pairs = [("category", category), ("kind", kind), ("priority", priority), ("region", region)];
                let named: Vec<_> = pairs.iter().filter(|it| !it.1.is_empty()).map(|it| (it.0, &it.1[..])).collect();
                of(&named)
            },
        )
    }

    /// Every appeal that differs from another one for these policies.
    fn falls_to(matches: &[Match], wanted: usize) -> bool {
        let mut all = Vec::new();
        for category in ["a", "b", "c"] {
            for &kind in Kind::ALL {
                for &priority in Priority::ALL {
                    for region in [Some("RU-SA"), Some("RU-MOW"), Some("RU-PRI"), None] {
                        let channel = Channel::Chat;
                        all.push(Features { category, kind, priority, channel, region, applicant_group: None });
                    }
                }
            }
        }
        all.iter().any(|appeal| matches.iter().position(|it| it.holds(appeal)) == Some(wanted))
    }

    proptest! {
        #[test]
        fn it_is_chosen_for_some_appeal_or_is_taken_by_those_before_it(all in prop::collection::vec(matches(), 2..7)) {
            let last = all.len() - 1;
            let taken = taken_by(&all);
            prop_assert_eq!(taken.is_empty(), falls_to(&all, last), "{:?}", taken);
            // Those that are named do it without the others.
            let named: Vec<_> = taken.iter().map(|at| all[*at].clone()).chain([all[last].clone()]).collect();
            prop_assert!(taken.is_empty() || !falls_to(&named, named.len() - 1));
        }
    }
}
