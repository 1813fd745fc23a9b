//! The names under which filters and other extensions stand in the resources, beside their `Any`.

/// HTTP connection manager, the network filter.
pub const HCM: &str = "envoy.filters.network.http_connection_manager";
/// TCP proxy, the network filter.
pub const TCP_PROXY: &str = "envoy.filters.network.tcp_proxy";
/// Router, the last HTTP filter.
pub const ROUTER: &str = "envoy.filters.http.router";
/// Fault injection; also the key of a route's own configuration of it.
pub const FAULT: &str = "envoy.filters.http.fault";
/// CORS; also the key of a route's own policy.
pub const CORS: &str = "envoy.filters.http.cors";
/// Statistics of gRPC calls.
pub const GRPC_STATS: &str = "envoy.filters.http.grpc_stats";
/// Listener filter that tells HTTP from other protocols.
pub const HTTP_INSPECTOR: &str = "envoy.filters.listener.http_inspector";
/// Listener filter that reads a TLS hello.
pub const TLS_INSPECTOR: &str = "envoy.filters.listener.tls_inspector";
/// Listener filter that asks where a redirected connection was meant to go.
pub const ORIGINAL_DST: &str = "envoy.filters.listener.original_dst";
/// TLS, either side.
pub const TLS: &str = "envoy.transport_sockets.tls";
/// No TLS.
pub const RAW_BUFFER: &str = "envoy.transport_sockets.raw_buffer";
/// A cluster's HTTP options: the key in `typed_extension_protocol_options`.
pub const HTTP_PROTOCOL_OPTIONS: &str = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
/// Retries avoid endpoints that were tried.
pub const PREVIOUS_HOSTS: &str = "envoy.retry_host_predicates.previous_hosts";
/// Retries avoid priorities that were tried.
pub const PREVIOUS_PRIORITIES: &str = "envoy.retry_priorities.previous_priorities";
/// Access log to a file.
pub const FILE_LOG: &str = "envoy.access_loggers.file";
