//! Which folders are watched, and whose changes in them matter.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use sealane_model::parse::is_manifest;

/// How deep folders are looked into, as deep as they are read.
const DEPTH: usize = 32;

/// The folders around some paths.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// Every manifest in them matters.
    inside: BTreeSet<PathBuf>,
    /// Only what is named matters in them.
    around: BTreeSet<PathBuf>,
    /// Paths that matter whatever they are called.
    named: BTreeSet<PathBuf>,
}

impl Places {
    /// The folders around `roots` as they are now.
    pub(super) fn of(roots: &[PathBuf]) -> Self {
        let mut places = Self::default();
        for root in roots {
            places.name(root);
            if root.is_dir() {
                places.enter(root, DEPTH);
            } else {
                places.follow(root);
            }
        }
        places
    }

    /// All folders.
    pub(super) fn folders(&self) -> impl Iterator<Item = &Path> {
        self.inside.union(&self.around).map(PathBuf::as_path)
    }

    /// Whether something at `path` is a reason to read again.
    pub(super) fn matter(&self, path: &Path) -> bool {
        if self.named.contains(path) || self.inside.contains(path) {
            return true;
        }
        let name = path.file_name().unwrap_or_default();
        let text = name.to_string_lossy();
        // A volume of Kubernetes shows its files through `..data`, and swaps that.
        if text.starts_with("..") {
            return true;
        }
        let Some(folder) = path.parent() else {
            return true;
        };
        if self.inside.contains(folder) {
            return !text.starts_with('.');
        }
        // Some systems give other names to a place than people do: better look once too often.
        !self.around.contains(folder)
    }

    /// Whether `path` may be a file that is read; others may be folders, or of no interest.
    pub(super) fn is_file(&self, path: &Path) -> bool {
        is_manifest(path) || (self.named.contains(path) && !self.inside.contains(path))
    }

    fn name(&mut self, path: &Path) {
        let folder = folder_of(path);
        if let Some(name) = path.file_name() {
            self.named.insert(folder.join(name));
            self.around.insert(folder.to_path_buf());
        }
    }

    /// The manifests below a folder; names that begin with a dot are passed over, as in reading.
    fn enter(&mut self, folder: &Path, depth: usize) {
        self.inside.insert(folder.to_path_buf());
        let Ok(entries) = fs::read_dir(folder) else {
            return;
        };
        for entry in entries.flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            if name.to_string_lossy().starts_with('.') {
                continue;
            }
            if path.is_dir() {
                if depth > 0 {
                    self.enter(&path, depth - 1);
                }
            } else if is_manifest(&path) {
                self.follow(&path);
            }
        }
    }

    /// Where a link leads to: the file is changed there.
    fn follow(&mut self, path: &Path) {
        if !path.is_symlink() {
            return;
        }
        if let Ok(target) = fs::canonicalize(path) {
            self.name(&target);
        }
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifests_and_folders_matter_and_what_editors_leave_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("k8s");
        fs::create_dir_all(root.join("sub")).unwrap();
        fs::create_dir(root.join(".git")).unwrap();
        let places = Places::of(std::slice::from_ref(&root));
        let folders: Vec<_> = places.folders().collect();
        assert_eq!(folders, [folder.path(), &root, &root.join("sub")]);
        for name in ["a.yaml", "sub/b.json", "sub", "..data", "new"] {
            assert!(places.matter(&root.join(name)), "{name}");
        }
        for name in [".a.yaml.swp", ".git", ".#a.yaml"] {
            assert!(!places.matter(&root.join(name)), "{name}");
        }
        assert!(places.matter(&root));
        assert!(!places.matter(&folder.path().join("target")));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_watched_where_it_leads() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        fs::create_dir(root.join("real")).unwrap();
        fs::write(root.join("real/mesh.yaml"), "").unwrap();
        std::os::unix::fs::symlink("real/mesh.yaml", root.join("mesh.yaml")).unwrap();
        let places = Places::of(&[root.join("mesh.yaml")]);
        assert!(places.matter(&root.join("real/mesh.yaml")));
        assert!(places.matter(&root.join("mesh.yaml")));
        assert!(!places.matter(&root.join("real/other.yaml")));
    }
}
