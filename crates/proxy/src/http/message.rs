//! Requests and responses as filters and `forward` see them.

use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Method, Request as EngineRequest, Uri, Version};
use hyper::body::Body as _;
use hyper::upgrade::OnUpgrade;
use sealane_runtime::RequestHead;

use crate::body::Body;
use crate::upstream::sender::Protocol;

/// A request whose authority is known and whose path is normalised.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) version: Version,
    /// `http` or `https`.
    pub(crate) scheme: &'static str,
    /// As the caller sent it, with the port if there was one.
    pub(crate) authority: String,
    /// Path and query; begins with a slash.
    pub(crate) path: String,
    /// Without `host`, and without headers that are only for one hop.
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body,
    /// The caller waits for `100 Continue` before it sends the body.
    pub(crate) expects_continue: bool,
    /// The upgrade that was asked for and may be served: its name, and the caller's connection
    /// afterwards.
    pub(crate) upgrade: Option<Upgrade>,
}

/// An upgrade that was asked for.
#[derive(Debug)]
pub(crate) struct Upgrade {
    /// Its name, lower case: `websocket`.
    pub(crate) name: String,
    /// The connection, once we have answered 101.
    pub(crate) on: OnUpgrade,
}

/// A response on its way to the caller.
pub(crate) type Response = http::Response<Body>;

impl Request {
    /// What matching reads.
    pub(crate) fn head(&self) -> RequestHead<'_> {
        RequestHead {
            method: &self.method,
            scheme: self.scheme,
            authority: &self.authority,
            path_and_query: &self.path,
            headers: &self.headers,
        }
    }

    /// Whether the caller speaks gRPC, and must be told of failures its way.
    pub(crate) fn is_grpc(&self) -> bool {
        is_grpc(&self.headers)
    }
}

/// Whether a message's content is gRPC.
pub(crate) fn is_grpc(headers: &HeaderMap) -> bool {
    let content = headers.get(http::header::CONTENT_TYPE);
    let rest = content.and_then(|value| value.as_bytes().strip_prefix(b"application/grpc"));
    rest.is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b';')))
}

/// The head of one try, ready to be sent as often as needed.
#[derive(Debug, Clone)]
pub(crate) struct UpstreamHead {
    pub(crate) method: Method,
    pub(crate) scheme: &'static str,
    pub(crate) authority: String,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
}

impl UpstreamHead {
    /// The request as an engine sends it; `None` when authority or path cannot be written.
    pub(crate) fn into_engine(self, protocol: Protocol, body: Body) -> Option<EngineRequest<Body>> {
        let path: PathAndQuery = self.path.parse().ok()?;
        let may_have_body = !body.is_end_stream();
        let mut request = EngineRequest::new(body);
        *request.method_mut() = self.method;
        *request.headers_mut() = self.headers;
        match protocol {
            Protocol::Http1 => {
                // The engine leaves the body of a GET out when nothing says how long it is.
                if may_have_body && !request.headers().contains_key(CONTENT_LENGTH) {
                    let chunked = HeaderValue::from_static("chunked");
                    request.headers_mut().insert(TRANSFER_ENCODING, chunked);
                }
                let host = self.authority.parse().ok()?;
                request.headers_mut().insert(http::header::HOST, host);
                *request.uri_mut() = Uri::from(path);
                *request.version_mut() = Version::HTTP_11;
            }
            Protocol::Http2 => {
                let uri = Uri::builder()
                    .scheme(self.scheme)
                    .authority(self.authority.as_str())
                    .path_and_query(path);
                *request.uri_mut() = uri.build().ok()?;
                *request.version_mut() = Version::HTTP_2;
            }
        }
        Some(request)
    }
}
