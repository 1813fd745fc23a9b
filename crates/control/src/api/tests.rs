//! The API over a control plane, spoken to in HTTP/1.1 over memory.

use std::io;
use std::net::SocketAddr;
use std::time::SystemTime;

use axum::serve::Listener;
use http::StatusCode;
use sealane_compile::MeshSettings;
use sealane_seam::TokioClock;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream};
use tokio::sync::mpsc;

mod bad_bodies;
mod discovery;
mod kept;
mod patches;
mod reading;
mod writing;

use super::*;
use crate::control::{Control, Outside};
use crate::fixture::{route, service, split};
use crate::surroundings::NoSurroundings;

const LIST: &str = "/apis/networking.istio.io/v1/namespaces/default/virtualservices";

/// Connections that are made in memory.
struct Pipes(mpsc::Receiver<DuplexStream>);

impl Listener for Pipes {
    type Io = DuplexStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (DuplexStream, SocketAddr) {
        match self.0.recv().await {
            Some(pipe) => (pipe, SocketAddr::from(([127, 0, 0, 1], 1))),
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(SocketAddr::from(([127, 0, 0, 1], 15000)))
    }
}

/// A served API.
struct Served(mpsc::Sender<DuplexStream>);

impl Served {
    fn new() -> Self {
        let outside = Outside {
            clock: Arc::new(TokioClock::starting_at(SystemTime::UNIX_EPOCH)),
            surroundings: Box::new(NoSurroundings::default()),
        };
        let control = Arc::new(Control::new(MeshSettings::default(), outside));
        let app = router(control).layer(middleware::from_fn_with_state(
            guard::Gate::default(),
            guard::guard,
        ));
        let (sender, receiver) = mpsc::channel(8);
        let serve = axum::serve(Pipes(receiver), app);
        tokio::spawn(async move { serve.await });
        Self(sender)
    }

    /// Sends a request; the answer is read from the pipe.
    async fn send(&self, head: &str, headers: &str, body: &str) -> DuplexStream {
        let (mut ours, theirs) = tokio::io::duplex(1024 * 1024);
        self.0.send(theirs).await.unwrap();
        let length = body.len();
        let text = format!(
            "{head} HTTP/1.1\r\nhost: localhost:15000\r\n{headers}content-length: {length}\r\n\r\n{body}"
        );
        ours.write_all(text.as_bytes()).await.unwrap();
        ours
    }

    async fn call(&self, head: &str, media_type: &str, body: &str) -> (StatusCode, Value) {
        let headers = format!("content-type: {media_type}\r\n");
        let answer = self.ask(head, &headers, body).await;
        let json = serde_json::from_str(&answer.body).unwrap_or(Value::Null);
        (answer.status, json)
    }

    /// Sends a request with headers of its own and reads the whole answer.
    async fn ask(&self, head: &str, headers: &str, body: &str) -> Answer {
        let headers = format!("connection: close\r\n{headers}");
        let mut pipe = self.send(head, &headers, body).await;
        let mut answer = Vec::new();
        pipe.read_to_end(&mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer);
        let status = answer.get(9..12).unwrap().parse().unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        Answer {
            status: StatusCode::from_u16(status).unwrap(),
            head: head.to_owned(),
            body: body.to_owned(),
        }
    }

    /// The table of a list.
    async fn table(&self, path: &str) -> Value {
        let accept = "accept: application/json;as=Table;v=v1;g=meta.k8s.io,application/json\r\n";
        let answer = self.ask(&format!("GET {path}"), accept, "").await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        serde_json::from_str(&answer.body).unwrap()
    }

    async fn get(&self, path: &str) -> (StatusCode, Value) {
        self.call(&format!("GET {path}"), "application/json", "")
            .await
    }

    async fn post(&self, path: &str, body: &str) -> (StatusCode, Value) {
        self.call(&format!("POST {path}"), "application/json", body)
            .await
    }

    async fn apply(&self, text: &str) -> (StatusCode, Value) {
        let body = json!({"files": [{"name": "a.yaml", "text": text}]});
        self.post("/sealane/v1/apply", &body.to_string()).await
    }
}

/// An answer to its end.
struct Answer {
    status: StatusCode,
    head: String,
    body: String,
}

fn weight(object: &Value) -> &Value {
    &object["spec"]["http"][0]["route"][0]["weight"]
}

#[tokio::test]
async fn objects_are_made_read_changed_and_taken_away() {
    let api = Served::new();
    let (status, made) = api.post(LIST, &split(80, 20)).await;
    assert_eq!(status, 201, "{made}");
    assert_eq!(made["metadata"]["resourceVersion"], "1");
    let (status, again) = api.post(LIST, &split(80, 20)).await;
    assert_eq!(
        (status.as_u16(), &again["reason"]),
        (409, &json!("AlreadyExists"))
    );

    let (status, list) = api.get(LIST).await;
    assert_eq!(status, 200);
    assert_eq!(list["kind"], "VirtualServiceList");
    assert_eq!(list["items"][0]["metadata"]["name"], "reviews");

    let one = format!("{LIST}/reviews");
    let patch = r#"{"metadata": {"labels": {"a": "b"}}}"#;
    let head = format!("PATCH {one}");
    let (status, patched) = api.call(&head, "application/merge-patch+json", patch).await;
    assert_eq!(status, 200, "{patched}");
    assert_eq!(weight(&patched), 80);
    assert_eq!(patched["metadata"]["labels"]["a"], "b");
    let (status, _) = api.call(&head, "text/plain", "[]").await;
    assert_eq!(status, 415);

    let mut stale = made.clone();
    stale["spec"]["hosts"] = json!(["other"]);
    let put = format!("PUT {one}");
    let (status, _) = api.call(&put, "application/json", &stale.to_string()).await;
    assert_eq!(status, 409, "it has changed since");

    let (status, gone) = api
        .call(&format!("DELETE {one}"), "application/json", "")
        .await;
    assert_eq!((status.as_u16(), &gone["status"]), (200, &json!("Success")));
    let (status, missing) = api.get(&one).await;
    assert_eq!(
        (status.as_u16(), &missing["reason"]),
        (404, &json!("NotFound"))
    );
    let message = missing["message"].as_str().unwrap();
    assert!(message.contains("\"reviews\" not found"), "{message}");
}

#[tokio::test]
async fn a_text_is_applied_as_one_transaction() {
    let api = Served::new();
    let both = format!("{}---\n{}", service(), split(80, 20));
    let (status, applied) = api.apply(&both).await;
    assert_eq!(status, 200, "{applied}");
    assert_eq!(applied["generation"], 1);
    let outcomes = |answer: &Value| -> Vec<String> {
        let objects = answer["objects"].as_array().unwrap().iter();
        let word = |object: &Value| {
            let text = |key: &str| object[key].as_str().unwrap().to_owned();
            format!("{} {} {}", text("kind"), text("name"), text("outcome"))
        };
        objects.map(word).collect()
    };
    assert_eq!(
        outcomes(&applied),
        ["VirtualService reviews created", "Service reviews created"]
    );
    let both = format!("{}---\n{}", service(), split(50, 50));
    let (_, applied) = api.apply(&both).await;
    assert_eq!(
        outcomes(&applied),
        [
            "VirtualService reviews configured",
            "Service reviews unchanged"
        ]
    );
    let broken = route("v1").replace("- destination", "- desination");
    let (status, refused) = api.apply(&broken).await;
    assert_eq!(status, 422);
    let error = refused["errors"][0].as_str().unwrap();
    assert!(
        error.contains("a.yaml:8:7") && error.contains("desination"),
        "{error}"
    );
    let (_, now) = api.get("/sealane/v1/generation").await;
    assert_eq!(now["generation"], 2);
}

#[tokio::test]
async fn a_watch_begins_with_what_is_there_and_goes_on() {
    let api = Served::new();
    api.apply(&split(80, 20)).await;
    let watch = api.send(&format!("GET {LIST}?watch=true"), "", "").await;
    let mut lines = BufReader::new(watch).lines();
    let mut event = async || loop {
        let line = lines.next_line().await.unwrap().unwrap();
        if line.starts_with('{') {
            break serde_json::from_str::<Value>(&line).unwrap();
        }
    };
    let first = event().await;
    assert_eq!(
        (&first["type"], weight(&first["object"])),
        (&json!("ADDED"), &json!(80))
    );
    api.apply(&split(50, 50)).await;
    let second = event().await;
    assert_eq!(
        (&second["type"], weight(&second["object"])),
        (&json!("MODIFIED"), &json!(50))
    );
    let delete = format!("DELETE {LIST}/reviews");
    api.call(&delete, "application/json", "").await;
    assert_eq!(event().await["type"], "DELETED");
}

#[tokio::test]
async fn what_is_not_served_is_a_status() {
    let api = Served::new();
    for path in ["/api/v1/nothings", "/apis/x/v1/pods", "/nowhere"] {
        let (status, answer) = api.get(path).await;
        assert_eq!(status, 404, "{path}");
        assert_eq!(answer["kind"], "Status", "{path}");
    }
    let (status, _) = api.post(LIST, "not: [an object").await;
    assert_eq!(status, 400);
    let wrong = split(80, 20).replace("weight: 80", "weight: many");
    let (status, answer) = api.post(LIST, &wrong).await;
    assert_eq!(
        (status.as_u16(), &answer["reason"]),
        (422, &json!("Invalid"))
    );
}

#[tokio::test]
async fn pages_of_other_sites_are_kept_out() {
    let api = Served::new();
    let headers = "connection: close\r\norigin: https://evil.example\r\n";
    let mut pipe = api.send(&format!("GET {LIST}"), headers, "").await;
    let mut answer = String::new();
    pipe.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
}
