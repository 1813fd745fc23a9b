//! The answer of an echo: what it saw, as JSON. Pure.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, COOKIE, HOST, TRAILER, TRANSFER_ENCODING};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, Version};
use http_body_util::Full;

use crate::echo::behaviour::Behaviour;
use crate::echo::identity::Identity;

const X_ECHO_WORKLOAD: HeaderName = HeaderName::from_static("x-echo-workload");
const X_ECHO_POD: HeaderName = HeaderName::from_static("x-echo-pod");
const X_ECHO_VERSION: HeaderName = HeaderName::from_static("x-echo-version");

/// The request target as it was sent (HTTP/1), or `:path` (HTTP/2).
pub(super) fn target(head: &Parts) -> String {
    if head.version < Version::HTTP_2 {
        return head.uri.to_string();
    }
    head.uri
        .path_and_query()
        .map_or("", |path| path.as_str())
        .to_owned()
}

/// The authority that the caller named, or empty.
pub(super) fn host(head: &Parts) -> String {
    let of_target = head.uri.authority().map(ToString::to_string);
    of_target
        .or_else(|| head.headers.get(HOST).map(text))
        .unwrap_or_default()
}

/// The JSON that tells the caller what reached `who` on `port`.
pub(super) fn json(who: &Identity, port: u16, head: &Parts, body_bytes: u64) -> String {
    let fields = [
        ("workload", string(&who.workload)),
        ("pod", string(&who.pod)),
        ("namespace", string(&who.namespace)),
        ("version", string(&who.version)),
        ("port", port.to_string()),
        ("method", string(head.method.as_str())),
        ("path", string(&target(head))),
        ("host", string(&host(head))),
        ("protocol", string(protocol(head.version))),
        ("headers", headers(&head.headers)),
        ("body_bytes", body_bytes.to_string()),
    ];
    let fields: Vec<String> = fields
        .iter()
        .map(|(key, value)| format!("\"{key}\":{value}"))
        .collect();
    format!("{{{}}}", fields.join(","))
}

/// The whole answer: `status`, the headers that `behaviour` adds, its body or else `json`.
pub(super) fn response(
    who: &Identity,
    behaviour: &Behaviour,
    status: StatusCode,
    json: String,
) -> Response<Full<Bytes>> {
    let (kind, body) = match &behaviour.body {
        Some(text) => ("text/plain", text.clone()),
        None => ("application/json", json),
    };
    let bodyless = status == StatusCode::NO_CONTENT || status == StatusCode::NOT_MODIFIED;
    let body = if bodyless { String::new() } else { body };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in &behaviour.response_headers {
        headers.append(name, value.clone());
    }
    if behaviour.body.is_none() || !headers.contains_key(CONTENT_TYPE) {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    for (name, value) in [
        (X_ECHO_WORKLOAD, &who.workload),
        (X_ECHO_POD, &who.pod),
        (X_ECHO_VERSION, &who.version),
    ] {
        // Names of objects are visible ASCII; a version label that is not is left empty.
        let value = HeaderValue::try_from(value).unwrap_or(HeaderValue::from_static(""));
        headers.insert(name, value);
    }
    response
}

fn protocol(version: Version) -> &'static str {
    match version {
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_2 => "HTTP/2.0",
        _ => "HTTP/1.1",
    }
}

/// The header fields by sorted name; those that `host` shows or the framing uses are not in it.
fn headers(fields: &HeaderMap) -> String {
    let mut joined: BTreeMap<&str, String> = BTreeMap::new();
    for (name, value) in fields {
        if [HOST, TRANSFER_ENCODING, TRAILER].contains(name) {
            continue;
        }
        let separator = if *name == COOKIE { "; " } else { "," };
        joined
            .entry(name.as_str())
            .and_modify(|values| {
                values.push_str(separator);
                values.push_str(&text(value));
            })
            .or_insert_with(|| text(value));
    }
    let fields: Vec<String> = joined
        .iter()
        .map(|(name, value)| format!("{}:{}", string(name), string(value)))
        .collect();
    format!("{{{}}}", fields.join(","))
}

fn text(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}

fn string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn who() -> Identity {
        Identity {
            namespace: "default".to_owned(),
            workload: "reviews-v1".to_owned(),
            pod: "reviews-v1-0".to_owned(),
            version: "v1".to_owned(),
        }
    }

    #[test]
    fn the_json_has_the_documented_keys_in_their_order() {
        let request = Request::get("/ratings?x=1")
            .header("Host", "reviews:9080")
            .header("x-b", "1")
            .header("x-a", "say \"hi\"")
            .header("x-b", "2");
        let (head, ()) = request.body(()).unwrap().into_parts();
        assert_eq!(
            json(&who(), 9080, &head, 7),
            concat!(
                r#"{"workload":"reviews-v1","pod":"reviews-v1-0","namespace":"default","#,
                r#""version":"v1","port":9080,"method":"GET","path":"/ratings?x=1","#,
                r#""host":"reviews:9080","protocol":"HTTP/1.1","#,
                r#""headers":{"x-a":"say \"hi\"","x-b":"1,2"},"body_bytes":7}"#
            )
        );
    }

    #[test]
    fn http2_shows_its_path_and_authority() {
        let request = Request::post("http://reviews:9080/a?b").version(Version::HTTP_2);
        let (head, ()) = request.body(()).unwrap().into_parts();
        assert_eq!((&*target(&head), &*host(&head)), ("/a?b", "reviews:9080"));
    }

    #[test]
    fn the_echo_headers_win_over_those_of_an_annotation() {
        let behaviour = Behaviour {
            body: Some("hi".to_owned()),
            response_headers: vec![
                (X_ECHO_POD, HeaderValue::from_static("other")),
                (CONTENT_TYPE, HeaderValue::from_static("text/html")),
            ],
            ..Behaviour::default()
        };
        let response = response(&who(), &behaviour, StatusCode::OK, String::new());
        let shown = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(shown("x-echo-pod"), "reviews-v1-0");
        assert_eq!(shown("x-echo-workload"), "reviews-v1");
        assert_eq!(shown("x-echo-version"), "v1");
        assert_eq!(shown("content-type"), "text/html");
    }
}
