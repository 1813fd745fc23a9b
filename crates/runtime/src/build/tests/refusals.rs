//! Each refusal says where and what.

use super::*;

/// `path: problem` of every error for one resource.
fn errors(kind: ResourceKind, message: &Value) -> Vec<String> {
    let resource = Resource::from_json(kind, message).unwrap();
    match Runtime::build(&[resource].into_iter().collect(), None) {
        Ok(_) => Vec::new(),
        Err(errors) => errors
            .iter()
            .map(|error| format!("{}: {}", error.path, error.problem))
            .collect(),
    }
}

fn table(routes: &Value) -> Value {
    json!({"name": "80", "virtual_hosts": [{"name": "h", "domains": ["*"], "routes": routes}]})
}

#[test]
fn every_problem_of_a_table_is_found_at_once() {
    let table = json!({
        "name": "80",
        "vhost_header": "x-host",
        "virtual_hosts": [
            {
                "name": "a", "domains": ["a", "*"],
                "routes": [
                    {"match": {"safe_regex": {"regex": "("}}, "route": {"cluster": "x"}},
                    {"match": {"prefix": "/"}, "route": {
                        "cluster_header": "x", "hedge_policy": {"initial_requests": 2}
                    }},
                    {"match": {"prefix": "/"}}
                ]
            },
            {"name": "b", "domains": ["A"], "require_tls": "EXTERNAL_ONLY"}
        ]
    });
    let found = errors(ResourceKind::Route, &table);
    let starts = [
        "vhost_header: not understood",
        "virtual_hosts[0].routes[0].match.safe_regex.regex: not a regular expression",
        "virtual_hosts[0].routes[1].route.hedge_policy: not understood",
        "virtual_hosts[0].routes[1].route.cluster_specifier: not understood",
        "virtual_hosts[0].routes[2]: has no action",
        "virtual_hosts[1].require_tls: not understood",
        "virtual_hosts[1].domains[0]: `A` belongs to virtual host `a` already",
    ];
    assert_eq!(found.len(), starts.len(), "{found:#?}");
    for (found, start) in found.iter().zip(starts) {
        assert!(found.starts_with(start), "{found} / {start}");
    }
}

#[test]
fn routes_are_refused_field_by_field() {
    let route = |action: Value| table(&json!([{"match": {"prefix": "/"}, "route": action}]));
    let at = "virtual_hosts[0].routes[0].route";
    for (action, expected) in [
        (
            json!({"weighted_clusters": {"clusters": [{"name": "a", "weight": 0}]}}),
            "weighted_clusters: no cluster has a weight",
        ),
        (
            json!({"cluster": "a", "prefix_rewrite": "/", "regex_rewrite": {
            "pattern": {"regex": "a"}, "substitution": "b"}}),
            ": has both `prefix_rewrite` and `regex_rewrite`",
        ),
        (
            json!({"cluster": "a", "regex_rewrite": {
            "pattern": {"regex": "a"}, "substitution": "\\1"}}),
            "regex_rewrite.substitution: `\\1` is no group: the pattern has 0",
        ),
        (
            json!({"cluster": "a", "timeout": "-1s"}),
            "timeout: not a time",
        ),
        (
            json!({"cluster": "a", "retry_policy": {"retry_on": "5xx,bogus"}}),
            "retry_policy.retry_on: `bogus` is no retry condition",
        ),
        (
            json!({"cluster": "a", "retry_policy": {"retriable_status_codes": [42]}}),
            "retry_policy.retriable_status_codes[0]: not an HTTP status",
        ),
        (
            json!({"cluster": "a", "priority": "HIGH"}),
            "priority: not understood by this proxy",
        ),
        (
            json!({"cluster": "a", "hash_policy": [{"header": {"header_name": "a b"}}]}),
            "hash_policy[0].header.header_name: not a header name",
        ),
    ] {
        let found = errors(ResourceKind::Route, &route(action));
        let separator = if expected.starts_with(':') { "" } else { "." };
        assert_eq!(found, [format!("{at}{separator}{expected}")]);
    }
}

#[test]
fn matches_and_headers_are_refused_field_by_field() {
    let with = |field: &str, value: Value| {
        let mut route = json!({"match": {"prefix": "/"}, "route": {"cluster": "a"}});
        match field.strip_prefix("match.") {
            Some(field) => route["match"][field] = value,
            None => route[field] = value,
        }
        errors(ResourceKind::Route, &table(&json!([route])))
    };
    let at = "virtual_hosts[0].routes[0]";
    for (field, value, expected) in [
        (
            "match.cookies",
            json!([{"name": "c"}]),
            "match.cookies: not understood by this proxy",
        ),
        (
            "match.headers",
            json!([{"name": "a b"}]),
            "match.headers[0].name: not a header name",
        ),
        (
            "match.runtime_fraction",
            json!({"default_value": {"numerator": 50}}),
            "match.runtime_fraction: only 0 and 100 percent are understood",
        ),
        (
            "request_headers_to_add",
            json!([{"header": {"key": "host", "value": "x"}}]),
            "request_headers_to_add[0].header.key: `host` cannot be edited as a header",
        ),
        (
            "request_headers_to_add",
            json!([{"header": {"key": "a", "value": "50%"}}]),
            "request_headers_to_add[0].header.value: `%` at byte 2 begins no operator; write `%%` \
             for a percent sign",
        ),
        (
            "response_headers_to_remove",
            json!([":status"]),
            "response_headers_to_remove[0]: pseudo-headers cannot be edited",
        ),
        (
            "typed_per_filter_config",
            json!({"other": {
            "@type": "type.googleapis.com/envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer"}}),
            "typed_per_filter_config[\"other\"]: \
             `type.googleapis.com/envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer` is not \
             understood",
        ),
    ] {
        assert_eq!(with(field, value), [format!("{at}.{expected}")]);
    }
}

#[test]
fn clusters_are_refused_field_by_field() {
    let with = |field: &str, value: Value| {
        let mut cluster = json!({"name": "c", "connect_timeout": "1s"});
        cluster[field] = value;
        errors(ResourceKind::Cluster, &cluster)
    };
    for (field, value, expected) in [
        (
            "health_checks",
            json!([{"timeout": "1s", "interval": "1s"}]),
            "health_checks: not understood by this proxy",
        ),
        (
            "lb_policy",
            json!("LOAD_BALANCING_POLICY_CONFIG"),
            "lb_policy: not understood by this proxy",
        ),
        (
            "connect_timeout",
            json!("-1s"),
            "connect_timeout: not a time",
        ),
        (
            "outlier_detection",
            json!({"enforcing_success_rate": 100}),
            "outlier_detection.enforcing_success_rate: not understood by this proxy",
        ),
        (
            "load_assignment",
            json!({"cluster_name": "c", "endpoints": [{"lb_endpoints": [
            {"endpoint": {"address": {"socket_address": {"address": "127.0.0.1"}}}}]}]}),
            "load_assignment.endpoints[0].lb_endpoints[0].endpoint.address.socket_address\
             .port_value: not a port",
        ),
        (
            "circuit_breakers",
            json!({"thresholds": [{"retry_budget": {"min_retry_concurrency": 1}}]}),
            "circuit_breakers.thresholds[0].retry_budget: not understood by this proxy",
        ),
    ] {
        assert_eq!(with(field, value), [expected], "{field}");
    }
    let maglev = |size: u64| {
        let cluster = json!({
            "name": "c", "lb_policy": "MAGLEV", "maglev_lb_config": {"table_size": size.to_string()}
        });
        errors(ResourceKind::Cluster, &cluster)
    };
    assert_eq!(maglev(1009), [""; 0]);
    assert_eq!(
        maglev(1000),
        ["maglev_lb_config.table_size: is not a prime"]
    );
}

#[test]
fn listeners_are_refused_field_by_field() {
    let hcm = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3\
        .HttpConnectionManager";
    let router = json!({"name": "r", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}});
    let other = json!({"name": "l", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer"}});
    let listener = |filters: Value, extra: Value| {
        let mut config = json!({
            "@type": hcm, "stat_prefix": "s", "http_filters": filters,
            "rds": {"route_config_name": "80"}
        });
        for (key, value) in extra.as_object().unwrap() {
            config[key] = value.clone();
        }
        errors(
            ResourceKind::Listener,
            &json!({
                "name": "l",
                "address": {"socket_address": {"address": "0.0.0.0", "port_value": 80}},
                "filter_chains": [{"filters": [{"name": "hcm", "typed_config": config}]}]
            }),
        )
    };
    let at = "filter_chains[0].filters[0].typed_config";
    assert_eq!(listener(json!([router]), json!({})), [""; 0]);
    assert_eq!(
        listener(json!([other, router]), json!({})),
        [format!(
            "{at}.http_filters[0]: `type.googleapis.com/envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer` \
             is not understood"
        )]
    );
    assert_eq!(
        listener(json!([]), json!({})),
        [format!(
            "{at}.http_filters: is empty; the router is missing"
        )]
    );
    assert_eq!(
        listener(
            json!([router]),
            json!({
                "path_with_escaped_slashes_action": "UNESCAPE_AND_FORWARD", "via": "x"
            })
        ),
        [
            format!("{at}.via: not understood by this proxy"),
            format!("{at}.path_with_escaped_slashes_action: not understood by this proxy")
        ]
    );
}
