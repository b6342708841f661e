use super::{Submitted, put_together};
use rusmpp::values::DataCoding;

fn part(id: &str, reference: u16, total: u8, index: u8, text: &str) -> Submitted {
    Submitted {
        message_id: Some(id.to_owned()),
        from: "Otklik".to_owned(),
        to: "79160000001".to_owned(),
        text: text.to_owned(),
        data_coding: DataCoding::Ucs2,
        esm_class: 0x40,
        registered_delivery: 1,
        validity_period: String::new(),
        part: Some((reference, total, index)),
        octets: 0,
    }
}

#[test]
fn parts_are_joined_as_a_handset_does() {
    let submits = [
        part("1", 7, 2, 2, "б"),
        part("2", 9, 2, 1, "в"),
        part("3", 7, 2, 2, "б"),
        part("4", 7, 2, 1, "а"),
        part("5", 7, 2, 1, "г"),
    ];
    let messages = put_together(&submits);
    let seen: Vec<_> =
        messages.iter().map(|message| (message.text.as_str(), message.parts.join(" "), message.whole)).collect();
    assert_eq!(seen, [("аб", "4 1".to_owned(), true), ("в", "2".to_owned(), false), ("г", "5".to_owned(), false)]);
}
