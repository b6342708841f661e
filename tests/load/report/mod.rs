//! What is told: sections of tables, goals and scripts. Measured once, kept as JSON, rendered as Markdown and as a chart.

mod chart;
mod goals;
mod markdown;
mod place;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use self::place::Place;

/// All that is known: the sections that were measured last, each with the day and the commit it was measured at.
#[derive(Debug, Default, Deserialize, Serialize)]
pub struct Report {
    /// The machine, Postgres and its settings.
    pub facts: Vec<(String, String)>,
    /// By the name of the scenario, in the order they are told in.
    pub sections: BTreeMap<String, Section>,
}

/// What one scenario found.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Section {
    /// Its heading.
    pub title: String,
    /// When, at which commit, for how long.
    pub measured: String,
    /// The machine, Postgres and its settings then; nothing of before this was kept.
    #[serde(default)]
    pub facts: Vec<(String, String)>,
    /// How it was measured.
    pub method: Vec<String>,
    /// The figures.
    pub tables: Vec<Table>,
    /// What the baseline ran.
    pub scripts: Vec<Script>,
    /// What `speed.md` asks of it.
    pub goals: Vec<Goal>,
    /// Shares of the baseline, for the chart.
    pub bars: Vec<Bar>,
}

/// Figures.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Table {
    /// What is in it.
    pub caption: String,
    /// Names of the columns.
    pub header: Vec<String>,
    /// As they are printed.
    pub rows: Vec<Vec<String>>,
}

/// A script that was run as printed, long constants excepted.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Script {
    /// What it does.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// A goal and what came of it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Goal {
    /// Its number.
    pub number: u8,
    /// What is wanted.
    pub wanted: String,
    /// What was seen.
    pub seen: String,
    /// Against what is wanted: from 1 on it is met.
    pub ratio: f64,
    /// Where it falls short: where the time goes.
    pub why: String,
}

/// One measure as a share of its baseline.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Bar {
    /// What.
    pub label: String,
    /// 1 is the baseline.
    pub share: f64,
    /// Where the goal is.
    pub goal: Option<f64>,
}

// === impl Table ===

impl Table {
    /// A table.
    pub fn new(caption: &str, header: &[&str], rows: Vec<Vec<String>>) -> Self {
        Self { caption: caption.to_owned(), header: header.iter().map(|it| (*it).to_owned()).collect(), rows }
    }
}

// === impl Goal ===

impl Goal {
    /// More is better.
    pub fn at_least(number: u8, wanted: &str, seen: &str, value: f64, least: f64) -> Self {
        let ratio = value / least;
        Self { number, wanted: wanted.to_owned(), seen: seen.to_owned(), ratio, why: String::new() }
    }

    /// Less is better.
    pub fn at_most(number: u8, wanted: &str, seen: &str, value: f64, most: f64) -> Self {
        let ratio = most / value.max(f64::MIN_POSITIVE);
        Self { number, wanted: wanted.to_owned(), seen: seen.to_owned(), ratio, why: String::new() }
    }

    /// Where the time goes, told only of a goal that is missed.
    #[must_use]
    pub fn because(mut self, why: &str) -> Self {
        if !self.is_met() {
            why.clone_into(&mut self.why);
        }
        self
    }

    /// Whether it is reached.
    pub fn is_met(&self) -> bool {
        self.ratio >= 1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_of_one_is_met_whichever_way_is_better() {
        let more = |value| Goal::at_least(1, "", "", value, 1.2);
        let less = |value| Goal::at_most(3, "", "", value, 10.0);
        assert!(more(1.2).is_met() && more(1.5).is_met() && !more(1.1).is_met());
        assert!(less(10.0).is_met() && less(0.0).is_met() && !less(10.1).is_met());
        assert_eq!((more(2.0).because("x").why, more(1.0).because("x").why), (String::new(), "x".to_owned()));
        assert!((less(20.0).ratio - 0.5).abs() < f64::EPSILON);
    }
}
