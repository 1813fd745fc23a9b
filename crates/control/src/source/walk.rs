//! Which files a list of paths means.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sealane_model::diagnostic::Diagnostic;
use sealane_model::parse::{in_order, is_manifest};

use crate::source::templates::{Folder, folder};

/// Files that are read, at most.
const FILES: usize = 10_000;
/// How deep folders are looked into.
const DEPTH: usize = 32;

/// A path that could not be read.
#[derive(Debug, thiserror::Error)]
pub enum WalkError {
    /// The path does not exist, or may not be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// The path.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// There are more files than anybody means to declare.
    #[error("{} holds more than {FILES} manifests; name the folders that are meant", path.display())]
    TooMany {
        /// The path that the user named.
        path: PathBuf,
    },
}

/// The files that were found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Files, in the order in which they are read.
    pub(super) files: Vec<PathBuf>,
    /// What was recognised and not read.
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// The files of `roots`: a file is itself, a folder stands for the manifests in it. Names that
/// begin with a dot are passed over.
pub(super) fn walk(roots: &[PathBuf]) -> Result<Found, WalkError> {
    let mut found = Found::default();
    for root in roots {
        let is_folder = metadata(root)?.is_dir();
        let mut files = Vec::new();
        if is_folder {
            enter(root, DEPTH, &mut files, &mut found.diagnostics)?;
        } else {
            files.push(root.clone());
        }
        if files.len() > FILES {
            return Err(WalkError::TooMany { path: root.clone() });
        }
        for file in in_order(files) {
            // Named twice, a file counts where it comes last, as its objects do.
            found.files.retain(|known| *known != file);
            found.files.push(file);
        }
    }
    Ok(found)
}

fn metadata(path: &Path) -> Result<fs::Metadata, WalkError> {
    fs::metadata(path).map_err(|source| unreadable(path, source))
}

fn unreadable(path: &Path, source: io::Error) -> WalkError {
    WalkError::Unreadable {
        path: path.to_owned(),
        source,
    }
}

fn enter(
    path: &Path,
    depth: usize,
    files: &mut Vec<PathBuf>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<(), WalkError> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(path).map_err(|source| unreadable(path, source))? {
        entries.push(entry.map_err(|source| unreadable(path, source))?.path());
    }
    entries.sort();
    let skipped = match folder(path, &entries) {
        Folder::Plain => None,
        Folder::ListOf(file) => Some(file),
        Folder::Template(diagnostic) => {
            diagnostics.push(*diagnostic);
            return Ok(());
        }
    };
    for entry in entries {
        let name = entry.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with('.') || Some(&entry) == skipped.as_ref() {
            continue;
        }
        // Between the listing and this look an editor may have taken the file away.
        let Ok(metadata) = fs::metadata(&entry) else {
            continue;
        };
        if metadata.is_dir() && depth > 0 {
            enter(&entry, depth - 1, files, diagnostics)?;
        } else if metadata.is_file() && is_manifest(&entry) {
            files.push(entry);
        }
        if files.len() > FILES {
            return Ok(());
        }
    }
    Ok(())
}
