//! The installation's own issuer of tokens, standing in for the portal's single sign-on: one signing key, kept in the data
//! folder, and a token per role and per service, renewed at each start. No check is turned off for them.

use std::path::PathBuf;

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use rpc::auth::{Claims, Signer};

use crate::{Home, Part};

/// How long a token of the all-in-one lives, counted on its clock before that is sped up: longer than one leaves it running.
const LIFETIME: SignedDuration = SignedDuration::from_hours(24 * 30);

/// Somebody the all-in-one has a token for.
#[derive(Clone, Copy, Debug)]
pub struct Person {
    /// The token's file in `tokens/`.
    pub file: &'static str,
    /// The token's subject.
    pub subject: &'static str,
    /// The token's role.
    pub role: &'static str,
    /// How they signed in.
    pub factors: &'static [&'static str],
}

/// One person a role. Staff are the sample members that the ticket service is seeded with, the citizen is the sample citizen
/// of identity verification.
pub const PEOPLE: [Person; 10] = [
    person("citizen", "citizens/00000000-0000-4000-8000-000000000001", "citizen"),
    person("operator", "staff/operator-1", "operator"),
    person("specialist", "staff/specialist-1", "specialist"),
    person("senior_specialist", "staff/senior-1", "senior_specialist"),
    person("supervisor", "staff/supervisor-1", "supervisor"),
    person("security_officer", "staff/security-1", "security_officer"),
    person("identity_officer", "staff/identity-1", "identity_officer"),
    person("administrator", "staff/admin-1", "administrator"),
    Person { file: "portal", subject: "systems/portal", role: "system", factors: &[] },
    // Another government system (T1), which sees what it filed and has none of the portal's rights.
    Person { file: "agency", subject: "systems/agency", role: "system", factors: &[] },
];

const fn person(file: &'static str, subject: &'static str, role: &'static str) -> Person {
    Person { file, subject, role, factors: &["pwd", "otp"] }
}

/// Signs tokens with the installation's key.
#[derive(Debug)]
pub struct Issuer {
    home: Home,
    signer: Signer,
    expires: Timestamp,
}

// === impl Issuer ===

impl Issuer {
    /// The issuer of a data folder; its key is made at the first start. `now` is the (perhaps fast) clock's, `scale` its speed.
    ///
    /// # Errors
    /// The key's file can't be read or is damaged.
    pub fn open(home: &Home, now: Timestamp, scale: u32) -> Result<Self> {
        let seed = home.keep("auth/seed", || STANDARD.encode(rand::random::<[u8; 32]>()))?;
        let seed: [u8; 32] = STANDARD
            .decode(seed.trim())
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .context("auth/seed in the data folder is damaged: it must hold 32 bytes in base64")?;
        let signer = Signer::from_seed(&seed)?;
        home.replace("auth/jwks.json", &signer.jwks()?)?;
        let lifetime = LIFETIME.saturating_mul(i32::try_from(scale).unwrap_or(i32::MAX));
        let expires = now.checked_add(lifetime).unwrap_or(Timestamp::MAX);
        Ok(Self { home: home.clone(), signer, expires })
    }

    /// Where the public key lies.
    pub fn jwks_file(&self) -> PathBuf {
        self.home.path("auth/jwks.json")
    }

    /// Renews every token.
    ///
    /// # Errors
    /// A file can't be written.
    pub fn renew(&self) -> Result<()> {
        for person in PEOPLE {
            let token = self.token(person.subject, person.role, person.factors)?;
            self.home.replace(&format!("tokens/{}", person.file), &token)?;
        }
        for part in Part::ALL {
            let token = self.token(&format!("systems/{}", part.name()), "system", &[])?;
            self.home.replace(&format!("tokens/services/{}", part.name()), &token)?;
        }
        Ok(())
    }

    /// A token for somebody.
    ///
    /// # Errors
    /// The claims can't be signed.
    pub fn token(&self, subject: &str, role: &str, factors: &[&str]) -> Result<String> {
        let claims = Claims {
            sub: subject.to_owned(),
            aud: vec!["otklik".to_owned()],
            exp: self.expires.as_second(),
            nbf: None,
            roles: vec![role.to_owned()],
            amr: factors.iter().map(|it| (*it).to_owned()).collect(),
        };
        Ok(self.signer.sign(&claims)?)
    }
}
