//! `cargo xtask tidy`: the rules of this repository that no lint knows.
//!
//! The same check runs inside `cargo test`, because a check that nobody runs is a wish.

mod bans;
mod cycles;
mod documents;
mod files;
mod imports;
mod layers;
mod metadata;
mod report;
mod rules;
mod sizes;
mod source;
mod tokens;

#[cfg(test)]
mod tests;

use std::path::Path;

use anyhow::Result;

pub(crate) use report::Report;

/// Looks at every crate and every Rust file of the workspace that lies in `root`.
pub(crate) fn tidy(root: &Path) -> Result<Report> {
    let packages = metadata::packages(root)?;
    let sources = source::read_all(root, &packages)?;
    let mut report = Report::default();
    layers::check(root, &packages, &mut report)?;
    bans::check(root, &mut report)?;
    cycles::check(&sources, &mut report);
    documents::check(root, &mut report)?;
    for source in &sources {
        rules::check(source, &mut report);
        sizes::check(source, &mut report);
    }
    report.sort();
    Ok(report)
}
