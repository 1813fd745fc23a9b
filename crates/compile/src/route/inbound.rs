//! The route from a proxy to its own workload.

use sealane_xds::route::route::Action;
use sealane_xds::route::route_action::{ClusterSpecifier, MaxStreamDuration};
use sealane_xds::route::{Decorator, Route, RouteAction, RouteConfiguration, VirtualHost};

use crate::mesh::MeshSettings;
use crate::message;
use crate::route::{matches, retry};

/// What an inbound route is made from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InboundRoute<'a> {
    pub(crate) mesh: &'a MeshSettings,
    /// The cluster of the workload's port.
    pub(crate) cluster: &'a str,
    /// The port of the service; 0 for undeclared ports.
    pub(crate) service_port: u16,
    /// What traces call it.
    pub(crate) operation: &'a str,
    /// Whether the port speaks gRPC, which is not retried.
    pub(crate) is_grpc: bool,
}

/// The route configuration, which stands inside its listener.
pub(crate) fn configuration(input: InboundRoute<'_>) -> RouteConfiguration {
    let retries = input.mesh.default_inbound_http_retry_policy.as_ref();
    let action = RouteAction {
        cluster_specifier: Some(ClusterSpecifier::Cluster(input.cluster.to_owned())),
        timeout: Some(message::zero()),
        max_stream_duration: Some(MaxStreamDuration {
            max_stream_duration: Some(message::zero()),
            grpc_timeout_header_max: Some(message::zero()),
            ..MaxStreamDuration::default()
        }),
        retry_policy: if input.is_grpc {
            None
        } else {
            retry::inbound(retries)
        },
        ..RouteAction::default()
    };
    let route = Route {
        name: "default".to_owned(),
        r#match: Some(matches::everything()),
        decorator: Some(Decorator {
            operation: input.operation.to_owned(),
            propagate: None,
        }),
        action: Some(Action::Route(action)),
        ..Route::default()
    };
    let host = VirtualHost {
        name: format!("inbound|http|{}", input.service_port),
        domains: vec!["*".to_owned()],
        routes: vec![route],
        ..VirtualHost::default()
    };
    RouteConfiguration {
        name: input.cluster.to_owned(),
        virtual_hosts: vec![host],
        validate_clusters: Some(message::bool_value(false)),
        ..RouteConfiguration::default()
    }
}
