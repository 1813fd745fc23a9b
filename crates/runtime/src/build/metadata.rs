//! What metadata says of where a thing came from.

use std::sync::Arc;

use sealane_xds::core::Metadata;
use sealane_xds::protobuf::value::Kind;

use crate::cluster::ServiceName;
use crate::origin::Origin;

/// The filter under which Sealane's own metadata stands.
const OURS: &str = "sealane";
/// The filter under which Istio's metadata stands.
const ISTIO: &str = "istio";

/// The declared rule that a route came from.
pub(super) fn origin(metadata: Option<&Metadata>) -> Option<Origin> {
    text(metadata, OURS, "origin").map(|origin| Origin(origin.into()))
}

/// Whether the weights of a route are to be drawn at random.
pub(super) fn random_weights(metadata: Option<&Metadata>) -> bool {
    text(metadata, OURS, "weights") == Some("random")
}

/// The Istio object that a cluster came from.
pub(super) fn istio_config(metadata: Option<&Metadata>) -> Option<Arc<str>> {
    text(metadata, ISTIO, "config").map(Into::into)
}

/// The first of the services that Istio says a cluster is of. One without a name has the first
/// label of its host.
pub(super) fn istio_service(metadata: Option<&Metadata>) -> Option<ServiceName> {
    let Kind::ListValue(services) = value(metadata, ISTIO, "services")? else {
        return None;
    };
    let Kind::StructValue(first) = services.values.first()?.kind.as_ref()? else {
        return None;
    };
    let field = |key| match first.fields.get(key)?.kind.as_ref()? {
        Kind::StringValue(text) if !text.is_empty() => Some(&**text),
        _ => None,
    };
    let host = field("host")?;
    let label = host.split('.').next().unwrap_or(host);
    Some(ServiceName {
        host: host.into(),
        name: field("name").unwrap_or(label).into(),
    })
}

/// Istio's description of the workload at an endpoint.
pub(super) fn workload(metadata: Option<&Metadata>) -> Option<Arc<str>> {
    text(metadata, ISTIO, "workload").map(Into::into)
}

fn text<'a>(metadata: Option<&'a Metadata>, filter: &str, key: &str) -> Option<&'a str> {
    match value(metadata, filter, key)? {
        Kind::StringValue(text) => Some(text),
        Kind::NullValue(_)
        | Kind::NumberValue(_)
        | Kind::BoolValue(_)
        | Kind::StructValue(_)
        | Kind::ListValue(_) => None,
    }
}

fn value<'a>(metadata: Option<&'a Metadata>, filter: &str, key: &str) -> Option<&'a Kind> {
    let value = metadata?.filter_metadata.get(filter)?.fields.get(key)?;
    value.kind.as_ref()
}
