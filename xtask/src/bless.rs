//! `cargo xtask bless`: what documents show of the product, written anew by the product.
//!
//! Expectations of behaviour are not blessed: the golden resources are istiod's own, and scenarios
//! were measured on the real Istio. Whoever differs from them is wrong.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

/// Has the test that compares documents with the product write down what differs.
pub(crate) fn bless(root: &Path) -> Result<bool> {
    let status = Command::new("cargo")
        .args(["test", "--package", "sealane", "--test", "readme"])
        // One mesh at a time: they take the ports that people get.
        .args(["--", "--test-threads", "1"])
        .current_dir(root)
        .env("SEALANE_BLESS", "1")
        .status()
        .context("cargo does not start")?;
    Ok(status.success())
}
