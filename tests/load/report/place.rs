//! Where the report lies, and the README's part of it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::ValueEnum as _;

use super::{Report, Section, chart, markdown};
use crate::arguments::Scenario;

/// The README's table stands between these lines.
const BEGIN: &str = "<!-- load-report: begin -->";
const END: &str = "<!-- load-report: end -->";

/// The files of one report.
#[derive(Debug)]
pub struct Place {
    results: PathBuf,
    markdown: PathBuf,
    chart: PathBuf,
    readme: Option<PathBuf>,
}

// === impl Place ===

impl Place {
    /// The report of the repository: `tests/load/report.md` and `.svg`, and the README's table.
    pub fn kept(root: &Path) -> Self {
        let folder = root.join("tests/load");
        Self {
            results: root.join("target/load/results.json"),
            markdown: folder.join("report.md"),
            chart: folder.join("report.svg"),
            readme: Some(root.join("README.md")),
        }
    }

    /// One to look at the method by, out of everybody's way.
    pub fn quick(root: &Path) -> Self {
        let file = |name: &str| root.join("target/load/quick").join(name);
        Self { results: file("results.json"), markdown: file("report.md"), chart: file("report.svg"), readme: None }
    }

    /// The report's file.
    pub fn markdown(&self) -> &Path {
        &self.markdown
    }

    /// What earlier runs left, so that a scenario can be repeated by itself.
    ///
    /// # Errors
    /// The file is of another version.
    pub fn read(&self) -> Result<Report> {
        match fs::read(&self.results) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .with_context(|| format!("{} is of another version: remove it", self.results.display())),
            Err(_) => Ok(Report::default()),
        }
    }

    /// Puts in a section and writes everything anew.
    ///
    /// # Errors
    /// A file can't be written; the README has lost its marks.
    pub fn write(&self, report: &mut Report, name: &str, section: Section) -> Result<()> {
        report.sections.insert(name.to_owned(), section);
        let write = |path: &Path, text: &str| {
            let folder = path.parent().unwrap_or(Path::new("."));
            fs::create_dir_all(folder)
                .and_then(|()| fs::write(path, text))
                .with_context(|| format!("writing {}", path.display()))
        };
        write(&self.results, &serde_json::to_string_pretty(report)?)?;
        let chart = self.chart.file_name().unwrap_or_default().to_string_lossy();
        write(&self.markdown, &markdown::report(report, &chart))?;
        write(&self.chart, &chart::svg(report))?;
        // The README's table is of all goals: a checkout in which only some were measured keeps the one it came with.
        let is_whole = report.sections.len() == Scenario::value_variants().len();
        if let Some(readme) = self.readme.as_ref().filter(|_| is_whole) {
            let text = fs::read_to_string(readme).with_context(|| format!("reading {}", readme.display()))?;
            let text = between(&text, &markdown::readme(report)).context("the README has no place for the table")?;
            write(readme, &text)?;
        }
        Ok(())
    }
}

/// The text with what stands between the marks replaced.
fn between(text: &str, table: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{table}{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_marks_changes() {
        let text = format!("a\n{BEGIN}\nold\n{END}\nb\n");
        let new = between(&text, "| 1 |\n").unwrap();
        assert_eq!(new, format!("a\n{BEGIN}\n| 1 |\n{END}\nb\n"));
        assert_eq!(between(&new, "| 1 |\n").unwrap(), new);
        assert_eq!(between("no marks", "x"), None);
    }

    #[test]
    fn the_readme_has_the_marks() {
        let readme = include_str!("../../../README.md");
        assert!(between(readme, "").is_some());
    }
}
