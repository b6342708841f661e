//! Roles a token can carry (X2).

use serde::{Deserialize, Serialize};

/// What a caller may be. On the wire and in access tables: snake_case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Somebody who asks; sees only their own.
    Citizen,
    /// Takes appeals by phone and letter.
    Operator,
    /// Works on appeals.
    Specialist,
    /// Takes over what was not solved in time.
    SeniorSpecialist,
    /// Answers for a group.
    Supervisor,
    /// Watches access to personal data.
    SecurityOfficer,
    /// Decides about identities.
    IdentityOfficer,
    /// Runs the installation.
    Administrator,
    /// Another system: a service of the suite, the portal, an agency.
    System,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 9] = [
        Self::Citizen,
        Self::Operator,
        Self::Specialist,
        Self::SeniorSpecialist,
        Self::Supervisor,
        Self::SecurityOfficer,
        Self::IdentityOfficer,
        Self::Administrator,
        Self::System,
    ];

    /// The name in tokens and access tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Citizen => "citizen",
            Self::Operator => "operator",
            Self::Specialist => "specialist",
            Self::SeniorSpecialist => "senior_specialist",
            Self::Supervisor => "supervisor",
            Self::SecurityOfficer => "security_officer",
            Self::IdentityOfficer => "identity_officer",
            Self::Administrator => "administrator",
            Self::System => "system",
        }
    }

    /// The role of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// True for people who work here; they need a second factor (X2).
    pub const fn is_staff(self) -> bool {
        !matches!(self, Self::Citizen | Self::System)
    }
}
