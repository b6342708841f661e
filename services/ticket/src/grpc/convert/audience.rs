//! Who an answer is for, and so what of it is shown (X1).

use rpc::Caller;

use crate::domain::{Actor, Appeal};

/// Who an answer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// The applicant: everything they wrote and were told, nothing of who works on it.
    Citizen,
    /// Staff: everything but the recipient, which only services have a use for.
    Staff,
    /// The system that filed the appeal for its applicant, such as the portal: as the applicant, and the recipient.
    Filer,
    /// Another service: what it needs to keep a term and to reach the applicant. No papers, no answer.
    System,
}

impl Audience {
    /// The audience that a caller is for an appeal. Whether they may see it at all is the caller's check ([`Self::may_see`]).
    pub fn of(caller: &Caller, appeal: &Appeal) -> Self {
        match caller.system() {
            Some(name) if matches!(&appeal.filed_by, Actor::System(filer) if filer == name) => Self::Filer,
            Some(_) => Self::System,
            None if caller.is_staff() => Self::Staff,
            None => Self::Citizen,
        }
    }

    /// Whether the caller may see any appeal, and so may hear that there is none: staff, and the services that tell of appeals. What
    /// a service sees holds no papers.
    pub fn may_see_any(caller: &Caller) -> bool {
        caller.is_staff() || matches!(caller.system(), Some("sla" | "notification"))
    }

    /// Whether the caller may see the appeal: as [`Self::may_see_any`]; citizens their own, another system what it filed.
    pub fn may_see(caller: &Caller, appeal: &Appeal) -> bool {
        let own = match Self::of(caller, appeal) {
            Self::Filer => true,
            Self::Citizen => caller.citizen().is_some_and(|citizen| appeal.citizen == Some(citizen)),
            Self::Staff | Self::System => false,
        };
        own || Self::may_see_any(caller)
    }

    /// Whether what people wrote is shown.
    pub const fn sees_papers(self) -> bool {
        !matches!(self, Self::System)
    }

    pub(super) const fn is_staff(self) -> bool {
        matches!(self, Self::Staff)
    }

    pub(super) const fn is_system(self) -> bool {
        matches!(self, Self::Filer | Self::System)
    }
}
