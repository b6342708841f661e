//! Compiles `proto/` with protox, so no protoc is needed, and writes what the types have in common:
//! a `Debug` that shows no content, `DurableCall` for every repeatable request, `Reason` for every `ErrorReason`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use prost_types::{DescriptorProto, EnumDescriptorProto, FileDescriptorProto, FileDescriptorSet};

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo")).join("../../proto");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("set by cargo"));
    println!("cargo:rerun-if-changed={}", root.display());

    let mut files = Vec::new();
    collect(&root.join("otklik"), &mut files)?;
    files.sort();
    let (set, encoded) = protox::Compiler::new([&root])
        .and_then(|mut compiler| {
            compiler.include_source_info(true).include_imports(true);
            compiler.open_files(&files)?;
            // The typed set loses field_behavior and field_info, which are extensions; the encoded one keeps them.
            Ok((compiler.file_descriptor_set(), compiler.encode_file_descriptor_set()))
        })
        .map_err(io::Error::other)?;
    fs::write(out.join("descriptors.bin"), encoded)?;

    let mut prost = tonic_prost_build::Config::new();
    // Contents are personal data: `Debug` is written below and prints names only. Maps sort, so equal messages have equal bytes.
    prost.skip_debug(["."]);
    prost.btree_map(["."]);
    tonic_prost_build::configure()
        .build_transport(true)
        .out_dir(&out)
        .include_file("packages.rs")
        .compile_fds_with_config(set.clone(), prost)?;
    fs::write(out.join("shared.rs"), shared(&set))
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|e| e == "proto") {
            files.push(path);
        }
    }
    Ok(())
}

fn shared(set: &FileDescriptorSet) -> String {
    let mut code = String::new();
    for file in set.file.iter().filter(|f| !f.package().starts_with("google.protobuf")) {
        let module = format!("crate::packages::{}", file.package().replace('.', "::").replace("type", "r#type"));
        file.enum_type.iter().for_each(|e| enumeration(&mut code, file, &module, e));
        file.message_type.iter().for_each(|m| message(&mut code, &module, m));
        durable_calls(&mut code, set, file);
    }
    code
}

fn enumeration(code: &mut String, file: &FileDescriptorProto, module: &str, declared: &EnumDescriptorProto) {
    let path = format!("{module}::{}", pascal(declared.name()));
    writeln!(
        code,
        "impl ::core::fmt::Debug for {path} {{ fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {{ f.write_str(self.as_str_name()) }} }}"
    )
    .expect("a String takes everything");
    if declared.name() == "ErrorReason" {
        let service = file.package().split('.').nth(1).expect("packages are otklik.<service>.v1");
        writeln!(
            code,
            "impl crate::Reason for {path} {{ const DOMAIN: &'static str = \"{service}.otklik\"; fn reason(self) -> &'static str {{ let name = self.as_str_name(); name.strip_prefix(\"ERROR_REASON_\").unwrap_or(name) }} }}"
        )
        .expect("a String takes everything");
    }
}

fn message(code: &mut String, module: &str, declared: &DescriptorProto) {
    let name = pascal(declared.name());
    opaque_debug(code, &format!("{module}::{name}"), declared.name());
    let inner = format!("{module}::{}", snake(declared.name()));
    for (index, oneof) in declared.oneof_decl.iter().enumerate() {
        let index = i32::try_from(index).expect("few oneofs");
        let synthetic = declared.field.iter().any(|f| f.oneof_index == Some(index) && f.proto3_optional());
        if !synthetic {
            opaque_debug(code, &format!("{inner}::{}", pascal(oneof.name())), oneof.name());
        }
    }
    for nested in declared.enum_type.iter() {
        writeln!(
            code,
            "impl ::core::fmt::Debug for {inner}::{} {{ fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {{ f.write_str(self.as_str_name()) }} }}",
            pascal(nested.name())
        )
        .expect("a String takes everything");
    }
    declared.nested_type.iter().for_each(|m| message(code, &inner, m));
}

fn opaque_debug(code: &mut String, path: &str, name: &str) {
    writeln!(
        code,
        "impl ::core::fmt::Debug for {path} {{ fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {{ f.write_str(\"{name} {{ .. }}\") }} }}"
    )
    .expect("a String takes everything");
}

fn durable_calls(code: &mut String, set: &FileDescriptorSet, file: &FileDescriptorProto) {
    for service in &file.service {
        for method in &service.method {
            let request = method.input_type().trim_start_matches('.');
            let repeatable = set.file.iter().flat_map(|f| f.message_type.iter().map(move |m| (f.package(), m))).any(
                |(package, m)| {
                    request == format!("{package}.{}", m.name()) && m.field.iter().any(|f| f.name() == "request_id")
                },
            );
            if repeatable {
                writeln!(
                    code,
                    "impl crate::DurableCall for {} {{ const METHOD: &'static str = \"/{}.{}/{}\"; type Response = {}; fn request_id(&self) -> &str {{ &self.request_id }} fn set_request_id(&mut self, request_id: String) {{ self.request_id = request_id; }} }}",
                    rust_path(request),
                    file.package(),
                    service.name(),
                    method.name(),
                    rust_path(method.output_type().trim_start_matches('.')),
                )
                .expect("a String takes everything");
            }
        }
    }
}

fn rust_path(full_name: &str) -> String {
    let (package, name) = full_name.rsplit_once('.').expect("names are qualified");
    format!("crate::packages::{}::{}", package.replace('.', "::"), pascal(name))
}

/// Protobuf type names here are plain PascalCase already; a oneof's name is snake_case.
fn pascal(name: &str) -> String {
    name.split('_')
        .map(|part| {
            let mut letters = part.chars();
            letters.next().map(|c| c.to_uppercase().collect::<String>() + letters.as_str()).unwrap_or_default()
        })
        .collect()
}

fn snake(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}
