//! The stored format, pinned: values made by another implementation (Python's hashlib and cryptography, from the description in
//! the crate's documentation) must open and compare equal for as long as version 1 is read.

use sealed::{Place, Ring};

const RING: &str = r#"
active = "5f3a9c01"
[index]
id = "0c77d1e2"
key = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="
[keys]
5f3a9c01 = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
"#;

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn values_of_another_implementation_open() {
    let path = std::env::temp_dir().join(format!("sealed-format-{}.toml", std::process::id()));
    std::fs::write(&path, RING).unwrap();
    let ring = Ring::load(&path).unwrap();
    std::fs::remove_file(&path).unwrap();

    let sealed = hex("015f3a9c01000102030405060708090a0b7971fdc50d46e2b0387a153442fd4114208fa56e8504885703150466");
    let opened = ring.open_text(Place::new("appeal", "text", b"row-1"), &sealed).unwrap();
    assert_eq!(opened.expose(), "Заявка");
    let blind = hex("d8a415a70c8584192e09f3d51243a818f25d492c7aa9786de91b22dcd1fa5fbf");
    assert_eq!(ring.blind("phone", "+79990000000"), blind);
    let fingerprint = hex("0c77d1e295558c90cfa5a27106d616010ab1ea0bbf515e7e7f5d70cabb7199932df8e213");
    assert_eq!(ring.fingerprint("FileAppeal", b"body"), fingerprint);
    let subkey = hex("c74f1b7b78a6846ced5f37dc601dc2c7a8ed104b00fc9b4c2af5e911a628a612");
    assert_eq!(ring.subkey("pages")[..], subkey);
}
