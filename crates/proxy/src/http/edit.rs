//! Header operations, done.

use http::HeaderMap;
use sealane_runtime::header::HeaderOps;

use super::matched::Matched;
use super::message::Request;
use crate::connection::Addresses;
use crate::telemetry::record::AccessRecord;
use crate::telemetry::time::Rfc3339;

/// What `%…%` operators read.
struct Scene<'a> {
    addresses: &'a Addresses,
    record: &'a AccessRecord,
    request: &'a HeaderMap,
    /// The upstream's, or our own, answer.
    response: Option<&'a HeaderMap>,
}

/// Does the request operations of every level.
pub(crate) fn request(
    matched: &Matched,
    request: &mut Request,
    (addresses, record): (&Addresses, &AccessRecord),
) {
    let operations = levels(matched).map(|ops| &ops.request);
    for edits in operations.filter(|edits| !edits.is_empty()) {
        edits.apply(&mut request.headers, |format, headers| {
            let scene = Scene {
                addresses,
                record,
                request: headers,
                response: None,
            };
            format.render("", |name, arguments| scene.operator(name, arguments))
        });
    }
    // To Envoy, `host` is another name of the authority.
    if let Some(host) = request.headers.remove(http::header::HOST)
        && let Ok(host) = host.to_str()
    {
        host.clone_into(&mut request.authority);
    }
}

/// Does the response operations of every level. `request` are the headers of the request.
pub(crate) fn response(
    matched: &Matched,
    headers: &mut HeaderMap,
    request: &HeaderMap,
    (addresses, record): (&Addresses, &AccessRecord),
) {
    let operations = levels(matched).map(|ops| &ops.response);
    for edits in operations.filter(|edits| !edits.is_empty()) {
        edits.apply(headers, |format, headers| {
            let scene = Scene {
                addresses,
                record,
                request,
                response: Some(headers),
            };
            format.render("", |name, arguments| scene.operator(name, arguments))
        });
    }
}

/// Whether any response operation would be done.
pub(crate) fn touches_response(matched: &Matched) -> bool {
    levels(matched).any(|ops| !ops.response.is_empty())
}

/// The operations for a request, in the order in which they are done.
fn levels(matched: &Matched) -> impl Iterator<Item = &HeaderOps> {
    matched
        .table
        .header_levels(&matched.virtual_host, &matched.route, matched.part())
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
