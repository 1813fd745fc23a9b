//! Which files of a folder hold manifests, and in which order they are read.

use std::path::{Path, PathBuf};

/// Whether the name of a file says that it holds manifests: `.yaml`, `.yml` or `.json`.
pub fn is_manifest(path: &Path) -> bool {
    let extension = path.extension().and_then(std::ffi::OsStr::to_str);
    extension.is_some_and(|extension| {
        ["yaml", "yml", "json"]
            .iter()
            .any(|known| extension.eq_ignore_ascii_case(known))
    })
}

/// The order in which files are read: by the parts of their paths, so that the files of one
/// folder stay together. Of objects that are declared twice, the later one is live.
pub fn in_order(mut paths: Vec<PathBuf>) -> Vec<PathBuf> {
    paths.sort_by(|a, b| a.components().cmp(b.components()));
    paths.dedup();
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaml_and_json_are_manifests() {
        let is = |name: &str| is_manifest(Path::new(name));
        assert!(is("a.yaml") && is("b/c.yml") && is("d.JSON"));
        assert!(!is("README.md") && !is("yaml") && !is(".yaml.swp"));
    }

    #[test]
    fn files_of_a_folder_stay_together() {
        let paths = ["b.yaml", "a-b/c.yaml", "a/z.yaml", "a/b.yaml", "b.yaml"].map(PathBuf::from);
        let sorted = in_order(paths.to_vec());
        let wanted = ["a/b.yaml", "a/z.yaml", "a-b/c.yaml", "b.yaml"].map(PathBuf::from);
        assert_eq!(sorted, wanted);
    }
}
