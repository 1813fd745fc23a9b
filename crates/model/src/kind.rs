//! The kinds of objects that Sealane reads, and the name of one object.

use std::fmt;

/// A kind that is read. Everything else is read past.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Istio's VirtualService.
    VirtualService,
    /// Istio's DestinationRule.
    DestinationRule,
    /// Istio's Gateway (not the Gateway API's).
    Gateway,
    /// Istio's ServiceEntry.
    ServiceEntry,
    /// Istio's WorkloadEntry.
    WorkloadEntry,
    /// Istio's Sidecar.
    Sidecar,
    /// Kubernetes' Service.
    Service,
    /// Kubernetes' Pod.
    Pod,
    /// Kubernetes' Deployment.
    Deployment,
    /// Kubernetes' StatefulSet.
    StatefulSet,
    /// Kubernetes' DaemonSet.
    DaemonSet,
    /// Kubernetes' ReplicaSet.
    ReplicaSet,
    /// Kubernetes' EndpointSlice.
    EndpointSlice,
    /// Kubernetes' older Endpoints.
    Endpoints,
    /// Kubernetes' Namespace.
    Namespace,
    /// Kubernetes' Node.
    Node,
    /// Kubernetes' Secret, of which certificates are read.
    Secret,
}

/// What the API says about a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindInfo {
    /// The kind itself.
    pub kind: Kind,
    /// Its name in `kind:`.
    pub name: &'static str,
    /// The name in paths of the API.
    pub plural: &'static str,
    /// The name for one, as `kubectl get -o name` writes it.
    pub singular: &'static str,
    /// Shorter names for the command line.
    pub short_names: &'static [&'static str],
    /// API group; empty for the core group.
    pub group: &'static str,
    /// Served versions, the preferred one first.
    pub versions: &'static [&'static str],
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
}

const ISTIO: &str = "networking.istio.io";
const ISTIO_VERSIONS: &[&str] = &["v1", "v1beta1", "v1alpha3"];

const fn info(
    kind: Kind,
    name: &'static str,
    names: (&'static str, &'static str),
    short_names: &'static [&'static str],
    group: &'static str,
) -> KindInfo {
    let (plural, singular) = names;
    let namespaced = !matches!(kind, Kind::Namespace | Kind::Node);
    let versions = if kind.is_istio() {
        ISTIO_VERSIONS
    } else {
        &["v1"]
    };
    KindInfo {
        kind,
        name,
        plural,
        singular,
        short_names,
        group,
        versions,
        namespaced,
    }
}

static KINDS: [KindInfo; 17] = [
    info(
        Kind::VirtualService,
        "VirtualService",
        ("virtualservices", "virtualservice"),
        &["vs"],
        ISTIO,
    ),
    info(
        Kind::DestinationRule,
        "DestinationRule",
        ("destinationrules", "destinationrule"),
        &["dr"],
        ISTIO,
    ),
    info(
        Kind::Gateway,
        "Gateway",
        ("gateways", "gateway"),
        &["gw"],
        ISTIO,
    ),
    info(
        Kind::ServiceEntry,
        "ServiceEntry",
        ("serviceentries", "serviceentry"),
        &["se"],
        ISTIO,
    ),
    info(
        Kind::WorkloadEntry,
        "WorkloadEntry",
        ("workloadentries", "workloadentry"),
        &["we"],
        ISTIO,
    ),
    info(
        Kind::Sidecar,
        "Sidecar",
        ("sidecars", "sidecar"),
        &[],
        ISTIO,
    ),
    info(
        Kind::Service,
        "Service",
        ("services", "service"),
        &["svc"],
        "",
    ),
    info(Kind::Pod, "Pod", ("pods", "pod"), &["po"], ""),
    info(
        Kind::Deployment,
        "Deployment",
        ("deployments", "deployment"),
        &["deploy"],
        "apps",
    ),
    info(
        Kind::StatefulSet,
        "StatefulSet",
        ("statefulsets", "statefulset"),
        &["sts"],
        "apps",
    ),
    info(
        Kind::DaemonSet,
        "DaemonSet",
        ("daemonsets", "daemonset"),
        &["ds"],
        "apps",
    ),
    info(
        Kind::ReplicaSet,
        "ReplicaSet",
        ("replicasets", "replicaset"),
        &["rs"],
        "apps",
    ),
    info(
        Kind::EndpointSlice,
        "EndpointSlice",
        ("endpointslices", "endpointslice"),
        &[],
        "discovery.k8s.io",
    ),
    info(
        Kind::Endpoints,
        "Endpoints",
        ("endpoints", "endpoints"),
        &["ep"],
        "",
    ),
    info(
        Kind::Namespace,
        "Namespace",
        ("namespaces", "namespace"),
        &["ns"],
        "",
    ),
    info(Kind::Node, "Node", ("nodes", "node"), &["no"], ""),
    info(Kind::Secret, "Secret", ("secrets", "secret"), &[], ""),
];

impl Kind {
    /// Every kind, in the order in which lists show them.
    pub fn all() -> impl Iterator<Item = Self> {
        KINDS.iter().map(|info| info.kind)
    }

    /// What the API says about this kind.
    pub fn info(self) -> &'static KindInfo {
        &KINDS[self as usize]
    }

    /// Whether it is one of Istio's kinds, in which an unknown field is an error.
    pub const fn is_istio(self) -> bool {
        matches!(
            self,
            Self::VirtualService
                | Self::DestinationRule
                | Self::Gateway
                | Self::ServiceEntry
                | Self::WorkloadEntry
                | Self::Sidecar
        )
    }

    /// The kind of `apiVersion` and `kind`; `None` for those that are read past. An unserved
    /// version of a known group counts (the parser reports it).
    pub fn of(api_version: &str, kind: &str) -> Option<Self> {
        let group = api_version.rsplit_once('/').map_or("", |(group, _)| group);
        KINDS
            .iter()
            .find(|info| info.name == kind && info.group == group)
            .map(|info| info.kind)
    }

    /// The kind that a person means by a word on the command line: its kind, plural, singular or
    /// short name in any case, alone or with its group (`virtualservices.networking.istio.io`).
    pub fn named(word: &str) -> Option<Self> {
        let word = word.to_ascii_lowercase();
        let (name, group) = word
            .split_once('.')
            .map_or((word.as_str(), None), |(name, group)| (name, Some(group)));
        KINDS
            .iter()
            .find(|info| info.is_named(name, group))
            .map(|info| info.kind)
    }

    /// The preferred `apiVersion`.
    pub fn api_version(self) -> String {
        let info = self.info();
        match info.group {
            "" => info.versions[0].to_owned(),
            group => format!("{group}/{}", info.versions[0]),
        }
    }
}

impl KindInfo {
    fn is_named(&self, name: &str, group: Option<&str>) -> bool {
        let named = self.plural == name
            || self.singular == name
            || self.short_names.contains(&name)
            || self.name.to_ascii_lowercase() == name;
        named && group.is_none_or(|group| group == self.group)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.info().name)
    }
}

/// The name of one object. Sorts by kind, then namespace, then name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey {
    /// Its kind.
    pub kind: Kind,
    /// Its namespace; empty for kinds that have none.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl ObjectKey {
    /// The key of an object. The namespace of a kind without namespaces is dropped.
    pub fn new(kind: Kind, namespace: impl Into<String>, name: impl Into<String>) -> Self {
        let namespace = if kind.info().namespaced {
            namespace.into()
        } else {
            String::new()
        };
        Self {
            kind,
            namespace,
            name: name.into(),
        }
    }
}

impl fmt::Display for ObjectKey {
    /// `VirtualService default/reviews`, or `Node worker`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace.is_empty() {
            write!(f, "{} {}", self.kind, self.name)
        } else {
            write!(f, "{} {}/{}", self.kind, self.namespace, self.name)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_enum() {
        for (position, kind) in Kind::all().enumerate() {
            assert_eq!(kind as usize, position);
            assert_eq!(Kind::of(&kind.api_version(), kind.info().name), Some(kind));
        }
    }

    #[test]
    fn words_of_the_command_line_name_kinds() {
        let cases = [
            "vs",
            "virtualservice",
            "VirtualServices",
            "virtualservices.networking.istio.io",
        ];
        for word in cases {
            assert_eq!(Kind::named(word), Some(Kind::VirtualService), "{word}");
        }
        assert_eq!(Kind::named("gateways.gateway.networking.k8s.io"), None);
        assert_eq!(Kind::of("gateway.networking.k8s.io/v1", "Gateway"), None);
    }
}
