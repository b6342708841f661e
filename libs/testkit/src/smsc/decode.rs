//! From the octets of parts back to text, independent of the code under test.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use rusmpp::extra::encoding::gsm7bit::Gsm7BitUnpacked;
use rusmpp::pdus::SubmitSm;
use rusmpp::values::DataCoding;

use super::record::{Message, Submitted};

/// Septets, one per octet, to text, by the codec crate's own table turned round.
///
/// # Panics
/// On an octet that the alphabet lacks.
pub fn decode_gsm7(septets: &[u8]) -> String {
    static TABLE: OnceLock<BTreeMap<Vec<u8>, char>> = OnceLock::new();
    let table = TABLE.get_or_init(|| {
        ('\0'..='\u{20AC}')
            .filter_map(|c| Gsm7BitUnpacked::new().encode_to_vec(&c.to_string()).ok().map(|octets| (octets, c)))
            .collect()
    });
    let mut text = String::new();
    let mut rest = septets;
    while let Some(first) = rest.first() {
        let length = if *first == 0x1B { 2 } else { 1 };
        let (head, tail) = rest.split_at(length.min(rest.len()));
        text.push(*table.get(head).unwrap_or_else(|| panic!("{head:?} is not in the GSM alphabet")));
        rest = tail;
    }
    text
}

fn decode(data_coding: DataCoding, body: &[u8]) -> String {
    match data_coding {
        DataCoding::Ucs2 => {
            let units: Vec<u16> = body.chunks(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
            String::from_utf16(&units).expect("a part is whole UTF-16: no half surrogate pair")
        }
        DataCoding::McSpecific => decode_gsm7(body),
        other => panic!("the suite sends no {other:?}"),
    }
}

pub(super) fn submitted(submit: &SubmitSm, message_id: Option<String>) -> Submitted {
    let data: &[u8] = submit.short_message().as_ref();
    let esm_class = u8::from(submit.esm_class);
    let (part, body) = if esm_class & 0x40 == 0 {
        (None, data)
    } else {
        let (header, body) = data.split_at(usize::from(data[0]) + 1);
        let part = match header {
            [_, 0x00, 0x03, reference, total, index] => (u16::from(*reference), *total, *index),
            [_, 0x08, 0x04, high, low, total, index] => (u16::from_be_bytes([*high, *low]), *total, *index),
            other => panic!("unknown header {other:?}"),
        };
        (Some(part), body)
    };
    Submitted {
        message_id,
        from: submit.source_addr.as_str().to_owned(),
        to: submit.destination_addr.as_str().to_owned(),
        text: decode(submit.data_coding, body),
        data_coding: submit.data_coding,
        esm_class,
        registered_delivery: u8::from(submit.registered_delivery),
        validity_period: submit.validity_period.as_str().to_owned(),
        part,
        octets: data.len(),
    }
}

/// Joins accepted parts as a handset does: by sender, recipient, reference and total. A part that comes again replaces nothing
/// while its message is incomplete; once the message is whole, the same reference begins a new one. Two messages of 256 share a reference: a
/// handset forgets what stays incomplete, and here another text in the place of a part tells them apart.
///
/// In the order in which they became whole, which is when they are read; what stays incomplete comes last.
pub fn put_together(submits: &[Submitted]) -> Vec<Message> {
    put_together_of(submits, |_| None::<()>)
}

/// The same for somebody who knows more than a handset: `owner` tells whose a part is by the id that the centre gave it. Parts of different
/// owners are never one message, be their texts and references the same.
pub fn put_together_of<K: Copy + PartialEq>(submits: &[Submitted], owner: impl Fn(&str) -> Option<K>) -> Vec<Message> {
    struct Open<K> {
        owner: Option<K>,
        key: Option<(String, String, u16, u8)>,
        from: String,
        to: String,
        parts: BTreeMap<u8, (String, String)>,
        total: u8,
        /// Which submit made it whole.
        whole: Option<usize>,
    }
    let mut messages: Vec<Open<K>> = Vec::new();
    for (at, submit) in submits.iter().enumerate() {
        let Some(id) = &submit.message_id else { continue };
        let (reference, total, index) = submit.part.unwrap_or((0, 1, 1));
        let key = submit.part.map(|_| (submit.from.clone(), submit.to.clone(), reference, total));
        let owner = owner(id);
        let is_open = |open: &Open<K>| key.is_some() && open.key == key && open.parts.len() < usize::from(total);
        let fits = |open: &Open<K>| open.parts.get(&index).is_none_or(|(_, text)| *text == submit.text);
        let is_theirs = |open: &Open<K>| open.owner.is_none() || owner.is_none() || open.owner == owner;
        let known = messages.iter().rposition(|open| is_open(open) && fits(open) && is_theirs(open));
        let open = match known {
            Some(position) => &mut messages[position],
            None => {
                let (from, to) = (submit.from.clone(), submit.to.clone());
                messages.push(Open { owner, key, from, to, parts: BTreeMap::new(), total, whole: None });
                messages.last_mut().expect("just pushed")
            }
        };
        open.owner = open.owner.or(owner);
        open.parts.entry(index).or_insert_with(|| (id.clone(), submit.text.clone()));
        if open.parts.len() == usize::from(open.total) {
            open.whole.get_or_insert(at);
        }
    }
    messages.sort_by_key(|open| open.whole.unwrap_or(usize::MAX));
    messages
        .into_iter()
        .map(|open| Message {
            whole: open.whole.is_some(),
            from: open.from,
            to: open.to,
            text: open.parts.values().map(|(_, text)| text.as_str()).collect(),
            parts: open.parts.into_values().map(|(id, _)| id).collect(),
        })
        .collect()
}
