//! Signed statements: the keys and the claims.
//!
//! The signing key is derived from the key ring by a number, so every replica has it and none stores it. Raising the number
//! signs with a new key; the one before it stays published, which is long enough for assertions that live minutes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use proto::identity::v1::VerificationKey;
use rpc::auth::Signer;
use sealed::Ring;
use serde::Serialize;
use uuid::Uuid;

use crate::config::{AssertionConfig, signed};
use crate::domain::{Level, citizen_name};

/// Issues assertions and publishes their keys.
#[derive(Clone, Debug)]
pub(crate) struct Assertions {
    signer: Signer,
    published: Vec<VerificationKey>,
    lifetime: SignedDuration,
}

#[derive(Serialize)]
struct Claims<'a> {
    sub: String,
    appeal: String,
    action: &'a str,
    level: &'a str,
    jti: String,
    iat: i64,
    exp: i64,
}

// === impl Assertions ===

impl Assertions {
    pub(crate) fn new(ring: &Ring, config: &AssertionConfig) -> anyhow::Result<Self> {
        let signer_of = |number: u32| Signer::from_seed(&ring.subkey(&format!("assertion/{number}")));
        let generations = config.generation.saturating_sub(1).max(1)..=config.generation;
        let published = generations.map(|number| published(&signer_of(number)?)).collect::<anyhow::Result<_>>()?;
        Ok(Self { signer: signer_of(config.generation)?, published, lifetime: signed(config.lifetime) })
    }

    /// The keys that check what was issued.
    pub(crate) fn keys(&self) -> Vec<VerificationKey> {
        self.published.clone()
    }

    /// A token that says `citizen` is confirmed at `level` for one action on one appeal, and until when.
    pub(crate) fn issue(
        &self,
        citizen: Uuid,
        appeal: Uuid,
        action: &str,
        level: Level,
        now: Timestamp,
    ) -> anyhow::Result<(String, Timestamp)> {
        // Whole seconds, as the token has them.
        let exp = (now + self.lifetime).as_second();
        let token = self.signer.sign(&Claims {
            sub: citizen_name(citizen),
            appeal: format!("appeals/{appeal}"),
            action,
            level: level.name(),
            jti: Uuid::new_v4().to_string(),
            iat: now.as_second(),
            exp,
        })?;
        Ok((token, Timestamp::from_second(exp)?))
    }
}

fn published(signer: &Signer) -> anyhow::Result<VerificationKey> {
    let jwks: serde_json::Value = serde_json::from_str(&signer.jwks()?)?;
    let x = jwks["keys"][0]["x"].as_str().ok_or_else(|| anyhow::anyhow!("an Ed25519 JWK has an x"))?;
    Ok(VerificationKey {
        key_id: signer.key_id().to_owned(),
        algorithm: "EdDSA".to_owned(),
        public_key: URL_SAFE_NO_PAD.decode(x)?,
    })
}
