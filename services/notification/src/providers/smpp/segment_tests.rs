use proptest::prelude::*;

use super::segment::{Alphabet, MAX_PARTS, Segments, cut};

const GSM: &str = "[a-zA-Z0-9 @£$¥èéÇØøÅåΔΦΓΛΩΠΨΣΘΞÆæßÉ!#%&()*+,./:;<=>?¡ÄÖÑÜ§¿äöñüà\n]{0,700}";
const GSM_ESCAPES: &str = "[a-z€{}\\[\\]~|^\\\\]{0,700}";
const WILD: &str = "[а-яА-ЯёЁ№«» 0-9😀🏛👩‍🚒𝄞]{0,400}";

fn utf16(part: &[u8]) -> Vec<u16> {
    part.chunks(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect()
}

fn read_ucs2(segments: &Segments) -> String {
    // Each part is read by itself: a split surrogate would fail here, not only in the joined text.
    segments.parts.iter().map(|part| String::from_utf16(&utf16(part)).expect("no half surrogate in a part")).collect()
}

proptest! {
    #[test]
    fn ucs2_parts_joined_are_the_text(text in WILD) {
        let segments = cut(&text, false).expect("400 characters are under 255 parts");
        prop_assert_eq!(segments.alphabet, Alphabet::Ucs2);
        prop_assert_eq!(read_ucs2(&segments), text.clone());
        let units = text.encode_utf16().count();
        if units <= 70 {
            prop_assert_eq!(segments.parts.len(), 1);
        } else {
            let last = segments.parts.len() - 1;
            for (index, part) in segments.parts.iter().enumerate() {
                let units = part.len() / 2;
                prop_assert!(units <= 67 && units > 0);
                // Only a pair that would be split makes a part shorter, and only by one unit.
                prop_assert!(index == last || units >= 66);
            }
        }
    }

    #[test]
    fn gsm7_parts_are_full_and_never_end_in_an_escape(text in GSM_ESCAPES) {
        let segments = cut(&text, true).expect("1400 septets are under 255 parts");
        prop_assert_eq!(segments.alphabet, Alphabet::Gsm7);
        let septets: usize = text.chars().map(|c| if c.is_ascii_lowercase() { 1 } else { 2 }).sum();
        prop_assert_eq!(segments.parts.iter().map(Vec::len).sum::<usize>(), septets);
        let last = segments.parts.len() - 1;
        for (index, part) in segments.parts.iter().enumerate() {
            prop_assert!(part.last() != Some(&0x1B));
            let most = if last == 0 { 160 } else { 153 };
            prop_assert!(part.len() <= most);
            prop_assert!(index == last || part.len() >= 152);
        }
        prop_assert_eq!(testkit::smsc::decode_gsm7(&segments.parts.concat()), text);
    }

    #[test]
    fn the_whole_gsm_alphabet_survives(text in GSM) {
        let segments = cut(&text, true).expect("700 septets are under 255 parts");
        prop_assert_eq!(segments.alphabet, Alphabet::Gsm7);
        prop_assert_eq!(testkit::smsc::decode_gsm7(&segments.parts.concat()), text);
    }

    #[test]
    fn headers_count_the_parts(text in WILD, reference in any::<u8>()) {
        let segments = cut(&text, true).expect("400 characters are under 255 parts");
        let total = segments.parts.len();
        for index in 0..total {
            let data = segments.user_data(index, reference);
            let most = if segments.alphabet == Alphabet::Ucs2 { 140 } else { 160 };
            prop_assert!(data.len() <= most);
            if total > 1 {
                prop_assert_eq!(&data[..6], &[5, 0, 3, reference, total as u8, index as u8 + 1]);
                prop_assert_eq!(&data[6..], segments.parts[index].as_slice());
            }
        }
    }
}

#[test]
fn borders() {
    let parts = |text: &str| cut(text, true).map(|segments| (segments.alphabet, segments.parts.len()));
    assert_eq!(parts(""), Some((Alphabet::Gsm7, 1)));
    assert_eq!(parts(&"a".repeat(160)), Some((Alphabet::Gsm7, 1)));
    assert_eq!(parts(&"a".repeat(161)), Some((Alphabet::Gsm7, 2)));
    assert_eq!(parts(&"я".repeat(70)), Some((Alphabet::Ucs2, 1)));
    assert_eq!(parts(&"я".repeat(71)), Some((Alphabet::Ucs2, 2)));
    assert_eq!(parts(&"я".repeat(134)), Some((Alphabet::Ucs2, 2)));
    assert_eq!(parts(&"я".repeat(135)), Some((Alphabet::Ucs2, 3)));
    // One character outside the GSM alphabet turns the whole message to UCS-2.
    assert_eq!(parts("Otklik №1"), Some((Alphabet::Ucs2, 1)));
    // A pair across the 67th unit moves to the next part.
    let text = format!("{}😀{}", "я".repeat(66), "я".repeat(10));
    let cut_text = cut(&text, true).expect("short");
    assert_eq!(cut_text.parts.iter().map(|part| part.len() / 2).collect::<Vec<_>>(), [66, 12]);
    assert_eq!(parts(&"я".repeat(67 * MAX_PARTS)), Some((Alphabet::Ucs2, MAX_PARTS)));
    assert_eq!(parts(&"я".repeat(67 * MAX_PARTS + 1)), None);
}
