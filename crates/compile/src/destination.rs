//! The cluster that a destination of a rule is.

use sealane_model::networking::destination::Destination;

use crate::names;
use crate::service::Service;

/// The name of the cluster. The port that a destination leaves out is the service's only one,
/// else the listener's. Whether there is such a cluster is not asked.
pub(crate) fn cluster(
    destination: &Destination,
    service: Option<&Service>,
    listener_port: u16,
) -> String {
    if destination.host.is_empty() {
        return "UnknownService".to_owned();
    }
    let alias = service.and_then(|service| service.external_name.as_deref());
    let host = alias.unwrap_or(&destination.host);
    names::cluster(
        host,
        destination.subset.as_deref().unwrap_or_default(),
        port(destination, service, listener_port),
    )
}

fn port(destination: &Destination, service: Option<&Service>, listener_port: u16) -> u16 {
    if let Some(port) = &destination.port {
        return port
            .number
            .and_then(|number| u16::try_from(number).ok())
            .unwrap_or_default();
    }
    match service.map(|service| service.ports.as_slice()) {
        Some([only]) => only.number,
        Some(_) | None => listener_port,
    }
}
