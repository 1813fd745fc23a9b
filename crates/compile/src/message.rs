//! Small Envoy messages that many resources contain.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration as Std;

use sealane_xds::core::socket_address::PortSpecifier;
use sealane_xds::core::{
    Address, AggregatedConfigSource, ApiVersion, CidrRange, ConfigSource, Metadata, Pipe,
    RuntimeFractionalPercent, SocketAddress, address, config_source,
};
use sealane_xds::protobuf::value::Kind;
use sealane_xds::protobuf::{BoolValue, Duration, ListValue, Struct, UInt32Value, Value};
use sealane_xds::types::FractionalPercent;
use sealane_xds::types::fractional_percent::DenominatorType;

/// Key of Istio's own metadata.
pub(crate) const ISTIO: &str = "istio";
/// Key of Sealane's own metadata.
pub(crate) const SEALANE: &str = "sealane";

/// A duration as a message.
pub(crate) fn duration(value: Std) -> Duration {
    Duration {
        seconds: i64::try_from(value.as_secs()).unwrap_or(i64::MAX),
        nanos: i32::try_from(value.subsec_nanos()).unwrap_or_default(),
    }
}

/// The duration of nothing, which switches most timeouts off.
pub(crate) fn zero() -> Duration {
    Duration {
        seconds: 0,
        nanos: 0,
    }
}

/// A number that may be absent.
pub(crate) fn u32_value(value: u32) -> UInt32Value {
    UInt32Value { value }
}

/// A boolean that may be absent.
pub(crate) fn bool_value(value: bool) -> BoolValue {
    BoolValue { value }
}

/// An IP address (or host name) and port; with a path beginning with `/` a Unix socket.
pub(crate) fn address(host: &str, port: u32) -> Address {
    if let Some(path) = unix_path(host) {
        let pipe = Pipe {
            path: path.to_owned(),
            ..Pipe::default()
        };
        return Address {
            address: Some(address::Address::Pipe(pipe)),
        };
    }
    Address {
        address: Some(address::Address::SocketAddress(socket_address(host, port))),
    }
}

/// An IP address and port.
pub(crate) fn socket_address(host: &str, port: u32) -> SocketAddress {
    SocketAddress {
        address: host.to_owned(),
        port_specifier: Some(PortSpecifier::PortValue(port)),
        ..SocketAddress::default()
    }
}

fn unix_path(host: &str) -> Option<&str> {
    host.strip_prefix("unix://")
        .or_else(|| host.starts_with('/').then_some(host))
}

/// `10.0.0.0/8`, or an address alone, as a range; `None` when it is neither.
pub(crate) fn cidr(text: &str) -> Option<CidrRange> {
    let (ip, bits) = match text.split_once('/') {
        Some((ip, bits)) => (ip, Some(bits)),
        None => (text, None),
    };
    let ip = ip.parse::<IpAddr>().ok()?;
    let longest = if ip.is_ipv4() { 32 } else { 128 };
    let bits = bits.map_or(Some(longest), |bits| bits.parse::<u32>().ok())?;
    (bits <= longest).then(|| CidrRange {
        address_prefix: ip.to_string(),
        prefix_len: Some(u32_value(bits)),
    })
}

/// "From the same stream as everything else, and wait for it."
pub(crate) fn ads_source() -> ConfigSource {
    ConfigSource {
        config_source_specifier: Some(config_source::ConfigSourceSpecifier::Ads(
            AggregatedConfigSource::default(),
        )),
        initial_fetch_timeout: Some(zero()),
        resource_api_version: ApiVersion::V3 as i32,
        ..ConfigSource::default()
    }
}

/// A text as a dynamically typed value.
pub(crate) fn text_value(text: &str) -> Value {
    Value {
        kind: Some(Kind::StringValue(text.to_owned())),
    }
}

/// Truth as a dynamically typed value.
pub(crate) fn flag_value(flag: bool) -> Value {
    Value {
        kind: Some(Kind::BoolValue(flag)),
    }
}

/// A list as a dynamically typed value.
pub(crate) fn list_value(values: Vec<Value>) -> Value {
    Value {
        kind: Some(Kind::ListValue(ListValue { values })),
    }
}

/// An object as a dynamically typed value.
pub(crate) fn struct_value(fields: HashMap<String, Value>) -> Value {
    Value {
        kind: Some(Kind::StructValue(Struct { fields })),
    }
}

/// Puts a value into metadata, under a key of a namespace.
pub(crate) fn put_metadata(metadata: &mut Metadata, namespace: &str, key: &str, value: Value) {
    let fields = &mut metadata
        .filter_metadata
        .entry(namespace.to_owned())
        .or_default()
        .fields;
    fields.insert(key.to_owned(), value);
}

/// A share of 100.
pub(crate) fn hundredths(numerator: u32) -> RuntimeFractionalPercent {
    runtime_percent(FractionalPercent {
        numerator,
        denominator: DenominatorType::Hundred as i32,
    })
}

/// A percentage with up to four decimals, as Istio cuts it to millionths.
pub(crate) fn millionths(percent: f64) -> FractionalPercent {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the value is held inside 0 to a million, and cutting is what Istio does"
    )]
    let numerator = (percent * 10_000.0).clamp(0.0, f64::from(u32::MAX)) as u32;
    FractionalPercent {
        numerator,
        denominator: DenominatorType::Million as i32,
    }
}

/// A share that no runtime key overrides.
pub(crate) fn runtime_percent(percent: FractionalPercent) -> RuntimeFractionalPercent {
    RuntimeFractionalPercent {
        default_value: Some(percent),
        runtime_key: String::new(),
    }
}
