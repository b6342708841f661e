//! Signed tokens: who calls, checked against published keys.
//!
//! ```text
//! issuer --signs--> token --sent with--> call --Verifier--> Caller
//!    \--publishes--> JWKS (file or URL) --KeySet--/
//! ```
//!
//! Only EdDSA (Ed25519) and RS256 exist here. A key fixes its algorithm, so neither `none` nor an HMAC over a public key can pass.
//! Times are compared with `clock::Clock`, never with the machine's own.

mod claims;
mod factors;
mod keys;
mod opened;
mod signer;
mod source;
mod verifier;

pub use claims::{Claims, TokenError};
pub use keys::{KeySet, KeysError};
pub use signer::Signer;
pub use source::Source;
pub use verifier::{AuthConfig, Verifier};
