//! What a token says.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::auth::factors::second_factor;
use crate::caller::Caller;
use crate::roles::Role;

/// The claims of a caller's token. Claims that are not listed are ignored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// `citizens/<uuid>`, `staff/<id>` or `systems/<name>`.
    pub sub: String,
    /// Whom the token is meant for; a string or a list of them.
    #[serde(deserialize_with = "one_or_many")]
    pub aud: Vec<String>,
    /// End of validity, seconds since 1970.
    #[serde(deserialize_with = "whole_seconds")]
    pub exp: i64,
    /// Start of validity, seconds since 1970.
    #[serde(default, deserialize_with = "maybe_seconds", skip_serializing_if = "Option::is_none")]
    pub nbf: Option<i64>,
    /// Roles in snake_case; unknown ones are ignored, since an issuer serves other systems too.
    #[serde(default)]
    pub roles: Vec<String>,
    /// How the person signed in (RFC 8176).
    #[serde(default)]
    pub amr: Vec<String>,
}

/// Why a token is not believed. Never holds a part of the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not a JWT, or its header or claims are not what they must be.
    #[error("the token is malformed")]
    Malformed,
    /// Signed by an algorithm other than EdDSA and RS256.
    #[error("the token's algorithm is not accepted")]
    Algorithm,
    /// Signed by a key that is not published.
    #[error("the token's key is unknown")]
    UnknownKey,
    /// The signature does not fit.
    #[error("the token's signature is wrong")]
    Signature,
    /// `exp` has passed.
    #[error("the token has expired")]
    Expired,
    /// `nbf` has not come.
    #[error("the token is not valid yet")]
    NotYet,
    /// `aud` names somebody else.
    #[error("the token is meant for another audience")]
    Audience,
    /// `sub` and `roles` contradict each other.
    #[error("the token's subject does not fit its roles")]
    Subject,
}

impl Claims {
    /// Claims of `subject` with `roles`, for `audience`, valid from now for `lifetime`. Staff also need `amr`.
    pub fn new(
        subject: impl Into<String>,
        roles: &[Role],
        audience: &str,
        now: Timestamp,
        lifetime: SignedDuration,
    ) -> Self {
        Self {
            sub: subject.into(),
            aud: vec![audience.to_owned()],
            exp: now.as_second().saturating_add(lifetime.as_secs()),
            nbf: None,
            roles: roles.iter().map(|role| role.name().to_owned()).collect(),
            amr: Vec::new(),
        }
    }

    /// With these sign-in methods.
    #[must_use]
    pub fn amr(mut self, methods: &[&str]) -> Self {
        self.amr = methods.iter().map(|&method| method.to_owned()).collect();
        self
    }

    /// Checks audience and times; `leeway` forgives clocks that differ a little.
    pub fn check(&self, audience: &str, now: Timestamp, leeway: SignedDuration) -> Result<(), TokenError> {
        let (now, leeway) = (now.as_second(), leeway.as_secs());
        if !self.aud.iter().any(|aud| aud == audience) {
            return Err(TokenError::Audience);
        }
        if now >= self.exp.saturating_add(leeway) {
            return Err(TokenError::Expired);
        }
        if self.nbf.is_some_and(|nbf| now < nbf.saturating_sub(leeway)) {
            return Err(TokenError::NotYet);
        }
        Ok(())
    }

    /// The caller. Refused when a role does not fit the kind of subject: a citizen's rights hang on the id in `sub`, so a token
    /// that says "citizen" about `staff/7` must not get that far.
    pub fn caller(self) -> Result<Caller, TokenError> {
        let roles: Vec<Role> = self.roles.iter().filter_map(|name| Role::parse(name)).collect();
        let second_factor = second_factor(&self.amr);
        // One that ends beyond all time does not end.
        let expire_time = Timestamp::from_second(self.exp).ok();
        let caller = Caller { subject: self.sub, roles, second_factor, expire_time };
        let fits = |role: &Role| match role {
            Role::Citizen => caller.citizen().is_some(),
            Role::System => caller.system().is_some_and(|name| !name.is_empty()),
            _ => caller.staff().is_some_and(|id| !id.is_empty()),
        };
        if caller.roles.iter().all(fits) { Ok(caller) } else { Err(TokenError::Subject) }
    }
}

fn one_or_many<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Audience {
        One(String),
        Many(Vec<String>),
    }
    Ok(match Audience::deserialize(deserializer)? {
        Audience::One(one) => vec![one],
        Audience::Many(many) => many,
    })
}

/// RFC 7519 allows fractions of a second; they are dropped.
#[allow(clippy::cast_possible_truncation)]
fn whole_seconds<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    f64::deserialize(deserializer).map(|seconds| seconds.floor() as i64)
}

fn maybe_seconds<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    whole_seconds(deserializer).map(Some)
}
