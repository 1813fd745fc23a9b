//! Which crate may use which: `xtask/layers.toml` against the manifests.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde::Deserialize;

use super::metadata::Package;
use super::report::Report;

/// Where the allowed edges are written down, with their reasons.
const FILE: &str = "xtask/layers.toml";

#[derive(Deserialize)]
struct Layers {
    edges: BTreeMap<String, Vec<String>>,
}

/// Reports edges between packages that the file does not allow, and names in it that mean nothing.
pub(super) fn check(root: &Path, packages: &[Package], report: &mut Report) -> Result<()> {
    let text =
        std::fs::read_to_string(root.join(FILE)).with_context(|| format!("reading {FILE}"))?;
    let layers: Layers = toml::from_str(&text).with_context(|| format!("parsing {FILE}"))?;
    for package in packages {
        check_package(&layers, package, report);
    }
    let exists = |name: &String| packages.iter().any(|package| &package.name == name);
    for name in layers
        .edges
        .iter()
        .flat_map(|(name, uses)| uses.iter().chain([name]))
    {
        if name != "*" && !exists(name) {
            report.violation(
                Path::new(FILE),
                1,
                &format!("`{name}` is no crate of the workspace"),
            );
        }
    }
    Ok(())
}

fn check_package(layers: &Layers, package: &Package, report: &mut Report) {
    let manifest = package.dir.join("Cargo.toml");
    let Some(allowed) = layers.edges.get(&package.name) else {
        let what = format!("`{}` has no line in {FILE}", package.name);
        return report.violation(&manifest, 1, &what);
    };
    for used in &package.uses {
        if !allowed.iter().any(|name| name == used || name == "*") {
            let what = format!(
                "`{}` may not use `{used}`: the edge is not in {FILE}, and a new one needs an ADR",
                package.name
            );
            report.violation(&manifest, 1, &what);
        }
    }
}
