//! A named port with a protocol.

use crate::schema::object;

object! {
    /// A port of a Gateway's server.
    pub struct Port = "Port" {
        /// Its number.
        number: u32 = "number" [required: true],
        /// Its protocol, in any case: `HTTP`, `HTTPS`, `GRPC`, `HTTP2`, `TCP`, `TLS`, ….
        protocol: String = "protocol" [required: true],
        /// Its name.
        name: String = "name" [required: true],
        /// No longer allowed.
        target_port: Option<u32> = "targetPort" [deprecated: Some("remove it: Istio refuses it")],
    }
}

object! {
    /// A port of a Sidecar's listener.
    pub struct SidecarPort = "SidecarPort" {
        /// Its number.
        number: Option<u32> = "number",
        /// Its protocol, in any case.
        protocol: Option<String> = "protocol",
        /// Its name.
        name: Option<String> = "name",
        /// No longer allowed.
        target_port: Option<u32> = "targetPort" [deprecated: Some("remove it: Istio refuses it")],
    }
}

object! {
    /// A port of a ServiceEntry.
    pub struct ServicePort = "ServicePort" {
        /// Its number.
        number: u32 = "number" [required: true],
        /// Its protocol, in any case; absent is found out by looking at the traffic.
        protocol: Option<String> = "protocol",
        /// Its name.
        name: String = "name" [required: true],
        /// The port of the endpoints; absent is the number.
        target_port: Option<u32> = "targetPort",
    }
}
