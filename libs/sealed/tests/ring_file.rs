//! The ring file and the guard.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use sealed::{Error, KeyId, Place, Ring, key_guard};

const PLACE: Place<'static> = Place { table: "appeal", column: "text", row: b"row-1" };

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let dir = std::env::temp_dir().join(format!("sealed-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).unwrap();
        Folder(dir)
    }

    fn ring(&self) -> PathBuf {
        self.0.join("ring.toml")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_saved_ring_opens_what_it_sealed_before() {
    let folder = Folder::new("saved");
    let ring = Ring::generate().with_new_key();
    let sealed = ring.seal(PLACE, b"kept");
    ring.save_new(folder.ring()).unwrap();
    let loaded = Ring::load(folder.ring()).unwrap();
    assert_eq!(&loaded.open(PLACE, &sealed).unwrap()[..], b"kept");
    assert_eq!((loaded.active_id(), loaded.ids()), (ring.active_id(), ring.ids()));
    assert_eq!(loaded.blind("phone", "1"), ring.blind("phone", "1"));
    assert_eq!(loaded.subkey("pages"), ring.subkey("pages"));
    assert!(ring.is_new() && !loaded.is_new());
}

#[test]
fn the_file_is_ours_alone_and_never_overwritten() {
    let folder = Folder::new("mode");
    let ring = Ring::generate();
    ring.save_new(folder.ring()).unwrap();
    assert_eq!(folder.ring().metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let before = std::fs::read(folder.ring()).unwrap();
    let error = Ring::generate().save_new(folder.ring()).unwrap_err();
    assert!(
        matches!(&error, Error::Write { source, .. } if source.kind() == std::io::ErrorKind::AlreadyExists),
        "{error}"
    );
    assert_eq!(std::fs::read(folder.ring()).unwrap(), before);
    assert_eq!(folder.0.read_dir().unwrap().count(), 1, "no draft stays");
}

#[test]
fn an_absent_file_is_told_from_an_unreadable_one() {
    let folder = Folder::new("absent");
    assert!(Ring::load(folder.ring()).unwrap_err().is_absent_ring());
    std::fs::create_dir(folder.ring()).unwrap();
    assert!(!Ring::load(folder.ring()).unwrap_err().is_absent_ring());
}

#[test]
fn nothing_that_is_printed_holds_a_key() {
    let folder = Folder::new("printed");
    let ring = Ring::generate().with_new_key();
    ring.save_new(folder.ring()).unwrap();
    let text = std::fs::read_to_string(folder.ring()).unwrap();
    let keys: Vec<&str> = text.split('"').filter(|part| part.len() == 44).collect();
    assert_eq!(keys.len(), 3, "two sealing keys and the index key");
    let shown = format!("{ring:?} {ring:#?} {:?}", ring.active_id());
    assert!(shown.contains(&ring.active_id().to_string()));

    // Each line broken in turn in several ways, and each key in the wrong line: the errors must not quote.
    let mut faults = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| line.contains('"') || line.starts_with('[')) {
        let first = keys[0];
        for broken in [
            line.replace('"', ""),
            line.replacen('"', "", 1),
            format!("{line} {line}"),
            String::new(),
            format!("{line}\nx = \"{first}\""),
            format!("active = \"{first}\""),
        ] {
            let lines: Vec<&str> =
                text.lines().enumerate().map(|(at, l)| if at == number { &broken } else { l }).collect();
            std::fs::write(folder.ring(), lines.join("\n")).unwrap();
            if let Err(error) = Ring::load(folder.ring()) {
                faults.push(format!("{error} {error:?}"));
            }
        }
    }
    assert!(faults.len() > 20, "{faults:?}");
    for said in faults.iter().chain([&shown]) {
        for key in &keys {
            assert!(!said.contains(&key[..8]), "{said}");
        }
    }
}

#[test]
fn a_ring_that_can_not_be_right_is_refused_with_its_fault() {
    let folder = Folder::new("faults");
    let key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let whole =
        format!("active = \"00000001\"\n[index]\nid = \"00000002\"\nkey = \"{key}\"\n[keys]\n00000001 = \"{key}\"\n");
    let load = |text: &str| {
        std::fs::write(folder.ring(), text).unwrap();
        Ring::load(folder.ring()).map_err(|error| error.to_string())
    };
    load(&whole).unwrap();
    for (from, to, fault) in [
        ("active = \"00000001\"", "active = \"00000009\"", "not under [keys]"),
        ("active = \"00000001\"", "active = \"+0000001\"", "active is not 8 hex digits"),
        ("id = \"00000002\"", "id = \"00000001\"", "both the index key and a sealing key"),
        ("00000001 = \"AAAA", "00000001 = \"AA*A", "not base64"),
        ("00000001 = \"AAAA", "00000001 = \"", "has 29 bytes, not 32"),
        ("[keys]", "[kees]", "line"),
    ] {
        let said = load(&whole.replace(from, to)).unwrap_err();
        assert!(said.contains(fault), "{from} -> {to}: {said}");
    }
}

#[test]
fn the_guard_lets_a_ring_start_only_with_its_own_database() {
    let folder = Folder::new("guard");
    let new = Ring::generate();
    new.save_new(folder.ring()).unwrap();
    let loaded = Ring::load(folder.ring()).unwrap();
    let stranger = KeyId::from_bytes([0; 4]);

    key_guard::check(&new, &[], true).unwrap();
    assert!(matches!(key_guard::check(&new, &[], false), Err(Error::NewRingForOldData)));
    key_guard::check(&loaded, &loaded.ids(), false).unwrap();
    key_guard::check(&loaded, &[loaded.index_id()], false).unwrap();
    key_guard::check(&loaded, &[], true).unwrap();
    let foreign = key_guard::check(&loaded, &[loaded.active_id(), stranger], false);
    assert!(matches!(foreign, Err(Error::KeyMissing(id)) if id == stranger));
    let other_index = Ring::generate().index_id();
    assert!(matches!(key_guard::check(&loaded, &[other_index], false), Err(Error::KeyMissing(_))));
}
