//! One resource: its kind, its name, its message.

use std::sync::Arc;

use prost::{Message, Name};

use crate::cluster::Cluster;
use crate::endpoint::ClusterLoadAssignment;
use crate::hash::ContentHash;
use crate::json::{self, JsonError};
use crate::listener::Listener;
use crate::protobuf::Any;
use crate::route::RouteConfiguration;
use crate::tls::Secret;
use crate::{any, type_url};

/// The kinds of resources that a proxy is given, in the order in which they are sent: what is
/// referred to comes before what refers to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ResourceKind {
    /// `envoy.config.cluster.v3.Cluster`.
    Cluster,
    /// `envoy.config.endpoint.v3.ClusterLoadAssignment`.
    Endpoint,
    /// `envoy.config.listener.v3.Listener`.
    Listener,
    /// `envoy.config.route.v3.RouteConfiguration`.
    Route,
    /// `envoy.extensions.transport_sockets.tls.v3.Secret`.
    Secret,
}

impl ResourceKind {
    /// Every kind, in sending order.
    pub const ALL: [Self; 5] = [
        Self::Cluster,
        Self::Endpoint,
        Self::Listener,
        Self::Route,
        Self::Secret,
    ];

    /// The kinds that are asked for by the names that clusters and listeners refer to, in sending
    /// order: all that are not [wildcards](Self::is_wildcard).
    pub const FOLLOWED: [Self; 3] = [Self::Endpoint, Self::Route, Self::Secret];

    /// The type URL by which the kind is subscribed to.
    pub fn type_url(self) -> &'static str {
        match self {
            Self::Cluster => type_url::CLUSTER,
            Self::Endpoint => type_url::ENDPOINT,
            Self::Listener => type_url::LISTENER,
            Self::Route => type_url::ROUTE,
            Self::Secret => type_url::SECRET,
        }
    }

    /// The kind that has this type URL.
    pub fn from_type_url(url: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.type_url() == url)
    }

    /// The key under which JSON lists the kind: `clusters`, `endpoints`, ….
    pub fn plural(self) -> &'static str {
        match self {
            Self::Cluster => "clusters",
            Self::Endpoint => "endpoints",
            Self::Listener => "listeners",
            Self::Route => "routes",
            Self::Secret => "secrets",
        }
    }

    /// True for the kinds of which a proxy gets all there are; the others are asked for by name.
    pub fn is_wildcard(self) -> bool {
        !Self::FOLLOWED.contains(&self)
    }
}

/// A message that is a resource of its own: it has a kind and a name.
pub trait XdsResource: Message + Name + Default + Clone + PartialEq + Into<Resource> {
    /// The kind that all such messages are.
    const KIND: ResourceKind;

    /// The name by which it is referred to.
    fn resource_name(&self) -> &str;
}

/// A resource of any kind; cheap to clone.
#[derive(Debug, Clone, PartialEq)]
pub enum Resource {
    /// A cluster.
    Cluster(Arc<Cluster>),
    /// The endpoints of a cluster.
    Endpoint(Arc<ClusterLoadAssignment>),
    /// A listener.
    Listener(Arc<Listener>),
    /// A route configuration.
    Route(Arc<RouteConfiguration>),
    /// A certificate or a set of trusted ones.
    Secret(Arc<Secret>),
}

/// Runs one expression for whatever message a [`Resource`] holds.
macro_rules! with_message {
    ($resource:expr, $message:ident => $body:expr) => {
        match $resource {
            Resource::Cluster($message) => $body,
            Resource::Endpoint($message) => $body,
            Resource::Listener($message) => $body,
            Resource::Route($message) => $body,
            Resource::Secret($message) => $body,
        }
    };
}

impl Resource {
    /// Its kind.
    pub fn kind(&self) -> ResourceKind {
        match self {
            Self::Cluster(_) => ResourceKind::Cluster,
            Self::Endpoint(_) => ResourceKind::Endpoint,
            Self::Listener(_) => ResourceKind::Listener,
            Self::Route(_) => ResourceKind::Route,
            Self::Secret(_) => ResourceKind::Secret,
        }
    }

    /// The name by which it is referred to.
    pub fn name(&self) -> &str {
        with_message!(self, message => message.resource_name())
    }

    /// The resource as it goes over the wire.
    pub fn to_any(&self) -> Any {
        with_message!(self, message => any::pack(message.as_ref()))
    }

    /// The resource that an `Any` off the wire holds; `None` when its type is no [`ResourceKind`].
    pub fn from_any(any: &Any) -> Option<Result<Self, any::UnpackError>> {
        let kind = ResourceKind::from_type_url(&any.type_url)?;
        Some(match kind {
            ResourceKind::Cluster => any::unpack::<Cluster>(any).map(Into::into),
            ResourceKind::Endpoint => any::unpack::<ClusterLoadAssignment>(any).map(Into::into),
            ResourceKind::Listener => any::unpack::<Listener>(any).map(Into::into),
            ResourceKind::Route => any::unpack::<RouteConfiguration>(any).map(Into::into),
            ResourceKind::Secret => any::unpack::<Secret>(any).map(Into::into),
        })
    }

    /// Canonical JSON with the names of the proto fields.
    pub fn to_json(&self) -> serde_json::Value {
        with_message!(self, message => json::encode(message.as_ref(), json::Names::Proto))
    }

    /// The resource of this kind that the JSON describes.
    pub fn from_json(kind: ResourceKind, value: &serde_json::Value) -> Result<Self, JsonError> {
        Ok(match kind {
            ResourceKind::Cluster => json::decode::<Cluster>(value)?.into(),
            ResourceKind::Endpoint => json::decode::<ClusterLoadAssignment>(value)?.into(),
            ResourceKind::Listener => json::decode::<Listener>(value)?.into(),
            ResourceKind::Route => json::decode::<RouteConfiguration>(value)?.into(),
            ResourceKind::Secret => json::decode::<Secret>(value)?.into(),
        })
    }

    /// True when both say the same: the messages are equal, or at least their canonical JSON (the
    /// bytes of an `Any` may hold the entries of a map in any order).
    pub fn same_content(&self, other: &Self) -> bool {
        self.is_same_value(other)
            || self == other
            || (self.kind() == other.kind() && self.to_json() == other.to_json())
    }

    /// True when both share one value in memory.
    fn is_same_value(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Cluster(ours), Self::Cluster(theirs)) => Arc::ptr_eq(ours, theirs),
            (Self::Endpoint(ours), Self::Endpoint(theirs)) => Arc::ptr_eq(ours, theirs),
            (Self::Listener(ours), Self::Listener(theirs)) => Arc::ptr_eq(ours, theirs),
            (Self::Route(ours), Self::Route(theirs)) => Arc::ptr_eq(ours, theirs),
            (Self::Secret(ours), Self::Secret(theirs)) => Arc::ptr_eq(ours, theirs),
            _ => false,
        }
    }

    /// The hash of its canonical JSON.
    pub fn content_hash(&self) -> ContentHash {
        ContentHash::of(json::canonical_text(&self.to_json()).as_bytes())
    }
}

/// Ties a message to its kind, to the field that names it, and to its variant of [`Resource`].
macro_rules! xds_resource {
    ($message:ty, $kind:ident, $name:ident) => {
        impl XdsResource for $message {
            const KIND: ResourceKind = ResourceKind::$kind;

            fn resource_name(&self) -> &str {
                &self.$name
            }
        }

        impl From<$message> for Resource {
            fn from(message: $message) -> Self {
                Self::$kind(Arc::new(message))
            }
        }

        impl From<Arc<$message>> for Resource {
            fn from(message: Arc<$message>) -> Self {
                Self::$kind(message)
            }
        }
    };
}

xds_resource!(Cluster, Cluster, name);
xds_resource!(ClusterLoadAssignment, Endpoint, cluster_name);
xds_resource!(Listener, Listener, name);
xds_resource!(RouteConfiguration, Route, name);
xds_resource!(Secret, Secret, name);
