//! Page tokens that were altered, or taken elsewhere, open nothing.

use proptest::prelude::*;
use rpc::pages::{self, Tokens};
use rpc::{Refusal, Violations};

const METHOD: &str = "/otklik.ticket.v1.TicketService/ListAppeals";

type Cursor = (i64, String);

fn tokens() -> Tokens {
    Tokens::new(&[7; 32])
}

fn open(method: &str, filter: &[u8], token: &str) -> Result<Option<Cursor>, Refusal> {
    tokens().open(method, filter, token)
}

fn assert_refused(outcome: Result<Option<Cursor>, Refusal>) {
    let refusal = outcome.unwrap_err();
    assert_eq!(refusal.code(), tonic::Code::InvalidArgument);
    let violation = &refusal.violations()[0];
    assert_eq!((violation.field.as_str(), violation.reason), ("page_token", "PAGE_TOKEN_INVALID"));
}

#[test]
fn the_empty_token_is_the_first_page() {
    assert_eq!(open(METHOD, b"", "").unwrap(), None);
}

#[test]
fn another_filter_method_or_key_is_refused() {
    let token = tokens().seal(METHOD, b"open", &(5i64, "x")).unwrap();
    assert_eq!(open(METHOD, b"open", &token).unwrap(), Some((5, "x".to_owned())));
    assert_refused(open(METHOD, b"closed", &token));
    assert_refused(open("/otklik.ticket.v1.TicketService/ListMessages", b"open", &token));
    assert_refused(Tokens::new(&[8; 32]).open(METHOD, b"open", &token));
    assert_refused(open(&METHOD[..METHOD.len() - 1], b"sopen", &token));
}

#[test]
fn sizes_follow_the_rules() {
    let mut violations = Violations::new();
    let mut size = |requested| pages::size(requested, 50, 500, &mut violations);
    assert_eq!([size(0), size(1), size(500), size(501), size(i32::MAX)], [50, 1, 500, 500, 500]);
    assert!(violations.is_empty());
    pages::size(-1, 50, 500, &mut violations);
    assert_eq!(violations.list()[0].field, "page_size");
}

proptest! {
    #[test]
    fn a_round_trip_keeps_the_cursor(time: i64, id in ".*", filter: Vec<u8>) {
        let token = tokens().seal(METHOD, &filter, &(time, &id)).unwrap();
        prop_assert_eq!(open(METHOD, &filter, &token).unwrap(), Some((time, id)));
    }

    #[test]
    fn any_other_byte_is_refused(at in 0usize..40, byte: u8) {
        let token = tokens().seal(METHOD, b"f", &(12345i64, "0198b3c4")).unwrap();
        let mut bytes = token.clone().into_bytes();
        let at = at % bytes.len();
        prop_assume!(bytes[at] != byte && byte.is_ascii());
        bytes[at] = byte;
        assert_refused(open(METHOD, b"f", std::str::from_utf8(&bytes).unwrap()));
        assert_refused(open(METHOD, b"f", &token[..at.max(1)]));
    }

    #[test]
    fn noise_is_refused(noise in ".{1,80}") {
        assert_refused(open(METHOD, b"", &noise));
    }
}
