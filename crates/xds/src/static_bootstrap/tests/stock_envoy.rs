//! A stock Envoy takes istiod's own configurations as static bootstraps.
//!
//! `scripts/install-envoy` brings one; where there is none, a line says so and nothing is tested.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{golden, loopback};
use crate::static_bootstrap::{Places, to_json};
use crate::{json, names};

/// A split, a match on headers, and a gateway.
const FILES: [&str; 3] = [
    "destination/weights-are-relative.1.client.json",
    "matching/without-headers.1.client.json",
    "seeds/canary-behind-a-gateway.1.istio-ingressgateway.json",
];

fn envoy() -> Option<PathBuf> {
    let libraries = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.venv/lib");
    let versions = std::fs::read_dir(libraries).ok()?;
    let packages = versions.map(|version| version.unwrap().path().join("site-packages"));
    packages
        .map(|folder| folder.join("envoy/_bin/envoy"))
        .find(|binary| binary.is_file())
}

#[test]
fn a_stock_envoy_accepts_the_bootstraps() {
    let Some(envoy) = envoy() else {
        println!("skipped: no stock Envoy; scripts/install-envoy brings one");
        return;
    };
    let places = Places {
        admin: loopback(0),
        listener: &|listener| (listener.name != names::VIRTUAL_OUTBOUND).then(|| loopback(0)),
        endpoint: &|_, _| None,
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bootstrap.json");
    for file in FILES {
        let text = json::pretty_text(&to_json(&golden(file), &places));
        std::fs::write(&path, text).unwrap();
        let output = Command::new(&envoy)
            .args([
                "--mode",
                "validate",
                "--log-level",
                "error",
                "--config-path",
            ])
            .arg(&path)
            .output()
            .unwrap();
        let log = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{file}: {log}");
    }
}
