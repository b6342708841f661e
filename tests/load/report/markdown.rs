//! The report as Markdown.

use std::fmt::Write as _;

use super::{Report, Section, Table, goals};

/// All of it. `chart` is the file beside it.
pub(super) fn report(report: &Report, chart: &str) -> String {
    let mut text = String::from(
        "# Load report\n\nWritten by `cargo run --release -p tests --bin load-report`; not by hand. Service, Postgres and load share \
         the machine's cores, Postgres is durable. Trust the ratios of one run, never figures of two machines or days. Ours and the \
         baseline run by turns; what is told are medians. What stands without a baseline is one run, unless it says otherwise.\n\n",
    );
    table(&mut text, &goals::table(report));
    let _ = writeln!(
        text,
        "\n*ratio*: what was seen against what is wanted; from 1 on a goal is met.\n\n![chart]({chart})\n"
    );
    let short = goals::short(report);
    if !short.is_empty() {
        let _ = writeln!(text, "Where it falls short, and where the time goes there:\n\n{}\n", short.join("\n"));
    }
    text.push_str("## The machine\n\nAs it was for the section that was measured last; what was different for another one is told there.\n\n");
    let facts = report.facts.iter().map(|(name, value)| vec![name.clone(), value.clone()]).collect();
    table(&mut text, &Table::new("", &["", ""], facts));
    for it in report.sections.values() {
        section(&mut text, it, &report.facts);
    }
    text
}

/// The table for the README.
pub(super) fn readme(report: &Report) -> String {
    let mut text = String::new();
    table(&mut text, &goals::table(report));
    text
}

fn section(text: &mut String, it: &Section, last: &[(String, String)]) {
    let _ = writeln!(text, "\n## {}\n\n{}", it.title, it.measured);
    let others = it.facts.iter().filter(|fact| !last.contains(fact));
    let others: Vec<String> = others.map(|(name, value)| format!("{name}: {value}")).collect();
    if !others.is_empty() {
        let _ = writeln!(text, "\nDifferent then: {}.", others.join("; "));
    }
    for paragraph in &it.method {
        let _ = writeln!(text, "\n{paragraph}");
    }
    for it in &it.tables {
        text.push('\n');
        if !it.caption.is_empty() {
            let _ = writeln!(text, "{}:\n", it.caption);
        }
        table(text, it);
    }
    for script in &it.scripts {
        let _ = writeln!(
            text,
            "\n<details><summary>{}</summary>\n\n```sql\n{}\n```\n</details>",
            script.name,
            script.text.trim()
        );
    }
}

fn table(text: &mut String, it: &Table) {
    let mut line = |cells: &[String]| {
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    };
    line(&it.header);
    line(&it.header.iter().map(|_| "---".to_owned()).collect::<Vec<_>>());
    it.rows.iter().for_each(|row| line(row));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Goal, Script};

    #[test]
    fn goals_come_first_and_what_is_missed_is_explained() {
        let mut all = Report { facts: vec![("fsync".into(), "on".into())], ..Report::default() };
        let goals = vec![
            Goal::at_least(2, "half", "0.4 times", 0.4, 0.5).because("The disk."),
            Goal::at_most(1, "10 ms", "5 ms", 5.0, 10.0),
        ];
        let scripts = vec![Script { name: "bare".into(), text: "SELECT 1;".into() }];
        let facts = vec![("fsync".into(), "on".into()), ("load".into(), "1".into())];
        let section = Section { title: "Filing".into(), goals, scripts, facts, ..Section::default() };
        all.sections.insert("filing".into(), section);
        let text = report(&all, "report.svg");
        let rows = "| # | goal | seen | ratio |  |\n| --- | --- | --- | --- | --- |\n| 1 | 10 ms | 5 ms | 2.00 | met |\n\
            | 2 | half | 0.4 times | 0.80 | **short** |\n";
        assert!(text.contains(rows) && readme(&all) == rows, "{text}");
        assert!(text.contains("- **2** half: 0.4 times. The disk.") && text.contains("| fsync | on |"), "{text}");
        assert!(text.contains("Different then: load: 1."), "{text}");
        assert!(text.contains("## Filing") && text.contains("```sql\nSELECT 1;\n```"), "{text}");
    }
}
