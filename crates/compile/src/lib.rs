//! Declared objects to Envoy resources: pure, deterministic, never failing.

mod cluster;
mod compile;
mod created;
mod endpoint;
mod destination;
mod gateway;
mod listener;
mod notes;
mod policy;
mod route;
mod targets;
mod tls;
mod declared;
mod finding;
mod host;
mod identity;
mod mesh;
mod message;
mod names;
mod origin;
mod protocol;
mod rule;
mod service;
mod snapshot;
mod visibility;

pub use compile::{Compiled, compile};
pub use identity::{Locality, ProxyIdentity, ProxyKind};
pub use mesh::{MeshSettings, PathNormalization, Weights};
pub use origin::{Origin, Origins};
pub use snapshot::Snapshot;
