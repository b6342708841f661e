use std::fmt;
use std::str::FromStr;

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// Which key of the ring sealed a value: 4 random bytes, shown as 8 hex digits. Not a secret.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 4]);

impl KeyId {
    /// Bytes 1 to 4 of a sealed value.
    pub const fn from_bytes(bytes: [u8; 4]) -> KeyId {
        KeyId(bytes)
    }

    /// As stored in a sealed value.
    pub const fn to_bytes(self) -> [u8; 4] {
        self.0
    }
}

impl TryFrom<&[u8]> for KeyId {
    type Error = crate::Error;

    fn try_from(bytes: &[u8]) -> Result<KeyId, crate::Error> {
        bytes.try_into().map(KeyId).map_err(|_| crate::Error::Malformed)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", u32::from_be_bytes(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

impl FromStr for KeyId {
    type Err = crate::Error;

    fn from_str(text: &str) -> Result<KeyId, crate::Error> {
        // from_str_radix would also take a sign.
        if text.len() != 8 || !text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
            return Err(crate::Error::Malformed);
        }
        u32::from_str_radix(text, 16).map(|id| KeyId(id.to_be_bytes())).map_err(|_| crate::Error::Malformed)
    }
}

/// 32 uniformly random bytes; never used themselves, only what is derived from them.
pub(crate) struct Key(pub(crate) Zeroizing<[u8; 32]>);

impl Key {
    pub(crate) fn random() -> Key {
        let mut key = Zeroizing::new([0; 32]);
        rand::fill(&mut key[..]);
        Key(key)
    }

    /// HKDF-Expand with a purpose and parts; no two different lists of parts give the same input.
    pub(crate) fn derive(&self, purpose: &str, parts: &[&[u8]]) -> Zeroizing<[u8; 32]> {
        let mut info = Vec::from(*b"otklik.sealed.1");
        for part in [purpose.as_bytes()].iter().chain(parts) {
            prefixed(part, |bytes| info.extend_from_slice(bytes));
        }
        let mut derived = Zeroizing::new([0; 32]);
        // Extraction is for keys that are not uniform; this one is.
        let hkdf = Hkdf::<Sha256>::from_prk(&self.0[..]).expect("the key is as long as SHA-256's output");
        hkdf.expand(&info, &mut derived[..]).expect("32 bytes are less than HKDF's 8,160");
        derived
    }
}

/// HMAC-SHA-256 over the parts, each led by its length.
pub(crate) fn mac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    for part in parts {
        prefixed(part, |bytes| mac.update(bytes));
    }
    mac.finalize().into_bytes().into()
}

fn prefixed(part: &[u8], mut write: impl FnMut(&[u8])) {
    write(&(part.len() as u64).to_be_bytes());
    write(part);
}
