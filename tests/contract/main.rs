//! The house rules of the contracts that buf can't check (`proto/buf.yaml` has the others).

mod comments;
mod fields;
mod layers;
mod messages;
mod reasons;

use prost_reflect::{DescriptorPool, FileDescriptor, MessageDescriptor, MethodDescriptor};

/// Every contract of ours; what is vendored is left out.
fn files() -> Vec<FileDescriptor> {
    pool().files().filter(|f| f.package_name().starts_with("otklik.")).collect()
}

fn pool() -> DescriptorPool {
    DescriptorPool::decode(proto::FILE_DESCRIPTOR_SET).expect("the build wrote a descriptor set")
}

fn methods() -> Vec<MethodDescriptor> {
    pool()
        .services()
        .filter(|s| s.package_name().starts_with("otklik."))
        .flat_map(|s| s.methods().collect::<Vec<_>>())
        .collect()
}

fn messages() -> Vec<MessageDescriptor> {
    pool().all_messages().filter(|m| m.package_name().starts_with("otklik.")).collect()
}

/// A method that changes nothing: it may be repeated without a request id.
fn reads(method: &MethodDescriptor) -> bool {
    ["Get", "List", "Find", "Explain", "Preview", "Watch"].iter().any(|verb| method.name().starts_with(verb))
}

/// Shows every fault at once, and that the walk saw something.
fn assert_none(seen: usize, faults: &[String]) {
    assert!(seen > 0, "the walk saw nothing");
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}
