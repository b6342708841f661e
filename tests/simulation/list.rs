//! A list of what happens, as it is printed, pasted and kept.
//!
//! ```text
//! # The cause, in the comments at its head.
//! start 2026-11-25T09:00:00Z
//! file web_form code_not_arriving anonymous ru
//! wait next 1
//! ```

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Context, Result};
use jiff::Timestamp;

use crate::op::Op;

/// What happens, and from when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    /// What the clock shows at the beginning.
    pub start: Timestamp,
    /// One after the other.
    pub ops: Vec<Op>,
}

/// Lists that once failed, and lists by hand that lead to what chance seldom does.
pub fn kept() -> Result<Vec<(String, List)>> {
    let mut all = Vec::new();
    for folder in ["found", "reached"] {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("simulation").join(folder);
        for entry in std::fs::read_dir(&path).with_context(|| path.display().to_string())? {
            let path = entry?.path();
            if path.extension().is_some_and(|it| it == "txt") {
                let name = format!("{folder}/{}", path.file_name().unwrap_or_default().to_string_lossy());
                let list = std::fs::read_to_string(&path)?.parse().with_context(|| name.clone())?;
                all.push((name, list));
            }
        }
    }
    all.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(all)
}

// === impl List ===

impl fmt::Display for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "start {}", self.start)?;
        self.ops.iter().try_for_each(|op| writeln!(f, "{op}"))
    }
}

impl FromStr for List {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let start =
            lines.next().and_then(|line| line.strip_prefix("start ")).context("the first line is not its start")?;
        let ops = lines.map(|line| line.parse().with_context(|| line.to_owned())).collect::<Result<_>>()?;
        Ok(Self { start: start.parse()?, ops })
    }
}
