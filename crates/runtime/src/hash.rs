//! What of a request is hashed to choose an endpoint, as Envoy hashes it.

use std::net::IpAddr;

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};

use crate::matcher::query::parameter;
use crate::request::RequestHead;
use crate::route::HashPolicy;

pub use xx64::xx64;

mod xx64;

#[cfg(test)]
mod tests;

/// A cookie that a policy wants the caller to have from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCookie {
    /// The whole `set-cookie` value.
    pub set_cookie: String,
}

/// The hash of a request by `policies`, in their order; `None` when none of them finds anything.
///
/// Where a policy makes cookies and the caller has none, `fresh` becomes its value (16 hexadecimal
/// digits), and the cookie is added to `new`.
pub fn request_hash(
    policies: &[HashPolicy],
    head: &RequestHead<'_>,
    source: IpAddr,
    (fresh, new): (u64, &mut Vec<NewCookie>),
) -> Option<u64> {
    let mut hash: Option<u64> = None;
    for policy in policies {
        let found = match policy {
            HashPolicy::Header(name) => header(head.headers, name),
            HashPolicy::SourceIp => Some(source_hash(source)),
            HashPolicy::QueryParameter(name) => head
                .query()
                .and_then(|query| parameter(query, name))
                .map(|value| xx64(value.as_bytes(), 0)),
            HashPolicy::Cookie { name, ttl, .. } => match (cookie(head.headers, name), ttl) {
                (Some(value), _) => Some(xx64(value.as_bytes(), 0)),
                (None, Some(_)) => {
                    let value = format!("{fresh:016x}");
                    new.extend(new_cookie(policy, &value));
                    Some(xx64(value.as_bytes(), 0))
                }
                (None, None) => None,
            },
        };
        // What was found before stays in, turned by one bit.
        hash = found
            .map(|found| hash.unwrap_or(0).rotate_left(1) ^ found)
            .or(hash);
    }
    hash
}

/// The hash of a caller's address.
pub fn source_hash(source: IpAddr) -> u64 {
    xx64(source.to_canonical().to_string().as_bytes(), 0)
}

/// Several values are hashed in their alphabetical order.
fn header(headers: &HeaderMap, name: &http::HeaderName) -> Option<u64> {
    let mut values: Vec<_> = headers
        .get_all(name)
        .iter()
        .map(HeaderValue::as_bytes)
        .collect();
    values.sort_unstable();
    let (first, rest) = values.split_first()?;
    let hash = xx64(first, 0);
    Some(rest.iter().fold(hash, |seed, value| xx64(value, seed)))
}

/// The value of the first cookie called `name`, without quotes around it.
fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok());
    let mut pairs = lines
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(key, _)| key.trim() == name)?;
    let value = value.trim();
    let unquoted = value
        .strip_prefix('"')
        .and_then(|value| value.strip_suffix('"'));
    Some(unquoted.unwrap_or(value)).filter(|value| !value.is_empty())
}

/// A lifetime of zero makes a cookie for the browser's session.
fn new_cookie(policy: &HashPolicy, value: &str) -> Option<NewCookie> {
    let HashPolicy::Cookie {
        name,
        ttl,
        path,
        attributes,
    } = policy
    else {
        return None;
    };
    let mut parts = vec![format!("{name}=\"{value}\"")];
    let lifetime = ttl.filter(|ttl| !ttl.is_zero());
    parts.extend(lifetime.map(|ttl| format!("Max-Age={}", ttl.as_secs())));
    parts.extend(path.iter().map(|path| format!("Path={path}")));
    parts.extend(attributes.iter().map(|(name, value)| match &**value {
        "" => name.to_string(),
        value => format!("{name}={value}"),
    }));
    parts.push("HttpOnly".to_owned());
    let set_cookie = parts.join("; ");
    Some(NewCookie { set_cookie })
}
