//! The names that Istio gives to clusters, route configurations and listeners. Tools parse them, so
//! they are equal to istiod's byte for byte.

mod cluster;
mod listener;
mod route;

pub use self::cluster::{
    BLACK_HOLE_CLUSTER, ClusterName, Direction, INBOUND_PASSTHROUGH_CLUSTER, PASSTHROUGH_CLUSTER,
};
pub use self::listener::{ListenerName, VIRTUAL_INBOUND, VIRTUAL_OUTBOUND};
pub use self::route::{ALLOW_ANY_HOST, BLOCK_ALL_HOST, RouteName, virtual_host};

#[cfg(test)]
mod tests;
