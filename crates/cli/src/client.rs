//! Requests to a running mesh: its admin API, its gateways and its capture ports.

use std::net::{SocketAddr, ToSocketAddrs as _};

use anyhow::{Error, Result, anyhow};
use bytes::Bytes;
use http::header::{AUTHORIZATION, HOST};
use http::{HeaderMap, Method, Request, StatusCode, Uri, request};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use sealane_control::api::token::Token;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::failure::{Failure, USAGE};

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The status.
    pub(crate) status: StatusCode,
    /// The headers.
    pub(crate) headers: HeaderMap,
    /// The body.
    pub(crate) body: Bytes,
}

/// A connection that is kept for the next request.
pub(crate) struct Link {
    sender: http1::SendRequest<Full<Bytes>>,
}

impl Link {
    /// Connects to `address`.
    pub(crate) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::Builder::new()
            .preserve_header_case(true)
            .handshake(TokioIo::new(stream))
            .await?;
        // The task ends with the connection, which ends when `sender` is dropped.
        drop(tokio::spawn(connection));
        Ok(Self { sender })
    }

    /// Sends `request`, its target as it stands, and reads the answer.
    pub(crate) async fn send(&mut self, request: Request<Full<Bytes>>) -> Result<Answer> {
        self.sender.ready().await?;
        let response = self.sender.send_request(request).await?;
        let (head, body) = response.into_parts();
        let body = body.collect().await?.to_bytes();
        Ok(Answer {
            status: head.status,
            headers: head.headers,
            body,
        })
    }
}

/// An answer that goes on, read line by line.
pub(crate) struct Lines {
    body: Incoming,
    waiting: Vec<u8>,
    // The connection lives as long as its sender.
    _link: Link,
}

impl Lines {
    /// The next line without its line feed; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<String>> {
        loop {
            if let Some(end) = self.waiting.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.waiting.drain(..=end).collect();
                return Ok(Some(String::from_utf8_lossy(&line).trim_end().to_owned()));
            }
            let Some(frame) = self.body.frame().await else {
                return Ok(None);
            };
            if let Ok(data) = frame?.into_data() {
                self.waiting.extend_from_slice(&data);
            }
        }
    }
}

/// The admin API of a mesh.
#[derive(Debug, Clone)]
pub(crate) struct Admin {
    address: SocketAddr,
    /// What it is called.
    authority: String,
    token: Option<Token>,
}

impl Admin {
    /// The API at `address`.
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self {
            address,
            authority: address.to_string(),
            token: None,
        }
    }

    /// The API at a URL that a user wrote.
    pub(crate) fn from_url(url: &str) -> Result<Self> {
        let wanted = || Failure {
            code: USAGE,
            text: format!("error: --server {url} is no address of a mesh\n  want http://HOST:PORT"),
        };
        let uri: Uri = url.parse().map_err(|_ignored| wanted())?;
        let port = uri.port_u16().ok_or_else(wanted)?;
        let host = uri.host().filter(|_| uri.scheme_str() == Some("http"));
        let host = host.ok_or_else(wanted)?.replace("localhost", "127.0.0.1");
        let named = format!("{host}:{port}");
        let mut found = named.to_socket_addrs().map_err(|error| {
            anyhow!("--server {url}: {host} has no address: {error}\n  want http://HOST:PORT")
        })?;
        Ok(Self {
            authority: named,
            ..Self::new(found.next().ok_or_else(wanted)?)
        })
    }

    /// The same for who has `token`.
    pub(crate) fn showing(self, token: Option<Token>) -> Self {
        Self { token, ..self }
    }

    /// Where it is.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it is called, with its port.
    pub(crate) fn authority(&self) -> &str {
        &self.authority
    }

    /// What it wants to see.
    pub(crate) const fn token(&self) -> Option<&Token> {
        self.token.as_ref()
    }

    /// GETs `path` and decodes the JSON; the message of a `Status` answer is the error.
    pub(crate) async fn get(&self, path: &str) -> Result<Value> {
        self.call(Method::GET, path, None).await
    }

    /// Sends a request with an optional body of the given media type, and decodes the JSON.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<(&str, Bytes)>,
    ) -> Result<Value> {
        let (status, value) = self.exchange(method, path, body).await?;
        if status.is_success() {
            return Ok(value);
        }
        Err(self.refused(status, &value, path))
    }

    /// The object at `path`; `None` when there is none.
    pub(crate) async fn find(&self, path: &str) -> Result<Option<Value>> {
        let (status, value) = self.exchange(Method::GET, path, None).await?;
        match status {
            StatusCode::NOT_FOUND => Ok(None),
            status if status.is_success() => Ok(Some(value)),
            status => Err(self.refused(status, &value, path)),
        }
    }

    /// Changes fields of the object at `path`.
    pub(crate) async fn merge(&self, path: &str, patch: &Value) -> Result<Value> {
        let body = ("application/merge-patch+json", patch.to_string().into());
        self.call(Method::PATCH, path, Some(body)).await
    }

    /// The lines of an answer that goes on, such as a watch.
    pub(crate) async fn lines(&self, path: &str) -> Result<Lines> {
        let mut link = self.link().await?;
        let request = self.request(Method::GET, path);
        let request = request.body(Full::new(Bytes::new()))?;
        let response = link.sender.send_request(request).await?;
        let status = response.status();
        let body = response.into_body();
        if status.is_success() {
            return Ok(Lines {
                body,
                waiting: Vec::new(),
                _link: link,
            });
        }
        let bytes = body.collect().await?.to_bytes();
        let value: Value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Err(self.refused(status, &value, path))
    }

    async fn link(&self) -> Result<Link> {
        Link::open(self.address).await.map_err(|error| {
            anyhow!(
                "no mesh answers at http://{}: {error}\n  \
                 start one: sealane up DIR            another: --server http://HOST:PORT",
                self.authority
            )
        })
    }

    fn request(&self, method: Method, path: &str) -> request::Builder {
        let request = Request::builder().method(method).uri(path);
        let request = request.header(HOST, &self.authority);
        match &self.token {
            Some(token) => request.header(AUTHORIZATION, format!("Bearer {}", token.reveal())),
            None => request,
        }
    }

    /// Why there is no answer.
    pub(crate) fn refused(&self, status: StatusCode, value: &Value, path: &str) -> Error {
        if status == StatusCode::UNAUTHORIZED {
            let which = match self.token {
                Some(_) => "wants another token",
                None => "wants a token",
            };
            return anyhow!(
                "the mesh at http://{} {which}\n  \
                 sealane up printed it at its start: export SEALANE_TOKEN=TOKEN",
                self.authority
            );
        }
        let message = value.get("message").and_then(Value::as_str);
        let message = message.map_or_else(|| format!("{status} from {path}"), str::to_owned);
        anyhow!("{message}")
    }

    /// The same, with the status whatever it is.
    pub(crate) async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Option<(&str, Bytes)>,
    ) -> Result<(StatusCode, Value)> {
        let mut link = self.link().await?;
        let mut request = self.request(method, path);
        if let Some((media_type, _)) = &body {
            request = request.header("content-type", *media_type);
        }
        let body = body.map(|(_, bytes)| bytes).unwrap_or_default();
        let answer = link.send(request.body(Full::new(body))?).await?;
        let value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
        Ok((answer.status, value))
    }
}
