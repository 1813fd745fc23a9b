//! The workspace's packages as cargo sees them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

/// A package of the workspace.
#[derive(Debug)]
pub(super) struct Package {
    /// The folder's name, by which documents speak of the crate: `proxy`, not `sealane-proxy`.
    pub(super) name: String,
    /// Where it lies, relative to the workspace.
    pub(super) dir: PathBuf,
    /// The packages of the workspace that it depends on, for whatever purpose.
    pub(super) uses: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<RawPackage>,
}

#[derive(Deserialize)]
struct RawPackage {
    manifest_path: PathBuf,
    dependencies: Vec<RawDependency>,
}

#[derive(Deserialize)]
struct RawDependency {
    /// Set when the dependency lies on this disk.
    path: Option<PathBuf>,
}

/// Asks cargo for the packages in the workspace at `root`.
pub(super) fn packages(root: &Path) -> Result<Vec<Package>> {
    let output = Command::new("cargo")
        .args([
            "metadata",
            "--no-deps",
            "--offline",
            "--format-version",
            "1",
        ])
        .current_dir(root)
        .output()
        .context("cargo does not start")?;
    if !output.status.success() {
        bail!(
            "cargo metadata failed: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    let metadata: Metadata =
        serde_json::from_slice(&output.stdout).context("cargo metadata is not as expected")?;
    let root = root
        .canonicalize()
        .context("the workspace cannot be found")?;
    metadata
        .packages
        .into_iter()
        .map(|raw| package(&root, raw))
        .collect()
}

fn package(root: &Path, raw: RawPackage) -> Result<Package> {
    let dir = raw
        .manifest_path
        .parent()
        .context("a manifest without a folder")?;
    let dir = dir
        .canonicalize()
        .with_context(|| format!("{} cannot be read", dir.display()))?;
    let uses = raw
        .dependencies
        .into_iter()
        .filter_map(|dependency| dependency.path);
    Ok(Package {
        name: folder_name(&dir)?,
        uses: uses.map(|path| folder_name(&path)).collect::<Result<_>>()?,
        dir: dir.strip_prefix(root).unwrap_or(&dir).to_path_buf(),
    })
}

fn folder_name(path: &Path) -> Result<String> {
    let name = path
        .file_name()
        .context("a package in the root of the disk")?;
    Ok(name.to_string_lossy().into_owned())
}
