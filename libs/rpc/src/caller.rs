//! Who makes a call, as the signed token says.

use jiff::Timestamp;
use uuid::Uuid;

use crate::roles::Role;

/// The verified caller of a request; the caller layer puts it into the request's extensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Resource name of the caller: `citizens/<uuid>`, `staff/<id>` or `systems/<name>`.
    pub subject: String,
    /// The caller's roles, of those this suite knows.
    pub roles: Vec<Role>,
    /// True when the token names two different factors (X2).
    pub second_factor: bool,
    /// When the token ends, for what lasts longer than a call; `None` for work that no token vouched for.
    pub expire_time: Option<Timestamp>,
}

impl Caller {
    /// A service of the suite or another system, for work done on its own behalf and for tests.
    pub fn of_system(name: &str) -> Self {
        Self { subject: format!("systems/{name}"), roles: vec![Role::System], second_factor: false, expire_time: None }
    }

    /// A citizen, for tests.
    pub fn of_citizen(id: Uuid) -> Self {
        Self { subject: format!("citizens/{id}"), roles: vec![Role::Citizen], second_factor: false, expire_time: None }
    }

    /// A member of staff who showed a second factor, for tests.
    pub fn of_staff(id: &str, roles: impl Into<Vec<Role>>) -> Self {
        Self { subject: format!("staff/{id}"), roles: roles.into(), second_factor: true, expire_time: None }
    }

    /// True when the caller has the role.
    pub fn is(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// True when the caller has any staff role.
    pub fn is_staff(&self) -> bool {
        self.roles.iter().any(|role| role.is_staff())
    }

    /// The citizen's id, when the caller is one.
    pub fn citizen(&self) -> Option<Uuid> {
        self.subject.strip_prefix("citizens/").filter(|_| self.is(Role::Citizen)).and_then(|id| id.parse().ok())
    }

    /// The system's name, when the caller is one.
    pub fn system(&self) -> Option<&str> {
        self.subject.strip_prefix("systems/").filter(|_| self.is(Role::System))
    }

    /// The staff member's id, when the caller is one.
    pub fn staff(&self) -> Option<&str> {
        self.subject.strip_prefix("staff/").filter(|_| self.is_staff())
    }

    /// The key under which request ids of this caller are kept, so that another caller's id replays nothing.
    pub fn key(&self) -> &str {
        &self.subject
    }
}
