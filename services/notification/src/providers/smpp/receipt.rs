//! Reads a delivery receipt out of a `deliver_sm`: by its TLVs (SMPP 3.4 and later), else by the text form of the
//! specification's Appendix B, `id:… sub:… dlvrd:… submit date:… done date:… stat:DELIVRD err:000 text:…`. Pure.

use rusmpp::pdus::DeliverSm;
use rusmpp::tlvs::TlvValue;
use rusmpp::values::{MessageState, MessageType};

use super::super::ReceiptState;

/// Characters of an id; the protocol itself has 64.
const LONGEST_ID: usize = 128;

/// What a receipt says, without who and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Report {
    pub(super) reference: String,
    pub(super) state: ReceiptState,
    pub(super) code: Option<String>,
}

/// What a `deliver_sm` is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Incoming {
    Receipt(Report),
    /// Marked as a receipt, but with no id or state that we can use.
    Unreadable,
    /// A text that somebody sent to us. Nothing in the suite takes those.
    Text,
}

pub(super) fn read(deliver: &DeliverSm) -> Incoming {
    let mut reference = None;
    let mut state = None;
    let mut payload = None;
    for tlv in deliver.tlvs() {
        match tlv.value() {
            Some(TlvValue::ReceiptedMessageId(id)) => reference = Some(id.as_str().to_owned()),
            Some(TlvValue::MessageState(message_state)) => state = Some(from_tlv(*message_state)),
            Some(TlvValue::MessagePayload(value)) => payload = Some(value.value.as_ref()),
            _ => {}
        }
    }
    let marked = matches!(
        deliver.esm_class.message_type,
        MessageType::ShortMessageContainsMCDeliveryReceipt
            | MessageType::ShortMessageContainsIntermediateDeliveryNotification
    );
    if !marked && reference.is_none() {
        return Incoming::Text;
    }
    let body = match payload {
        Some(payload) if deliver.short_message().is_empty() => payload,
        _ => deliver.short_message().as_ref(),
    };
    let written = written(&String::from_utf8_lossy(body));
    let reference = reference.or(written.reference).filter(|reference| is_usable(reference));
    match (reference, state.or(written.state)) {
        (Some(reference), Some(state)) => Incoming::Receipt(Report { reference, state, code: written.code }),
        _ => Incoming::Unreadable,
    }
}

/// Whether it can be the id of one of our messages, and be stored: Postgres takes no NUL and indexes no page-long text, and a receipt that
/// is not stored comes again for ever.
fn is_usable(reference: &str) -> bool {
    (1..=LONGEST_ID).contains(&reference.chars().count()) && !reference.chars().any(char::is_control)
}

#[derive(Debug, Default)]
struct Written {
    reference: Option<String>,
    state: Option<ReceiptState>,
    code: Option<String>,
}

fn written(body: &str) -> Written {
    let mut found = Written::default();
    for word in body.split_ascii_whitespace() {
        let Some((key, value)) = word.split_once(':') else { continue };
        match key.to_ascii_lowercase().as_str() {
            "id" if found.reference.is_none() => found.reference = Some(value.to_owned()),
            "stat" if found.state.is_none() => found.state = from_word(value),
            "err" if found.code.is_none() => {
                let code: String = value.chars().filter(char::is_ascii_alphanumeric).take(16).collect();
                found.code = (!code.is_empty()).then_some(code);
            }
            // The beginning of our own message, quoted: nothing behind it is ours to read.
            "text" => break,
            _ => {}
        }
    }
    found
}

fn from_tlv(state: MessageState) -> ReceiptState {
    match state {
        MessageState::Delivered => ReceiptState::Delivered,
        MessageState::Expired => ReceiptState::Expired,
        MessageState::Undeliverable | MessageState::Rejected => ReceiptState::Failed { permanent: true },
        MessageState::Deleted | MessageState::Skipped => ReceiptState::Failed { permanent: false },
        _ => ReceiptState::Underway,
    }
}

fn from_word(word: &str) -> Option<ReceiptState> {
    Some(match word.to_ascii_uppercase().as_str() {
        "DELIVRD" => ReceiptState::Delivered,
        "EXPIRED" => ReceiptState::Expired,
        "UNDELIV" | "REJECTD" => ReceiptState::Failed { permanent: true },
        "DELETED" | "SKIPPED" => ReceiptState::Failed { permanent: false },
        "ENROUTE" | "ACCEPTD" | "UNKNOWN" | "SCHEDULED" => ReceiptState::Underway,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use rusmpp::tlvs::MessageDeliveryRequestTlvValue as Tlv;
    use rusmpp::types::{COctetString, OctetString};
    use rusmpp::values::EsmClass;

    use super::*;

    fn deliver(esm_class: u8, body: &str, tlvs: Vec<Tlv>) -> DeliverSm {
        DeliverSm::builder()
            .esm_class(EsmClass::from(esm_class))
            .short_message(OctetString::from_string(body.to_owned()).expect("short"))
            .tlvs(tlvs)
            .build()
    }

    fn report(reference: &str, state: ReceiptState, code: Option<&str>) -> Incoming {
        Incoming::Receipt(Report { reference: reference.to_owned(), state, code: code.map(str::to_owned) })
    }

    #[test]
    fn text_form() {
        let body = "id:0A1b-7 sub:001 dlvrd:001 submit date:2611251800 done date:2611251801 stat:DELIVRD err:000 text:id:9 stat:EXPIRED";
        assert_eq!(read(&deliver(0x04, body, vec![])), report("0A1b-7", ReceiptState::Delivered, Some("000")));
        let body = "ID:77 Stat:UNDELIV Err:+7916 Text:";
        assert_eq!(
            read(&deliver(0x04, body, vec![])),
            report("77", ReceiptState::Failed { permanent: true }, Some("7916"))
        );
    }

    #[test]
    fn tlv_form_wins_over_the_text() {
        let id = COctetString::from_string("42".to_owned()).expect("short");
        let tlvs = vec![Tlv::ReceiptedMessageId(id), Tlv::MessageState(MessageState::Expired)];
        assert_eq!(
            read(&deliver(0x04, "id:1 stat:DELIVRD err:011", tlvs)),
            report("42", ReceiptState::Expired, Some("011"))
        );
    }

    #[test]
    fn what_is_no_receipt() {
        assert_eq!(read(&deliver(0x00, "id:1 stat:DELIVRD", vec![])), Incoming::Text);
        assert_eq!(read(&deliver(0x04, "привет", vec![])), Incoming::Unreadable);
        assert_eq!(read(&deliver(0x04, "id:1 stat:NEWWORD", vec![])), Incoming::Unreadable);
        for id in ["", "1\u{0}", &"9".repeat(129)] {
            assert_eq!(read(&deliver(0x04, &format!("id:{id} stat:DELIVRD"), vec![])), Incoming::Unreadable);
        }
    }

    #[test]
    fn an_intermediate_notice_is_not_the_end() {
        assert_eq!(
            read(&deliver(0x20, "id:1 stat:ENROUTE err:0", vec![])),
            report("1", ReceiptState::Underway, Some("0"))
        );
    }
}
