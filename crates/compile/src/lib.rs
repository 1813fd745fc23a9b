//! Declared objects to Envoy resources: pure, deterministic, never failing.

mod canonical;
mod cluster;
mod compile;
mod created;
mod declared;
mod destination;
mod dynamic_dns;
mod endpoint;
mod finding;
mod gateway;
mod host;
mod identity;
mod listener;
mod mesh;
mod message;
mod names;
mod notes;
mod origin;
mod policy;
mod protocol;
mod route;
mod rule;
mod secret;
mod service;
mod shared;
mod snapshot;
mod targets;
mod tls;
mod visibility;

pub use canonical::{canonical_revision, canonical_service};
pub use compile::{Compiled, compile, compile_with};
pub use identity::{Locality, ProxyIdentity, ProxyKind};
pub use mesh::{MeshSettings, PathNormalization, Weights};
pub use origin::{Origin, Origins};
pub use shared::Shared;
pub use snapshot::Snapshot;
