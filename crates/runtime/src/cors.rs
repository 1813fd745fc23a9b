//! Cross-origin requests, as Envoy's `envoy.filters.http.cors` answers them.

use std::sync::Arc;

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use crate::matcher::string::StringMatch;
use crate::request::RequestHead;

#[cfg(test)]
mod tests;

/// How cross-origin requests are answered. The lists are header values, ready to be sent; `None`
/// leaves the header out.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CorsPolicy {
    /// The origins that are allowed; one that matches the text `*` allows every origin.
    pub origins: Vec<StringMatch>,
    /// `access-control-allow-methods` of a preflight; `*` becomes what was asked for.
    pub methods: Option<HeaderValue>,
    /// `access-control-allow-headers` of a preflight; `*` becomes what was asked for.
    pub headers: Option<HeaderValue>,
    /// `access-control-expose-headers`.
    pub expose: Option<HeaderValue>,
    /// `access-control-max-age` of a preflight.
    pub max_age: Option<HeaderValue>,
    /// `access-control-allow-credentials: true`.
    pub credentials: bool,
    /// Answer `access-control-request-private-network`.
    pub private_network: bool,
    /// Preflights from other origins go upstream instead of being answered here.
    pub forward_other_preflights: bool,
}

/// What a policy does with a request.
#[derive(Debug, Clone, PartialEq)]
pub enum CorsOutcome {
    /// It is a preflight: answer 200 with these headers and no body, details `cors_response`.
    Preflight(HeaderMap),
    /// Go on; the response, whoever gives it, gets these headers in place of its own.
    Actual(HeaderMap),
    /// Go on; the response stays as it is.
    None,
}

impl CorsPolicy {
    /// What the policy does with `head`.
    pub fn evaluate(&self, head: &RequestHead<'_>) -> CorsOutcome {
        let Some(origin) = head.headers.get(ORIGIN).filter(|origin| !origin.is_empty()) else {
            return CorsOutcome::None;
        };
        let allowed = self.allows(origin);
        match preflight_method(head) {
            Some(_) if !allowed && self.forward_other_preflights => CorsOutcome::None,
            Some(method) => {
                let origin = allowed.then_some(origin);
                CorsOutcome::Preflight(self.preflight(head, origin, method))
            }
            None if allowed => {
                let mut headers = HeaderMap::new();
                self.admit(&mut headers, origin);
                insert(
                    &mut headers,
                    ACCESS_CONTROL_EXPOSE_HEADERS,
                    self.expose.as_ref(),
                );
                CorsOutcome::Actual(headers)
            }
            None => CorsOutcome::None,
        }
    }

    fn allows(&self, origin: &HeaderValue) -> bool {
        self.origins
            .iter()
            .any(|allowed| allowed.matches(b"*") || allowed.matches(origin.as_bytes()))
    }

    fn admit(&self, headers: &mut HeaderMap, origin: &HeaderValue) {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        if self.credentials {
            headers.insert(
                ACCESS_CONTROL_ALLOW_CREDENTIALS,
                HeaderValue::from_static("true"),
            );
        }
    }

    /// Another origin gets everything but the permission.
    fn preflight(
        &self,
        head: &RequestHead<'_>,
        origin: Option<&HeaderValue>,
        method: &HeaderValue,
    ) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if let Some(origin) = origin {
            self.admit(&mut headers, origin);
        }
        let methods = self.methods.as_ref().map(|list| wanted(list, Some(method)));
        insert(&mut headers, ACCESS_CONTROL_ALLOW_METHODS, methods.as_ref());
        let asked = head.headers.get(ACCESS_CONTROL_REQUEST_HEADERS);
        let names = self.headers.as_ref().map(|list| wanted(list, asked));
        insert(&mut headers, ACCESS_CONTROL_ALLOW_HEADERS, names.as_ref());
        insert(&mut headers, ACCESS_CONTROL_MAX_AGE, self.max_age.as_ref());
        insert(
            &mut headers,
            ACCESS_CONTROL_EXPOSE_HEADERS,
            self.expose.as_ref(),
        );
        let private = head.headers.get("access-control-request-private-network");
        if self.private_network && private.is_some_and(|value| value == "true") {
            headers.insert(
                HeaderName::from_static("access-control-allow-private-network"),
                HeaderValue::from_static("true"),
            );
        }
        headers
    }

    /// The policy for humans, `origins = http://a, = http://b`.
    pub fn describe(&self) -> Arc<str> {
        let origins: Vec<_> = self.origins.iter().map(ToString::to_string).collect();
        format!("origins {}", origins.join(", ")).into()
    }
}

/// The method that a preflight asks about; `None` for every other request.
fn preflight_method<'a>(head: &RequestHead<'a>) -> Option<&'a HeaderValue> {
    let asked = head.headers.get(ACCESS_CONTROL_REQUEST_METHOD)?;
    (head.method == Method::OPTIONS && !asked.is_empty()).then_some(asked)
}

/// `list`, or what was asked for when the list is a star; empty when nothing was.
fn wanted(list: &HeaderValue, asked: Option<&HeaderValue>) -> HeaderValue {
    match (list == "*", asked) {
        (false, _) => list.clone(),
        (true, Some(asked)) => asked.clone(),
        (true, None) => HeaderValue::from_static(""),
    }
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: Option<&HeaderValue>) {
    if let Some(value) = value {
        headers.insert(name, value.clone());
    }
}
