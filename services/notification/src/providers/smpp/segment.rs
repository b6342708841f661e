//! From a text to the parts that an SMS centre takes (3GPP TS 23.038 and 23.040). Pure.
//!
//! | alphabet | one part | each of several | never split |
//! |---|---|---|---|
//! | GSM-7, one septet per octet | 160 septets | 153 | an escape and its character |
//! | UCS-2 (sent as UTF-16) | 70 units | 67 | a surrogate pair |
//!
//! A part of several begins with a header of 6 octets, `05 00 03 reference total index`. The header with a 16-bit reference has
//! 7 and would cost a character in every part, so the reference is 8 bits: [`reference`] takes it from the delivery's id. Two
//! messages are confused only if they travel from one sender to one handset at the same time with the same reference (1 in 256)
//! and the same number of parts. In return every replica, after every restart, repeats a message under the same reference, and
//! a handset that has some of the parts already takes the repeat as the same message.

use rusmpp::extra::encoding::gsm7bit::Gsm7BitUnpacked;

/// How the octets of a part are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alphabet {
    /// GSM 03.38 default alphabet, one septet per octet, escapes included.
    Gsm7,
    /// UTF-16, big endian.
    Ucs2,
}

/// A text cut into parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segments {
    /// The alphabet of every part.
    pub alphabet: Alphabet,
    /// User data of each part *without* the header.
    pub parts: Vec<Vec<u8>>,
}

/// The most parts one message can have: the header counts them in one octet.
pub const MAX_PARTS: usize = 255;

/// The concatenation reference of a delivery: all octets of its id folded into one, so that it is even for v4 and v7 alike.
pub fn reference(delivery_id: uuid::Uuid) -> u8 {
    delivery_id.as_bytes().iter().fold(0, |folded, octet| folded ^ octet)
}

const ESCAPE: u8 = 0x1B;
const GSM7_SINGLE: usize = 160;
const GSM7_MULTI: usize = 153;
const UCS2_SINGLE: usize = 70;
const UCS2_MULTI: usize = 67;

impl Segments {
    /// The user data of part `index` (from 0) as it goes on the wire, with its header where there are several.
    pub fn user_data(&self, index: usize, reference: u8) -> Vec<u8> {
        let body = &self.parts[index];
        if self.parts.len() == 1 {
            return body.clone();
        }
        // `cut` never makes more than MAX_PARTS, so neither number overflows.
        let header = [0x05, 0x00, 0x03, reference, self.parts.len() as u8, (index + 1) as u8];
        let mut data = Vec::with_capacity(header.len() + body.len());
        data.extend_from_slice(&header);
        data.extend_from_slice(body);
        data
    }
}

/// Cuts `text` into parts, or `None` when it needs more than [`MAX_PARTS`]. `gsm7`: use the GSM alphabet where every
/// character fits it; otherwise, and for Russian always, UCS-2 (N-17).
pub fn cut(text: &str, gsm7: bool) -> Option<Segments> {
    let segments = match gsm7.then(|| Gsm7BitUnpacked::new().encode_to_vec(text)) {
        Some(Ok(septets)) => Segments { alphabet: Alphabet::Gsm7, parts: cut_gsm7(&septets) },
        _ => Segments { alphabet: Alphabet::Ucs2, parts: cut_ucs2(text) },
    };
    (segments.parts.len() <= MAX_PARTS).then_some(segments)
}

fn cut_gsm7(septets: &[u8]) -> Vec<Vec<u8>> {
    if septets.len() <= GSM7_SINGLE {
        return vec![septets.to_vec()];
    }
    let mut parts = Vec::new();
    let mut rest = septets;
    while !rest.is_empty() {
        let mut end = rest.len().min(GSM7_MULTI);
        if end < rest.len() && rest[end - 1] == ESCAPE {
            end -= 1;
        }
        let (part, behind) = rest.split_at(end);
        parts.push(part.to_vec());
        rest = behind;
    }
    parts
}

fn cut_ucs2(text: &str) -> Vec<Vec<u8>> {
    let units: Vec<u16> = text.encode_utf16().collect();
    let bytes = |units: &[u16]| units.iter().flat_map(|unit| unit.to_be_bytes()).collect::<Vec<u8>>();
    if units.len() <= UCS2_SINGLE {
        return vec![bytes(&units)];
    }
    let mut parts = Vec::new();
    let mut rest = units.as_slice();
    while !rest.is_empty() {
        let mut end = rest.len().min(UCS2_MULTI);
        let high_surrogate = (0xD800..0xDC00).contains(&rest[end - 1]);
        if end < rest.len() && high_surrogate {
            end -= 1;
        }
        let (part, behind) = rest.split_at(end);
        parts.push(bytes(part));
        rest = behind;
    }
    parts
}
