//! The files of the repository.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// Every file below `root` with this extension, relative to `root`, sorted. Folders that hold what
/// was built, and hidden ones, are left out.
pub(super) fn with_extension(root: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    find(root, Path::new(""), extension, &mut found)?;
    found.sort();
    Ok(found)
}

fn find(root: &Path, below: &Path, extension: &str, found: &mut Vec<PathBuf>) -> Result<()> {
    let dir = root.join(below);
    for entry in std::fs::read_dir(&dir).with_context(|| format!("reading {}", dir.display()))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = below.join(&name);
        if entry.file_type()?.is_dir() {
            if name != "target" && !name.starts_with('.') {
                find(root, &path, extension, found)?;
            }
        } else if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
    Ok(())
}
