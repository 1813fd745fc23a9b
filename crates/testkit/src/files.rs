//! Finding scenario files.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The scenario files that paths stand for: a file is itself, a folder is every Markdown file in and below it
/// that has a calls block, sorted by name. The error names the path that could not be read.
pub fn find(paths: &[PathBuf]) -> Result<Vec<PathBuf>, (PathBuf, io::Error)> {
    let mut found = Vec::new();
    for path in paths {
        let meta = fs::metadata(path).map_err(|error| (path.clone(), error))?;
        if meta.is_dir() {
            walk(path, &mut found)?;
        } else {
            found.push(path.clone());
        }
    }
    Ok(found)
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), (PathBuf, io::Error)> {
    let at = |error| (folder.to_path_buf(), error);
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .map_err(at)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<_>>()
        .map_err(at)?;
    entries.sort();
    for path in entries {
        if path.is_dir() {
            walk(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "md") {
            let text = fs::read(&path).map_err(|error| (path.clone(), error))?;
            if has_calls(&String::from_utf8_lossy(&text)) {
                found.push(path);
            }
        }
    }
    Ok(())
}

/// Whether a Markdown text is a scenario and not another document that stands beside them.
fn has_calls(text: &str) -> bool {
    text.lines().any(|line| {
        let info = line.trim_start_matches(['`', '~']);
        info.len() < line.len()
            && info
                .trim_start()
                .strip_prefix("yaml")
                .is_some_and(|rest| rest.trim_start().starts_with("calls"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_without_calls_is_no_scenario() {
        assert!(has_calls("# a\n```yaml calls\n"));
        assert!(has_calls("~~~ yaml  calls sealane\n"));
        assert!(!has_calls(
            "| ```` ```yaml calls ```` | a list |\n```yaml\n- call\n```\n"
        ));
    }
}
