//! What Istio's webhook and the API server say about one object: errors that refuse it, and
//! warnings. Limits of single values are in the schema; here is what needs more than one value
//! or a syntax of its own.
//!
//! Deliberately absent: everything that needs a look at another object, and the search for rules
//! that are never reached.

use crate::core::meta::ObjectMeta;
use crate::diagnostic::Diagnostic;
use crate::resource::Body;
use crate::tree::Node;
use check::Check;

mod check;
mod destination_rule;
mod gateway;
mod http_action;
mod http_route;
mod kubernetes;
mod load_balancer;
mod parts;
mod service_entry;
mod sidecar;
pub mod text;
mod traffic_policy;
mod virtual_service;

#[cfg(test)]
mod tests;

/// Checks an object. `node` is what the body was read from; it gives the places.
pub fn validate(meta: &ObjectMeta, body: &Body, node: &Node) -> Vec<Diagnostic> {
    let mut check = Check::new(node);
    match body {
        Body::VirtualService(spec) => virtual_service::validate(&mut check, meta, spec),
        Body::DestinationRule(spec) => destination_rule::validate(&mut check, meta, spec),
        Body::Gateway(spec) => gateway::validate(&mut check, meta, spec),
        Body::ServiceEntry(spec) => service_entry::validate(&mut check, meta, spec),
        Body::WorkloadEntry(spec) => service_entry::validate_workload(&mut check, spec, None, true),
        Body::Sidecar(spec) => sidecar::validate(&mut check, meta, spec),
        Body::Service(body) => kubernetes::service(&mut check, body),
        Body::Deployment(body) => kubernetes::workload(&mut check, &body.spec),
        Body::StatefulSet(body) => kubernetes::workload(&mut check, &body.spec),
        Body::DaemonSet(body) => kubernetes::workload(&mut check, &body.spec),
        Body::ReplicaSet(body) => kubernetes::workload(&mut check, &body.spec),
        Body::Pod(_)
        | Body::EndpointSlice(_)
        | Body::Endpoints(_)
        | Body::Namespace(_)
        | Body::Node(_)
        | Body::Secret(_) => {}
    }
    check.into_diagnostics()
}
