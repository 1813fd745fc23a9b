//! Envoy v3 resources: messages, type URLs, names, `Any` in and out, canonical JSON.
//!
//! All that Sealane's two halves share is Envoy's xDS; this crate is that vocabulary. The messages
//! are those of the `envoy-types` crate; nothing is generated here but their descriptors
//! (`descriptors.bin`, written by `cargo xtask gen`), which give JSON.
//!
//! * [`Resources`]: all that one proxy gets, by name; [`Resource`] and [`ResourceKind`]: one of it.
//! * [`any::pack`] and [`any::unpack`]: typed `Any`.
//! * [`names`]: the names that Istio gives to clusters, routes and listeners; [`extension_name`]:
//!   those of filters and other extensions.
//! * [`references`]: which names a proxy asks for after it has clusters and listeners.
//! * [`json`]: canonical JSON of every message, with `Any` expanded.
//! * [`mod@static_bootstrap`]: the same resources for a stock Envoy without a management server.
//!
//! Short names for the packages of Envoy's API in use; all others are under [`envoy`]:
//!
//! | module | package |
//! | --- | --- |
//! | [`listener`] | `envoy.config.listener.v3` |
//! | [`route`] | `envoy.config.route.v3` |
//! | [`cluster`] | `envoy.config.cluster.v3` |
//! | [`endpoint`] | `envoy.config.endpoint.v3` |
//! | [`core`] | `envoy.config.core.v3` |
//! | [`accesslog`] | `envoy.config.accesslog.v3` |
//! | [`bootstrap`] | `envoy.config.bootstrap.v3` |
//! | [`hcm`] | `envoy.extensions.filters.network.http_connection_manager.v3` |
//! | [`tcp_proxy`] | `envoy.extensions.filters.network.tcp_proxy.v3` |
//! | [`router`] | `envoy.extensions.filters.http.router.v3` |
//! | [`fault`], [`fault_common`] | `envoy.extensions.filters.http.fault.v3`, `…filters.common.fault.v3` |
//! | [`cors`] | `envoy.extensions.filters.http.cors.v3` |
//! | [`grpc_stats`] | `envoy.extensions.filters.http.grpc_stats.v3` |
//! | [`http_inspector`], [`tls_inspector`], [`original_dst`] | `envoy.extensions.filters.listener.….v3` |
//! | [`tls`] | `envoy.extensions.transport_sockets.tls.v3` |
//! | [`raw_buffer`] | `envoy.extensions.transport_sockets.raw_buffer.v3` |
//! | [`upstream_http`] | `envoy.extensions.upstreams.http.v3` |
//! | [`file_log`], [`stream_log`] | `envoy.extensions.access_loggers.{file,stream}.v3` |
//! | [`previous_hosts`], [`previous_priorities`] | `envoy.extensions.retry.{host,priority}.….v3` |
//! | [`request_id`] | `envoy.extensions.request_id.uuid.v3` |
//! | [`matcher`] | `envoy.type.matcher.v3` |
//! | [`types`], [`http_types`], [`metadata_types`], [`tracing_types`] | `envoy.type.v3`, `envoy.type.{http,metadata,tracing}.v3` |
//! | [`discovery`] | `envoy.service.discovery.v3` |
//! | [`admin`], [`status`] | `envoy.admin.v3`, `envoy.service.status.v3` |
//! | [`protobuf`], [`rpc`] | `google.protobuf`, `google.rpc` |

mod messages;

pub mod any;
pub mod extension_name;
pub mod hash;
pub mod json;
pub mod named;
pub mod names;
pub mod references;
pub mod resource;
pub mod resources;
pub mod static_bootstrap;
pub mod type_url;

pub use self::messages::*;
pub use self::resource::{Resource, ResourceKind, XdsResource};
pub use self::resources::Resources;
