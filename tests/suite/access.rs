//! Tokens for the people and systems of a test.

use clock::{Clock, ManualClock};
use jiff::SignedDuration;
use rpc::auth::{Claims, Signer};

/// The issuer that all services of a suite trust.
#[derive(Clone, Debug)]
pub struct Access {
    signer: Signer,
    hand: ManualClock,
}

// === impl Access ===

impl Access {
    pub(crate) fn new(hand: ManualClock) -> Self {
        Self { signer: Signer::generate().expect("an Ed25519 key"), hand }
    }

    pub(crate) fn jwks(&self) -> String {
        self.signer.jwks().expect("a key has its public half")
    }

    /// A token by short name: `portal` and other systems by theirs, `citizens/{uuid}`, or `staff/{id}:{role}`.
    ///
    /// `system:ticket`-like names are services. A token outlives every test.
    pub fn token(&self, who: &str) -> String {
        let (subject, role, amr): (String, &str, &[&str]) = match who.split_once(':') {
            Some((subject, role)) => (subject.to_owned(), role, &["pwd", "otp"]),
            None if who.starts_with("citizens/") => (who.to_owned(), "citizen", &["pwd"]),
            None => (format!("systems/{who}"), "system", &[]),
        };
        self.sign(&self.claims(&subject, role, amr))
    }

    /// Claims that are good for four years.
    pub fn claims(&self, subject: &str, role: &str, amr: &[&str]) -> Claims {
        Claims {
            sub: subject.to_owned(),
            aud: vec!["otklik".to_owned()],
            exp: (self.hand.now() + SignedDuration::from_hours(24 * 365 * 4)).as_second(),
            nbf: None,
            roles: vec![role.to_owned()],
            amr: amr.iter().map(|it| (*it).to_owned()).collect(),
        }
    }

    /// Signs claims.
    pub fn sign(&self, claims: &Claims) -> String {
        self.signer.sign(claims).expect("claims are plain JSON")
    }
}
