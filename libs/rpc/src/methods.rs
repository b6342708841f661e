//! Every RPC the contracts know, read from descriptor sets: what access tables, method tables and metric labels are checked against.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use prost::Message;
use prost_types::method_options::IdempotencyLevel;
use prost_types::{FileDescriptorProto, FileDescriptorSet};

/// Services that anybody may ask: a load balancer has no token, and a schema is no secret.
const OPEN: [&str; 3] =
    ["grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"];

/// One RPC.
#[derive(Debug, Clone)]
pub struct Method {
    /// `/package.Service/Method`.
    pub path: Arc<str>,
    /// Method name without its service.
    pub name: String,
    /// True when either side streams.
    pub streaming: bool,
    /// True when the request carries `request_id` and may be repeated (AIP-155).
    pub repeatable: bool,
    /// True for `idempotency_level = NO_SIDE_EFFECTS`.
    pub read_only: bool,
}

/// The RPCs of some descriptor sets, by path and by service.
#[derive(Debug, Default)]
pub struct Methods {
    by_path: HashMap<String, Method>,
    by_service: BTreeMap<String, Vec<String>>,
}

impl Methods {
    /// Reads encoded `FileDescriptorSet`s. The health and reflection services are always added.
    pub fn read(sets: &[&[u8]]) -> Result<Self, prost::DecodeError> {
        let own = [
            tonic_health::pb::FILE_DESCRIPTOR_SET,
            tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET,
            tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET,
        ];
        let mut files = Vec::new();
        for set in sets.iter().copied().chain(own) {
            files.extend(FileDescriptorSet::decode(set)?.file);
        }
        let repeatable: Vec<String> = files.iter().flat_map(repeatable_messages).collect();
        let mut methods = Self::default();
        for file in &files {
            methods.add(file, &repeatable);
        }
        Ok(methods)
    }

    fn add(&mut self, file: &FileDescriptorProto, repeatable: &[String]) {
        for service in &file.service {
            let full = format!("{}.{}", file.package(), service.name());
            let paths = self.by_service.entry(full.clone()).or_default();
            paths.clear();
            for method in &service.method {
                let path = format!("/{full}/{}", method.name());
                let level = method.options.as_ref().map(|options| options.idempotency_level());
                paths.push(path.clone());
                self.by_path.insert(
                    path.clone(),
                    Method {
                        path: path.into(),
                        name: method.name().to_owned(),
                        streaming: method.client_streaming() || method.server_streaming(),
                        repeatable: repeatable.iter().any(|message| message == method.input_type()),
                        read_only: level == Some(IdempotencyLevel::NoSideEffects),
                    },
                );
            }
        }
    }

    /// The RPC at `/package.Service/Method`.
    pub fn get(&self, path: &str) -> Option<&Method> {
        self.by_path.get(path)
    }

    /// The paths of a service's RPCs; `None` when there is no such service.
    pub fn of_service(&self, service: &str) -> Option<&[String]> {
        self.by_service.get(service).map(Vec::as_slice)
    }

    /// The path for spans and metrics. What no contract knows becomes `other`: anybody can send any path, and each would become a label.
    pub fn label(&self, path: &str) -> Arc<str> {
        self.get(path).map_or_else(|| Arc::from("other"), |method| Arc::clone(&method.path))
    }
}

/// True for health and reflection, which need no token and no admission.
pub(crate) fn is_open(path: &str) -> bool {
    path.strip_prefix('/').and_then(|rest| rest.split_once('/')).is_some_and(|(service, _)| OPEN.contains(&service))
}

fn repeatable_messages(file: &FileDescriptorProto) -> Vec<String> {
    let carries =
        |message: &&prost_types::DescriptorProto| message.field.iter().any(|field| field.name() == "request_id");
    let name = |message: &prost_types::DescriptorProto| format!(".{}.{}", file.package(), message.name());
    file.message_type.iter().filter(carries).map(name).collect()
}
