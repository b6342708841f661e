//! Properties of sealed values.

use proptest::prelude::*;
use sealed::{Error, KeyId, Personal, Place, Ring};

const PLACE: Place<'static> = Place { table: "appeal", column: "text", row: b"row-1" };

#[derive(Debug, Clone, PartialEq)]
struct Spot(String, String, Vec<u8>);

impl Spot {
    fn place(&self) -> Place<'_> {
        Place::new(&self.0, &self.1, &self.2)
    }
}

fn spot() -> impl Strategy<Value = Spot> {
    // A small alphabet, so that two places often differ only in where one part ends.
    ("[ab]{0,3}", "[ab]{0,3}", proptest::collection::vec(b'a'..=b'b', 0..3)).prop_map(|(t, c, r)| Spot(t, c, r))
}

proptest! {
    #[test]
    fn what_was_sealed_opens_at_its_place(plain in proptest::collection::vec(any::<u8>(), 0..300), spot in spot()) {
        let ring = Ring::generate();
        let sealed = ring.seal(spot.place(), &plain);
        prop_assert_eq!(sealed.len(), plain.len() + 33);
        prop_assert_eq!(ring.key_id_of(&sealed).unwrap(), ring.active_id());
        prop_assert_eq!(&sealed[1..5], &ring.active_id().to_bytes()[..], "the key id is where SQL looks for it");
        prop_assert_eq!(&ring.open(spot.place(), &sealed).unwrap()[..], &plain[..]);
        prop_assert_ne!(ring.seal(spot.place(), &plain), sealed, "the same value never looks the same");
    }

    #[test]
    fn texts_round_trip(text in "\\PC{0,60}") {
        let ring = Ring::generate();
        let sealed = ring.seal_text(PLACE, &Personal::from(text.clone()));
        let opened = ring.open_text(PLACE, &sealed).unwrap();
        prop_assert_eq!(opened.expose(), &text);
    }

    #[test]
    fn no_other_place_opens_it(plain in proptest::collection::vec(any::<u8>(), 0..40), here in spot(), there in spot()) {
        prop_assume!(here != there);
        let ring = Ring::generate();
        let sealed = ring.seal(here.place(), &plain);
        prop_assert!(matches!(ring.open(there.place(), &sealed), Err(Error::Refused)));
    }

    #[test]
    fn every_flipped_bit_is_noticed(plain in proptest::collection::vec(any::<u8>(), 0..20)) {
        let ring = Ring::generate();
        let sealed = ring.seal(PLACE, &plain);
        for bit in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let error = ring.open(PLACE, &changed).unwrap_err();
            match bit / 8 {
                0 => prop_assert!(matches!(error, Error::Malformed)),
                1..=4 => prop_assert!(matches!(error, Error::UnknownKey(_))),
                _ => prop_assert!(matches!(error, Error::Refused)),
            }
        }
    }

    #[test]
    fn every_cut_and_every_addition_is_noticed(plain in proptest::collection::vec(any::<u8>(), 0..20), more in any::<u8>()) {
        let ring = Ring::generate();
        let mut sealed = ring.seal(PLACE, &plain);
        for length in 0..sealed.len() {
            prop_assert!(ring.open(PLACE, &sealed[..length]).is_err());
        }
        sealed.push(more);
        prop_assert!(ring.open(PLACE, &sealed).is_err());
    }

    #[test]
    fn garbage_never_opens_nor_panics(garbage in proptest::collection::vec(any::<u8>(), 0..80)) {
        let ring = Ring::generate();
        prop_assert!(ring.open(PLACE, &garbage).is_err());
    }

    #[test]
    fn a_blind_index_is_equal_for_equal_values_of_one_kind_only(a in "[ab]{0,4}", b in "[ab]{0,4}", kind in "[ab]{0,3}", other in "[ab]{0,3}") {
        let ring = Ring::generate();
        prop_assert_eq!(ring.blind(&kind, &a).len(), 32);
        prop_assert_eq!(ring.blind(&kind, &a) == ring.blind(&other, &b), (&kind, &a) == (&other, &b));
        prop_assert_ne!(Ring::generate().blind(&kind, &a), ring.blind(&kind, &a), "it needs the ring");
    }

    #[test]
    fn a_fingerprint_is_equal_for_equal_content_of_one_method_only(a in "[ab]{0,4}", b in "[ab]{0,4}", what in "[ab]{0,3}", other in "[ab]{0,3}") {
        let ring = Ring::generate();
        let print = ring.fingerprint(&what, a.as_bytes());
        prop_assert_eq!(print.len(), 36);
        prop_assert_eq!(KeyId::try_from(&print[..4]).unwrap(), ring.index_id());
        prop_assert_eq!(print == ring.fingerprint(&other, b.as_bytes()), (&what, &a) == (&other, &b));
    }

    #[test]
    fn a_key_id_reads_as_it_is_shown(id in any::<[u8; 4]>()) {
        let id = KeyId::from_bytes(id);
        prop_assert_eq!(id.to_string().parse::<KeyId>().unwrap(), id);
    }
}

#[test]
fn another_ring_with_the_same_key_id_opens_nothing() {
    // The id is only a hint: what counts is the key.
    let (ring, other) = (Ring::generate(), Ring::generate());
    let mut sealed = ring.seal(PLACE, b"secret");
    sealed[1..5].copy_from_slice(&other.active_id().to_bytes());
    assert!(matches!(other.open(PLACE, &sealed), Err(Error::Refused)));
}

#[test]
fn after_rotation_old_values_open_and_what_is_looked_up_stays() {
    let old = Ring::generate();
    let sealed = old.seal(PLACE, "до смены ключа".as_bytes());
    let new = old.with_new_key();
    assert_ne!(new.active_id(), old.active_id());
    assert_eq!(&new.open(PLACE, &sealed).unwrap()[..], "до смены ключа".as_bytes());
    let fresh = new.seal(PLACE, b"after");
    assert_eq!(new.key_id_of(&fresh).unwrap(), new.active_id());
    assert!(matches!(old.open(PLACE, &fresh), Err(Error::UnknownKey(id)) if id == new.active_id()));
    assert_eq!(new.blind("phone", "+79990000000"), old.blind("phone", "+79990000000"));
    assert_eq!(new.fingerprint("FileAppeal", b"x"), old.fingerprint("FileAppeal", b"x"));
    assert_eq!(new.subkey("pages"), old.subkey("pages"));
}

#[test]
fn subkeys_differ_by_label_and_from_everything_else() {
    let ring = Ring::generate();
    assert_eq!(ring.subkey("pages"), ring.subkey("pages"));
    assert_ne!(ring.subkey("pages"), ring.subkey("codes"));
    assert_ne!(ring.subkey("blind")[..], ring.blind("", "")[..]);
    assert_ne!(ring.blind("a", "b")[..], ring.fingerprint("a", b"b")[4..]);
}

#[test]
fn bytes_that_are_no_text_are_told() {
    let ring = Ring::generate();
    let sealed = ring.seal(PLACE, &[0xff, 0xfe]);
    assert!(matches!(ring.open_text(PLACE, &sealed), Err(Error::NotText)));
}

#[test]
fn personal_values_print_nothing() {
    let canary = Personal::from("Канарейкина Мария");
    assert_eq!(format!("{canary:?} {:#?}", Some(&canary)), "Personal(***) Some(\n    Personal(***),\n)");
    assert_eq!(canary.clone(), canary);
    assert_ne!(canary, Personal::from("Канарейкин Мария"));
}
