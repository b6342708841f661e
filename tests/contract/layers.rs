//! The law of dependencies: what may know what. It is kept by looking, because the compiler does not know it.

use std::fs;
use std::path::{Path, PathBuf};

use crate::assert_none;

const SERVICES: [&str; 4] = ["identity-verification", "notification", "sla-monitor", "ticket"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every Rust file below a folder, with its text.
fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|it| it == "rs") {
            let text = fs::read_to_string(&path).expect("a source is text");
            found.push((path, text));
        }
    }
    found
}

/// Lines that are code, not comment.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim_start).filter(|line| !line.starts_with("//"))
}

#[test]
fn domains_are_pure() {
    let banned =
        ["async fn", ".await", "sqlx::", "tonic::", "tokio::", "crate::store", "crate::commands", "crate::grpc"];
    let (mut seen, mut faults) = (0, Vec::new());
    for service in SERVICES {
        for (path, text) in sources(&root().join("services").join(service).join("src/domain")) {
            seen += 1;
            let wrong = code(&text).flat_map(|line| banned.iter().filter(move |word| line.contains(*word)));
            faults.extend(wrong.map(|word| format!("{}: {word}", path.display())));
        }
    }
    assert_none(seen, &faults);
}

#[test]
fn statements_live_in_stores() {
    let (mut seen, mut faults) = (0, Vec::new());
    for service in SERVICES {
        for (path, text) in sources(&root().join("services").join(service).join("src")) {
            let in_store = path.components().any(|it| it.as_os_str() == "store" || it.as_os_str() == "tests");
            let asks = code(&text)
                .any(|line| ["sqlx::query", "query_as!", "query_scalar!"].iter().any(|it| line.contains(it)));
            seen += usize::from(asks);
            if asks && !in_store {
                faults.push(path.display().to_string());
            }
        }
    }
    assert_none(seen, &faults);
}

#[test]
fn services_do_not_know_each_other() {
    let (mut seen, mut faults) = (0, Vec::new());
    for service in SERVICES {
        let manifest = root().join("services").join(service).join("Cargo.toml");
        let text = fs::read_to_string(&manifest).expect("a manifest");
        seen += 1;
        for other in SERVICES.iter().filter(|it| **it != service) {
            if text.lines().any(|line| line.starts_with(&format!("{other}.")) || line.starts_with(&format!("{other} ")))
            {
                faults.push(format!("{service} knows {other}"));
            }
        }
    }
    assert_none(seen, &faults);
}

#[test]
fn time_comes_from_the_clock_and_now_is_no_business_of_the_database() {
    let (mut seen, mut faults) = (0, Vec::new());
    for service in SERVICES {
        for (path, text) in sources(&root().join("services").join(service).join("src/store")) {
            seen += 1;
            if code(&text).any(|line| line.to_lowercase().contains("now()") && !line.contains(".now()")) {
                faults.push(path.display().to_string());
            }
        }
    }
    assert_none(seen, &faults);
}
