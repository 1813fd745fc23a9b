//! Header operations, done.

use http::header::{Entry, HeaderMap, HeaderValue};
use sealane_runtime::header::{HeaderEdits, HeaderOps, HeaderWrite, WriteMode};
use sealane_runtime::split::Part;

use super::matched::Matched;
use super::message::Request;
use crate::connection::Addresses;
use crate::telemetry::record::AccessRecord;
use crate::telemetry::time::Rfc3339;

/// What `%…%` operators read.
#[derive(Clone, Copy)]
pub(crate) struct Scene<'a> {
    pub(crate) addresses: &'a Addresses,
    pub(crate) record: &'a AccessRecord,
    /// The request's headers as the caller sent them, made complete by us.
    pub(crate) request: &'a HeaderMap,
    /// The upstream's, or our own, answer.
    pub(crate) response: Option<&'a HeaderMap>,
}

/// Does the request operations of every level.
pub(crate) fn request(
    matched: &Matched,
    request: &mut Request,
    scene: (&Addresses, &AccessRecord),
) {
    let before = request.headers.clone();
    let scene = Scene {
        addresses: scene.0,
        record: scene.1,
        request: &before,
        response: None,
    };
    for ops in levels(matched) {
        edit(&mut request.headers, &ops.request, scene);
    }
    // To Envoy, `host` is another name of the authority.
    if let Some(host) = request.headers.remove(http::header::HOST)
        && let Ok(host) = host.to_str()
    {
        host.clone_into(&mut request.authority);
    }
}

/// Does the response operations of every level.
pub(crate) fn response(
    matched: &Matched,
    headers: &mut HeaderMap,
    request: &HeaderMap,
    (addresses, record): (&Addresses, &AccessRecord),
) {
    let before = headers.clone();
    let scene = Scene {
        addresses,
        record,
        request,
        response: Some(&before),
    };
    for ops in levels(matched) {
        edit(headers, &ops.response, scene);
    }
}

/// Whether any response operation would be done.
pub(crate) fn touches_response(matched: &Matched) -> bool {
    let mut levels = levels(matched);
    levels.any(|ops| !ops.response.remove.is_empty() || !ops.response.write.is_empty())
}

/// Whether any request operation would be done.
pub(crate) fn touches_request(matched: &Matched) -> bool {
    let mut levels = levels(matched);
    levels.any(|ops| !ops.request.remove.is_empty() || !ops.request.write.is_empty())
}

/// The operations of destination, route, virtual host and table, in the order in which they are
/// done: the table decides which end goes first.
fn levels(matched: &Matched) -> impl Iterator<Item = &HeaderOps> {
    let part = matched.part().map(|part: &Part| &part.headers);
    let mut levels = [
        part,
        Some(&matched.route.headers),
        Some(&matched.virtual_host.headers),
        Some(&matched.table.headers),
    ];
    if matched.table.specific_headers_last {
        levels.reverse();
    }
    levels.into_iter().flatten()
}

/// Removals first, then additions in order.
fn edit(headers: &mut HeaderMap, edits: &HeaderEdits, scene: Scene<'_>) {
    for name in &edits.remove {
        headers.remove(name);
    }
    for write in &edits.write {
        let value = write
            .value
            .render("", |name, arguments| scene.operator(name, arguments));
        if value.is_empty() && !write.keep_empty {
            continue;
        }
        // A value that is no header value (a line feed from elsewhere) is never written.
        if let Ok(value) = HeaderValue::from_str(&value) {
            put(headers, write, value);
        }
    }
}

fn put(headers: &mut HeaderMap, write: &HeaderWrite, value: HeaderValue) {
    match (write.mode, headers.entry(&write.name)) {
        (WriteMode::Append, Entry::Occupied(mut entry)) => entry.append(value),
        (WriteMode::AddIfAbsent, Entry::Occupied(_))
        | (WriteMode::OverwriteIfExists, Entry::Vacant(_)) => {}
        (WriteMode::Overwrite | WriteMode::OverwriteIfExists, Entry::Occupied(mut entry)) => {
            entry.insert(value);
        }
        (_, Entry::Vacant(entry)) => {
            entry.insert(value);
        }
    }
}

impl Scene<'_> {
    /// The value of one operator; `None` where it has none, or is not known.
    fn operator(&self, name: &str, arguments: Option<&str>) -> Option<String> {
        let record = self.record;
        match name {
            "REQ" => self.request_header(arguments?),
            "RESP" => header(self.response?, arguments?),
            "PROTOCOL" => Some(record.protocol_name().to_owned()),
            "START_TIME" => Some(Rfc3339(record.start).to_string()),
            "ROUTE_NAME" => record.route.as_deref().map(str::to_owned),
            "UPSTREAM_CLUSTER" | "UPSTREAM_CLUSTER_RAW" => {
                record.cluster.as_deref().map(str::to_owned)
            }
            "UPSTREAM_HOST" | "UPSTREAM_REMOTE_ADDRESS" => {
                record.upstream_host.map(|host| host.to_string())
            }
            "REQUESTED_SERVER_NAME" => self.addresses.server_name.as_deref().map(str::to_owned),
            "RESPONSE_FLAGS" => Some(record.flags.to_string()),
            "DOWNSTREAM_REMOTE_ADDRESS" | "DOWNSTREAM_DIRECT_REMOTE_ADDRESS" => {
                Some(self.addresses.remote.to_string())
            }
            "DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT"
            | "DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT" => {
                Some(self.addresses.remote.ip().to_string())
            }
            "DOWNSTREAM_LOCAL_ADDRESS" => Some(self.addresses.local.to_string()),
            "DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT" => Some(self.addresses.local.ip().to_string()),
            "DOWNSTREAM_LOCAL_PORT" => Some(self.addresses.local.port().to_string()),
            _ => None,
        }
    }

    /// `NAME`, or `NAME?OTHER` for the first of two that is there.
    fn request_header(&self, names: &str) -> Option<String> {
        names.split('?').find_map(|name| {
            if name.eq_ignore_ascii_case(":method") {
                self.record.method.as_ref().map(ToString::to_string)
            } else if name.eq_ignore_ascii_case(":path") {
                self.record.path.clone()
            } else if name.eq_ignore_ascii_case(":authority") || name.eq_ignore_ascii_case("host") {
                self.record.authority.clone()
            } else if name.eq_ignore_ascii_case(":scheme") {
                header(self.request, "x-forwarded-proto")
            } else {
                header(self.request, name)
            }
        })
    }
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    let value = headers.get(name)?;
    Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
}
