//! The machine around a standalone mesh: workloads, addresses, echo servers, names.
//!
//! What kubelet, the endpoint controller, kube-proxy and cluster DNS do for a cluster, for a mesh
//! on this machine.

pub mod addresses;
pub mod echo;
pub mod implicit;
