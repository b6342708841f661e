//! Rules of single fields: `field_behavior`, time names, the zero of enums (contracts rules 3, 4, 8, 10).

use std::collections::HashSet;

use prost_reflect::{Kind, MessageDescriptor, Value};

use crate::{assert_none, messages, methods, pool};

#[test]
fn fields_that_a_request_reaches_say_how_they_behave() {
    let behavior = pool().get_extension_by_name("google.api.field_behavior").expect("vendored");
    let (mut seen, mut faults) = (0, Vec::new());
    for message in reached() {
        for field in message.fields() {
            // A member of a oneof is neither required nor optional by itself.
            if field.containing_oneof().is_some_and(|o| !o.is_synthetic()) {
                continue;
            }
            seen += 1;
            let options = field.options();
            match options.get_extension(&behavior).as_ref() {
                Value::List(values) if !values.is_empty() => {}
                _ => faults.push(format!("{} has no field_behavior", field.full_name())),
            }
        }
    }
    assert_none(seen, &faults);
}

#[test]
fn instants_are_named_time_and_resource_names_come_first() {
    let (mut seen, mut faults) = (0, Vec::new());
    for message in messages() {
        for field in message.fields() {
            if let Kind::Message(kind) = field.kind() {
                let instant = kind.full_name() == "google.protobuf.Timestamp";
                seen += usize::from(instant);
                // `Variable.time` is a value of that type, not a moment of the message itself.
                if instant && !field.name().ends_with("_time") && field.name() != "time" {
                    faults.push(format!("{} is an instant not named *_time", field.full_name()));
                }
            }
            if field.name() == "name" && field.number() != 1 {
                faults.push(format!("{} is not field 1", field.full_name()));
            }
        }
    }
    assert_none(seen, &faults);
}

#[test]
fn the_zero_of_every_enum_is_unspecified() {
    let (mut seen, mut faults) = (0, Vec::new());
    for declared in pool().all_enums().filter(|e| e.package_name().starts_with("otklik.")) {
        seen += 1;
        let zero = declared.get_value(0).map(|v| v.name().to_owned()).unwrap_or_default();
        if !zero.ends_with("_UNSPECIFIED") {
            faults.push(format!("{} begins with {zero}", declared.full_name()));
        }
    }
    assert_none(seen, &faults);
}

fn reached() -> Vec<MessageDescriptor> {
    let mut found: Vec<MessageDescriptor> = methods().iter().map(|m| m.input()).collect();
    let mut names: HashSet<String> = found.iter().map(|m| m.full_name().to_owned()).collect();
    let mut next = 0;
    while next < found.len() {
        for field in found[next].clone().fields() {
            if let Kind::Message(inner) = field.kind()
                && inner.package_name().starts_with("otklik.")
                && names.insert(inner.full_name().to_owned())
            {
                found.push(inner);
            }
        }
        next += 1;
    }
    found
}
