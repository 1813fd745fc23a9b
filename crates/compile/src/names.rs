//! Names as Istio makes them, beside those of `sealane_xds::names`.

use sealane_xds::names::{self as xds, ClusterName};

pub(crate) use sealane_xds::names::{
    BLACK_HOLE_CLUSTER as BLACK_HOLE, INBOUND_PASSTHROUGH_CLUSTER as INBOUND_PASSTHROUGH,
    PASSTHROUGH_CLUSTER as PASSTHROUGH,
};

use crate::host;

/// `outbound|PORT|SUBSET|HOST`; an empty subset is the host's default cluster.
pub(crate) fn cluster(host: &str, subset: &str, port: u16) -> String {
    let subset = (!subset.is_empty()).then_some(subset);
    ClusterName::outbound(port, subset, host).to_string()
}

/// `outbound_.PORT_.SUBSET_.HOST`: the SNI of a cluster, and its name at a gateway that passes
/// TLS of the mesh through.
pub(crate) fn sni_cluster(host: &str, subset: &str, port: u16) -> String {
    let subset = (!subset.is_empty()).then_some(subset);
    ClusterName::outbound(port, subset, host).to_sni()
}

/// `inbound|PORT||`.
pub(crate) fn inbound_cluster(port: u16) -> String {
    ClusterName::inbound(port).to_string()
}

/// `HOST:PORT`, the name of a virtual host.
pub(crate) fn virtual_host(host: &str, port: u16) -> String {
    xds::virtual_host(&host::bracketed(host), port)
}

/// `ADDRESS_PORT`.
pub(crate) fn listener(address: &str, port: u16) -> String {
    format!("{address}_{port}")
}

/// Names in statistics end with `;`, where Istio's collector cuts them.
pub(crate) fn delimited(name: &str) -> String {
    format!("{name};")
}
