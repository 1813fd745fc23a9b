//! Numbers, times and shares.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use ::http::StatusCode;
use ipnet::IpNet;
use sealane_xds::core::address::Address as AddressKind;
use sealane_xds::core::socket_address::PortSpecifier;
use sealane_xds::core::{Address, CidrRange, RuntimeFractionalPercent, SocketAddress};
use sealane_xds::protobuf::{self, BoolValue, UInt32Value};
use sealane_xds::types::FractionalPercent;
use sealane_xds::types::fractional_percent::DenominatorType;

use crate::build::at::{At, fields};
use crate::split::Fraction;

/// A number, when it is set.
pub(super) fn number(value: Option<&UInt32Value>) -> Option<u32> {
    value.map(|value| value.value)
}

/// A switch, when it is set.
pub(super) fn flag(value: Option<&BoolValue>) -> Option<bool> {
    value.map(|value| value.value)
}

/// A time, when it is set.
pub(super) fn time(at: &At<'_>, value: Option<&protobuf::Duration>) -> Option<Duration> {
    let value = value?;
    match (u64::try_from(value.seconds), u32::try_from(value.nanos)) {
        (Ok(seconds), Ok(nanos)) if nanos < 1_000_000_000 => Some(Duration::new(seconds, nanos)),
        _ => at.refuse("not a time"),
    }
}

/// A limit in time: zero is none, and where it is not set Envoy's `default` holds.
pub(super) fn time_limit(
    at: &At<'_>,
    value: Option<&protobuf::Duration>,
    default: Option<Duration>,
) -> Option<Duration> {
    match value {
        Some(_) => time(at, value).filter(|time| !time.is_zero()),
        None => default,
    }
}

/// A status.
pub(super) fn status(at: &At<'_>, code: u32) -> Option<StatusCode> {
    let code = u16::try_from(code).ok();
    match code.and_then(|code| StatusCode::from_u16(code).ok()) {
        Some(status) if status.as_u16() < 600 => Some(status),
        _ => at.refuse("not an HTTP status"),
    }
}

/// A share; none at all where it is not set.
pub(super) fn fraction(at: &At<'_>, share: Option<&FractionalPercent>) -> Option<Fraction> {
    let Some(share) = share else {
        return Some(Fraction {
            numerator: 0,
            denominator: 100,
        });
    };
    let denominator = match DenominatorType::try_from(share.denominator) {
        Ok(DenominatorType::Hundred) => 100,
        Ok(DenominatorType::TenThousand) => 10_000,
        Ok(DenominatorType::Million) => 1_000_000,
        Err(_) => return at.field("denominator").refuse("not a denominator"),
    };
    Some(Fraction {
        numerator: share.numerator.min(denominator),
        denominator,
    })
}

/// A share whose key in Envoy's runtime is ignored, for there is no such thing here; all where it
/// is not set.
pub(super) fn runtime_fraction(
    at: &At<'_>,
    share: Option<&RuntimeFractionalPercent>,
) -> Option<Fraction> {
    match share {
        None => Some(Fraction::ALL),
        Some(share) => fraction(&at.field("default_value"), share.default_value.as_ref()),
    }
}

/// A range of addresses.
pub(super) fn range(at: &At<'_>, range: &CidrRange) -> Option<IpNet> {
    let Ok(address) = range.address_prefix.parse::<IpAddr>() else {
        return at.field("address_prefix").refuse("not an IP address");
    };
    let length = number(range.prefix_len.as_ref()).unwrap_or(0);
    match u8::try_from(length).map(|length| IpNet::new(address, length)) {
        Ok(Ok(net)) => Some(net.trunc()),
        _ => at.field("prefix_len").refuse("longer than the address"),
    }
}

/// The host and port of an address.
pub(super) fn host_and_port<'a>(
    at: &At<'_>,
    address: Option<&'a Address>,
) -> Option<(&'a str, u16)> {
    let kind = address.and_then(|address| address.address.as_ref());
    let Some(AddressKind::SocketAddress(socket)) = kind else {
        return at.refuse("only socket addresses are understood");
    };
    let at = at.field("socket_address");
    fields! { at, socket, SocketAddress {
        read: [address, port_specifier],
        ignored: [ipv4_compat],
        refused: [protocol, resolver_name, network_namespace_filepath],
    } }
    let port = match port_specifier {
        Some(PortSpecifier::PortValue(port)) => u16::try_from(*port).ok(),
        Some(PortSpecifier::NamedPort(_)) | None => None,
    };
    match port {
        Some(port) => Some((address, port)),
        None => at.field("port_value").refuse("not a port"),
    }
}

/// An address with an IP.
pub(super) fn socket_address(at: &At<'_>, address: Option<&Address>) -> Option<SocketAddr> {
    let (host, port) = host_and_port(at, address)?;
    match host.parse::<IpAddr>() {
        Ok(ip) => Some(SocketAddr::new(ip, port)),
        Err(_) => at.refuse(format_args!("`{host}` is not an IP address")),
    }
}
