//! Requests as they reach a capture port.

use super::*;

fn name(name: &str) -> Host {
    Host::Name(name.to_owned())
}

#[track_caller]
fn check(method: &Method, uri: &str, wanted: Result<(Kind, Host, u16), Refused>) {
    let found = asked(method, &uri.parse().unwrap());
    let wanted = wanted.map(|(kind, host, port)| Asked { kind, host, port });
    assert_eq!(found, wanted, "{method} {uri}");
}

#[test]
fn the_uri_says_where_to_go() {
    use Kind::{Request, Tunnel};
    let v4 = || Host::Address("127.20.0.1".parse().unwrap());
    let v6 = || Host::Address("::1".parse().unwrap());
    check(
        &Method::GET,
        "http://Reviews:9080/a?b",
        Ok((Request, name("reviews"), 9080)),
    );
    check(
        &Method::GET,
        "http://reviews.default",
        Ok((Request, name("reviews.default"), 80)),
    );
    check(&Method::GET, "http://127.20.0.1/", Ok((Request, v4(), 80)));
    check(&Method::GET, "http://[::1]:81/", Ok((Request, v6(), 81)));
    check(
        &Method::CONNECT,
        "reviews:443",
        Ok((Tunnel, name("reviews"), 443)),
    );
    check(&Method::CONNECT, "[::1]:443", Ok((Tunnel, v6(), 443)));
}

#[test]
fn what_is_not_for_a_proxy_is_refused() {
    let vague = |authority: &str| Err(Refused::Authority(authority.to_owned()));
    check(&Method::GET, "/", Err(Refused::NotForProxy));
    check(&Method::OPTIONS, "*", Err(Refused::NotForProxy));
    check(&Method::GET, "reviews:80", Err(Refused::NotForProxy));
    check(
        &Method::GET,
        "https://a/",
        Err(Refused::Scheme("https".to_owned())),
    );
    check(
        &Method::GET,
        "ftp://a/",
        Err(Refused::Scheme("ftp".to_owned())),
    );
    check(&Method::GET, "http://u:p@a/", vague("u:p@a"));
    check(&Method::GET, "http://a:0/", vague("a:0"));
    check(&Method::CONNECT, "reviews", vague("reviews"));
}

#[test]
fn admin_ports_are_recognised_by_every_address_that_leads_there() {
    let reach = |to: &str, at: &str| reaches(to.parse().unwrap(), at.parse().unwrap());
    for here in [
        "127.0.0.1:15000",
        "[::1]:15000",
        "0.0.0.0:15000",
        "[::ffff:127.0.0.1]:15000",
    ] {
        assert!(reach(here, "127.0.0.1:15000"), "{here}");
        assert!(reach(here, "0.0.0.0:15000"), "{here}");
        assert!(reach(here, "[::]:15000"), "{here}");
    }
    assert!(reach("127.10.0.7:15000", "0.0.0.0:15000"));
    assert!(!reach("127.10.0.7:15000", "127.0.0.1:15000"));
    assert!(!reach("127.0.0.1:15001", "127.0.0.1:15000"));
}

#[test]
fn a_request_becomes_what_its_sender_would_have_sent_itself() {
    let check = |uri: &str, headers: &[(&str, &str)], path: &str, wanted: &[(&str, &str)]| {
        let mut uri: Uri = uri.parse().unwrap();
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name: HeaderName = name.parse().unwrap();
            map.append(name, value.parse().unwrap());
        }
        as_captured(&mut uri, &mut map).unwrap();
        assert_eq!(uri.to_string(), path);
        let mut left: Vec<(&str, &str)> = Vec::new();
        for (name, value) in &map {
            left.push((name.as_str(), value.to_str().unwrap()));
        }
        left.sort_unstable();
        assert_eq!(left, wanted);
    };
    check("http://a:9080/x?y=1", &[], "/x?y=1", &[("host", "a:9080")]);
    check("http://a", &[("host", "b.c")], "/", &[("host", "b.c")]);
    check(
        "http://a/",
        &[
            ("connection", "keep-alive, X-A"),
            ("connection", "close,proxy-connection"),
            ("proxy-connection", "keep-alive"),
            ("proxy-authorization", "Basic eA=="),
            ("keep-alive", "timeout=5"),
            ("authorization", "stays"),
        ],
        "/",
        &[
            ("authorization", "stays"),
            ("connection", "X-A"),
            ("host", "a"),
        ],
    );
}

#[test]
fn several_hosts_are_refused() {
    let mut headers = HeaderMap::new();
    headers.append(HOST, HeaderValue::from_static("a"));
    headers.append(HOST, HeaderValue::from_static("a"));
    let mut uri = Uri::from_static("http://a/");
    assert_eq!(as_captured(&mut uri, &mut headers), Err(Refused::Hosts));
}

#[test]
fn every_refusal_says_what_to_do() {
    let unknown = Refused::Unknown {
        host: "nobody".to_owned(),
        port: 81,
    };
    let (status, text) = unknown.answer();
    assert_eq!(status, 502);
    assert!(text.contains("\"nobody\" (port 81)") && text.contains("Declare a Service"));
    let (status, text) = Refused::NotForProxy.answer();
    assert_eq!(status, 400);
    assert!(text.contains("curl -x"));
}
