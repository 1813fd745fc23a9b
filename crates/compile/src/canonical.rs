//! Istio's canonical service and revision: what telemetry calls a workload.
//!
//! <https://istio.io/latest/docs/ops/deployment/deployment-model/> and the labels
//! `service.istio.io/canonical-name` and `service.istio.io/canonical-revision`.

use std::collections::BTreeMap;

/// The labels that name it, the first being preferred.
const NAMES: [&str; 3] = [
    "service.istio.io/canonical-name",
    "app.kubernetes.io/name",
    "app",
];
/// The labels that name its revision.
const REVISIONS: [&str; 3] = [
    "service.istio.io/canonical-revision",
    "app.kubernetes.io/version",
    "version",
];

/// The canonical service of a workload with these labels; without any that names it, the workload.
pub fn canonical_service<'a>(labels: &'a BTreeMap<String, String>, workload: &'a str) -> &'a str {
    first(labels, NAMES).unwrap_or(workload)
}

/// The canonical revision of a workload with these labels; `None` is `latest`.
pub fn canonical_revision(labels: &BTreeMap<String, String>) -> Option<&str> {
    first(labels, REVISIONS).filter(|revision| *revision != "latest")
}

fn first<'a>(labels: &'a BTreeMap<String, String>, keys: [&str; 3]) -> Option<&'a str> {
    let mut found = keys.iter().filter_map(|key| labels.get(*key));
    found.next().map(String::as_str)
}
