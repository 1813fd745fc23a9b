//! The head of a call's request, as the proxy sees it before it matches.

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use sealane_runtime::path::{PathPolicy, normalize};
use sealane_runtime::request::RequestHead;

use crate::scenario::call::{CallItem, Target};

/// An owned request head.
pub(super) struct Head {
    method: Method,
    scheme: &'static str,
    authority: String,
    path_and_query: String,
    headers: HeaderMap,
}

impl Head {
    /// The head of an HTTP call, its path normalised as the listener says.
    pub(super) fn of(item: &CallItem, paths: PathPolicy) -> Result<Self, String> {
        let Target::Http {
            method, tls, path, ..
        } = &item.target
        else {
            return Err("not an HTTP call".to_owned());
        };
        let mut headers = HeaderMap::new();
        for (name, value) in &item.headers {
            if name.eq_ignore_ascii_case("host") {
                continue;
            }
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|e| e.to_string())?;
            headers.append(
                name,
                HeaderValue::from_str(value).map_err(|e| e.to_string())?,
            );
        }
        let path = normalize(path, paths).map_err(|error| error.to_string())?;
        Ok(Self {
            method: Method::from_bytes(method.as_bytes()).map_err(|e| e.to_string())?,
            scheme: if *tls { "https" } else { "http" },
            authority: item.host_header().unwrap_or_default(),
            path_and_query: path.into_owned(),
            headers,
        })
    }

    /// What `decide` reads.
    pub(super) fn borrow(&self) -> RequestHead<'_> {
        RequestHead {
            method: &self.method,
            scheme: self.scheme,
            authority: &self.authority,
            path_and_query: &self.path_and_query,
            headers: &self.headers,
        }
    }

    pub(super) fn authority(&self) -> &str {
        &self.authority
    }

    pub(super) fn path_and_query(&self) -> &str {
        &self.path_and_query
    }

    pub(super) fn is_head(&self) -> bool {
        self.method == Method::HEAD
    }

    /// Whether the caller speaks gRPC, so that a reply of the proxy has status 200 and a `grpc-status`.
    pub(super) fn is_grpc(&self) -> bool {
        let kind = self
            .headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok());
        kind.and_then(|kind| kind.strip_prefix("application/grpc"))
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('+'))
    }

    /// The status of a reply that the proxy makes itself.
    pub(super) fn status_of_reply(&self, status: u16) -> String {
        if self.is_grpc() {
            "200".to_owned()
        } else {
            status.to_string()
        }
    }
}
