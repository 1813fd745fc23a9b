//! All that one proxy is given: its resources by kind and name.

use std::sync::Arc;

use crate::cluster::Cluster;
use crate::endpoint::ClusterLoadAssignment;
use crate::hash::ContentHash;
use crate::json::{self, JsonError};
use crate::listener::Listener;
use crate::named::Named;
use crate::resource::{Resource, ResourceKind, XdsResource};
use crate::route::RouteConfiguration;
use crate::tls::Secret;

/// One proxy's resources, each kind by the names that the messages carry.
///
/// Two values are equal when their canonical JSON is.
#[derive(Debug, Clone, Default)]
pub struct Resources {
    /// Clusters by name.
    pub clusters: Named<Cluster>,
    /// Endpoints by the name of their cluster (or its EDS service name).
    pub endpoints: Named<ClusterLoadAssignment>,
    /// Listeners by name.
    pub listeners: Named<Listener>,
    /// Route configurations by name.
    pub routes: Named<RouteConfiguration>,
    /// Certificates and trusted roots by name.
    pub secrets: Named<Secret>,
}

impl Resources {
    /// Puts a resource under its name; it replaces one of the same kind and name.
    pub fn insert(&mut self, resource: impl Into<Resource>) {
        let resource = resource.into();
        match resource {
            Resource::Cluster(message) => drop(self.clusters.insert(message)),
            Resource::Endpoint(message) => drop(self.endpoints.insert(message)),
            Resource::Listener(message) => drop(self.listeners.insert(message)),
            Resource::Route(message) => drop(self.routes.insert(message)),
            Resource::Secret(message) => drop(self.secrets.insert(message)),
        }
    }

    /// The resource of this kind and name.
    pub fn find(&self, kind: ResourceKind, name: &str) -> Option<Resource> {
        match kind {
            ResourceKind::Cluster => self.clusters.get(name).cloned().map(Into::into),
            ResourceKind::Endpoint => self.endpoints.get(name).cloned().map(Into::into),
            ResourceKind::Listener => self.listeners.get(name).cloned().map(Into::into),
            ResourceKind::Route => self.routes.get(name).cloned().map(Into::into),
            ResourceKind::Secret => self.secrets.get(name).cloned().map(Into::into),
        }
    }

    /// Takes the resource of this kind and name out.
    pub fn remove(&mut self, kind: ResourceKind, name: &str) -> Option<Resource> {
        match kind {
            ResourceKind::Cluster => self.clusters.remove(name).map(Into::into),
            ResourceKind::Endpoint => self.endpoints.remove(name).map(Into::into),
            ResourceKind::Listener => self.listeners.remove(name).map(Into::into),
            ResourceKind::Route => self.routes.remove(name).map(Into::into),
            ResourceKind::Secret => self.secrets.remove(name).map(Into::into),
        }
    }

    /// All resources of a kind, sorted by name.
    pub fn of_kind(&self, kind: ResourceKind) -> Vec<Resource> {
        fn all<M: XdsResource>(map: &Named<M>) -> Vec<Resource>
        where
            Resource: From<Arc<M>>,
        {
            map.values().cloned().map(Resource::from).collect()
        }
        match kind {
            ResourceKind::Cluster => all(&self.clusters),
            ResourceKind::Endpoint => all(&self.endpoints),
            ResourceKind::Listener => all(&self.listeners),
            ResourceKind::Route => all(&self.routes),
            ResourceKind::Secret => all(&self.secrets),
        }
    }

    /// How many resources there are, of all kinds.
    pub fn len(&self) -> usize {
        self.clusters.len()
            + self.endpoints.len()
            + self.listeners.len()
            + self.routes.len()
            + self.secrets.len()
    }

    /// True when there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// `{"clusters": […], "endpoints": […], …}`: each kind's messages as canonical JSON, sorted by
    /// name. [`Self::from_json`] reads it back.
    pub fn to_json(&self) -> serde_json::Value {
        let lists = ResourceKind::ALL.into_iter().map(|kind| {
            let list: serde_json::Value =
                self.of_kind(kind).iter().map(Resource::to_json).collect();
            (kind.plural().to_owned(), list)
        });
        serde_json::Value::Object(lists.collect())
    }

    /// Reads what [`Self::to_json`] writes; a kind may be absent.
    pub fn from_json(value: &serde_json::Value) -> Result<Self, JsonError> {
        let mut resources = Self::default();
        for kind in ResourceKind::ALL {
            let list = value
                .get(kind.plural())
                .and_then(serde_json::Value::as_array);
            for (index, item) in list.into_iter().flatten().enumerate() {
                let resource = Resource::from_json(kind, item)
                    .map_err(|error| error.within(&format!("{}[{index}]", kind.plural())))?;
                resources.insert(resource);
            }
        }
        Ok(resources)
    }

    /// The hash of the canonical JSON of everything.
    pub fn content_hash(&self) -> ContentHash {
        ContentHash::of(json::canonical_text(&self.to_json()).as_bytes())
    }
}

impl PartialEq for Resources {
    fn eq(&self, other: &Self) -> bool {
        ResourceKind::ALL.into_iter().all(|kind| {
            let (ours, theirs) = (self.of_kind(kind), other.of_kind(kind));
            ours.len() == theirs.len()
                && ours
                    .iter()
                    .zip(&theirs)
                    .all(|(ours, theirs)| ours.same_content(theirs))
        })
    }
}

impl Extend<Resource> for Resources {
    fn extend<T: IntoIterator<Item = Resource>>(&mut self, resources: T) {
        for resource in resources {
            self.insert(resource);
        }
    }
}

impl FromIterator<Resource> for Resources {
    fn from_iter<T: IntoIterator<Item = Resource>>(resources: T) -> Self {
        let mut all = Self::default();
        all.extend(resources);
        all
    }
}
