//! Requests to a running mesh: its admin API, its gateways and its capture ports.

use std::net::SocketAddr;

use anyhow::{Context, Result, anyhow};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

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

/// The admin API of a mesh.
#[derive(Debug, Clone)]
pub(crate) struct Admin {
    address: SocketAddr,
}

impl Admin {
    /// The API at `address`.
    pub(crate) const fn new(address: SocketAddr) -> Self {
        Self { address }
    }

    /// The API at a URL that a user wrote.
    pub(crate) fn from_url(url: &str) -> Result<Self> {
        let wanted = || anyhow!("--server {url}: want http://HOST:PORT");
        let uri: Uri = url.parse().map_err(|_ignored| wanted())?;
        let host = uri.host().ok_or_else(wanted)?;
        let port = uri.port_u16().ok_or_else(wanted)?;
        let address = format!("{}:{port}", host.replace("localhost", "127.0.0.1"));
        Ok(Self::new(address.parse().map_err(|_ignored| wanted())?))
    }

    /// Where it is, as a URL.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
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
        let message = value.get("message").and_then(Value::as_str);
        Err(anyhow!(
            "{}",
            message.map_or_else(|| format!("{status} from {path}"), str::to_owned)
        ))
    }

    /// The same, with the status whatever it is.
    pub(crate) async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Option<(&str, Bytes)>,
    ) -> Result<(StatusCode, Value)> {
        let mut link = Link::open(self.address)
            .await
            .with_context(|| format!("cannot reach the mesh at http://{}", self.address))?;
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", self.address.to_string());
        if let Some((media_type, _)) = &body {
            request = request.header("content-type", *media_type);
        }
        let body = body.map(|(_, bytes)| bytes).unwrap_or_default();
        let answer = link.send(request.body(Full::new(body))?).await?;
        let value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
        Ok((answer.status, value))
    }
}
