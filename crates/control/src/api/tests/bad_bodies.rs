//! Bodies that are meant to hurt: each gets a `Status`, and changes nothing.

use std::fmt::Write as _;

use super::*;

async fn refused(media_type: &str, body: &str) -> (u16, String) {
    let api = Served::new();
    let (status, answer) = api.call(&format!("POST {LIST}"), media_type, body).await;
    assert_eq!(answer["kind"], "Status", "{status} {answer}");
    let (_, now) = api.get("/sealane/v1/generation").await;
    assert_eq!(now["generation"], 0);
    let message = answer["message"].as_str().unwrap().to_owned();
    (status.as_u16(), message)
}

#[tokio::test]
async fn nesting_comes_to_an_end() {
    let json = "application/json";
    for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("{a: ", "}")] {
        let deep = format!("{}1{}", open.repeat(10_000), close.repeat(10_000));
        let (status, message) = refused(json, &deep).await;
        assert_eq!(status, 400, "{message}");
    }
}

#[tokio::test]
async fn a_billion_laughs_are_not_laughed() {
    let mut yaml = String::from("a: &a [x, x, x, x, x, x, x, x, x]\n");
    for (this, last) in ('b'..='i').zip('a'..) {
        let all = format!("*{last}, ").repeat(9);
        writeln!(yaml, "{this}: &{this} [{all}]").unwrap();
    }
    let (status, message) = refused("application/yaml", &yaml).await;
    assert_eq!(status, 400, "{message}");
}

#[tokio::test]
async fn a_key_stands_once() {
    let twice = r#"{"metadata": {"name": "a", "name": "b"}, "spec": {"hosts": ["x"]}}"#;
    let (status, message) = refused("application/json", twice).await;
    assert_eq!(status, 400);
    assert!(message.contains("duplicate field \"name\""), "{message}");
    let (status, message) =
        refused("application/yaml", "metadata: {name: a}\nmetadata: {}\n").await;
    assert_eq!(status, 400, "{message}");
}

#[tokio::test]
async fn characters_that_are_no_text_are_refused() {
    for body in ["\0", "{\"a\": \"\0\"}", "metadata:\0 {}"] {
        assert_eq!(refused("application/json", body).await.0, 400, "{body:?}");
    }
    let object = json!({"metadata": {"name": "a\u{0}b"}, "spec": {"hosts": ["x"]}});
    let (status, _) = refused("application/json", &object.to_string()).await;
    assert_eq!(status, 422);
}

#[tokio::test]
async fn a_byte_order_mark_is_read_past() {
    let api = Served::new();
    let (status, made) = api.post(LIST, &format!("\u{feff}{}", split(80, 20))).await;
    assert_eq!(status, 201, "{made}");
}

#[tokio::test]
async fn bytes_that_are_no_utf8_are_refused() {
    let api = Served::new();
    let head = format!("POST {LIST} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n");
    let (mut ours, theirs) = tokio::io::duplex(64 * 1024);
    api.0.send(theirs).await.unwrap();
    let text = format!("{head}content-length: 3\r\n\r\n");
    ours.write_all(&[text.as_bytes(), b"\xff\xfe\xfd"].concat())
        .await
        .unwrap();
    let mut answer = String::new();
    ours.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert!(answer.contains("\"Status\""), "{answer}");
}

#[tokio::test]
async fn a_body_that_is_too_large_is_not_read() {
    let api = Served::new();
    let (mut ours, theirs) = tokio::io::duplex(64 * 1024);
    api.0.send(theirs).await.unwrap();
    let head = format!(
        "POST {LIST} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
         content-length: 52428800\r\n\r\n"
    );
    ours.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    ours.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(answer.contains("RequestEntityTooLarge"), "{answer}");
}

#[tokio::test]
async fn protobuf_that_is_not_known_says_what_to_send() {
    let protobuf = "application/vnd.kubernetes.protobuf";
    let (status, message) = refused(protobuf, "k8s\0nonsense").await;
    assert_eq!(status, 415);
    assert!(message.contains("send application/json"), "{message}");
    let (status, _) = refused("text/html", "<p>").await;
    assert_eq!(status, 415);
}

#[tokio::test]
async fn only_this_machine_and_its_pages_are_let_in() {
    let api = Served::new();
    let ask = async |host: &str, origin: &str| {
        let (mut ours, theirs) = tokio::io::duplex(64 * 1024);
        api.0.send(theirs).await.unwrap();
        let head = format!(
            "POST {LIST} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{origin}\
             content-length: 0\r\n\r\n"
        );
        ours.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        ours.read_to_string(&mut answer).await.unwrap();
        answer.get(9..12).unwrap().to_owned()
    };
    assert_eq!(
        ask("localhost:15000", "").await,
        "400",
        "only the body is wrong"
    );
    for host in [
        "rebound.example:15000",
        "127.0.0.1.example",
        "10.0.0.1",
        "0.0.0.0:15000",
    ] {
        assert_eq!(ask(host, "").await, "403", "{host}");
    }
    for origin in [
        "https://evil.example",
        "null",
        "http://localhost.evil.example",
    ] {
        let header = format!("origin: {origin}\r\n");
        assert_eq!(ask("localhost:15000", &header).await, "403", "{origin}");
    }
    assert_eq!(
        ask("127.0.0.1:15000", "origin: http://127.0.0.1:3000\r\n").await,
        "400"
    );
}
