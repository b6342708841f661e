//! How sure we are who somebody is, and whether a statement about it fits an appeal (T20, I8).

use jiff::Timestamp;
use uuid::Uuid;

use super::appeal::Appeal;
use super::kinds::ids;
use super::refusal::Refusal;

ids! {
    /// How sure we are who somebody is; a higher one includes the lower ones.
    AssuranceLevel {
        /// Nothing is confirmed.
        None = "none",
        /// A bound phone or e-mail answered with its code.
        Simplified = "simplified",
        /// Documents were checked.
        Standard = "standard",
        /// The person was confirmed.
        Confirmed = "confirmed",
    }
}

/// The action that assertions are asked for where the category names none of its own.
pub(super) fn resolving() -> String {
    "resolve".to_owned()
}

/// A statement of identity verification whose signature was verified. What it is bound to is compared here; that its `jti` is
/// used once is the store's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assertion {
    /// Of whom it speaks.
    pub citizen: Uuid,
    /// `appeals/{uuid}` it is bound to.
    pub appeal: String,
    /// Action it is bound to.
    pub action: String,
    /// Level it states.
    pub level: AssuranceLevel,
    /// Its id, good for one use.
    pub jti: String,
    /// When it stops to count.
    pub expire_time: Timestamp,
}

impl Assertion {
    /// Whether it speaks for this appeal's person at the needed level, now.
    ///
    /// # Errors
    /// [`Refusal::AssertionInvalid`] with what does not fit.
    pub fn check(&self, appeal: &Appeal, needed: AssuranceLevel, now: Timestamp) -> Result<AssuranceLevel, Refusal> {
        let rules = [
            (self.speaks_of_applicant(appeal), "does not speak of the appeal's citizen"),
            (self.appeal == appeal.name(), "is bound to another appeal"),
            (self.action == appeal.required_action, "is bound to another action"),
            (now < self.expire_time, "has expired"),
            (self.level >= needed, "states too low a level"),
        ];
        match rules.into_iter().find(|(holds, _)| !holds) {
            Some((_, why)) => Err(Refusal::AssertionInvalid(why)),
            None => Ok(self.level),
        }
    }

    /// Who lost access can't log in to file: such an appeal names no citizen, and whoever confirms it by an assertion bound to it becomes
    /// the person it speaks of. Nobody else can afterwards.
    fn speaks_of_applicant(&self, appeal: &Appeal) -> bool {
        appeal.citizen.or(appeal.confirmed_citizen).is_none_or(|citizen| citizen == self.citizen)
    }
}
