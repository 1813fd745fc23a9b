//! The protocol of a port, as Istio finds it.

use crate::core::service::ServicePort;

/// A protocol that Istio knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Protocol {
    /// gRPC, over HTTP/2.
    Grpc,
    /// gRPC-Web, over HTTP/2.
    GrpcWeb,
    /// HTTP/1.1.
    Http,
    /// The port of a forward proxy (Sidecar egress).
    HttpProxy,
    /// HTTP/2.
    Http2,
    /// HTTP over TLS.
    Https,
    /// TCP of any kind.
    Tcp,
    /// TLS of any kind.
    Tls,
    /// UDP.
    Udp,
    /// MongoDB.
    Mongo,
    /// Redis.
    Redis,
    /// MySQL.
    Mysql,
    /// HBONE, the mesh's own tunnel.
    Hbone,
    /// Double HBONE.
    DoubleHbone,
    /// Nothing is known: it is found out by looking at the traffic.
    #[default]
    Unsupported,
}

impl Protocol {
    /// The protocol of a word in any case; [`Self::Unsupported`] for other words.
    pub fn parse(word: &str) -> Self {
        match word.to_ascii_lowercase().as_str() {
            "tcp" => Self::Tcp,
            "udp" => Self::Udp,
            "grpc" => Self::Grpc,
            "grpc-web" => Self::GrpcWeb,
            "http" => Self::Http,
            "http_proxy" => Self::HttpProxy,
            "http2" => Self::Http2,
            "https" => Self::Https,
            "tls" => Self::Tls,
            "mongo" => Self::Mongo,
            "redis" => Self::Redis,
            "mysql" => Self::Mysql,
            "hbone" => Self::Hbone,
            "double-hbone" => Self::DoubleHbone,
            _ => Self::Unsupported,
        }
    }

    /// The protocol of a Service port, in Istio's order: UDP, `appProtocol`, the part of the name
    /// before the first `-`, then the numbers of protocols in which the server speaks first.
    pub fn of_service_port(port: &ServicePort) -> Self {
        if port.protocol.as_deref() == Some("UDP") {
            return Self::Udp;
        }
        let word = match (&port.app_protocol, &port.name) {
            (Some(app_protocol), _) => app_protocol.as_str(),
            (None, Some(name)) => name.as_str(),
            (None, None) => "",
        };
        match Self::of_name(word) {
            Self::Unsupported if matches!(port.port, 25 | 53 | 3306 | 27017) => Self::Tcp,
            found => found,
        }
    }

    /// The protocol that an `appProtocol` or the name of a port says.
    pub fn of_name(word: &str) -> Self {
        let word = word.to_ascii_lowercase();
        match word.as_str() {
            "kubernetes.io/h2c" => return Self::Http2,
            "kubernetes.io/ws" => return Self::Http,
            "kubernetes.io/wss" => return Self::Https,
            _ => {}
        }
        if word.starts_with("grpc-web") {
            return Self::GrpcWeb;
        }
        match Self::parse(word.split('-').next().unwrap_or_default()) {
            // These are words of their own, never prefixes of a name.
            Self::Hbone | Self::DoubleHbone => Self::Unsupported,
            found => found,
        }
    }

    /// Whether requests on it are routed as HTTP.
    pub const fn is_http(self) -> bool {
        matches!(
            self,
            Self::Http | Self::Http2 | Self::HttpProxy | Self::Grpc | Self::GrpcWeb
        )
    }

    /// Whether it is HTTP/2 on the wire.
    pub const fn is_http2(self) -> bool {
        matches!(self, Self::Http2 | Self::Grpc | Self::GrpcWeb)
    }

    /// Whether connections on it are routed by SNI.
    pub const fn is_tls(self) -> bool {
        matches!(self, Self::Https | Self::Tls)
    }

    /// Whether nothing is known of it.
    pub const fn is_unsupported(self) -> bool {
        matches!(self, Self::Unsupported)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(name: Option<&str>, app_protocol: Option<&str>, number: u32) -> ServicePort {
        ServicePort {
            name: name.map(str::to_owned),
            app_protocol: app_protocol.map(str::to_owned),
            port: number,
            ..ServicePort::default()
        }
    }

    #[test]
    fn the_app_protocol_wins_over_the_name_even_when_unknown() {
        let of = |name, app, number| Protocol::of_service_port(&port(name, app, number));
        assert_eq!(of(Some("http-web"), None, 80), Protocol::Http);
        assert_eq!(of(Some("grpc-web-x"), None, 80), Protocol::GrpcWeb);
        assert_eq!(of(Some("http"), Some("tcp"), 80), Protocol::Tcp);
        assert_eq!(of(Some("http"), Some(""), 80), Protocol::Unsupported);
        assert_eq!(of(Some("db"), None, 3306), Protocol::Tcp);
        assert_eq!(of(None, Some("kubernetes.io/h2c"), 80), Protocol::Http2);
        assert_eq!(of(None, None, 9080), Protocol::Unsupported);
    }
}
