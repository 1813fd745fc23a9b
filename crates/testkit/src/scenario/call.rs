//! A call item: who calls what, how often, and what it must show.

use sealane_model::tree::{Content, Node};

use super::expect::{self, Expectation};
use super::scalar::{self, Place};

/// One entry of a `yaml calls` block.
#[derive(Debug, Clone, PartialEq)]
pub struct CallItem {
    /// The line it begins on.
    pub line: usize,
    /// What the file calls it.
    pub name: Option<String>,
    /// The call as written, such as `GET http://reviews:9080/`.
    pub call: String,
    /// What is called.
    pub target: Target,
    /// The calling workload, `NAME` or `NAMESPACE/NAME`; the client when absent.
    pub from: Option<String>,
    /// Headers as written; a repeated name is sent repeatedly.
    pub headers: Vec<(String, String)>,
    /// What is sent after the head (or, on TCP, instead of `hello`).
    pub body: Option<String>,
    /// Whether to speak HTTP/2 with prior knowledge.
    pub http2: bool,
    /// The server name to send, for TLS.
    pub sni: Option<String>,
    /// How often; from 1 up.
    pub times: u32,
    /// How many at once; from 1 up.
    pub concurrency: u32,
    /// What must be seen, in written order.
    pub expect: Vec<Expectation>,
}

/// What a call goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// An HTTP request.
    Http {
        /// The method.
        method: String,
        /// Whether the URL is `https`.
        tls: bool,
        /// The host of the URL, letter case kept.
        host: String,
        /// The port of the URL, or the scheme's.
        port: u16,
        /// Path and query, at least `/`.
        path: String,
    },
    /// One line over a plain connection.
    Tcp {
        /// The host.
        host: String,
        /// The port.
        port: u16,
    },
    /// One line over a TLS connection.
    Tls {
        /// The host.
        host: String,
        /// The port.
        port: u16,
    },
}

impl CallItem {
    /// The calling workload's name, `client` when the file says nothing.
    pub fn caller(&self) -> &str {
        self.from.as_deref().unwrap_or("client")
    }

    /// The server name of the TLS handshake; nothing for a plain connection.
    pub fn server_name(&self) -> Option<&str> {
        let tls = match &self.target {
            Target::Http { tls, .. } => *tls,
            Target::Tcp { .. } => false,
            Target::Tls { .. } => true,
        };
        match &self.sni {
            Some(name) => Some(name),
            None => tls.then(|| self.target.host()),
        }
    }

    /// The `Host` header as curl would send it, unless the call names its own.
    pub fn host_header(&self) -> Option<String> {
        let Target::Http {
            tls, host, port, ..
        } = &self.target
        else {
            return None;
        };
        let own = self
            .headers
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("host"));
        let implied = if *tls { 443 } else { 80 };
        Some(match own {
            Some((_, value)) => value.clone(),
            None if *port == implied => host.clone(),
            None => format!("{host}:{port}"),
        })
    }
}

impl Target {
    /// Reads `METHOD URL`, `TCP host:port` or `TLS host:port`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (verb, rest) = text
            .trim()
            .split_once(char::is_whitespace)
            .unwrap_or((text, ""));
        let rest = rest.trim();
        match verb {
            "TCP" | "TLS" => {
                let (host, port) = authority(rest)?;
                let port = port.ok_or_else(|| format!("{verb} needs host:port"))?;
                Ok(if verb == "TCP" {
                    Self::Tcp { host, port }
                } else {
                    Self::Tls { host, port }
                })
            }
            method => http(method, rest),
        }
    }

    /// The host that is called.
    pub fn host(&self) -> &str {
        match self {
            Self::Http { host, .. } | Self::Tcp { host, .. } | Self::Tls { host, .. } => host,
        }
    }

    /// The port that is called.
    pub fn port(&self) -> u16 {
        match self {
            Self::Http { port, .. } | Self::Tcp { port, .. } | Self::Tls { port, .. } => *port,
        }
    }
}

fn http(method: &str, url: &str) -> Result<Target, String> {
    let (tls, rest) = match (url.strip_prefix("http://"), url.strip_prefix("https://")) {
        (Some(rest), _) => (false, rest),
        (None, Some(rest)) => (true, rest),
        (None, None) => {
            return Err(format!(
                "`{method} {url}` is no call: METHOD URL, TCP host:port or TLS host:port"
            ));
        }
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (name, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let (host, port) = authority(name)?;
    let slash = if path.starts_with('/') { "" } else { "/" };
    let port = port.unwrap_or(if tls { 443 } else { 80 });
    Ok(Target::Http {
        method: method.to_owned(),
        tls,
        host,
        port,
        path: format!("{slash}{path}"),
    })
}

fn authority(text: &str) -> Result<(String, Option<u16>), String> {
    let bad = || format!("`{text}` is no host or host:port");
    let (host, port) = match text
        .strip_prefix('[')
        .and_then(|inner| inner.split_once(']'))
    {
        Some((host, "")) => (host, None),
        Some((host, rest)) => (host, Some(rest.strip_prefix(':').ok_or_else(bad)?)),
        None => text
            .split_once(':')
            .map_or((text, None), |(host, port)| (host, Some(port))),
    };
    if host.is_empty() {
        return Err(bad());
    }
    let port = port
        .map(|port| port.parse().map_err(|_error| bad()))
        .transpose()?;
    Ok((host.to_owned(), port))
}

/// The items of a calls block.
pub(super) fn items(node: &Node, place: &mut Place<'_>) -> Vec<CallItem> {
    let list = place.list(node, "a list of calls");
    list.iter().filter_map(|entry| item(entry, place)).collect()
}

fn item(node: &Node, place: &mut Place<'_>) -> Option<CallItem> {
    let Some(written) = node.field("call") else {
        place.problem(node, "a call needs `call: METHOD URL`");
        return None;
    };
    let call = place.text(written);
    let target = Target::parse(&call)
        .map_err(|what| place.problem(written, what))
        .ok()?;
    let mut item = CallItem {
        line: place.line(node),
        name: None,
        call,
        target,
        from: None,
        headers: Vec::new(),
        body: None,
        http2: false,
        sni: None,
        times: 1,
        concurrency: 1,
        expect: Vec::new(),
    };
    for entry in node.entries() {
        key(&mut item, &entry.key, &entry.value, place);
    }
    Some(item)
}

fn key(item: &mut CallItem, key: &str, value: &Node, place: &mut Place<'_>) {
    match key {
        "call" => {}
        "name" => item.name = Some(place.text(value)),
        "from" => item.from = Some(place.text(value)),
        "headers" => item.headers = headers(value, place),
        "body" => item.body = Some(place.text(value)),
        "http2" => item.http2 = place.flag(value),
        "sni" => item.sni = Some(place.text(value)),
        "times" => item.times = place.count(value),
        "concurrency" => item.concurrency = place.count(value),
        "expect" => item.expect = expect::read(value, place),
        unknown => place.problem(
            value,
            format!(
                "unknown key `{unknown}` of a call; known are name, call, from, headers, body, http2, sni, \
                 times, concurrency and expect"
            ),
        ),
    }
}

fn headers(node: &Node, place: &mut Place<'_>) -> Vec<(String, String)> {
    if !matches!(node.content, Content::Map(_) | Content::Null) {
        place.problem(node, "headers are a mapping of names to values");
    }
    let mut headers = Vec::new();
    for entry in node.entries() {
        let values = match &entry.value.content {
            Content::List(items) => items.as_slice(),
            _ => std::slice::from_ref(&entry.value),
        };
        for value in values {
            // An empty value is a header without text, as curl's `-H 'name;'` sends it.
            headers.push((entry.key.clone(), scalar::text(value).unwrap_or_default()));
        }
    }
    headers
}
