//! Sealing of personal values: what is in the database is of no use without the key ring, and what is in memory prints as `***`.
//!
//! ```text
//! ring file ──load──► Ring ──┬─ sealing keys (one active, older ones only open)
//!                            │     HKDF(key, table, column, row) ─► AES-256-GCM ─► seal / open
//!                            └─ index key (never rotated)
//!                                  ├─ HKDF("blind")       ─► blind index: find by an exact value without storing it
//!                                  ├─ HKDF("fingerprint") ─► is this the same content as then?
//!                                  └─ HKDF("subkey", ..)  ─► page tokens, verification codes
//! ```
//!
//! A sealed value: version (1 byte, `1`), key id (4), nonce (12), ciphertext and tag (plaintext + 16). So
//! `substring(column from 2 for 4)` is the key id, by which a start can ask whether its ring opens everything. Version and key id are
//! authenticated, and so is the place (table, column, row): a value copied into another row does not open.
//!
//! Derivation: HKDF-Expand-SHA-256 with info `otklik.sealed.1` and then the purpose and each part (table, column, row), every one led
//! by its length in 8 bytes, big endian. `tests/format.rs` pins it.
//!
//! Random nonces bound a GCM key to 2^32 values; since each place derives a key of its own, only rewrites of one column of one row
//! count, and the bound is out of reach.
//!
//! Rotation: add a key to every replica's file, restart, then make it `active`. Old values stay readable while their key is in the
//! file. The index key can't be rotated that way (equal values would stop being equal), which is why it is another key.
//!
//! Failures: a changed byte, another place or a wrong key are one answer, [`Error::Refused`]; a missing key is
//! [`Error::UnknownKey`] and is meant to be found by [`key_guard::check`] at the start, not by a request. No error tells content.

mod error;
mod file;
mod key;
pub mod key_guard;
mod personal;
mod place;
mod ring;

pub use error::Error;
pub use key::KeyId;
pub use personal::Personal;
pub use place::Place;
pub use ring::Ring;
pub use zeroize::Zeroizing;
