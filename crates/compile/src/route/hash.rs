//! What a request's endpoint is found by, where a DestinationRule hashes.

use sealane_model::networking::load_balancer::{ConsistentHashLb, HashKey};
use sealane_xds::route::route_action::HashPolicy;
use sealane_xds::route::route_action::hash_policy::{
    ConnectionProperties, Cookie, CookieAttribute, Header, PolicySpecifier, QueryParameter,
};

use crate::message;

/// The hash policy of a key.
pub(crate) fn policy(hash: Option<&ConsistentHashLb>) -> Option<HashPolicy> {
    let specifier = match hash?.key.as_ref()? {
        HashKey::HttpHeaderName(name) => PolicySpecifier::Header(Header {
            header_name: name.clone(),
            ..Header::default()
        }),
        HashKey::HttpCookie(cookie) => PolicySpecifier::Cookie(Cookie {
            name: cookie.name.clone(),
            ttl: cookie.ttl.map(|ttl| message::duration(ttl.std())),
            path: cookie.path.clone().unwrap_or_default(),
            attributes: cookie
                .attributes
                .iter()
                .map(|attribute| CookieAttribute {
                    name: attribute.name.clone(),
                    value: attribute.value.clone().unwrap_or_default(),
                })
                .collect(),
        }),
        HashKey::UseSourceIp(on) => {
            PolicySpecifier::ConnectionProperties(ConnectionProperties { source_ip: *on })
        }
        HashKey::HttpQueryParameterName(name) => {
            PolicySpecifier::QueryParameter(QueryParameter { name: name.clone() })
        }
    };
    Some(HashPolicy {
        policy_specifier: Some(specifier),
        ..HashPolicy::default()
    })
}
