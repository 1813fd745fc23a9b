//! The objects of the API, and what their pods said: `GET …/pods/NAME/log`.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::body::{Body, Bytes};
use axum::extract::Query;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use http::Uri;
use http::header::CONTENT_TYPE;
use sealane_control::api::status::Refusal;
use sealane_control::api::{Backend, Refused, Text, Written};
use sealane_control::declared::Edit;
use sealane_control::shown::Shown;
use sealane_control::time;
use sealane_model::kind::ObjectKey;
use sealane_seam::BoxFuture;
use serde::Deserialize;
use tokio::sync::watch;

use crate::logs::{Line, Reader};
use crate::mesh::Mesh;

/// The control plane, with the logs of the mesh's pods.
pub(super) struct WithLogs(pub(super) Arc<Mesh>);

impl WithLogs {
    fn objects(&self) -> &dyn Backend {
        &**self.0.control()
    }

    fn answer(&self, pod: &ObjectKey, query: &str) -> Result<Response, Refusal> {
        let wanted = Wanted::parse(query)?;
        self.check_container(pod, &wanted)?;
        let name = (pod.namespace.clone(), pod.name.clone());
        let reader = self.0.logs().of(&name).read(wanted.tail);
        let now = self.0.control().wall();
        let telling = Telling {
            reader,
            since: wanted.since.map(|since| since.before(now)),
            timestamps: wanted.timestamps,
            left: wanted.limit,
            follow: wanted.follow,
            waiting: VecDeque::new(),
            begun: false,
        };
        let lines = stream::unfold(telling, |mut telling| async move {
            let bytes = telling.next().await?;
            Some((Ok::<_, Infallible>(bytes), telling))
        });
        Ok(([(CONTENT_TYPE, "text/plain")], Body::from_stream(lines)).into_response())
    }

    fn check_container(&self, pod: &ObjectKey, wanted: &Wanted) -> Result<(), Refusal> {
        let Some(container) = &wanted.container else {
            return Ok(());
        };
        let world = self.0.world();
        let found = world
            .pods
            .iter()
            .find(|it| it.namespace() == pod.namespace && it.name() == pod.name);
        let containers = found.iter().flat_map(|it| &it.planned.spec.containers);
        let names: Vec<&str> = containers.map(|it| it.name.as_str()).collect();
        // The pods that are always there have none.
        if names.is_empty() || names.contains(&container.as_str()) {
            return Ok(());
        }
        Err(Refusal::bad_request(format!(
            "container {container} is not valid for pod {}; it has {}",
            pod.name,
            names.join(", ")
        )))
    }
}

impl Backend for WithLogs {
    fn shown(&self) -> watch::Receiver<Arc<Vec<Arc<Shown>>>> {
        self.objects().shown()
    }

    fn write(&self, edits: Vec<Edit>) -> BoxFuture<'_, Result<Written, Refused>> {
        self.objects().write(edits)
    }

    fn apply(&self, texts: Vec<Text>) -> BoxFuture<'_, Result<Written, Refused>> {
        self.objects().apply(texts)
    }

    fn try_out(&self, texts: Vec<Text>) -> Result<Written, Refused> {
        self.objects().try_out(texts)
    }

    fn now(&self) -> SystemTime {
        self.objects().now()
    }

    fn log<'a>(&'a self, pod: &'a ObjectKey, query: &'a str) -> BoxFuture<'a, Response> {
        let answer = self.answer(pod, query);
        Box::pin(async move { answer.unwrap_or_else(IntoResponse::into_response) })
    }
}

/// The parameters as they stand in the query.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Parameters {
    container: Option<String>,
    follow: Option<String>,
    previous: Option<String>,
    timestamps: Option<String>,
    tail_lines: Option<i64>,
    since_seconds: Option<u64>,
    since_time: Option<String>,
    limit_bytes: Option<usize>,
}

/// From when on lines are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Since {
    Age(Duration),
    Time(SystemTime),
}

impl Since {
    fn before(self, now: SystemTime) -> SystemTime {
        match self {
            Self::Age(age) => now.checked_sub(age).unwrap_or(SystemTime::UNIX_EPOCH),
            Self::Time(time) => time,
        }
    }
}

/// What is wanted of a log.
#[derive(Debug, PartialEq, Eq)]
struct Wanted {
    container: Option<String>,
    follow: bool,
    timestamps: bool,
    tail: Option<usize>,
    since: Option<Since>,
    limit: usize,
}

impl Wanted {
    fn parse(query: &str) -> Result<Self, Refusal> {
        let uri: Result<Uri, _> = format!("/?{query}").parse();
        let uri = uri.map_err(|error| Refusal::bad_request(error.to_string()))?;
        let read = Query::<Parameters>::try_from_uri(&uri);
        let Query(said) = read.map_err(|error| Refusal::bad_request(error.body_text()))?;
        if is_true(said.previous.as_ref()) {
            return Err(Refusal::bad_request(
                "what ran before in a pod is not kept apart: its last lines are in the same log",
            ));
        }
        let tail = said.tail_lines.map(usize::try_from).transpose();
        let tail = tail.map_err(|_negative| Refusal::invalid("tailLines is negative"))?;
        let since = match (&said.since_time, said.since_seconds) {
            (Some(text), _) => Some(Since::Time(time::parse(text).ok_or_else(|| {
                Refusal::bad_request(format!("sinceTime {text}: want 2026-11-21T10:20:30Z"))
            })?)),
            (None, seconds) => seconds.map(|it| Since::Age(Duration::from_secs(it))),
        };
        Ok(Self {
            follow: is_true(said.follow.as_ref()),
            timestamps: is_true(said.timestamps.as_ref()),
            container: said.container.filter(|name| !name.is_empty()),
            tail,
            since,
            limit: said.limit_bytes.unwrap_or(usize::MAX),
        })
    }
}

/// As API servers read it: `follow` alone and `follow=1` are true.
fn is_true(parameter: Option<&String>) -> bool {
    parameter.is_some_and(|text| !matches!(text.as_str(), "false" | "0"))
}

/// A log on its way to somebody.
struct Telling {
    reader: Reader,
    since: Option<SystemTime>,
    timestamps: bool,
    /// Bytes that may still be sent.
    left: usize,
    follow: bool,
    waiting: VecDeque<Line>,
    begun: bool,
}

impl Telling {
    /// The next bytes; `None` at the end.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if self.left == 0 {
                return None;
            }
            if let Some(line) = self.waiting.pop_front() {
                if self.since.is_some_and(|since| line.at < since) {
                    continue;
                }
                return Some(self.written(&line));
            }
            if !self.begun {
                self.begun = true;
                self.waiting = self.reader.now().into();
            } else if self.follow {
                self.waiting = self.reader.next().await?.into();
            } else {
                return None;
            }
        }
    }

    fn written(&mut self, line: &Line) -> Bytes {
        let mut text = String::new();
        if self.timestamps {
            text.push_str(&time::rfc3339(line.at));
            text.push(' ');
        }
        text.push_str(&line.text);
        text.push('\n');
        let mut bytes = text.into_bytes();
        bytes.truncate(self.left);
        self.left -= bytes.len();
        bytes.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_those_of_an_api_server() {
        let wanted = Wanted::parse("container=app&follow=true&tailLines=3&sinceSeconds=9").unwrap();
        assert_eq!(wanted.container.as_deref(), Some("app"));
        assert_eq!((wanted.follow, wanted.timestamps), (true, false));
        assert_eq!(wanted.tail, Some(3));
        assert_eq!(wanted.since, Some(Since::Age(Duration::from_secs(9))));
        assert!(!Wanted::parse("follow=false").unwrap().follow);
        for wrong in [
            "tailLines=-1",
            "tailLines=x",
            "previous=true",
            "sinceTime=now",
        ] {
            assert!(Wanted::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[tokio::test]
    async fn a_log_is_cut_where_it_was_asked_to() {
        let log = Arc::new(crate::logs::PodLog::default());
        for (second, text) in [(1, "old"), (5, "new"), (6, "newer")] {
            let at = SystemTime::UNIX_EPOCH + Duration::from_secs(second);
            log.push(at, text);
        }
        let mut telling = Telling {
            reader: log.read(None),
            since: Some(SystemTime::UNIX_EPOCH + Duration::from_secs(5)),
            timestamps: false,
            left: 6,
            follow: false,
            waiting: VecDeque::new(),
            begun: false,
        };
        let mut all = Vec::new();
        while let Some(bytes) = telling.next().await {
            all.extend(bytes);
        }
        assert_eq!(all, b"new\nne");
    }
}
