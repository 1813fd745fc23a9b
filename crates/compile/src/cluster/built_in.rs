//! Istio's own clusters, which belong to no service.

use std::time::Duration;

use sealane_xds::cluster::Cluster;
use sealane_xds::cluster::cluster::{DiscoveryType, LbPolicy};

use crate::cluster::pool;
use crate::cluster::upstream::{self, Upstream};
use crate::identity::ProxyKind;
use crate::mesh::MeshSettings;
use crate::message;
use crate::names;

/// Istio's own clusters: nothing, and for sidecars the original destination.
pub(crate) fn built_in(proxy: ProxyKind, mesh: &MeshSettings) -> Vec<Cluster> {
    let mut black_hole = Upstream::new(names::BLACK_HOLE, DiscoveryType::Static);
    black_hole.cluster.connect_timeout = Some(message::duration(mesh.connect_timeout));
    let mut all = vec![black_hole.build()];
    if proxy == ProxyKind::Sidecar {
        all.push(passthrough(mesh).build());
    }
    all
}

/// The original destination, as the caller speaks.
pub(super) fn passthrough(mesh: &MeshSettings) -> Upstream {
    let mut cluster = Upstream::new(names::PASSTHROUGH, DiscoveryType::OriginalDst);
    cluster.cluster.lb_policy = LbPolicy::ClusterProvided as i32;
    pool::apply(
        &mut cluster,
        mesh.default_connection_pool.as_ref(),
        None,
        mesh,
    );
    let options = cluster.http();
    options.upstream_protocol_options = Some(upstream::downstream());
    let common = options.common_http_protocol_options.get_or_insert_default();
    common.idle_timeout = Some(message::duration(Duration::from_mins(5)));
    cluster
}
