//! Who did something.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Who did something (T22). Written and stored as a resource name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Actor {
    /// `citizens/{uuid}`: the applicant.
    Citizen(Uuid),
    /// `staff/{id}`.
    Staff(String),
    /// `systems/{name}`.
    System(String),
}

/// Not the name of anybody who can act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an actor is citizens/{{uuid}}, staff/{{id}} or systems/{{name}}")]
pub struct NotAnActor;

impl Actor {
    /// The member's id, when a member of staff acts.
    pub fn staff(&self) -> Option<&str> {
        match self {
            Self::Staff(id) => Some(id),
            Self::Citizen(_) | Self::System(_) => None,
        }
    }

    /// The system's name, when a system acts.
    pub fn system(&self) -> Option<&str> {
        match self {
            Self::System(name) => Some(name),
            Self::Citizen(_) | Self::Staff(_) => None,
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Citizen(id) => write!(f, "citizens/{id}"),
            Self::Staff(id) => write!(f, "staff/{id}"),
            Self::System(name) => write!(f, "systems/{name}"),
        }
    }
}

impl FromStr for Actor {
    type Err = NotAnActor;

    fn from_str(text: &str) -> Result<Self, NotAnActor> {
        match text.split_once('/') {
            Some(("citizens", id)) => id.parse().map(Self::Citizen).map_err(|_| NotAnActor),
            Some(("staff", id)) if !id.is_empty() => Ok(Self::Staff(id.to_owned())),
            Some(("systems", name)) if !name.is_empty() => Ok(Self::System(name.to_owned())),
            _ => Err(NotAnActor),
        }
    }
}

impl From<Actor> for String {
    fn from(actor: Actor) -> Self {
        actor.to_string()
    }
}

impl TryFrom<String> for Actor {
    type Error = NotAnActor;

    fn try_from(text: String) -> Result<Self, NotAnActor> {
        text.parse()
    }
}
