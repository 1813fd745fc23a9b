//! What a route hashes of a request, so that alike requests reach the same endpoint.

use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderValue};
use sealane_runtime::RequestHead;
use sealane_runtime::hash::{NewCookie, request_hash};
use sealane_runtime::route::Forward;

use super::message::UpstreamHead;
use crate::connection::Downstream;

/// The hash of a request, and the cookies that its caller gets for it.
#[derive(Debug)]
pub(crate) struct Sticky {
    pub(crate) hash: Option<u64>,
    cookies: Vec<NewCookie>,
}

impl Sticky {
    /// What `action` hashes of the request as it is forwarded.
    pub(crate) fn of(action: &Forward, head: &UpstreamHead, downstream: &Downstream) -> Self {
        let mut cookies = Vec::new();
        if action.hash.is_empty() {
            return Self {
                hash: None,
                cookies,
            };
        }
        let head = RequestHead {
            method: &head.method,
            scheme: head.scheme,
            authority: &head.authority,
            path_and_query: &head.path,
            headers: &head.headers,
        };
        let source = downstream.addresses.remote.ip();
        let random = &downstream.worker.proxy().outside().random;
        let made = (random.next_u64(), &mut cookies);
        Self {
            hash: request_hash(&action.hash, &head, source, made),
            cookies,
        }
    }

    /// Gives the caller its new cookies.
    pub(crate) fn bake(self, headers: &mut HeaderMap) {
        for cookie in self.cookies {
            if let Ok(value) = HeaderValue::from_str(&cookie.set_cookie) {
                headers.append(SET_COOKIE, value);
            }
        }
    }
}
