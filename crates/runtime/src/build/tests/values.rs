//! What is said is taken over, and where nothing is said, Envoy's defaults hold.

use std::time::Duration;

use ::http::StatusCode;

use super::*;
use crate::cluster::{
    Balance, Cluster, Discovery, Keepalive, Limits, Outlier, UpstreamProtocol, UpstreamTransport,
};
use crate::endpoint::{EndpointAddress, Health};
use crate::fault::Abort;
use crate::listener::{
    Continue, Direction, DownstreamTransport, FrameLimits, HttpFilter, HttpLimits, HttpManager,
    Listener, Network, ServerHeader,
};
use crate::path::PathPolicy;
use crate::route::{
    Forward, HashPolicy, HostRewrite, PathRewrite, Redirect, RedirectPath, RetryOn,
};
use crate::split::Fraction;
use crate::tls::{ClientCertificate, Secret, ServerTls, TlsVersion};

fn runtime(resources: &[(ResourceKind, Value)]) -> Runtime {
    let resources = resources
        .iter()
        .map(|(kind, message)| Resource::from_json(*kind, message).unwrap());
    Runtime::build(&resources.collect(), None).unwrap()
}

fn cluster(message: Value) -> Arc<Cluster> {
    let built = runtime(&[(ResourceKind::Cluster, message)]);
    Arc::clone(&built.clusters["c"])
}

fn listener(message: Value) -> Arc<Listener> {
    let built = runtime(&[(ResourceKind::Listener, message)]);
    Arc::clone(&built.listeners["l"])
}

fn action(route: &Value) -> Arc<Route> {
    let table = json!({
        "name": "80", "virtual_hosts": [{"name": "h", "domains": ["*"], "routes": [route]}]
    });
    let built = runtime(&[(ResourceKind::Route, table)]);
    Arc::clone(&built.tables["80"].virtual_hosts[0].routes[0])
}

fn forward(action_fields: Value) -> Forward {
    let mut fields = action_fields;
    fields["cluster"] = json!("a");
    let route = action(&json!({"match": {"prefix": "/"}, "route": fields}));
    match &route.action {
        Action::Forward(forward) => (**forward).clone(),
        other => panic!("{other:?}"),
    }
}

fn manager(fields: &Value) -> HttpManager {
    let mut config = json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager\
            .v3.HttpConnectionManager",
        "stat_prefix": "s",
        "rds": {"route_config_name": "80"},
        "http_filters": [{"name": "r", "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}}]
    });
    for (key, value) in fields.as_object().unwrap() {
        config[key] = value.clone();
    }
    let listener = listener(json!({
        "name": "l",
        "address": {"socket_address": {"address": "0.0.0.0", "port_value": 80}},
        "filter_chains": [{"filters": [{"name": "f", "typed_config": config}]}]
    }));
    match &listener.chains[0].network {
        Network::Http(http) => (**http).clone(),
        Network::Tcp(tcp) => panic!("{tcp:?}"),
    }
}

#[test]
fn a_cluster_that_says_nothing_has_envoys_defaults() {
    let built = cluster(json!({"name": "c"}));
    assert_eq!(built.discovery, Discovery::Given);
    assert_eq!(built.balance, Balance::RoundRobin);
    assert_eq!(built.connect_timeout, Duration::from_secs(5));
    assert_eq!(built.protocol, UpstreamProtocol::Http1);
    let limits = Limits {
        connections: 1024,
        pending: 1024,
        requests: 1024,
        retries: 3,
    };
    assert_eq!(built.limits, limits);
    assert_eq!(
        (built.panic_threshold, built.locality_weighted),
        (50, false)
    );
    assert_eq!(built.idle_timeout, Some(Duration::from_hours(1)));
    assert_eq!(
        (
            built.max_requests_per_connection,
            built.max_connection_duration
        ),
        (None, None)
    );
    assert_eq!(
        (&built.outlier, built.keepalive, &built.config),
        (&None, None, &None)
    );
    assert_eq!(built.transport, UpstreamTransport::Plaintext);
    assert_eq!(built.endpoints.all().count(), 0);
}

#[test]
fn a_cluster_takes_over_what_is_said() {
    let built = cluster(json!({
        "name": "c",
        "type": "STRICT_DNS",
        "connect_timeout": "0.250s",
        "lb_policy": "LEAST_REQUEST",
        "least_request_lb_config": {"choice_count": 5},
        "circuit_breakers": {"thresholds": [
            {"priority": "HIGH", "max_connections": 9},
            {"max_connections": 1, "max_pending_requests": 2, "max_requests": 3, "max_retries": 4}
        ]},
        "common_lb_config": {
            "healthy_panic_threshold": {"value": 12.5}, "locality_weighted_lb_config": {}
        },
        "upstream_connection_options": {"tcp_keepalive": {
            "keepalive_probes": 7, "keepalive_time": 8, "keepalive_interval": 9
        }},
        "metadata": {"filter_metadata": {"istio": {"config": "/apis/x"}}},
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3\
                    .HttpProtocolOptions",
                "common_http_protocol_options": {
                    "idle_timeout": "10s", "max_requests_per_connection": 2,
                    "max_connection_duration": "20s"
                },
                "explicit_http_config": {"http2_protocol_options": {}}
            }
        }
    }));
    assert_eq!(built.discovery, Discovery::StrictDns);
    assert_eq!(built.balance, Balance::LeastRequest { choices: 5 });
    assert_eq!(built.connect_timeout, Duration::from_millis(250));
    let limits = Limits {
        connections: 1,
        pending: 2,
        requests: 3,
        retries: 4,
    };
    assert_eq!(built.limits, limits);
    assert_eq!((built.panic_threshold, built.locality_weighted), (12, true));
    let keepalive = Keepalive {
        probes: Some(7),
        time: Some(Duration::from_secs(8)),
        interval: Some(Duration::from_secs(9)),
    };
    assert_eq!(built.keepalive, Some(keepalive));
    assert_eq!(built.config.as_deref(), Some("/apis/x"));
    assert_eq!(built.protocol, UpstreamProtocol::Http2);
    assert_eq!(built.idle_timeout, Some(Duration::from_secs(10)));
    assert_eq!(built.max_requests_per_connection, Some(2));
    assert_eq!(built.max_connection_duration, Some(Duration::from_secs(20)));
}

#[test]
fn a_cluster_is_of_the_first_service_that_its_metadata_names() {
    let service = |services: Value| {
        let metadata = json!({"filter_metadata": {"istio": {"services": services}}});
        let built = cluster(json!({"name": "c", "metadata": metadata}));
        let service = built.service.as_ref()?;
        Some((service.host.to_string(), service.name.to_string()))
    };
    let named = |host: &str, name: &str| Some((host.to_owned(), name.to_owned()));
    let both = json!([{"host": "a.x.svc", "name": "b", "namespace": "x"}, {"host": "c.x.svc"}]);
    assert_eq!(service(both), named("a.x.svc", "b"));
    assert_eq!(service(json!([{"host": "a.x.svc"}])), named("a.x.svc", "a"));
    assert_eq!(service(json!([{"name": "b"}])), None);
    assert_eq!(service(json!([])), None);
    assert_eq!(service(json!("a")), None);
}

#[test]
fn policies_of_balancing_and_discovery() {
    let with = |field: &str, value: Value, more: Value| {
        let mut message = json!({"name": "c"});
        message[field] = value;
        for (key, value) in more.as_object().unwrap() {
            message[key] = value.clone();
        }
        cluster(message)
    };
    let balance =
        |policy: &str, config: Value| with("lb_policy", json!(policy), config).balance.clone();
    let ring = |minimum_size| Balance::RingHash {
        minimum_size,
        maximum_size: 8_388_608,
    };
    assert_eq!(balance("RANDOM", json!({})), Balance::Random);
    assert_eq!(balance("CLUSTER_PROVIDED", json!({})), Balance::Provided);
    assert_eq!(
        balance("LEAST_REQUEST", json!({})),
        Balance::LeastRequest { choices: 2 }
    );
    assert_eq!(balance("RING_HASH", json!({})), ring(1024));
    let config = json!({"ring_hash_lb_config": {"minimum_ring_size": "7"}});
    assert_eq!(balance("RING_HASH", config), ring(7));
    assert_eq!(
        balance("MAGLEV", json!({})),
        Balance::Maglev { table_size: 65_537 }
    );
    let discovery = |kind: &str, config: Value| with("type", json!(kind), config).discovery;
    assert_eq!(discovery("LOGICAL_DNS", json!({})), Discovery::LogicalDns);
    let original = |port| Discovery::OriginalDestination { port };
    assert_eq!(discovery("ORIGINAL_DST", json!({})), original(None));
    let config = json!({"original_dst_lb_config": {"upstream_port_override": 8080}});
    assert_eq!(discovery("ORIGINAL_DST", config), original(Some(8080)));
}

#[test]
fn outlier_detection_has_envoys_defaults_and_switches() {
    let outlier = |message: Value| {
        let built = cluster(json!({"name": "c", "outlier_detection": message}));
        Outlier::clone(built.outlier.as_ref().unwrap())
    };
    let defaults = Outlier {
        consecutive_5xx: Some(5),
        consecutive_gateway: None,
        consecutive_local: None,
        split_local: false,
        interval: Duration::from_secs(10),
        base_time: Duration::from_secs(30),
        max_time: Duration::from_mins(5),
        max_percent: 10,
        error_statuses: Vec::new(),
    };
    assert_eq!(outlier(json!({})), defaults);
    let said = outlier(json!({
        "consecutive_5xx": 3, "interval": "1s", "base_ejection_time": "400s",
        "max_ejection_percent": 150, "consecutive_gateway_failure": 2,
        "enforcing_consecutive_gateway_failure": 100, "enforcing_success_rate": 0,
        "split_external_local_origin_errors": true, "consecutive_local_origin_failure": 4
    }));
    let expected = Outlier {
        consecutive_5xx: Some(3),
        consecutive_gateway: Some(2),
        consecutive_local: Some(4),
        split_local: true,
        interval: Duration::from_secs(1),
        base_time: Duration::from_secs(400),
        max_time: Duration::from_secs(400),
        max_percent: 100,
        error_statuses: Vec::new(),
    };
    assert_eq!(said, expected);
    let off = outlier(json!({"enforcing_consecutive_5xx": 0, "consecutive_gateway_failure": 2}));
    assert_eq!((off.consecutive_5xx, off.consecutive_gateway), (None, None));
    assert_eq!(outlier(json!({"consecutive_5xx": 0})).consecutive_5xx, None);
}

#[test]
fn tls_to_endpoints_is_the_meshs_or_another() {
    let tls = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext";
    let socket = |common: Value| {
        let config = json!({"@type": tls, "common_tls_context": common});
        let socket = json!({"name": "t", "typed_config": config});
        cluster(json!({"name": "c", "transport_socket": socket}))
            .transport
            .clone()
    };
    let secrets = json!({"tls_certificate_sds_secret_configs": [{"name": "default"}]});
    assert_eq!(socket(secrets), UpstreamTransport::MeshTls);
    assert_eq!(socket(json!({})), UpstreamTransport::Tls);
    let matches = json!([{"name": "tlsMode-istio", "match": {"tlsMode": "istio"}}]);
    let automatic = cluster(json!({"name": "c", "transport_socket_matches": matches}));
    assert_eq!(automatic.transport, UpstreamTransport::MeshTls);
}

#[test]
fn endpoints_come_with_the_cluster_or_beside_it() {
    let endpoint = |address: &str, more: Value| {
        let mut endpoint = json!({"endpoint": {"address": {
            "socket_address": {"address": address, "port_value": 80}}}});
        for (key, value) in more.as_object().unwrap() {
            endpoint[key] = value.clone();
        }
        endpoint
    };
    let assignment = json!({
        "cluster_name": "service",
        "policy": {"overprovisioning_factor": 100},
        "endpoints": [{
            "locality": {"region": "eu", "zone": "eu-a"}, "priority": 1,
            "load_balancing_weight": 6,
            "lb_endpoints": [
                endpoint("127.10.0.1", json!({
                    "load_balancing_weight": 3,
                    "metadata": {"filter_metadata": {"istio": {"workload": "w;n"}}}
                })),
                endpoint("example.com", json!({"health_status": "UNHEALTHY"})),
                endpoint("127.10.0.3", json!({"health_status": "DRAINING"})),
                endpoint("127.10.0.4", json!({"health_status": "TIMEOUT"}))
            ]
        }]
    });
    let eds =
        json!({"name": "c", "type": "EDS", "eds_cluster_config": {"service_name": "service"}});
    let built = runtime(&[
        (ResourceKind::Cluster, eds),
        (ResourceKind::Endpoint, assignment.clone()),
    ]);
    let endpoints = &built.clusters["c"].endpoints;
    assert_eq!(endpoints.overprovisioning, 100);
    let group = &endpoints.localities[0];
    assert_eq!(
        (&*group.locality, group.priority, group.weight),
        ("eu/eu-a", 1, Some(6))
    );
    let [first, second, third, fourth] = group.endpoints.as_slice() else {
        panic!("{group:?}")
    };
    let socket = EndpointAddress::Socket("127.10.0.1:80".parse().unwrap());
    assert_eq!((&first.address, first.weight), (&socket, 3));
    assert_eq!(first.workload.as_deref(), Some("w;n"));
    let name = EndpointAddress::Name {
        host: "example.com".into(),
        port: 80,
    };
    assert_eq!((&second.address, second.weight), (&name, 1));
    let health = [first, second, third, fourth].map(|endpoint| endpoint.health);
    assert_eq!(
        health,
        [
            Health::Healthy,
            Health::Unhealthy,
            Health::Draining,
            Health::Unhealthy
        ]
    );
    let within = cluster(json!({"name": "c", "load_assignment": assignment}));
    assert_eq!(within.endpoints, *endpoints);
}

#[test]
fn an_http_manager_has_envoys_defaults() {
    let built = manager(&json!({}));
    assert_eq!(built.paths, PathPolicy::default());
    assert!(!built.use_remote_address && !built.accept_http_10);
    assert_eq!(
        (&*built.server_name, built.server_header),
        ("envoy", ServerHeader::Overwrite)
    );
    assert_eq!(built.stream_idle_timeout, Some(Duration::from_mins(5)));
    assert_eq!(built.idle_timeout, Some(Duration::from_hours(1)));
    assert_eq!(
        (built.request_timeout, built.max_concurrent_streams),
        (None, None)
    );
    assert!(built.filters.is_empty() && built.upgrades.is_empty());
    assert_eq!(built.xff_trusted_hops, 0);
}

#[test]
fn an_http_manager_takes_over_what_is_said() {
    let filter = |kind: &str| {
        let kind = format!("type.googleapis.com/envoy.extensions.filters.http.{kind}");
        json!({"name": "f", "typed_config": {"@type": kind}})
    };
    let mut off = filter("fault.v3.HTTPFault");
    off["disabled"] = json!(true);
    let built = manager(&json!({
        "http_filters": [
            off, filter("cors.v3.Cors"), filter("fault.v3.HTTPFault"),
            filter("grpc_stats.v3.FilterConfig"), filter("router.v3.Router")
        ],
        "normalize_path": true, "merge_slashes": true, "use_remote_address": true,
        "server_name": "istio-envoy", "server_header_transformation": "PASS_THROUGH",
        "stream_idle_timeout": "0s", "request_timeout": "3s", "xff_num_trusted_hops": 2,
        "upgrade_configs": [
            {"upgrade_type": "WebSocket"}, {"upgrade_type": "CONNECT", "enabled": false}
        ],
        "common_http_protocol_options": {"idle_timeout": "4s"},
        "http_protocol_options": {"accept_http_10": true},
        "http2_protocol_options": {"max_concurrent_streams": 100}
    }));
    assert_eq!(
        built.filters,
        [HttpFilter::Cors, HttpFilter::Fault, HttpFilter::GrpcStats]
    );
    assert!(built.paths.normalize && built.paths.merge_slashes && built.use_remote_address);
    assert_eq!(
        (&*built.server_name, built.server_header),
        ("istio-envoy", ServerHeader::PassThrough)
    );
    assert_eq!(built.stream_idle_timeout, None);
    assert_eq!(built.request_timeout, Some(Duration::from_secs(3)));
    assert_eq!(built.idle_timeout, Some(Duration::from_secs(4)));
    assert_eq!((built.xff_trusted_hops, built.accept_http_10), (2, true));
    assert_eq!(built.max_concurrent_streams, Some(100));
    assert_eq!(built.upgrades, ["websocket".into()]);
    assert_eq!(
        (built.http1_trailers, built.continues),
        (false, Continue::Proxy)
    );
    assert_eq!(built.limits, HttpLimits::default());
}

#[test]
fn the_limits_of_an_http_manager_are_taken_over() {
    let built = manager(&json!({
        "max_request_headers_kb": 96, "request_headers_timeout": "0s",
        "delayed_close_timeout": "2s", "proxy_100_continue": true,
        "http_protocol_options": {"enable_trailers": true},
        "common_http_protocol_options": {
            "max_headers_count": 50, "max_connection_duration": "60s"
        },
        "http2_protocol_options": {
            "initial_stream_window_size": 65535, "initial_connection_window_size": 1_048_576,
            "max_consecutive_inbound_frames_with_empty_payload": 1,
            "max_inbound_priority_frames_per_stream": 2,
            "max_inbound_window_update_frames_per_data_frame_sent": 3,
            "max_outbound_control_frames": 4
        }
    }));
    assert_eq!(
        (built.http1_trailers, built.continues),
        (true, Continue::Upstream)
    );
    assert_eq!(
        built.limits,
        HttpLimits {
            head_bytes: Some(96 * 1024),
            headers: Some(50),
            head_timeout: Some(Duration::ZERO),
            connection_duration: Some(Duration::from_mins(1)),
            delayed_close: Some(Duration::from_secs(2)),
            stream_window: Some(65_535),
            connection_window: Some(1_048_576),
            frames: FrameLimits {
                empty: Some(1),
                priority_per_stream: Some(2),
                window_updates_per_data: Some(3),
                control: Some(4),
            },
        }
    );
}

#[test]
fn a_listener_takes_over_what_is_said() {
    let tcp = json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
        "stat_prefix": "s", "idle_timeout": "0s", "max_downstream_connection_duration": "9s",
        "hash_policy": [{"source_ip": {}}],
        "weighted_clusters": {"clusters": [
            {"name": "a", "weight": 3}, {"name": "b", "weight": 1}, {"name": "z", "weight": 0}
        ]}
    });
    let inspector = |name: &str| {
        let kind = format!("type.googleapis.com/envoy.extensions.filters.listener.{name}");
        json!({"name": "i", "typed_config": {"@type": kind}})
    };
    let built = listener(json!({
        "name": "l",
        "address": {"socket_address": {"address": "127.20.0.3", "port_value": 5432}},
        "bind_to_port": false, "use_original_dst": true, "traffic_direction": "OUTBOUND",
        "listener_filters": [
            inspector("http_inspector.v3.HttpInspector"), inspector("tls_inspector.v3.TlsInspector")
        ],
        "listener_filters_timeout": "0s", "continue_on_listener_filters_timeout": true,
        "default_filter_chain": {
            "name": "d",
            "metadata": {"filter_metadata": {"sealane": {"origin": "o", "weights": "random"}}},
            "filters": [{"name": "t", "typed_config": tcp}]
        }
    }));
    assert_eq!(built.address, "127.20.0.3:5432".parse().unwrap());
    assert!(!built.bound && built.use_original_destination);
    assert_eq!(built.direction, Direction::Outbound);
    assert!(built.inspect.http && built.inspect.tls && built.inspect.continue_on_timeout);
    assert_eq!(built.inspect.timeout, None);
    let chain = built.default_chain.as_ref().unwrap();
    let Network::Tcp(proxy) = &chain.network else {
        panic!("{chain:?}")
    };
    assert_eq!(
        (
            &*proxy.split.key,
            proxy.split.total,
            proxy.split.parts.len()
        ),
        ("o", 4, 2)
    );
    assert!(proxy.split.random && proxy.hash_source_ip);
    assert_eq!(
        (proxy.idle_timeout, proxy.max_duration),
        (None, Some(Duration::from_secs(9)))
    );
}

#[test]
fn a_forward_has_envoys_defaults() {
    let built = forward(json!({}));
    assert_eq!(built.timeout, Some(Duration::from_secs(15)));
    assert_eq!(built.max_grpc_timeout, None);
    assert_eq!(built.cluster_not_found, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(
        (built.rewrite, built.host_rewrite),
        (PathRewrite::None, None)
    );
    assert!(built.retry.is_none() && built.mirrors.is_empty() && built.hash.is_empty());
    let retry = forward(json!({"retry_policy": {"retry_on": "5xx"}}))
        .retry
        .unwrap();
    assert_eq!(
        (
            retry.retries,
            retry.host_attempts,
            retry.avoid_previous_hosts
        ),
        (1, 1, false)
    );
    assert_eq!(retry.base_interval, Duration::from_millis(25));
    assert_eq!(retry.max_interval, Duration::from_millis(250));
    assert_eq!(
        (retry.per_try_timeout, retry.previous_priorities),
        (None, None)
    );
}

#[test]
fn a_forward_takes_over_what_is_said() {
    let built = forward(json!({
        "timeout": "0s", "max_grpc_timeout": "2s", "prefix_rewrite": "/v1",
        "host_rewrite_literal": "acme", "append_x_forwarded_host": true,
        "cluster_not_found_response_code": "INTERNAL_SERVER_ERROR",
        "request_mirror_policies": [
            {"cluster": "m", "disable_shadow_host_suffix_append": true,
             "runtime_fraction": {"default_value": {"numerator": 5, "denominator": "MILLION"}}},
            {"cluster": "never", "runtime_fraction": {"default_value": {}}}
        ],
        "hash_policy": [
            {"header": {"header_name": "X-User"}},
            {"cookie": {"name": "c", "ttl": "0s", "path": "/p",
                "attributes": [{"name": "SameSite", "value": "Lax"}]}},
            {"connection_properties": {"source_ip": true}},
            {"query_parameter": {"name": "q"}}
        ]
    }));
    assert_eq!(
        (built.timeout, built.max_grpc_timeout),
        (None, Some(Duration::from_secs(2)))
    );
    assert_eq!(built.rewrite, PathRewrite::Prefix("/v1".into()));
    assert_eq!(
        built.host_rewrite,
        Some(HostRewrite::Literal("acme".into()))
    );
    assert!(built.append_forwarded_host);
    assert_eq!(built.cluster_not_found, StatusCode::INTERNAL_SERVER_ERROR);
    let [mirror] = built.mirrors.as_slice() else {
        panic!("{:?}", built.mirrors)
    };
    let share = Fraction {
        numerator: 5,
        denominator: 1_000_000,
    };
    assert_eq!(
        (&*mirror.cluster, mirror.share, mirror.host_suffix),
        ("m", share, false)
    );
    let cookie = HashPolicy::Cookie {
        name: "c".into(),
        ttl: Some(Duration::ZERO),
        path: Some("/p".into()),
        attributes: vec![("SameSite".into(), "Lax".into())],
    };
    let header = HashPolicy::Header("x-user".parse().unwrap());
    let query = HashPolicy::QueryParameter("q".into());
    assert_eq!(built.hash, [header, cookie, HashPolicy::SourceIp, query]);
}

#[test]
fn a_retry_policy_takes_over_what_is_said() {
    let built = forward(json!({
        "retry_policy": {
            "retry_on": "5xx, retriable-status-codes,", "num_retries": 3,
            "retriable_status_codes": [418], "per_try_timeout": "0.150s",
            "retry_host_predicate": [{"name": "p", "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3\
                    .PreviousHostsPredicate"}}],
            "host_selection_retry_max_attempts": "5",
            "retry_priority": {"name": "p", "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.retry.priority\
                    .previous_priorities.v3.PreviousPrioritiesConfig",
                "update_frequency": 2}},
            "retry_back_off": {"base_interval": "0.010s", "max_interval": "1s"}
        }
    }));
    let retry = built.retry.unwrap();
    assert_eq!(
        retry.conditions,
        [RetryOn::FiveXx, RetryOn::RetriableStatusCodes]
    );
    assert_eq!(
        (
            retry.retries,
            retry.host_attempts,
            retry.avoid_previous_hosts
        ),
        (3, 5, true)
    );
    assert_eq!(retry.statuses, [StatusCode::IM_A_TEAPOT]);
    assert_eq!(retry.per_try_timeout, Some(Duration::from_millis(150)));
    assert_eq!(retry.previous_priorities, Some(2));
    assert_eq!(retry.base_interval, Duration::from_millis(10));
    assert_eq!(retry.max_interval, Duration::from_secs(1));
}

#[test]
fn redirects_and_direct_responses() {
    let redirect = |fields: Value| {
        let route = action(&json!({"match": {"prefix": "/"}, "redirect": fields}));
        match &route.action {
            Action::Redirect(redirect) => (**redirect).clone(),
            other => panic!("{other:?}"),
        }
    };
    let plain = Redirect {
        status: StatusCode::MOVED_PERMANENTLY,
        scheme: None,
        host: None,
        port: None,
        path: RedirectPath::Keep,
        strip_query: false,
    };
    assert_eq!(redirect(json!({"path_redirect": ""})), plain);
    let said = redirect(json!({
        "response_code": "SEE_OTHER", "https_redirect": true, "host_redirect": "h",
        "port_redirect": 8443, "prefix_rewrite": "/x", "strip_query": true
    }));
    let expected = Redirect {
        status: StatusCode::SEE_OTHER,
        scheme: Some("https".into()),
        host: Some("h".into()),
        port: Some(8443),
        path: RedirectPath::Rewrite(PathRewrite::Prefix("/x".into())),
        strip_query: true,
    };
    assert_eq!(said, expected);
    let route = action(&json!({
        "match": {"prefix": "/"}, "direct_response": {"status": 418, "body": {"inline_string": "no"}}
    }));
    let Action::Direct(direct) = &route.action else {
        panic!("{route:?}")
    };
    assert_eq!((direct.status.as_u16(), &*direct.body), (418, &b"no"[..]));
}

#[test]
fn faults_and_origins_of_callers_come_per_route() {
    let with = |name: &str, kind: &str, fields: Value| {
        let mut config = fields;
        config["@type"] = json!(format!(
            "type.googleapis.com/envoy.extensions.filters.http.{kind}"
        ));
        let mut configs = json!({});
        configs[name] = config;
        action(&json!({
            "match": {"prefix": "/"}, "route": {"cluster": "a"}, "typed_per_filter_config": configs
        }))
    };
    let route = with(
        "fault",
        "fault.v3.HTTPFault",
        json!({
            "delay": {"fixed_delay": "2s", "percentage": {"numerator": 10}},
            "abort": {"grpc_status": 14, "percentage": {"numerator": 1, "denominator": "TEN_THOUSAND"}}
        }),
    );
    let fault = route.fault.as_ref().unwrap();
    assert_eq!(&*fault.key, "80/h/0#fault");
    let share = |numerator, denominator| Fraction {
        numerator,
        denominator,
    };
    assert_eq!(fault.delay, Some((Duration::from_secs(2), share(10, 100))));
    assert_eq!(fault.abort, Some((Abort::Grpc(14), share(1, 10_000))));
    let never = with(
        "fault",
        "fault.v3.HTTPFault",
        json!({"abort": {"http_status": 500}}),
    );
    assert!(never.fault.is_none());
    let policy = json!({"allow_origin_string_match": [{"exact": "http://a"}], "max_age": "5"});
    let route = with("cors", "cors.v3.CorsPolicy", policy);
    let cors = route.cors.as_ref().unwrap();
    assert!(cors.forward_other_preflights && !cors.credentials);
    assert_eq!(cors.max_age, Some("5".parse().unwrap()));
    assert_eq!(
        (&cors.methods, &*cors.describe()),
        (&None, "origins = http://a")
    );
    let off = json!({"filter_enabled": {"default_value": {}}});
    assert!(with("cors", "cors.v3.CorsPolicy", off).cors.is_none());
}

#[test]
fn the_keys_of_all_sequences_are_listed() {
    let built = runtime(&[(
        ResourceKind::Route,
        json!({"name": "80", "virtual_hosts": [{"name": "h", "domains": ["*"], "routes": [
            {"match": {"prefix": "/a"}, "route": {
                "cluster": "a", "request_mirror_policies": [{"cluster": "m"}]}},
            {"match": {"prefix": "/"}, "redirect": {}}
        ]}]}),
    )]);
    let keys = built.sequence_keys();
    let keys: Vec<&str> = keys.iter().map(|key| &**key).collect();
    assert_eq!(keys, ["80/h/0", "80/h/0#mirror0"]);
}

#[test]
fn a_tls_context_and_its_secrets_are_read_and_not_shown() {
    let context = json!({
        "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
        "require_client_certificate": true,
        "common_tls_context": {
            "tls_params": {"tls_minimum_protocol_version": "TLSv1_3"},
            "alpn_protocols": ["h2"],
            "tls_certificate_sds_secret_configs": [{"name": "cert"}],
            "combined_validation_context": {
                "default_validation_context": {},
                "validation_context_sds_secret_config": {"name": "roots"},
            },
        },
    });
    let tcp = json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
        "stat_prefix": "a", "cluster": "a",
    });
    let chain = json!({
        "transport_socket": {"name": "tls", "typed_config": context},
        "filters": [{"name": "tcp", "typed_config": tcp}],
    });
    let address = json!({"socket_address": {"address": "127.0.0.1", "port_value": 443}});
    let listener = json!({"name": "l", "address": address, "filter_chains": [chain]});
    let certificate = json!({"name": "cert", "tls_certificate": {
        "certificate_chain": {"inline_string": "public"}, "private_key": {"inline_string": "hush"},
    }});
    let built = runtime(&[
        (ResourceKind::Listener, listener),
        (ResourceKind::Secret, certificate),
        (ResourceKind::Secret, json!({"name": "roots"})),
    ]);
    let DownstreamTransport::Tls(tls) = &built.listeners["l"].chains[0].transport else {
        panic!("no TLS");
    };
    let expected = ServerTls {
        certificates: vec!["cert".into()],
        client: ClientCertificate::Required("roots".into()),
        alpn: vec!["h2".into()],
        min: TlsVersion::V1_3,
        max: TlsVersion::V1_3,
        cipher_suites: Vec::new(),
        unserved: None,
    };
    assert_eq!(**tls, expected);
    let Secret::Certificate { key, .. } = &*built.secrets["cert"] else {
        panic!("no certificate");
    };
    assert_eq!(key, b"hush");
    assert_eq!(*built.secrets["roots"], Secret::Missing);
    assert!(!format!("{:?}", built.secrets).contains("104"));
}
