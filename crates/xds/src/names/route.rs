//! Names of route configurations and of the virtual hosts in them.

use std::fmt;
use std::net::IpAddr;

/// The virtual host that lets requests to unknown hosts pass.
pub const ALLOW_ANY_HOST: &str = "allow_any";
/// The virtual host that refuses requests to unknown hosts.
pub const BLOCK_ALL_HOST: &str = "block_all";

/// The name of a virtual host: `reviews.default.svc.cluster.local:9080`.
pub fn virtual_host(host: &str, port: u16) -> String {
    format!("{host}:{port}")
}

/// The parts of a route configuration's name, which `Display` puts together again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RouteName {
    /// `9080`: all HTTP services with this port, in a sidecar.
    Port(u16),
    /// `host:9080`: one service whose protocol is sniffed, in a sidecar.
    Service {
        /// Full host name of the service.
        host: String,
        /// Its port.
        port: u16,
    },
    /// `http.8080`, `http.8080.BIND`: the plaintext servers of a gateway's port.
    GatewayHttp {
        /// The port that the gateway listens on.
        port: u16,
        /// The address that the server names, if any.
        bind: Option<String>,
    },
    /// `https.443.PORT-NAME.GATEWAY.NAMESPACE`, also with `.BIND`: one server with TLS.
    GatewayHttps {
        /// The server's port number, as the Gateway has it.
        port: u16,
        /// The name of the server's port.
        port_name: String,
        /// The Gateway's name.
        gateway: String,
        /// The Gateway's namespace.
        namespace: String,
        /// The address that the server names, if any.
        bind: Option<String>,
    },
}

impl RouteName {
    /// Reads a name; `None` when it has none of the forms. A `BIND` is recognised after the
    /// namespace when it is an IPv4 address.
    pub fn parse(name: &str) -> Option<Self> {
        if let Ok(port) = name.parse() {
            return Some(Self::Port(port));
        }
        if let Some(rest) = name.strip_prefix("http.") {
            let (port, bind) = rest
                .split_once('.')
                .map_or((rest, None), |(p, b)| (p, Some(b)));
            let port = port.parse().ok()?;
            return Some(Self::GatewayHttp {
                port,
                bind: bind.map(str::to_owned),
            });
        }
        if let Some(rest) = name.strip_prefix("https.") {
            return Self::parse_https(rest);
        }
        let (host, port) = name.rsplit_once(':')?;
        Some(Self::Service {
            host: host.to_owned(),
            port: port.parse().ok()?,
        })
    }

    fn parse_https(rest: &str) -> Option<Self> {
        let (port, rest) = rest.split_once('.')?;
        let (port_name, rest) = rest.split_once('.')?;
        let (rest, bind) = split_bind(rest);
        let (gateway, namespace) = rest.rsplit_once('.')?;
        Some(Self::GatewayHttps {
            port: port.parse().ok()?,
            port_name: port_name.to_owned(),
            gateway: gateway.to_owned(),
            namespace: namespace.to_owned(),
            bind,
        })
    }
}

/// Takes the IPv4 address off the end, if there is one.
fn split_bind(text: &str) -> (&str, Option<String>) {
    let start = text.rmatch_indices('.').nth(3).map(|(at, _)| at);
    let parts = start.and_then(|at| text.split_at_checked(at));
    let bind = parts.and_then(|(before, bind)| Some((before, bind.strip_prefix('.')?)));
    match bind {
        Some((before, bind)) if bind.parse::<IpAddr>().is_ok() => (before, Some(bind.to_owned())),
        _ => (text, None),
    }
}

impl fmt::Display for RouteName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bind = match self {
            Self::Port(port) => return write!(f, "{port}"),
            Self::Service { host, port } => return write!(f, "{host}:{port}"),
            Self::GatewayHttp { port, bind } => {
                write!(f, "http.{port}")?;
                bind
            }
            Self::GatewayHttps {
                port,
                port_name,
                gateway,
                namespace,
                bind,
            } => {
                write!(f, "https.{port}.{port_name}.{gateway}.{namespace}")?;
                bind
            }
        };
        bind.as_ref().map_or(Ok(()), |bind| write!(f, ".{bind}"))
    }
}
