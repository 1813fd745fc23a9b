//! The machine around a standalone mesh: workloads, addresses, echo servers, names.
//!
//! What kubelet, the endpoint controller, kube-proxy and cluster DNS do for a cluster, for a mesh
//! on this machine. [`world::World::derive`] makes of the declared objects what they mean here, and
//! invents what they leave out; [`change::Change`] says what starts and stops from one world to the
//! next: echoes ([`echo::Echo`]) and processes ([`process::ProcessSpec`]). Deliberately absent:
//! proxies and their configuration, and who runs processes.

pub mod addresses;
mod annotations;
pub mod change;
pub mod echo;
pub mod endpoints;
pub mod external;
#[cfg(test)]
mod fixture;
pub mod implicit;
pub mod invent;
pub mod names;
pub mod pods;
pub mod process;
pub mod services;
mod state;
pub mod terms;
mod virtual_ip;
pub mod workloads;
pub mod world;
