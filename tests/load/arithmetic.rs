//! Due times against the second implementation, which looks at the wall once a minute and shares nothing with the first: fifty times as many random
//! cases as `cargo test` has, by the same test in a release build.

use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};

use crate::Stage;
use crate::figure::grouped;
use crate::report::{Section, Table};

const TEST: &str = "counting_minute_by_minute_comes_to_the_same";

/// Compares them.
///
/// # Errors
/// They disagree; the end of what the test said, with the smallest case in which they do.
pub async fn measure(stage: &Stage) -> Result<Section> {
    let cases = stage.sizes.of(100_000, 2_000);
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let test = move |more: &[&str]| {
        let mut command = Command::new(&cargo);
        command.args(["test", "--release", "-p", "deadline", "--test", "properties"]).args(more);
        command.env("MINUTES_CASES", cases.to_string()).current_dir(env!("CARGO_MANIFEST_DIR"));
        command
    };
    let (said, took) = tokio::task::spawn_blocking(move || {
        let built = test(&["--no-run", "--quiet"]).status().context("cargo")?;
        ensure!(built.success(), "the test does not build");
        let began = Instant::now();
        let ran = test(&["--quiet", "--", "--exact", TEST]).output().context("cargo")?;
        let said = String::from_utf8_lossy(&ran.stdout).into_owned();
        ensure!(ran.status.success(), "{}", end_of(&said));
        anyhow::Ok((said, began.elapsed()))
    })
    .await??;
    ensure!(said.contains("1 passed"), "no test of that name: {said}");
    let row = vec![grouped(i64::try_from(cases)?), "0".to_owned(), format!("{:.0} s", took.as_secs_f64())];
    Ok(Section {
        title: "Arithmetic".to_owned(),
        method: vec![
            "Random calendars of ten zones with all kinds of turns, random terms and suspensions on whole minutes: the due time of the walk \
             against that of an implementation that looks at the wall once a minute and counts. One that differed would end this report. \
             Cases whose end lies more than forty days away are drawn again."
                .to_owned(),
        ],
        tables: vec![Table::new("Due times by both", &["random cases", "different", "took"], vec![row])],
        ..Section::default()
    })
}

fn end_of(said: &str) -> String {
    let lines: Vec<&str> = said.lines().collect();
    lines[lines.len().saturating_sub(40)..].join("\n")
}
