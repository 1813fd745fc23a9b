//! What an access log and an echo's answer give as evidence.

use http::{HeaderMap, HeaderName, HeaderValue, Method, Version};
use sealane_world::echo::Identity;
use tokio::time::Instant;

use super::*;

fn address(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 10, 0, 2], port))
}

fn arrival(workload: &str, headers: &[(&str, &str)]) -> Arrival {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        map.append(name, HeaderValue::from_str(value).unwrap());
    }
    let what = Arrived::Request {
        method: Method::GET,
        target: "/seen".to_owned(),
        host: "h".to_owned(),
        version: Version::HTTP_11,
        headers: map,
        answer: None,
    };
    Arrival {
        time: Instant::now(),
        reached: identity(workload),
        port: 80,
        what,
    }
}

fn identity(workload: &str) -> Identity {
    let (workload, pod) = (workload.to_owned(), format!("{workload}-0"));
    Identity {
        workload,
        pod,
        ..Identity::default()
    }
}

fn answer(workload: Option<&str>, port: u16) -> Answer {
    let mut answer = Answer {
        status: Some(200),
        local: Some(address(port)),
        ..Answer::default()
    };
    if let Some(workload) = workload {
        answer
            .headers
            .insert("x-echo-workload".to_owned(), workload.to_owned());
        answer
            .headers
            .insert("x-echo-pod".to_owned(), format!("{workload}-0"));
    }
    answer
}

fn line(cluster: &str, port: u16) -> LogLine {
    let logged = Logged {
        cluster: cluster.to_owned(),
        ..Logged::default()
    };
    LogLine {
        remote: address(port),
        logged,
    }
}

#[test]
fn calls_find_their_own_lines_and_hits() {
    let answers = vec![
        ("c1".to_owned(), answer(Some("a"), 1)),
        ("c2".to_owned(), answer(Some("b"), 2)),
    ];
    let arrivals = [
        arrival("b", &[(MARK, "c2")]),
        arrival("a", &[(MARK, "c1"), ("x", "1"), ("x", "2")]),
        arrival(
            "m",
            &[
                (MARK, "c1"),
                ("x-envoy-internal", "true"),
                ("x-forwarded-for", "1.2.3.4"),
            ],
        ),
        arrival("b", &[(MARK, "c2")]),
    ];
    let seen = assemble(answers, &arrivals, &[line("to-b", 2), line("to-a", 1)]);
    assert_eq!((seen[0].attempts, seen[1].attempts), (1, 2));
    assert_eq!(
        (seen[0].mirrored.as_slice(), seen[1].mirrored.len()),
        (&["m".to_owned()][..], 0)
    );
    assert_eq!(seen[0].log.as_ref().unwrap().cluster, "to-a");
    assert_eq!(seen[0].seen.as_ref().unwrap().headers["x"], "1,2");
    assert_eq!(seen[1].pod.as_deref(), Some("b-0"));
}

#[test]
fn an_answer_without_headers_still_says_who_it_is() {
    let mut bare = answer(None, 1);
    bare.body = r#"{"workload":"a","pod":"a-1"}"#.to_owned();
    let seen = assemble(vec![("c1".to_owned(), bare)], &[], &[]);
    assert_eq!(
        (seen[0].workload.as_deref(), seen[0].pod.as_deref()),
        (Some("a"), Some("a-1"))
    );
}

#[test]
fn an_answer_of_the_proxy_is_nobodys() {
    let mut own = answer(None, 1);
    own.body = "fault filter abort".to_owned();
    let seen = assemble(vec![("c1".to_owned(), own)], &[], &[line("c", 9)]);
    assert_eq!(seen[0].workload, None);
    assert_eq!(
        seen[0].log.as_ref().unwrap().cluster,
        "c",
        "the only line left"
    );
}

#[test]
fn a_line_is_found_by_who_answered_it() {
    let said = |workload: &str| {
        let body = format!("{workload} hello");
        Answer {
            body,
            ..Answer::default()
        }
    };
    let arrived = |workload: &str| {
        let what = Arrived::Line("hello".to_owned());
        Arrival {
            time: Instant::now(),
            reached: identity(workload),
            port: 1,
            what,
        }
    };
    let answers = vec![("c1".to_owned(), said("a")), ("c2".to_owned(), said("b"))];
    let seen = assemble(answers, &[arrived("b"), arrived("a")], &[]);
    assert_eq!(
        (seen[0].pod.as_deref(), seen[1].pod.as_deref()),
        (Some("a-0"), Some("b-0"))
    );
    assert_eq!((seen[0].attempts, seen[1].attempts), (1, 1));
}
