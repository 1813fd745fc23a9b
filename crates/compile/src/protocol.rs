//! What is spoken on a port, from its name, `appProtocol` or `protocol` field.

/// The protocol of a port, as Istio tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Protocol {
    /// gRPC over HTTP/2.
    Grpc,
    /// gRPC-Web.
    GrpcWeb,
    /// HTTP/1.1 in plain text.
    Http,
    /// An HTTP forward proxy.
    HttpProxy,
    /// HTTP/2 in plain text.
    Http2,
    /// HTTP over TLS.
    Https,
    /// Any bytes.
    Tcp,
    /// TLS.
    Tls,
    /// Datagrams.
    Udp,
    /// MongoDB.
    Mongo,
    /// Redis.
    Redis,
    /// MySQL.
    MySql,
    /// Not declared: found out by looking at the first bytes.
    Unsupported,
}

impl Protocol {
    /// The protocol of a `protocol` field, in any case; empty and unknown names are
    /// [`Self::Unsupported`].
    pub(crate) fn parse(text: &str) -> Self {
        match text.to_ascii_lowercase().as_str() {
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
            "mysql" => Self::MySql,
            _ => Self::Unsupported,
        }
    }

    /// The protocol of a port of a Kubernetes Service: `appProtocol` when there is one (even if
    /// it says nothing), else the port's name, else the port's number.
    pub(crate) fn of_service_port(
        port: u16,
        name: &str,
        transport: &str,
        app: Option<&str>,
    ) -> Self {
        if transport.eq_ignore_ascii_case("UDP") {
            return Self::Udp;
        }
        match app {
            Some("kubernetes.io/h2c") => return Self::Http2,
            Some("kubernetes.io/ws") => return Self::Http,
            Some("kubernetes.io/wss") => return Self::Https,
            Some(_) | None => {}
        }
        let found = Self::of_port_name(app.unwrap_or(name));
        // On these ports the server speaks first, so that looking at the client's bytes hangs.
        if found == Self::Unsupported && [25, 53, 3306, 27017].contains(&port) {
            return Self::Tcp;
        }
        found
    }

    fn of_port_name(name: &str) -> Self {
        let name = name.to_ascii_lowercase();
        if name.starts_with("grpc-web") {
            return Self::GrpcWeb;
        }
        let prefix = name
            .split_once('-')
            .map_or(name.as_str(), |(prefix, _)| prefix);
        Self::parse(prefix)
    }

    /// Whether requests are routed on it.
    pub(crate) fn is_http(self) -> bool {
        matches!(
            self,
            Self::Http | Self::Http2 | Self::HttpProxy | Self::Grpc | Self::GrpcWeb
        )
    }

    /// Whether it is HTTP/2 by declaration.
    pub(crate) fn is_http2(self) -> bool {
        matches!(self, Self::Http2 | Self::Grpc | Self::GrpcWeb)
    }

    /// Whether connections are routed on it.
    pub(crate) fn is_tcp(self) -> bool {
        matches!(
            self,
            Self::Tcp | Self::Https | Self::Tls | Self::Mongo | Self::Redis | Self::MySql
        )
    }

    /// Whether the SNI can be seen.
    pub(crate) fn is_tls(self) -> bool {
        matches!(self, Self::Https | Self::Tls)
    }

    /// Whether it is gRPC.
    pub(crate) fn is_grpc(self) -> bool {
        matches!(self, Self::Grpc | Self::GrpcWeb)
    }

    /// Whether requests may be seen on it: HTTP, or not declared.
    pub(crate) fn is_http_or_sniffed(self) -> bool {
        self.is_http() || self == Self::Unsupported
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_says_its_protocol() {
        let cases = [
            ((80, "http", "TCP", None), Protocol::Http),
            ((80, "HTTP2-x", "TCP", None), Protocol::Http2),
            ((80, "grpc-web-y", "", None), Protocol::GrpcWeb),
            ((80, "web", "", None), Protocol::Unsupported),
            ((3306, "db", "", None), Protocol::Tcp),
            ((80, "http", "UDP", None), Protocol::Udp),
            ((80, "http", "", Some("kubernetes.io/h2c")), Protocol::Http2),
            ((80, "http", "", Some("")), Protocol::Unsupported),
            ((80, "http", "", Some("mongo")), Protocol::Mongo),
        ];
        for ((port, name, transport, app), expected) in cases {
            let found = Protocol::of_service_port(port, name, transport, app);
            assert_eq!(found, expected, "{port} {name} {transport} {app:?}");
        }
    }

    #[test]
    fn a_protocol_field_is_read_whole() {
        assert_eq!(Protocol::parse("GRPC-Web"), Protocol::GrpcWeb);
        assert_eq!(Protocol::parse("http-x"), Protocol::Unsupported);
    }
}
