//! Crates that must not come in: the bans of `deny.toml` against `Cargo.lock`.
//!
//! `cargo deny` knows more (licences, sources), and is not on every machine. This part needs only
//! what is here, so it holds everywhere.

use std::path::Path;

use anyhow::{Context as _, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::report::Report;

#[derive(Deserialize)]
struct Deny {
    bans: Bans,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Ban>,
}

#[derive(Deserialize)]
struct Ban {
    #[serde(rename = "crate")]
    name: String,
    reason: String,
    /// Those that may depend on it after all.
    #[serde(default)]
    wrappers: Vec<String>,
}

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    package: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    /// Each is a name, with a version behind it where there are several.
    #[serde(default)]
    dependencies: Vec<String>,
}

/// Reports every package that depends on a banned one. A workspace without the two files has none.
pub(super) fn check(root: &Path, report: &mut Report) -> Result<()> {
    let (Some(deny), Some(lock)) = (
        read::<Deny>(root, "deny.toml")?,
        read::<Lock>(root, "Cargo.lock")?,
    ) else {
        return Ok(());
    };
    for ban in &deny.bans.deny {
        for package in &lock.package {
            let mut names = package
                .dependencies
                .iter()
                .filter_map(|text| text.split(' ').next());
            if names.any(|name| name == ban.name) && !ban.wrappers.contains(&package.name) {
                let what = format!(
                    "`{}` brings in `{}`: {}",
                    package.name, ban.name, ban.reason
                );
                report.violation(Path::new("Cargo.lock"), 1, &what);
            }
        }
    }
    Ok(())
}

fn read<T: DeserializeOwned>(root: &Path, name: &str) -> Result<Option<T>> {
    let path = root.join(name);
    if !path.exists() {
        return Ok(None);
    }
    let text = std::fs::read_to_string(path).with_context(|| format!("reading {name}"))?;
    toml::from_str(&text)
        .map(Some)
        .with_context(|| format!("parsing {name}"))
}
