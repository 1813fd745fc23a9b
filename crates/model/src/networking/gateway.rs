//! Gateway: what a proxy at the edge listens to.

use std::collections::BTreeMap;

use crate::networking::port::Port;
use crate::networking::server_tls::ServerTlsSettings;
use crate::schema::object;

object! {
    /// The spec of a Gateway.
    pub struct Gateway = "Gateway" {
        /// What it listens to.
        servers: Vec<Server> = "servers",
        /// The labels of the gateway's pods, in any namespace; none means every gateway.
        selector: BTreeMap<String, String> = "selector",
    }
}

object! {
    /// One port of a gateway, with the hosts that are served there.
    pub struct Server = "Server" {
        /// The port.
        port: Port = "port" [required: true],
        /// The address; absent is every one.
        bind: Option<String> = "bind",
        /// The hosts: `[namespace/]name`, wildcards allowed.
        hosts: Vec<String> = "hosts" [required: true],
        /// TLS.
        tls: Option<ServerTlsSettings> = "tls",
        /// Never implemented by Istio.
        default_endpoint: Option<String> = "defaultEndpoint",
        /// A name.
        name: Option<String> = "name",
    }
}
