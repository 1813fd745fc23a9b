//! `cargo xtask stress`: the long forms of what the suite plays small, with figures to read.
//!
//! They are the suite's own tests, in release and larger: what is measured is what is tested.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

/// One long form: a test and how large it is played.
struct Stress {
    name: &'static str,
    package: &'static str,
    target: &'static str,
    test: &'static str,
    variable: &'static str,
    size: &'static str,
}

const ALL: [Stress; 4] = [
    // 30 seconds at 500 requests a second, with 300 saves.
    Stress {
        name: "change",
        package: "sealane",
        target: "mesh",
        test: "storm::",
        variable: "SEALANE_STRESS",
        size: "30:300",
    },
    // 200 workloads and 500 services, with 1,024 descriptors.
    Stress {
        name: "scale",
        package: "sealane",
        target: "mesh",
        test: "scale::a_large_mesh",
        variable: "SEALANE_STRESS",
        size: "200:500",
    },
    // A GiB each way.
    Stress {
        name: "volume",
        package: "sealane",
        target: "mesh",
        test: "streaming::a_volume",
        variable: "SEALANE_STRESS",
        size: "1024",
    },
    // 1,000 starts and stops in one process.
    Stress {
        name: "life",
        package: "sealane-mesh",
        target: "life",
        test: "a_thousand_lives",
        variable: "SEALANE_STRESS_ROUNDS",
        size: "1000",
    },
];

/// Plays one of them, in the size that is given or else the full one; whether all was well.
pub(crate) fn stress(root: &Path, name: Option<&str>, size: Option<&str>) -> Result<bool> {
    let names = || ALL.map(|stress| stress.name).join(", ");
    let name = name.with_context(|| format!("stress what? {}", names()))?;
    let Some(stress) = ALL.iter().find(|stress| stress.name == name) else {
        bail!("no stress `{name}`; there are {}", names());
    };
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .current_dir(root)
        .args(["test", "--release", "--package", stress.package])
        .args(["--test", stress.target, "--", "--nocapture", stress.test])
        .env(stress.variable, size.unwrap_or(stress.size));
    let status = command.status().context("cannot run cargo")?;
    Ok(status.success())
}
