//! The all-in-one under trial: the very binary that `cargo run` starts, of the profile that this test was built with.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

/// Its path. Cargo is asked to build it (a second when it is fresh): one that merely lies there may be older than the sources.
///
/// # Errors
/// It can't be built, or is not where cargo puts it.
pub fn all_in_one(given: Option<&Path>) -> Result<PathBuf> {
    if let Some(given) = given {
        ensure!(given.is_file(), "there is no all-in-one at {}", given.display());
        return Ok(given.canonicalize()?);
    }
    // target/<profile>/deps/kill9-<hash>
    let own = std::env::current_exe()?;
    let profile = own.ancestors().nth(2).context("this test does not lie in target/<profile>/deps")?;
    let target = profile.parent().context("this test does not lie in target/<profile>/deps")?;
    let name = match profile.file_name().and_then(|name| name.to_str()) {
        Some("debug") => "dev",
        Some(name) => name,
        None => bail!("{} names no profile", profile.display()),
    };
    let binary = profile.join("all-in-one");
    let Some(cargo) = std::env::var_os("CARGO") else {
        ensure!(
            binary.is_file(),
            "the all-in-one is missing: not started by cargo, and there is no {}; run `cargo build -p all-in-one`",
            binary.display()
        );
        println!("kill9: not started by cargo, so {} is taken as it lies there", binary.display());
        return Ok(binary);
    };
    let built = Command::new(cargo)
        .args(["build", "--quiet", "--package", "all-in-one", "--bin", "all-in-one", "--profile", name])
        .arg("--target-dir")
        .arg(target)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .status()
        .context("starting cargo")?;
    ensure!(built.success(), "the all-in-one can't be built: cargo ended with {built}");
    ensure!(binary.is_file(), "cargo built the all-in-one, but not at {}", binary.display());
    Ok(binary)
}
