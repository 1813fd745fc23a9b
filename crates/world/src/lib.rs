//! The machine around a standalone mesh: workloads, addresses, echo servers, names.
//!
//! What kubelet, the endpoint controller, kube-proxy and cluster DNS do for a cluster, for a mesh
//! on this machine. [`world::World::derive`] makes of the declared objects what they mean here;
//! [`change::Change`] says which echoes ([`echo::Echo`]) start and stop from one world to the next.
//! Deliberately absent: proxies and their configuration.

pub mod addresses;
pub mod change;
pub mod echo;
pub mod endpoints;
#[cfg(test)]
mod fixture;
pub mod implicit;
pub mod names;
pub mod pods;
pub mod services;
mod state;
mod virtual_ip;
pub mod workloads;
pub mod world;
