//! What the API serves: the kinds that are read, and those that are only kept.
//!
//! Manifests hold objects that Sealane has no use for (settings, accounts, policies). An API
//! server that did not know them would make `kubectl apply -f` fail on the whole file, so they are
//! kept and shown, and whoever writes one is told that it does not act.

mod kept;

use std::sync::LazyLock;

use sealane_model::kind::{Kind, ObjectKey};

/// What discovery says about one kind of objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceInfo {
    /// The kind, when it is one that acts; `None` for those that are only kept.
    pub kind: Option<Kind>,
    /// Its name in `kind:`.
    pub name: &'static str,
    /// The name in paths.
    pub plural: &'static str,
    /// The name for one.
    pub singular: &'static str,
    /// Shorter names.
    pub short_names: &'static [&'static str],
    /// API group; empty for the core group.
    pub group: &'static str,
    /// Served versions, the preferred one first.
    pub versions: &'static [&'static str],
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
    /// The groups of kinds that it belongs to, such as `all`.
    pub categories: &'static [&'static str],
}

/// A kind of objects that is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Resource(usize);

/// The kinds that act come first, in their own order, so that a [`Kind`] finds its place.
static TABLE: LazyLock<Vec<ResourceInfo>> = LazyLock::new(|| {
    let acting = Kind::all().map(of_kind);
    acting.chain(kept::all()).collect()
});

impl Resource {
    /// Everything that is served.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..TABLE.len()).map(Self)
    }

    /// One of those that are only kept; all of them are kept together.
    pub fn any_kept() -> Self {
        Self(Kind::all().count())
    }

    /// What discovery says about it.
    pub fn info(self) -> &'static ResourceInfo {
        &TABLE[self.0]
    }

    /// The kind that acts.
    pub fn kind(self) -> Option<Kind> {
        self.info().kind
    }

    /// The one that is served under a name in paths.
    pub fn served(group: &str, version: &str, plural: &str) -> Option<Self> {
        Self::all().find(|resource| {
            let info = resource.info();
            info.group == group && info.plural == plural && info.versions.contains(&version)
        })
    }

    /// The one of an `apiVersion` and a `kind`.
    pub fn of(api_version: &str, kind: &str) -> Option<Self> {
        let (group, version) = api_version.rsplit_once('/').unwrap_or(("", api_version));
        Self::all().find(|resource| {
            let info = resource.info();
            info.group == group && info.name == kind && info.versions.contains(&version)
        })
    }

    /// `virtualservices.networking.istio.io`, or `pods`.
    pub fn qualified(self) -> String {
        let info = self.info();
        match info.group {
            "" => info.plural.to_owned(),
            group => format!("{}.{group}", info.plural),
        }
    }

    /// Its `apiVersion` in a served version.
    pub fn api_version(self, version: &str) -> String {
        match self.info().group {
            "" => version.to_owned(),
            group => format!("{group}/{version}"),
        }
    }

    /// Whether its objects are typed by Kubernetes itself, so that clients may send strategic
    /// merge patches; the others are custom resources.
    pub fn is_builtin(self) -> bool {
        let group = self.info().group;
        !group.contains('.') || (group.ends_with(".k8s.io") && !group.starts_with("gateway."))
    }

    /// Whether the number of its pods can be set.
    pub fn scales(self) -> bool {
        matches!(
            self.kind(),
            Some(Kind::Deployment | Kind::StatefulSet | Kind::ReplicaSet)
        )
    }
}

impl From<Kind> for Resource {
    fn from(kind: Kind) -> Self {
        Self(kind as usize)
    }
}

/// The name of one object. Sorts by what it is, then namespace, then name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    /// What it is.
    pub resource: Resource,
    /// Its namespace; empty for those that have none.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl Name {
    /// The name of an object. The namespace of what lives in none is dropped.
    pub fn new(resource: Resource, namespace: &str, name: &str) -> Self {
        let namespaced = resource.info().namespaced;
        Self {
            resource,
            namespace: if namespaced { namespace } else { "" }.to_owned(),
            name: name.to_owned(),
        }
    }

    /// The key of an object that acts.
    pub fn key(&self) -> Option<ObjectKey> {
        let kind = self.resource.kind()?;
        Some(ObjectKey::new(
            kind,
            self.namespace.as_str(),
            self.name.as_str(),
        ))
    }
}

impl From<&ObjectKey> for Name {
    fn from(key: &ObjectKey) -> Self {
        Self::new(key.kind.into(), &key.namespace, &key.name)
    }
}

fn of_kind(kind: Kind) -> ResourceInfo {
    let info = kind.info();
    let categories: &[&str] = match kind {
        _ if kind.is_istio() => &["istio-io", "networking-istio-io"],
        Kind::Pod
        | Kind::Service
        | Kind::Deployment
        | Kind::StatefulSet
        | Kind::DaemonSet
        | Kind::ReplicaSet => &["all"],
        _ => &[],
    };
    ResourceInfo {
        kind: Some(kind),
        name: info.name,
        plural: info.plural,
        singular: info.singular,
        short_names: info.short_names,
        group: info.group,
        versions: info.versions,
        namespaced: info.namespaced,
        categories,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_kind_finds_its_place_and_no_name_is_given_twice() {
        for kind in Kind::all() {
            assert_eq!(Resource::from(kind).kind(), Some(kind));
        }
        let mut seen = BTreeSet::new();
        for resource in Resource::all() {
            let info = resource.info();
            assert!(seen.insert((info.group, info.plural)), "{info:?}");
            for version in info.versions {
                let found = Resource::served(info.group, version, info.plural);
                assert_eq!(found, Some(resource), "{info:?}");
            }
        }
    }

    #[test]
    fn what_kubernetes_types_itself_is_told_from_custom_resources() {
        let builtin = |group, plural| {
            let found = Resource::all()
                .find(|found| found.info().group == group && found.info().plural == plural);
            found.unwrap().is_builtin()
        };
        assert!(builtin("", "services"));
        assert!(builtin("apps", "deployments"));
        assert!(builtin("networking.k8s.io", "ingresses"));
        assert!(!builtin("networking.istio.io", "gateways"));
        assert!(!builtin("gateway.networking.k8s.io", "gateways"));
    }
}
