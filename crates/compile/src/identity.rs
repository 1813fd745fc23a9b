//! Whose configuration is compiled.

use std::collections::BTreeMap;

/// What a proxy stands in front of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProxyKind {
    /// One workload: it serves the workload's calls, and calls to it.
    Sidecar,
    /// The edge of the mesh: it serves what Gateways declare.
    Router,
}

/// A place: region, zone and subzone, each possibly empty.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Locality {
    /// The region.
    pub region: String,
    /// The zone inside the region.
    pub zone: String,
    /// The subzone inside the zone.
    pub subzone: String,
}

impl Locality {
    /// Reads `region/zone/subzone`, of which the later parts may be missing.
    pub fn parse(text: &str) -> Self {
        let mut parts = text.split('/');
        let mut next = || parts.next().unwrap_or_default().to_owned();
        Self {
            region: next(),
            zone: next(),
            subzone: next(),
        }
    }

    /// Reads the label `istio-locality`, which may have dots instead of slashes.
    pub fn parse_label(text: &str) -> Self {
        if text.contains('/') {
            Self::parse(text)
        } else {
            Self::parse(&text.replace('.', "/"))
        }
    }
}

impl std::fmt::Display for Locality {
    /// `region/zone/subzone`, cut where the rest is empty.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.region)?;
        if self.zone.is_empty() {
            return Ok(());
        }
        write!(f, "/{}", self.zone)?;
        if self.subzone.is_empty() {
            return Ok(());
        }
        write!(f, "/{}", self.subzone)
    }
}

/// Who a proxy is. Rules that ask for labels, namespace or place ask these.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProxyIdentity {
    /// What it stands in front of.
    pub kind: ProxyKind,
    /// The pod's name.
    pub name: String,
    /// The pod's namespace.
    pub namespace: String,
    /// The pod's labels.
    pub labels: BTreeMap<String, String>,
    /// The pod's IP address.
    pub ip: String,
    /// Where it runs; all empty when unknown.
    pub locality: Locality,
    /// The node it runs on; empty when unknown.
    pub node: String,
    /// Whether it also serves calls to its workload. Routers never do.
    pub inbound: bool,
}

impl ProxyIdentity {
    /// A proxy of this kind, name and namespace, of which nothing more is known.
    pub fn new(kind: ProxyKind, namespace: &str, name: &str) -> Self {
        Self {
            kind,
            name: name.to_owned(),
            namespace: namespace.to_owned(),
            labels: BTreeMap::new(),
            ip: String::new(),
            locality: Locality::default(),
            node: String::new(),
            inbound: kind == ProxyKind::Sidecar,
        }
    }

    /// Whether all of these labels are the proxy's too.
    pub fn has_labels(&self, wanted: &BTreeMap<String, String>) -> bool {
        is_subset(wanted, &self.labels)
    }
}

/// Whether every label of `wanted` is in `labels` with the same value.
pub(crate) fn is_subset(
    wanted: &BTreeMap<String, String>,
    labels: &BTreeMap<String, String>,
) -> bool {
    wanted
        .iter()
        .all(|(key, value)| labels.get(key) == Some(value))
}
