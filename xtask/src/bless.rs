//! `cargo xtask bless`: the golden files, written anew by the product itself.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

/// Has the scenario runner write every golden file that it would otherwise compare.
pub(crate) fn bless(root: &Path) -> Result<bool> {
    let status = Command::new("cargo")
        .args([
            "run",
            "--quiet",
            "--package",
            "sealane",
            "--",
            "test",
            "--bless",
            "scenarios",
        ])
        .current_dir(root)
        .status()
        .context("cargo does not start")?;
    Ok(status.success())
}
