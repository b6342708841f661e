use super::{Submitted, put_together, put_together_of};
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

#[test]
fn parts_alike_of_two_messages_are_told_apart_by_whoever_knows_whose_they_are() {
    let submits =
        [part("a1", 7, 2, 1, "а"), part("b1", 7, 2, 1, "а"), part("a2", 7, 2, 2, "б"), part("b2", 7, 2, 2, "б")];
    assert_eq!(put_together(&submits).iter().filter(|message| message.whole).count(), 1, "so does a handset");
    let seen: Vec<_> = put_together_of(&submits, |id| id.chars().next()).into_iter().map(|it| it.parts).collect();
    assert_eq!(seen, [["a1", "a2"], ["b1", "b2"]]);
    // Of a part that was taken without an answer nobody knows whose it is: it is whoever's message it makes whole.
    let seen = put_together_of(&submits, |id| id.starts_with('b').then_some('b'));
    assert_eq!(seen.iter().filter(|message| message.whole).count(), 1);
}

/// A part that nobody answered for, and days later a message in the same words that happens to have its reference: it is read then, after
/// what came in between.
#[test]
fn messages_are_in_the_order_in_which_they_became_whole() {
    let submits = [
        part("x1", 7, 2, 1, "а"),
        part("c1", 8, 1, 1, "между"),
        part("b1", 7, 2, 1, "а"),
        part("b2", 7, 2, 2, "б"),
        part("y1", 9, 2, 1, "в"),
    ];
    let seen = put_together_of(&submits, |id| id.starts_with('b').then_some('b'));
    let seen: Vec<_> = seen.iter().map(|message| (message.text.as_str(), message.whole)).collect();
    assert_eq!(seen, [("между", true), ("аб", true), ("в", false)]);
}
