//! Comments are the manual: services, methods, messages, fields, enums and values all have one, and a method names every
//! way it can fail (contracts rule 17).

use std::collections::HashSet;

use crate::{assert_none, files, methods, reads};

#[test]
fn everything_is_commented() {
    let (mut seen, mut faults) = (0, Vec::new());
    for file in files() {
        let proto = file.file_descriptor_proto();
        let commented: HashSet<Vec<i32>> = proto
            .source_code_info
            .iter()
            .flat_map(|info| &info.location)
            .filter(|l| !l.leading_comments().trim().is_empty())
            .map(|l| l.path.clone())
            .collect();
        let mut check = |path: Vec<i32>, name: String| {
            seen += 1;
            if !commented.contains(&path) {
                faults.push(format!("{name} has no comment"));
            }
        };
        for message in pool_messages(&file) {
            check(message.path().to_vec(), message.full_name().to_owned());
            message.fields().for_each(|f| check(f.path().to_vec(), f.full_name().to_owned()));
            message.child_enums().for_each(|e| {
                check(e.path().to_vec(), e.full_name().to_owned());
                e.values().for_each(|v| check(v.path().to_vec(), v.full_name().to_owned()));
            });
        }
        for declared in file.enums() {
            check(declared.path().to_vec(), declared.full_name().to_owned());
            declared.values().for_each(|v| check(v.path().to_vec(), v.full_name().to_owned()));
        }
        for service in file.services() {
            check(service.path().to_vec(), service.full_name().to_owned());
            service.methods().for_each(|m| check(m.path().to_vec(), m.full_name().to_owned()));
        }
    }
    assert_none(seen, &faults);
}

#[test]
fn methods_that_can_fail_say_how() {
    let (mut seen, mut faults) = (0, Vec::new());
    for method in methods() {
        let file = method.parent_service().parent_file();
        let comment = file
            .file_descriptor_proto()
            .source_code_info
            .iter()
            .flat_map(|info| &info.location)
            .find(|l| l.path == method.path())
            .map(|l| l.leading_comments().to_owned())
            .unwrap_or_default();
        let Some((_, list)) = comment.split_once("Fails with:") else {
            if !reads(&method) || method.input().fields().len() > 0 {
                faults.push(format!("{} does not say how it fails", method.full_name()));
            }
            continue;
        };
        let declared = file.parent_pool().get_enum_by_name(&format!("{}.ErrorReason", file.package_name()));
        let declared = declared.expect("every package has an ErrorReason");
        let words = list.split(|c: char| !(c.is_ascii_uppercase() || c == '_')).filter(|w| w.contains('_'));
        for reason in words {
            seen += 1;
            if declared.get_value_by_name(&format!("ERROR_REASON_{reason}")).is_none() {
                faults.push(format!("{} fails with {reason}, which ErrorReason lacks", method.full_name()));
            }
        }
        if !reads(&method) && !list.contains("REQUEST_ID_REUSED") {
            faults.push(format!("{} changes something and does not name REQUEST_ID_REUSED", method.full_name()));
        }
    }
    assert_none(seen, &faults);
}

fn pool_messages(file: &prost_reflect::FileDescriptor) -> Vec<prost_reflect::MessageDescriptor> {
    let mut all: Vec<_> = file.messages().collect();
    let mut next = 0;
    while next < all.len() {
        let children: Vec<_> = all[next].child_messages().collect();
        all.extend(children);
        next += 1;
    }
    all
}
