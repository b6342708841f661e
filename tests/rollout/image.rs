//! The image as a folder: the executable and the shared objects that the image's base has, and nothing else.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

/// What of the executable's needs `distroless/cc` brings: glibc, its loader and libgcc.
const BASE: [&str; 8] =
    ["ld-linux-", "libc.so.", "libm.so.", "libgcc_s.so.", "libpthread.so.", "libdl.so.", "librt.so.", "linux-vdso."];

/// Files by their place in the image.
#[derive(Debug)]
pub struct Image {
    folder: PathBuf,
    files: Vec<PathBuf>,
}

// === impl Image ===

impl Image {
    /// The image of `binary`, kept in `folder`.
    ///
    /// # Errors
    /// The binary needs something that the base has not.
    pub fn build(folder: PathBuf, binary: &Path) -> Result<Self> {
        let listed = Command::new("ldd").arg(binary).output().context("ldd")?;
        ensure!(listed.status.success(), "ldd {}: {}", binary.display(), String::from_utf8_lossy(&listed.stderr));
        let mut image = Self { folder, files: Vec::new() };
        image.copy(binary, Path::new("otklik"))?;
        for line in String::from_utf8(listed.stdout)?.lines().map(str::trim) {
            let name = line.split_whitespace().next().unwrap_or_default();
            let file = Path::new(name).file_name().and_then(|it| it.to_str()).unwrap_or_default();
            if !BASE.iter().any(|it| file.starts_with(it)) {
                bail!("the executable needs {name}, which the image has not");
            }
            // `libc.so.6 => /lib/… (0x…)`, the loader `/lib64/ld-… (0x…)`, and the kernel's own, which is no file.
            let path = line.split_whitespace().find(|it| it.starts_with('/'));
            if let Some(inside) = path.and_then(|it| it.strip_prefix('/')) {
                image.copy(&Path::new("/").join(inside), Path::new(inside))?;
            }
        }
        Ok(image)
    }

    fn copy(&mut self, from: &Path, inside: &Path) -> Result<()> {
        let to = self.folder.join(inside);
        fs::create_dir_all(to.parent().context("a folder")?)?;
        fs::copy(from, &to).with_context(|| format!("copying {}", from.display()))?;
        self.files.push(inside.to_owned());
        Ok(())
    }

    /// Makes the root of a container.
    ///
    /// # Errors
    /// A file can't be linked.
    pub fn unpack(&self, root: &Path) -> Result<()> {
        for file in &self.files {
            let to = root.join(file);
            fs::create_dir_all(to.parent().context("a folder")?)?;
            fs::hard_link(self.folder.join(file), &to).with_context(|| to.display().to_string())?;
        }
        Ok(())
    }
}
