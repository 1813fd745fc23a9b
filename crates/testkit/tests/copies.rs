//! The project's copies of the shared scenarios and golden files say what the originals say.
//!
//! The originals lie beside a development checkout (`../shared`). Where they are absent, these tests print that
//! they compare nothing: a fresh clone has only its copies.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .expect("the folder can be read")
        .map(|entry| entry.expect("the folder can be read").path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

#[expect(clippy::print_stdout, reason = "a test says that it compares nothing")]
/// Fails for every file of `original` that has no equal copy; `renamed` maps names that differ.
fn compare(original: &str, copy: &str, renamed: (&str, &str)) {
    let (original, copy) = (root().join(original), root().join(copy));
    if !original.is_dir() {
        println!(
            "skipped: {} is not here, nothing to compare with",
            original.display()
        );
        return;
    }
    let mut found = Vec::new();
    files(&original, &mut found);
    assert!(!found.is_empty(), "{} is empty", original.display());
    let mut wrong = Vec::new();
    for path in found {
        let relative = path
            .strip_prefix(&original)
            .expect("files() walks below the original");
        let name = if relative == Path::new(renamed.0) {
            Path::new(renamed.1)
        } else {
            relative
        };
        match fs::read(copy.join(name)) {
            Ok(text) if fs::read(&path).is_ok_and(|original| original == text) => {}
            Ok(_) => wrong.push(format!("{} says something else", name.display())),
            Err(error) => wrong.push(format!("{}: {error}", name.display())),
        }
    }
    assert!(
        wrong.is_empty(),
        "{} against its original:\n{}",
        copy.display(),
        wrong.join("\n")
    );
}

#[test]
fn every_shared_scenario_is_here_unchanged() {
    compare(
        "../shared/scenarios",
        "scenarios",
        ("FORMAT.md", "README.md"),
    );
}

#[test]
fn every_shared_golden_file_is_here_unchanged() {
    compare(
        "../shared/golden",
        "crates/compile/testdata/golden",
        ("", ""),
    );
}
