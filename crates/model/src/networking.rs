//! Istio's networking kinds, field by field as in the CRDs (`v1`, `v1beta1` and `v1alpha3` are
//! the same). Each type holds what is below `spec`.
//!
//! Reference: <https://istio.io/latest/docs/reference/config/networking/>.

pub mod connection_pool;
pub mod destination;
pub mod destination_rule;
pub mod gateway;
pub mod http_match;
pub mod http_route;
pub mod load_balancer;
pub mod mesh_config;
pub mod outlier;
pub mod port;
pub mod server_tls;
pub mod service_entry;
pub mod sidecar;
pub mod string_match;
pub mod traffic_policy;
pub mod virtual_service;
pub mod workload_entry;
pub mod workload_selector;
