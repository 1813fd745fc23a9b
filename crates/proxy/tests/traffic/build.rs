//! Runtimes by hand.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use sealane_runtime::Runtime;
use sealane_runtime::cluster::{
    Balance, Cluster, Discovery, Limits, UpstreamProtocol, UpstreamTransport,
};
use sealane_runtime::endpoint::{Endpoint, EndpointAddress, Endpoints, Health, LocalityEndpoints};
use sealane_runtime::header::HeaderOps;
use sealane_runtime::listener::{
    ChainMatch, Continue, Direction, DownstreamTransport, FilterChain, HttpFilter, HttpLimits,
    HttpManager, Inspect, Listener, Network, RouteSource, ServerHeader,
};
use sealane_runtime::matcher::path::PathMatch;
use sealane_runtime::matcher::route::RouteMatch;
use sealane_runtime::path::PathPolicy;
use sealane_runtime::route::{Action, Forward, PathRewrite, RetryOn, RetryPolicy, Route};
use sealane_runtime::split::{Part, Split};
use sealane_runtime::table::{DomainIndex, RouteTable, VirtualHost};

/// The address that callers call.
pub(crate) const SERVICE: &str = "127.20.0.1:80";

pub(crate) fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

/// A cluster whose endpoints are at `addresses`.
pub(crate) fn cluster(name: &str, addresses: &[&str]) -> Cluster {
    let endpoint = |text: &&str| {
        Arc::new(Endpoint {
            address: EndpointAddress::Socket(address(text)),
            weight: 1,
            health: Health::Healthy,
            hostname: "".into(),
            workload: None,
        })
    };
    let group = LocalityEndpoints {
        locality: "".into(),
        priority: 0,
        weight: None,
        endpoints: addresses.iter().map(endpoint).collect(),
    };
    Cluster {
        name: name.into(),
        discovery: Discovery::Given,
        balance: Balance::RoundRobin,
        connect_timeout: Duration::from_secs(10),
        protocol: UpstreamProtocol::Http1,
        limits: Limits {
            connections: u32::MAX,
            pending: u32::MAX,
            requests: u32::MAX,
            retries: u32::MAX,
        },
        outlier: None,
        max_requests_per_connection: None,
        idle_timeout: Some(Duration::from_hours(1)),
        max_connection_duration: None,
        panic_threshold: 0,
        locality_weighted: false,
        keepalive: None,
        transport: UpstreamTransport::Plaintext,
        endpoints: Arc::new(Endpoints {
            localities: vec![group],
            overprovisioning: 140,
        }),
        config: None,
        service: None,
    }
}

/// Forwards to clusters with weights.
pub(crate) fn forward(parts: &[(&str, u64)]) -> Forward {
    let part = |(cluster, weight): &(&str, u64)| Part {
        cluster: (*cluster).into(),
        weight: *weight,
        headers: HeaderOps::default(),
        host_rewrite: None,
    };
    Forward {
        split: Arc::new(Split {
            key: "rule".into(),
            parts: parts.iter().map(part).collect(),
            total: parts.iter().map(|(_, weight)| weight).sum(),
            random: false,
        }),
        rewrite: PathRewrite::None,
        host_rewrite: None,
        append_forwarded_host: false,
        cluster_not_found: StatusCode::SERVICE_UNAVAILABLE,
        timeout: None,
        max_grpc_timeout: None,
        retry: None,
        mirrors: Vec::new(),
        hash: Vec::new(),
    }
}

/// A retry policy with Envoy's pauses.
pub(crate) fn retry(retries: u32, conditions: &[RetryOn]) -> Arc<RetryPolicy> {
    Arc::new(RetryPolicy {
        retries,
        per_try_timeout: None,
        conditions: conditions.to_vec(),
        statuses: Vec::new(),
        avoid_previous_hosts: true,
        host_attempts: 5,
        previous_priorities: None,
        base_interval: Duration::from_millis(25),
        max_interval: Duration::from_millis(250),
    })
}

/// A route for paths that begin with `prefix`.
pub(crate) fn route(prefix: &str, action: Action) -> Route {
    Route {
        name: "default".into(),
        origin: None,
        matches: RouteMatch {
            path: PathMatch::Prefix {
                prefix: prefix.into(),
                ignore_case: false,
            },
            ..RouteMatch::default()
        },
        action,
        headers: HeaderOps::default(),
        fault: None,
        cors: None,
        decorator: None,
    }
}

/// One virtual host for `domain`.
pub(crate) fn table(domain: &str, routes: Vec<Route>) -> RouteTable {
    let mut domains = DomainIndex::default();
    domains.insert(domain, 0).unwrap();
    let host = VirtualHost {
        name: "host".into(),
        domains: vec![domain.into()],
        routes: routes.into_iter().map(Arc::new).collect(),
        require_tls: false,
        attempt_count: true,
        headers: HeaderOps::default(),
    };
    RouteTable {
        name: "80".into(),
        virtual_hosts: vec![Arc::new(host)],
        domains,
        ignore_port: true,
        headers: HeaderOps::default(),
        specific_headers_last: false,
    }
}

/// A sidecar's HTTP settings.
pub(crate) fn manager() -> HttpManager {
    HttpManager {
        stat_prefix: "outbound".into(),
        routes: RouteSource::Named("80".into()),
        filters: vec![HttpFilter::Fault, HttpFilter::Cors],
        paths: PathPolicy {
            normalize: true,
            merge_slashes: false,
        },
        use_remote_address: false,
        server_name: "envoy".into(),
        server_header: ServerHeader::Overwrite,
        upgrades: vec!["websocket".into()],
        stream_idle_timeout: None,
        idle_timeout: None,
        request_timeout: None,
        max_concurrent_streams: None,
        xff_trusted_hops: 0,
        accept_http_10: false,
        http1_trailers: false,
        continues: Continue::Upstream,
        limits: HttpLimits::default(),
    }
}

/// A listener with one chain for everything on port 80.
pub(crate) fn listener(network: Network) -> Listener {
    Listener {
        name: "0.0.0.0_80".into(),
        address: address("0.0.0.0:80"),
        bound: false,
        use_original_destination: false,
        direction: Direction::Outbound,
        inspect: Inspect::default(),
        inspect_off: sealane_runtime::listener::InspectOff::default(),
        chains: vec![Arc::new(FilterChain {
            name: "".into(),
            matches: ChainMatch::default(),
            transport: DownstreamTransport::Plaintext,
            network,
        })],
        default_chain: None,
    }
}

/// One listener, one table, some clusters.
pub(crate) fn runtime(listener: Listener, table: RouteTable, clusters: Vec<Cluster>) -> Runtime {
    Runtime {
        secrets: BTreeMap::new(),
        listeners: BTreeMap::from([(Arc::clone(&listener.name), Arc::new(listener))]),
        tables: BTreeMap::from([(Arc::clone(&table.name), Arc::new(table))]),
        clusters: clusters
            .into_iter()
            .map(|cluster| (Arc::clone(&cluster.name), Arc::new(cluster)))
            .collect(),
    }
}

/// A sidecar that forwards everything for `reviews` as `action` says.
pub(crate) fn sidecar(action: Forward, clusters: Vec<Cluster>) -> Runtime {
    let routes = vec![route("/", Action::Forward(Box::new(action)))];
    sidecar_with(routes, clusters)
}

/// A sidecar with these routes for `reviews`.
pub(crate) fn sidecar_with(routes: Vec<Route>, clusters: Vec<Cluster>) -> Runtime {
    let listener = listener(Network::Http(Arc::new(manager())));
    runtime(listener, table("reviews", routes), clusters)
}
