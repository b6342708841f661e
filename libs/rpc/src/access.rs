//! Who may call what, as data: one `access.toml` per service.
//!
//! ```toml
//! ["otklik.ticket.v1.TicketService"]
//! FileAppeal = ["citizen", "operator", "system:portal"]
//! ```
//!
//! The table is compared with the contracts at start. An RPC missing from it, or one named that does not exist, stops the start: a new RPC
//! can't be open by accident, and a rule can't outlive what it was written for.

use std::collections::{BTreeMap, HashMap};

use crate::caller::Caller;
use crate::methods::Methods;
use crate::reasons;
use crate::refusal::Refusal;
use crate::roles::Role;

/// One entry of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grant {
    /// Everybody with the role.
    Role(Role),
    /// The one system of that name, written `system:<name>`.
    System(String),
}

/// The rules of the services one server mounts.
#[derive(Debug, Default)]
pub struct Access {
    rules: HashMap<String, Vec<Grant>>,
}

/// Everything that is wrong with an access table.
#[derive(Debug, thiserror::Error)]
#[error("the access table does not fit the contracts: {}", .0.join("; "))]
pub struct AccessError(pub Vec<String>);

type Table = BTreeMap<String, BTreeMap<String, Vec<String>>>;

impl Grant {
    fn parse(text: &str) -> Option<Self> {
        match text.strip_prefix("system:") {
            Some(name) => (!name.is_empty()).then(|| Self::System(name.to_owned())),
            None => Role::parse(text).map(Self::Role),
        }
    }

    /// True when the caller has what the entry asks for.
    pub fn covers(&self, caller: &Caller) -> bool {
        match self {
            Self::Role(role) => caller.is(*role),
            Self::System(name) => caller.system() == Some(name),
        }
    }
}

impl Access {
    /// Reads a table for exactly the mounted `services` (full names, `otklik.ticket.v1.TicketService`).
    pub fn read(text: &str, methods: &Methods, services: &[&str]) -> Result<Self, AccessError> {
        let table: Table = toml::from_str(text).map_err(|error| AccessError(vec![error.to_string()]))?;
        let mut faults = Vec::new();
        let mut access = Self::default();
        for service in services {
            let Some(paths) = methods.of_service(service) else {
                faults.push(format!("{service} is mounted but no contract describes it"));
                continue;
            };
            for path in paths {
                let name = path.rsplit('/').next().unwrap_or_default();
                if !table.get(*service).is_some_and(|rules| rules.contains_key(name)) {
                    faults.push(format!("{path} has no rule"));
                }
            }
        }
        for (service, rules) in &table {
            if !services.contains(&service.as_str()) {
                faults.push(format!("{service} is not mounted here"));
                continue;
            }
            for (name, grants) in rules {
                let path = format!("/{service}/{name}");
                match access.add(methods, &path, grants) {
                    Ok(()) => {}
                    Err(fault) => faults.push(fault),
                }
            }
        }
        if faults.is_empty() { Ok(access) } else { Err(AccessError(faults)) }
    }

    fn add(&mut self, methods: &Methods, path: &str, grants: &[String]) -> Result<(), String> {
        if methods.get(path).is_none() {
            return Err(format!("{path} does not exist"));
        }
        if grants.is_empty() {
            return Err(format!("{path} is given to nobody"));
        }
        let parse = |text: &String| Grant::parse(text).ok_or_else(|| format!("{path}: {text} is no role"));
        let grants = grants.iter().map(parse).collect::<Result<_, _>>()?;
        self.rules.insert(path.to_owned(), grants);
        Ok(())
    }

    /// True when this server has a rule for the path, so serves it.
    pub fn knows(&self, path: &str) -> bool {
        self.rules.contains_key(path)
    }

    /// Every path and its rule, for tests that walk the table.
    pub fn rules(&self) -> impl Iterator<Item = (&str, &[Grant])> {
        self.rules.iter().map(|(path, grants)| (path.as_str(), grants.as_slice()))
    }

    /// PERMISSION_DENIED unless some entry of the path's rule covers the caller.
    pub fn check(&self, path: &str, caller: &Caller) -> Result<(), Refusal> {
        let grants = self.rules.get(path).map_or(&[][..], Vec::as_slice);
        if grants.iter().any(|grant| grant.covers(caller)) {
            return Ok(());
        }
        Err(Refusal::denied(reasons::ROLE_NOT_ALLOWED, "none of the caller's roles may call this method"))
    }
}
