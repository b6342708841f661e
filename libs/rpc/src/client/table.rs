//! Timeout and retry per method, as data (AIP-194).

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use crate::methods::{Method, Methods};

/// The suite's own table, `proto/methods.toml`.
pub const METHODS: &str = include_str!("../../../../proto/methods.toml");

/// How one method is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// From the first attempt to the end of the last, pauses included.
    pub timeout: Duration,
    /// Attempts in all; those after the first follow UNAVAILABLE only.
    pub attempts: u32,
    /// Streams are passed through: one attempt, and the timeout bounds only the first message.
    pub streaming: bool,
}

/// Policies of all methods the contracts know.
#[derive(Debug)]
pub struct MethodTable {
    methods: Arc<Methods>,
    writes: Entry,
    reads: Reads,
    exceptions: HashMap<String, Entry>,
}

/// Everything that is wrong with a method table.
#[derive(Debug, thiserror::Error)]
#[error("the method table does not fit the contracts: {}", .0.join("; "))]
pub struct TableError(pub Vec<String>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    writes: Entry,
    reads: Reads,
    #[serde(default)]
    methods: BTreeMap<String, Entry>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    #[serde(with = "jiff::fmt::serde::unsigned_duration::required")]
    timeout: Duration,
    attempts: u32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reads {
    prefixes: Vec<String>,
    #[serde(with = "jiff::fmt::serde::unsigned_duration::required")]
    timeout: Duration,
    attempts: u32,
}

impl MethodTable {
    /// Reads a table. Refused: unknown methods, no attempts at all, several attempts for what can't be repeated.
    pub fn read(text: &str, methods: Arc<Methods>) -> Result<Self, TableError> {
        let file: File = toml::from_str(text).map_err(|error| TableError(vec![error.to_string()]))?;
        let mut faults = Vec::new();
        if file.writes.attempts != 1 {
            faults.push("writes must have one attempt; name repeatable ones under [methods]".to_owned());
        }
        if file.reads.attempts == 0 {
            faults.push("reads need an attempt".to_owned());
        }
        let table =
            Self { methods, writes: file.writes, reads: file.reads, exceptions: file.methods.into_iter().collect() };
        for (path, entry) in &table.exceptions {
            match table.methods.get(path) {
                None => faults.push(format!("{path} does not exist")),
                Some(_) if entry.attempts == 0 => faults.push(format!("{path} needs an attempt")),
                Some(method) if entry.attempts > 1 && !table.may_repeat(method) => {
                    faults.push(format!("{path} changes something and has no request_id, so it can't be repeated"));
                }
                Some(_) => {}
            }
        }
        faults.sort();
        if faults.is_empty() { Ok(table) } else { Err(TableError(faults)) }
    }

    /// The suite's own table over its own contracts and `descriptors`.
    pub fn of_suite(methods: Arc<Methods>) -> Result<Self, TableError> {
        Self::read(METHODS, methods)
    }

    /// How the method at `path` is called. A method no contract knows is treated as a write.
    pub fn policy(&self, path: &str) -> Policy {
        let method = self.methods.get(path);
        let entry = self.exceptions.get(path).copied().unwrap_or_else(|| match method {
            Some(method) if self.is_read(method) => {
                Entry { timeout: self.reads.timeout, attempts: self.reads.attempts }
            }
            _ => self.writes,
        });
        let streaming = method.is_some_and(|method| method.streaming);
        Policy { timeout: entry.timeout, attempts: if streaming { 1 } else { entry.attempts }, streaming }
    }

    /// The path for metrics.
    pub(crate) fn label(&self, path: &str) -> Arc<str> {
        self.methods.label(path)
    }

    fn may_repeat(&self, method: &Method) -> bool {
        method.repeatable || self.is_read(method)
    }

    fn is_read(&self, method: &Method) -> bool {
        method.read_only
            || (!method.repeatable && self.reads.prefixes.iter().any(|prefix| method.name.starts_with(prefix)))
    }
}
