//! Scenario files, read as a user writes them.

use std::time::Duration;

use super::call::Target;
use super::expect::{Key, Want};
use super::measure::Relation;
use super::options::Weights;
use super::*;

fn read(text: &str) -> Scenario {
    Scenario::read("a/b.md", text).unwrap()
}

fn calls(yaml: &str) -> Vec<CallItem> {
    read(&format!("```yaml calls\n{yaml}```\n"))
        .items()
        .cloned()
        .collect()
}

fn problems(text: &str) -> String {
    Scenario::read("a/b.md", text).unwrap_err().to_string()
}

#[test]
fn steps_come_in_file_order() {
    let scenario = read(
        "# T\n```yaml options\nweights: random\nmesh: { a: { b: C } }\n```\n\
         ```yaml manifests\nkind: X\n```\n```yaml delete\n- Pod/n/a\n- Gateway/g\n```\n\
         ```yaml calls\n- call: GET http://a/\n```\n",
    );
    assert_eq!(scenario.options.weights, Weights::Random);
    assert_eq!(scenario.options.mesh, serde_json::json!({"a": {"b": "C"}}));
    let [
        Step::Manifests { text, line },
        Step::Delete(refs),
        Step::Calls(items),
    ] = scenario.steps.as_slice()
    else {
        panic!("{:?}", scenario.steps)
    };
    assert_eq!((text.as_str(), *line), ("kind: X\n", 7));
    assert_eq!(
        (refs[0].namespace.as_deref(), refs[1].namespace.as_deref()),
        (Some("n"), None)
    );
    assert_eq!(
        (refs[1].kind.as_str(), refs[1].name.as_str(), refs[1].line),
        ("Gateway", "g", 11)
    );
    assert_eq!(items[0].line, 14);
}

#[test]
fn what_istio_does_is_documentation() {
    let text = "```yaml calls sealane\n- call: GET http://a/\n```\n\
                ```yaml calls istio\n- call: GET http://b/\n```\n";
    let urls: Vec<String> = read(text).items().map(|item| item.call.clone()).collect();
    assert_eq!(urls, ["GET http://a/"]);
}

#[test]
fn urls_are_taken_apart() {
    let http = |text: &str| match Target::parse(text).unwrap() {
        Target::Http {
            method,
            tls,
            host,
            port,
            path,
        } => (method, tls, host, port, path),
        other => panic!("{other:?}"),
    };
    let own = |m: &str, t, h: &str, p, u: &str| (m.to_owned(), t, h.to_owned(), p, u.to_owned());
    assert_eq!(
        http("GET http://reviews:9080/a?x=1"),
        own("GET", false, "reviews", 9080, "/a?x=1")
    );
    assert_eq!(
        http("PUT https://A.Example.Com"),
        own("PUT", true, "A.Example.Com", 443, "/")
    );
    assert_eq!(http("GET http://a?x"), own("GET", false, "a", 80, "/?x"));
    assert_eq!(
        http("GET http://[::1]:81/"),
        own("GET", false, "::1", 81, "/")
    );
    let tcp = Target::Tcp {
        host: "db".to_owned(),
        port: 5432,
    };
    assert_eq!(Target::parse("TCP db:5432"), Ok(tcp));
    assert!(Target::parse("TLS db").is_err());
    assert!(Target::parse("GET reviews:9080/").is_err());
    assert!(Target::parse("GET http://:80/").is_err());
}

#[test]
fn a_call_has_the_headers_of_curl() {
    let items = calls(
        "- call: GET http://a/\n  headers: { b: [1, x], c: true }\n- call: GET https://a:444/\n\
         - call: GET http://a:80/\n  headers: { HOST: z }\n",
    );
    let text = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(
        items[0].headers,
        [text("b", "1"), text("b", "x"), text("c", "true")]
    );
    assert_eq!(items[0].host_header().as_deref(), Some("a"));
    assert_eq!(items[1].host_header().as_deref(), Some("a:444"));
    assert_eq!(items[1].server_name(), Some("a"));
    assert_eq!(items[2].host_header().as_deref(), Some("z"));
    assert_eq!(
        (items[0].times, items[0].concurrency, items[0].caller()),
        (1, 1, "client")
    );
}

#[test]
fn every_key_of_expect_is_read() {
    let item = &calls(
        "- call: GET http://a/\n  times: 3\n  expect:\n    status: none\n    shares: { 200: 50%, 503: 50% }\n    \
         to: { a: 90%, nobody: 10% }\n    pods: '>=2'\n    flags: \"-\"\n    cluster: outbound|80||a\n    \
         route: null\n    path: ~^/x\n    host: a\n    upstream_headers: { X-A: [1, 2], b: null }\n    \
         response_headers: { c: 1 }\n    body: ''\n    attempts: 1.5\n    mirrored: { m: 0% }\n    \
         took: '>=2s <4s'\n",
    )[0];
    let keys: Vec<Key> = item
        .expect
        .iter()
        .map(|expectation| expectation.key)
        .collect();
    assert_eq!(keys, Key::ALL);
    let want = |key: Key| &item.expect.iter().find(|e| e.key == key).unwrap().want;
    let exact = |text: &str| Want::Each(pattern::Pattern::Exact(text.to_owned()));
    assert_eq!(*want(Key::Status), exact("none"));
    assert_eq!(*want(Key::Route), exact("-"));
    assert_eq!(*want(Key::Pods), Want::Number(Relation::AtLeast, 2.0));
    let Want::Headers(headers) = want(Key::UpstreamHeaders) else {
        panic!("no headers")
    };
    assert_eq!(
        headers["x-a"],
        Some(pattern::Pattern::Exact("1,2".to_owned()))
    );
    assert_eq!(headers["b"], None);
    let limits = vec![
        (Relation::AtLeast, Duration::from_secs(2)),
        (Relation::Below, Duration::from_secs(4)),
    ];
    assert_eq!(*want(Key::Took), Want::Within(limits));
}

#[test]
fn every_mistake_is_named_with_its_line() {
    let text = "```yaml calls\n- call: GET http://a/\n  tmes: 3\n  expect: { status: 200,\n    too: b }\n\
                - call: GET a\n- name: x\n- call: GET http://a/\n  times: 0\n  expect: { took: 3, to: { a: 200% } }\n```\n\
                ```yaml call\n```\n```yaml delete\n- a\n```\n```yaml options\nweight: 1\n```\n";
    let found = problems(text);
    let lines: Vec<&str> = found.lines().collect();
    let starts = [
        "a/b.md:3: unknown key `tmes`",
        "a/b.md:5: unknown key `too`",
        "a/b.md:6: `GET a` is no call",
        "a/b.md:7: a call needs",
        "a/b.md:9: expected a whole number",
        "a/b.md:10: took: `3` is no limit",
        "a/b.md:10: to: expected a share",
        "a/b.md:12: unknown block `yaml call`",
        "a/b.md:15: expected KIND/NAME",
        "a/b.md:18: options must stand before",
    ];
    assert_eq!(lines.len(), starts.len(), "{found}");
    for (line, start) in lines.iter().zip(starts) {
        assert!(line.starts_with(start), "{line}\nshould start {start}");
    }
}

#[test]
fn yaml_that_cannot_be_read_is_a_problem_on_its_line() {
    assert!(problems("a\n```yaml calls\n- call: [\n```\n").starts_with("a/b.md:"));
}
