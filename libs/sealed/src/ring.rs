use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::{AeadInOut, KeyInit, Nonce};
use zeroize::Zeroizing;

use crate::key::{Key, KeyId, mac};
use crate::{Error, Personal, Place, file};

const VERSION: u8 = 1;
const HEADER: usize = 1 + 4;
const NONCE: usize = 12;
const TAG: usize = 16;

/// The keys. Cheap to clone; prints no key.
#[derive(Clone)]
pub struct Ring(Arc<Keys>);

pub(crate) struct Keys {
    pub(crate) active: KeyId,
    pub(crate) sealing: BTreeMap<KeyId, Arc<Key>>,
    pub(crate) index_id: KeyId,
    pub(crate) index: Arc<Key>,
    pub(crate) is_new: bool,
}

impl Ring {
    /// A new ring: one sealing key and an index key, from a cryptographic generator. Only for an empty database
    /// ([`crate::key_guard::check`]).
    pub fn generate() -> Ring {
        let (active, index_id) = (KeyId::from_bytes(rand::random()), KeyId::from_bytes(rand::random()));
        if active == index_id {
            return Ring::generate();
        }
        let sealing = BTreeMap::from([(active, Arc::new(Key::random()))]);
        Ring::from_keys(Keys { active, sealing, index_id, index: Arc::new(Key::random()), is_new: true })
    }

    pub(crate) fn from_keys(keys: Keys) -> Ring {
        Ring(Arc::new(keys))
    }

    /// The ring of a file.
    ///
    /// # Errors
    /// [`Error::Read`] ([`Error::is_absent_ring`] tells that there is none), [`Error::Ring`].
    pub fn load(path: impl AsRef<Path>) -> Result<Ring, Error> {
        file::load(path.as_ref())
    }

    /// Writes the ring into a new file of mode 0600, whole or not at all.
    ///
    /// # Errors
    /// [`Error::Write`], also when the file exists: a ring is never overwritten.
    pub fn save_new(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        file::save_new(path.as_ref(), &self.0)
    }

    /// This ring with one more sealing key, which becomes the active one.
    #[must_use]
    pub fn with_new_key(&self) -> Ring {
        let id = KeyId::from_bytes(rand::random());
        if self.contains(id) {
            return self.with_new_key();
        }
        let mut sealing = self.0.sealing.clone();
        sealing.insert(id, Arc::new(Key::random()));
        let keys = &self.0;
        Ring::from_keys(Keys {
            active: id,
            sealing,
            index_id: keys.index_id,
            index: keys.index.clone(),
            is_new: keys.is_new,
        })
    }

    /// Seals for one place, under the active key. Two seals of the same value differ.
    pub fn seal(&self, place: Place<'_>, plain: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE] = rand::random();
        let mut body = Zeroizing::new(Vec::with_capacity(plain.len() + TAG));
        body.extend_from_slice(plain);
        let header = header(self.0.active);
        // The active key is in the ring: every way of making one checks that.
        self.cipher(self.0.active, place)
            .expect("the active key is in the ring")
            .encrypt_in_place(&Nonce::<Aes256Gcm>::from(nonce), &bound(&header, place), &mut *body)
            .expect("no value comes near AES-GCM's 64 GiB");
        [&header[..], &nonce, &body].concat()
    }

    /// Opens what [`Ring::seal`] made for the same place.
    ///
    /// # Errors
    /// [`Error::Malformed`], [`Error::UnknownKey`], [`Error::Refused`].
    pub fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        let id = self.key_id_of(sealed)?;
        let (header, rest) = sealed.split_at(HEADER);
        let (nonce, body) = rest.split_first_chunk::<NONCE>().ok_or(Error::Malformed)?;
        let mut plain = Zeroizing::new(body.to_vec());
        self.cipher(id, place)?
            .decrypt_in_place(&Nonce::<Aes256Gcm>::from(*nonce), &bound(header, place), &mut *plain)
            .map_err(|_| Error::Refused)?;
        Ok(plain)
    }

    /// [`Ring::seal`] of a text.
    pub fn seal_text(&self, place: Place<'_>, plain: &Personal) -> Vec<u8> {
        self.seal(place, plain.expose().as_bytes())
    }

    /// [`Ring::open`] of a text.
    ///
    /// # Errors
    /// As there, and [`Error::NotText`].
    pub fn open_text(&self, place: Place<'_>, sealed: &[u8]) -> Result<Personal, Error> {
        let plain = self.open(place, sealed)?;
        std::str::from_utf8(&plain).map(Personal::from).map_err(|_| Error::NotText)
    }

    /// 32 bytes that are equal for equal values of one kind ("phone", "email"), and tell nothing without the ring. `normalised`: the caller
    /// decides which spellings are one value. Not changed by rotation.
    pub fn blind(&self, kind: &str, normalised: &str) -> Vec<u8> {
        mac(&self.0.index.derive("blind", &[]), &[kind.as_bytes(), normalised.as_bytes()]).to_vec()
    }

    /// 36 bytes, equal for equal content: the id of the index key and an HMAC under it. For asking whether a repeated request is
    /// the same as then (`what`: its method). Not changed by rotation, so bytes may be compared as they are.
    pub fn fingerprint(&self, what: &str, content: &[u8]) -> Vec<u8> {
        let mac = mac(&self.0.index.derive("fingerprint", &[]), &[what.as_bytes(), content]);
        [&self.0.index_id.to_bytes()[..], &mac].concat()
    }

    /// A key for another purpose (page tokens, codes), told apart by its label. Not changed by rotation.
    pub fn subkey(&self, label: &str) -> Zeroizing<[u8; 32]> {
        self.0.index.derive("subkey", &[label.as_bytes()])
    }

    /// The key that seals.
    pub fn active_id(&self) -> KeyId {
        self.0.active
    }

    /// The key behind blind indexes, fingerprints and subkeys.
    pub fn index_id(&self) -> KeyId {
        self.0.index_id
    }

    /// Every key of the ring, the index key's among them: what a database remembers as in use.
    pub fn ids(&self) -> Vec<KeyId> {
        self.0.sealing.keys().copied().chain([self.0.index_id]).collect()
    }

    /// Whether the ring has that key, for sealing or as its index key.
    pub fn contains(&self, id: KeyId) -> bool {
        self.0.sealing.contains_key(&id) || self.0.index_id == id
    }

    /// Whether this ring was generated by this process rather than loaded.
    pub fn is_new(&self) -> bool {
        self.0.is_new
    }

    /// The key that a value is sealed under.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn key_id_of(&self, sealed: &[u8]) -> Result<KeyId, Error> {
        match sealed {
            [VERSION, a, b, c, d, rest @ ..] if rest.len() >= NONCE + TAG => Ok(KeyId::from_bytes([*a, *b, *c, *d])),
            _ => Err(Error::Malformed),
        }
    }

    fn cipher(&self, id: KeyId, place: Place<'_>) -> Result<Aes256Gcm, Error> {
        let key = self.0.sealing.get(&id).ok_or(Error::UnknownKey(id))?;
        Ok(Aes256Gcm::new((&*key.derive("seal", &place.parts())).into()))
    }
}

fn header(id: KeyId) -> [u8; HEADER] {
    let [a, b, c, d] = id.to_bytes();
    [VERSION, a, b, c, d]
}

/// The additional data. The place is in the derived key too; here it does not depend on the derivation being right.
fn bound(header: &[u8], place: Place<'_>) -> Vec<u8> {
    let mut data = header.to_vec();
    for part in place.parts() {
        data.extend_from_slice(&(part.len() as u64).to_be_bytes());
        data.extend_from_slice(part);
    }
    data
}

impl fmt::Debug for Ring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ring").field("active", &self.0.active).field("ids", &self.ids()).finish_non_exhaustive()
    }
}
