//! The table of the README: one row a goal.

use super::{Goal, Report, Table};
use crate::figure::ratio;

/// Every goal that was measured, in order.
pub(super) fn table(report: &Report) -> Table {
    let mut goals: Vec<&Goal> = report.sections.values().flat_map(|section| &section.goals).collect();
    goals.sort_by_key(|goal| goal.number);
    let row = |goal: &&Goal| {
        let met = if goal.is_met() { "met" } else { "**short**" };
        vec![goal.number.to_string(), goal.wanted.clone(), goal.seen.clone(), ratio(goal.ratio), met.to_owned()]
    };
    Table::new("", &["#", "goal", "seen", "ratio", ""], goals.iter().map(row).collect())
}

/// What is missed, and where the time goes.
pub(super) fn short(report: &Report) -> Vec<String> {
    let goals = report.sections.values().flat_map(|section| &section.goals).filter(|goal| !goal.is_met());
    goals.map(|goal| format!("- **{}** {}: {}. {}", goal.number, goal.wanted, goal.seen, goal.why)).collect()
}
