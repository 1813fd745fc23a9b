//! Documents that name files: what they name must exist.

use std::path::Path;

use anyhow::{Context as _, Result};

use super::files;
use super::report::Report;

/// Folders of the repository by which a path in backquotes is known as one.
const FOLDERS: [&str; 7] = [
    "crates/",
    "xtask/",
    "docs/",
    "examples/",
    "scenarios/",
    "scripts/",
    ".ci/",
];

/// Checks relative links, and paths in backquotes, of every document of ours.
pub(super) fn check(root: &Path, report: &mut Report) -> Result<()> {
    for document in files::with_extension(root, "md")? {
        let text = std::fs::read_to_string(root.join(&document))
            .with_context(|| format!("reading {}", document.display()))?;
        check_text(root, &document, &text, report);
    }
    Ok(())
}

fn check_text(root: &Path, document: &Path, text: &str, report: &mut Report) {
    let folder = document.parent().unwrap_or(document);
    let mut in_block = false;
    for (at, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
        }
        if in_block {
            continue;
        }
        for target in links(line) {
            if !root.join(folder).join(target).exists() {
                report.violation(
                    document,
                    at + 1,
                    &format!("the link leads nowhere: {target}"),
                );
            }
        }
        for path in paths(line) {
            if !root.join(path).exists() {
                report.violation(document, at + 1, &format!("there is no `{path}`"));
            }
        }
    }
}

/// The targets of the links in a line that lead to files, without their anchors.
fn links(line: &str) -> impl Iterator<Item = &str> {
    let targets = line
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    let files = targets.filter_map(|target| target.split('#').next());
    files.filter(|target| !target.is_empty() && !target.contains("://"))
}

/// The paths in backquotes, but for patterns such as `docs/<page>.md` and `crates/NAME`.
fn paths(line: &str) -> impl Iterator<Item = &str> {
    let quoted = line.split('`').skip(1).step_by(2);
    let is_path = |text: &&str| FOLDERS.iter().any(|folder| text.starts_with(folder));
    let is_pattern =
        |text: &&str| text.contains(['<', '*', ' ', '{', '…']) || text.contains("NAME");
    quoted.filter(is_path).filter(move |text| !is_pattern(text))
}
