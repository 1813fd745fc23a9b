//! Filter chains while a listener is put together, and when two of them contradict each other.

use std::collections::BTreeSet;

use sealane_xds::core::{Metadata, TransportSocket};
use sealane_xds::http_inspector::HttpInspector;
use sealane_xds::listener::{
    Filter, FilterChain, FilterChainMatch, ListenerFilter, listener_filter,
};
use sealane_xds::tls_inspector::TlsInspector;
use sealane_xds::{any, types};

use crate::message;

/// Plain HTTP as the HTTP inspector tells it.
pub(crate) const PLAIN_HTTP: [&str; 2] = ["http/1.1", "h2c"];
/// Connections without TLS.
pub(crate) const RAW_BUFFER: &str = "raw_buffer";

/// A filter chain to be.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Chain {
    /// Names that the client asks for in TLS.
    pub(crate) sni_hosts: Vec<String>,
    /// Ranges of the original destination.
    pub(crate) ranges: Vec<String>,
    pub(crate) application_protocols: Vec<String>,
    pub(crate) transport_protocol: String,
    pub(crate) filters: Vec<Filter>,
    pub(crate) transport_socket: Option<TransportSocket>,
    pub(crate) metadata: Option<Metadata>,
}

impl Chain {
    /// A chain of one filter for all connections.
    pub(crate) fn of(filter: Filter) -> Self {
        Self {
            filters: vec![filter],
            ..Self::default()
        }
    }

    /// Only connections that look like plain HTTP.
    pub(crate) fn for_plain_http(mut self) -> Self {
        self.application_protocols = PLAIN_HTTP.map(str::to_owned).to_vec();
        RAW_BUFFER.clone_into(&mut self.transport_protocol);
        self
    }

    fn any_sni(&self) -> bool {
        self.sni_hosts.is_empty() || self.sni_hosts.iter().any(|host| host == "*")
    }

    /// Whether every connection may go in.
    pub(crate) fn takes_all(&self) -> bool {
        self.any_sni()
            && self.application_protocols.is_empty()
            && self.transport_protocol.is_empty()
            && self.ranges.is_empty()
    }

    /// Whether the two could not be told apart.
    pub(crate) fn contradicts(&self, other: &Self) -> bool {
        let names = |chain: &Self| -> BTreeSet<String> {
            chain
                .sni_hosts
                .iter()
                .filter(|host| *host != "*")
                .cloned()
                .collect()
        };
        self.transport_protocol == other.transport_protocol
            && self.application_protocols == other.application_protocols
            && names(self) == names(other)
            && ranges(&self.ranges) == ranges(&other.ranges)
    }

    /// The conditions of the chain; `None` when there are none.
    fn conditions(&self) -> Option<FilterChainMatch> {
        if self.takes_all() {
            return None;
        }
        let mut server_names = if self.any_sni() {
            Vec::new()
        } else {
            self.sni_hosts.clone()
        };
        server_names.sort();
        let mut ranges = self.ranges.clone();
        ranges.sort();
        let prefix_ranges = ranges.iter().filter_map(|range| message::cidr(range));
        Some(FilterChainMatch {
            server_names,
            prefix_ranges: prefix_ranges
                .filter(|range| range.address_prefix != "0.0.0.0")
                .collect(),
            transport_protocol: self.transport_protocol.clone(),
            application_protocols: self.application_protocols.clone(),
            ..FilterChainMatch::default()
        })
    }

    /// Whether it is told apart by TLS.
    pub(crate) fn needs_tls_inspector(&self) -> bool {
        !self.sni_hosts.is_empty() || self.transport_socket.is_some()
    }

    /// The finished chain.
    pub(crate) fn build(self) -> FilterChain {
        FilterChain {
            filter_chain_match: self.conditions(),
            filters: self.filters,
            transport_socket: self.transport_socket,
            metadata: self.metadata,
            transport_socket_connect_timeout: Some(message::duration(
                std::time::Duration::from_secs(15),
            )),
            ..FilterChain::default()
        }
    }
}

/// Ranges cut to their length, without "everything".
fn ranges(texts: &[String]) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for text in texts {
        let net = text
            .parse::<ipnet::IpNet>()
            .or_else(|_| text.parse::<std::net::IpAddr>().map(ipnet::IpNet::from));
        match net {
            Ok(net) if net.addr().to_string() != "0.0.0.0" => {
                all.insert(net.trunc().to_string());
            }
            Ok(_) | Err(_) => {}
        }
    }
    all
}

/// Finds out the name that a TLS client asks for.
pub(crate) fn tls_inspector() -> ListenerFilter {
    let settings = TlsInspector {
        initial_read_buffer_size: Some(message::u32_value(512)),
        ..TlsInspector::default()
    };
    ListenerFilter {
        name: "envoy.filters.listener.tls_inspector".to_owned(),
        config_type: Some(listener_filter::ConfigType::TypedConfig(any::pack(
            &settings,
        ))),
        ..ListenerFilter::default()
    }
}

/// Finds out whether plain HTTP is spoken.
pub(crate) fn http_inspector() -> ListenerFilter {
    ListenerFilter {
        name: "envoy.filters.listener.http_inspector".to_owned(),
        config_type: Some(listener_filter::ConfigType::TypedConfig(any::pack(
            &HttpInspector::default(),
        ))),
        ..ListenerFilter::default()
    }
}

/// A half-open range of one port.
pub(crate) fn port_range(port: u16) -> types::Int32Range {
    types::Int32Range {
        start: i32::from(port),
        end: i32::from(port) + 1,
    }
}
