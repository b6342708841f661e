//! What a list is narrowed by.

use jiff::Timestamp;
use uuid::Uuid;

use super::kinds::{Channel, Priority, State};
use super::staff::Level;

/// Which appeals are asked for; all conditions narrow together, an empty filter asks for all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AppealFilter {
    /// In one of these; empty means any.
    pub states: Vec<State>,
    /// Of this category.
    pub category: Option<String>,
    /// Of this citizen.
    pub citizen: Option<Uuid>,
    /// Assigned to the member of this id.
    pub assignee: Option<String>,
    /// Of this group.
    pub group: Option<String>,
    /// Of this channel.
    pub channel: Option<Channel>,
    /// Of this priority.
    pub priority: Option<Priority>,
    /// Due before this instant.
    pub due_before: Option<Timestamp>,
}

/// Which members are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemberFilter {
    /// Serving this group.
    pub group: Option<String>,
    /// Of this level.
    pub level: Option<Level>,
}
