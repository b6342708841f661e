//! The ring file.
//!
//! ```toml
//! active = "5f3a9c01"
//! [index]
//! id = "0c77d1e2"
//! key = "<base64, 32 bytes>"
//! [keys]
//! 5f3a9c01 = "<base64, 32 bytes>"
//! ```

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

use crate::key::{Key, KeyId};
use crate::ring::Keys;
use crate::{Error, Ring};

const HEAD: &str = "\
# The key ring: with it every sealed personal value of the database can be read, without it none. Keep a copy apart from
# the database's backups. To rotate: add a key under [keys] on every replica, restart, then name it in `active`, restart.
# A key may go once no value is sealed under it. The index key stays.
";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RingFile {
    active: String,
    index: IndexKey,
    keys: BTreeMap<String, Secret>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IndexKey {
    id: String,
    key: Secret,
}

struct Secret(Zeroizing<String>);

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
        String::deserialize(deserializer).map(|text| Secret(Zeroizing::new(text)))
    }
}

pub(crate) fn load(path: &Path) -> Result<Ring, Error> {
    let text = std::fs::read_to_string(path).map(Zeroizing::new);
    let text = text.map_err(|source| Error::Read { path: path.to_owned(), source })?;
    parse(&text).map(Ring::from_keys).map_err(|fault| Error::Ring { path: path.to_owned(), fault })
}

fn parse(text: &str) -> Result<Keys, String> {
    // The parser's own message quotes the line, which may be a key.
    let file: RingFile = toml::from_str(text).map_err(|error| match error.span() {
        Some(span) => format!("line {} is not as it should be", 1 + text[..span.start].matches('\n').count()),
        None => "a part is missing or not as it should be".to_owned(),
    })?;
    let mut sealing = BTreeMap::new();
    for (name, secret) in &file.keys {
        sealing.insert(id(name, "a name under [keys]")?, Arc::new(key(secret, &format!("key {name}"))?));
    }
    let active = id(&file.active, "active")?;
    if !sealing.contains_key(&active) {
        return Err(format!("active names {active}, which is not under [keys]"));
    }
    let index_id = id(&file.index.id, "index.id")?;
    if sealing.contains_key(&index_id) {
        return Err(format!("{index_id} is both the index key and a sealing key"));
    }
    let index = Arc::new(key(&file.index.key, "index.key")?);
    Ok(Keys { active, sealing, index_id, index, is_new: false })
}

fn id(text: &str, what: &str) -> Result<KeyId, String> {
    // What stands there may be a key that slipped into the wrong line.
    text.parse().map_err(|_| format!("{what} is not 8 hex digits in lower case"))
}

fn key(secret: &Secret, what: &str) -> Result<Key, String> {
    let bytes =
        STANDARD.decode(secret.0.as_bytes()).map(Zeroizing::new).map_err(|_| format!("{what} is not base64"))?;
    let mut key = Zeroizing::new([0; 32]);
    if bytes.len() != key.len() {
        return Err(format!("{what} has {} bytes, not 32", bytes.len()));
    }
    key.copy_from_slice(&bytes);
    Ok(Key(key))
}

fn render(keys: &Keys) -> Zeroizing<String> {
    // Sized ahead, so that it does not leave copies behind by growing: a line takes 57 bytes.
    let mut text = Zeroizing::new(String::with_capacity(HEAD.len() + 256 + 64 * keys.sealing.len()));
    let encoded = |key: &Key| Zeroizing::new(STANDARD.encode(&key.0[..]));
    text.push_str(HEAD);
    // Writing into a String can't fail.
    let _ = writeln!(text, "active = \"{}\"\n\n[index]\nid = \"{}\"", keys.active, keys.index_id);
    let _ = writeln!(text, "key = \"{}\"\n\n[keys]", *encoded(&keys.index));
    for (id, key) in &keys.sealing {
        let _ = writeln!(text, "{id} = \"{}\"", *encoded(key));
    }
    text
}

pub(crate) fn save_new(path: &Path, keys: &Keys) -> Result<(), Error> {
    write(path, keys).map_err(|source| Error::Write { path: path.to_owned(), source })
}

fn write(path: &Path, keys: &Keys) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let draft = folder.join(format!(".ring-{:016x}", rand::random::<u64>()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    // A link, unlike a rename, fails when the name is taken; and the file appears under it whole.
    let written = file
        .write_all(render(keys).as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| std::fs::hard_link(&draft, path));
    std::fs::remove_file(&draft)?;
    written?;
    File::open(folder)?.sync_all()
}
