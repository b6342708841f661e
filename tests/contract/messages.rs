//! Rules of requests and responses: `request_id` on everything that changes something, pages on every list
//! (contracts rules 2, 5, 6).

use prost_reflect::{Kind, Value};

use crate::{assert_none, methods, pool, reads};

#[test]
fn what_changes_something_has_a_request_id_in_uuid4_form() {
    let info = pool().get_extension_by_name("google.api.field_info").expect("vendored");
    let (mut seen, mut faults) = (0, Vec::new());
    for method in methods() {
        let field = method.input().get_field_by_name("request_id");
        if reads(&method) {
            if field.is_some() {
                faults.push(format!("{} reads and has a request_id", method.full_name()));
            }
            continue;
        }
        seen += 1;
        let Some(field) = field else {
            faults.push(format!("{} has no request_id", method.full_name()));
            continue;
        };
        let options = field.options();
        let uuid4 = match options.get_extension(&info).as_ref() {
            Value::Message(info) => {
                info.get_field_by_name("format").is_some_and(|f| f.as_ref() == &Value::EnumNumber(1))
            }
            _ => false,
        };
        if !uuid4 {
            faults.push(format!("{} is not marked UUID4", field.full_name()));
        }
    }
    assert_none(seen, &faults);
}

#[test]
fn requests_are_named_after_their_methods() {
    let (mut seen, mut faults) = (0, Vec::new());
    for method in methods() {
        seen += 1;
        if method.input().name() != format!("{}Request", method.name()) {
            faults.push(format!("{} takes {}", method.full_name(), method.input().name()));
        }
        if method.is_server_streaming() && method.name().starts_with("List") {
            faults.push(format!("{} is a list that streams", method.full_name()));
        }
    }
    assert_none(seen, &faults);
}

#[test]
fn every_list_has_pages() {
    let (mut seen, mut faults) = (0, Vec::new());
    for method in methods().into_iter().filter(|m| m.name().starts_with("List")) {
        seen += 1;
        let (request, response) = (method.input(), method.output());
        for name in ["page_size", "page_token"] {
            if request.get_field_by_name(name).is_none() {
                faults.push(format!("{} lacks {name}", request.full_name()));
            }
        }
        if response.get_field_by_name("next_page_token").is_none_or(|f| f.kind() != Kind::String) {
            faults.push(format!("{} lacks next_page_token", response.full_name()));
        }
        if response.get_field(1).is_none_or(|f| !f.is_list()) {
            faults.push(format!("{} does not begin with its results", response.full_name()));
        }
    }
    assert_none(seen, &faults);
}
