//! Filter chains.

use std::sync::Arc;

use sealane_xds::hcm::HttpConnectionManager;
use sealane_xds::listener::{self, Filter, filter};
use sealane_xds::raw_buffer::RawBuffer;
use sealane_xds::tcp_proxy::TcpProxy;
use sealane_xds::tls::DownstreamTlsContext;
use sealane_xds::{any, core};

use crate::build::at::{At, fields};
use crate::build::draw::Draw;
use crate::build::http::http_manager;
use crate::build::matching::all;
use crate::build::metadata;
use crate::build::scalar::range;
use crate::build::tcp::tcp_proxy;
use crate::build::tls::server_tls;
use crate::listener::{ChainMatch, DownstreamTransport, FilterChain, Network};

/// Messages of Istio's own network filters, which pass bytes on as they are.
const IGNORABLE: &[&str] = &[
    "envoy.tcp.metadataexchange.config.MetadataExchange",
    "stats.PluginConfig",
];

#[expect(deprecated, reason = "the old field is refused by name")]
pub(super) fn filter_chain(at: &At<'_>, message: &listener::FilterChain) -> Option<FilterChain> {
    fields! { at, message, listener::FilterChain {
        read: [filter_chain_match, filters, metadata, transport_socket, name],
        // A limit on TLS handshakes: the proxy has its own, always.
        ignored: [transport_socket_connect_timeout],
        refused: [use_proxy_proto],
    } }
    let matches = match filter_chain_match.as_ref() {
        None => Some(ChainMatch::default()),
        Some(message) => chain_match(&at.field("filter_chain_match"), message),
    };
    let transport = transport(&at.field("transport_socket"), transport_socket.as_ref());
    let key = metadata::origin(metadata.as_ref()).map_or_else(
        || format!("{}/{at}", at.resource_name()),
        |origin| origin.to_string(),
    );
    let draw = Draw {
        key: &key,
        random: metadata::random_weights(metadata.as_ref()),
    };
    let network = network(&at.field("filters"), filters, draw);
    Some(FilterChain {
        name: Arc::from(name.as_str()),
        matches: matches?,
        transport: transport?,
        network: network?,
    })
}

fn chain_match(at: &At<'_>, message: &listener::FilterChainMatch) -> Option<ChainMatch> {
    fields! { at, message, listener::FilterChainMatch {
        read: [
            destination_port, prefix_ranges, source_prefix_ranges, server_names, transport_protocol,
            application_protocols,
        ],
        ignored: [],
        refused: [
            address_suffix, suffix_len, direct_source_prefix_ranges, source_type, source_ports,
        ],
    } }
    let destination_port = match destination_port
        .as_ref()
        .map(|port| u16::try_from(port.value))
    {
        None => Some(None),
        Some(Ok(port)) => Some(Some(port)),
        Some(Err(_)) => at.field("destination_port").refuse("not a port"),
    };
    let destination_ranges = all(&at.field("prefix_ranges"), prefix_ranges, range);
    let source_ranges = all(
        &at.field("source_prefix_ranges"),
        source_prefix_ranges,
        range,
    );
    let server_names = all(
        &at.field("server_names"),
        server_names,
        |at, name: &String| {
            if name.strip_prefix("*.").unwrap_or(name).contains('*') {
                return at.refuse("a star stands for whole labels at the front only");
            }
            Some(Arc::from(name.to_ascii_lowercase()))
        },
    );
    Some(ChainMatch {
        destination_port: destination_port?,
        destination_ranges: destination_ranges?,
        server_names: server_names?,
        transport_protocol: (!transport_protocol.is_empty())
            .then(|| Arc::from(transport_protocol.as_str())),
        application_protocols: application_protocols
            .iter()
            .map(|name| Arc::from(name.as_str()))
            .collect(),
        source_ranges: source_ranges?,
    })
}

fn transport(at: &At<'_>, socket: Option<&core::TransportSocket>) -> Option<DownstreamTransport> {
    let Some(socket) = socket else {
        return Some(DownstreamTransport::Plaintext);
    };
    match socket.config_type.as_ref() {
        Some(core::transport_socket::ConfigType::TypedConfig(config))
            if any::is::<DownstreamTlsContext>(config) =>
        {
            match any::unpack::<DownstreamTlsContext>(config) {
                Ok(context) => server_tls(&at.field("typed_config"), &context)
                    .map(|tls| DownstreamTransport::Tls(Arc::new(tls))),
                Err(error) => at.refuse(error),
            }
        }
        Some(core::transport_socket::ConfigType::TypedConfig(config))
            if any::is::<RawBuffer>(config) =>
        {
            Some(DownstreamTransport::Plaintext)
        }
        _ => {
            at.not_understood();
            None
        }
    }
}

/// The terminal filter, which comes last; before it, only filters that change nothing.
fn network(at: &At<'_>, filters: &[Filter], draw: Draw<'_>) -> Option<Network> {
    let Some((last, before)) = filters.split_last() else {
        return at.refuse("is empty");
    };
    for (index, filter) in before.iter().enumerate() {
        let ignorable = IGNORABLE.iter().any(|name| {
            typed(filter).is_some_and(|config| {
                sealane_xds::type_url::message_name(&config.type_url) == *name
            })
        });
        if !ignorable {
            at.index(index).not_understood();
        }
    }
    let at = at.index(before.len());
    let at = at.field("typed_config");
    let Some(config) = typed(last) else {
        return at.refuse("is missing");
    };
    if any::is::<HttpConnectionManager>(config) {
        match any::unpack(config) {
            Ok(message) => http_manager(&at, &message).map(|http| Network::Http(Arc::new(http))),
            Err(error) => at.refuse(error),
        }
    } else if any::is::<TcpProxy>(config) {
        match any::unpack(config) {
            Ok(message) => tcp_proxy(&at, &message, draw).map(|tcp| Network::Tcp(Arc::new(tcp))),
            Err(error) => at.refuse(error),
        }
    } else {
        at.refuse(format_args!("`{}` is not understood", config.type_url))
    }
}

fn typed(filter: &Filter) -> Option<&sealane_xds::protobuf::Any> {
    match filter.config_type.as_ref() {
        Some(filter::ConfigType::TypedConfig(config)) => Some(config),
        Some(filter::ConfigType::ConfigDiscovery(_)) | None => None,
    }
}
