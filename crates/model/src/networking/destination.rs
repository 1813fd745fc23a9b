//! Where a request goes: a host, a subset of it, a port.

use crate::schema::object;

object! {
    /// A port by its number.
    pub struct PortSelector = "PortSelector" {
        /// The number of the service port.
        number: Option<u32> = "number",
    }
}

object! {
    /// A service, or one subset of it.
    pub struct Destination = "Destination" {
        /// Host of the service registry; a short name is of the rule's namespace.
        host: String = "host" [required: true],
        /// The subset, as a DestinationRule of the host defines it.
        subset: Option<String> = "subset",
        /// The service port; may be left out where the service has one port.
        port: Option<PortSelector> = "port",
    }
}

impl Destination {
    /// The port number, where one is written.
    pub fn port_number(&self) -> Option<u32> {
        self.port.as_ref().and_then(|port| port.number)
    }
}

object! {
    /// A destination of a TCP or TLS route with its share.
    pub struct RouteDestination = "RouteDestination" {
        /// Where to.
        destination: Destination = "destination" [required: true],
        /// Its share among the destinations of the route; absent is 0.
        weight: Option<i32> = "weight",
    }
}
