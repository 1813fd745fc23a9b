//! A strict caller: it sends what a call item says and nothing else, one connection for each call.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use sealane_seam::{BoxIo, Connection};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::time::{Instant, timeout};

use crate::scenario::call::{CallItem, Target};

/// The header by which a call is found again in what workloads saw.
pub const MARK: &str = "x-scenario-call";

/// A call that takes longer has no answer.
const PATIENCE: Duration = Duration::from_mins(1);

/// An answer larger than this is cut off.
const LONGEST_LINE: u64 = 64 * 1024;

/// What came back of one call.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Answer {
    /// The status; nothing without an answer, and for TCP.
    pub status: Option<u16>,
    /// Headers and trailers by lower-case name, repeated values joined with `,`.
    pub headers: BTreeMap<String, String>,
    /// The body, or the line.
    pub body: String,
    /// Why there is no answer.
    pub error: Option<String>,
    /// From the connect to the end of the body.
    pub took: Duration,
    /// Our end of the connection.
    pub local: Option<SocketAddr>,
}

/// Makes one call over the connection that `connect` yields. Errors are an answer too.
pub async fn call(
    item: &CallItem,
    mark: &str,
    connect: impl Future<Output = std::io::Result<Connection>>,
) -> Answer {
    let start = Instant::now();
    let mut answer = Answer::default();
    let made = timeout(PATIENCE, make(item, mark, connect, &mut answer)).await;
    match made {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            answer.error = Some(error);
            answer.status = None;
        }
        Err(_) => {
            answer.error = Some(format!("no answer within {} s", PATIENCE.as_secs()));
            answer.status = None;
        }
    }
    answer.took = start.elapsed();
    answer
}

async fn make(
    item: &CallItem,
    mark: &str,
    connect: impl Future<Output = std::io::Result<Connection>>,
    answer: &mut Answer,
) -> Result<(), String> {
    let connection = connect.await.map_err(|error| format!("refused: {error}"))?;
    answer.local = Some(connection.local);
    match &item.target {
        Target::Http { .. } if item.http2 => send_http2(item, mark, connection.io, answer).await,
        Target::Http { .. } => send_http1(item, mark, connection.io, answer).await,
        Target::Tcp { .. } | Target::Tls { .. } => send_line(item, connection.io, answer).await,
    }
}

async fn send_http1(
    item: &CallItem,
    mark: &str,
    io: BoxIo,
    answer: &mut Answer,
) -> Result<(), String> {
    let request = request(item, mark)?;
    let (mut sender, driver) = http1::handshake(TokioIo::new(io))
        .await
        .map_err(|error| broken(&error))?;
    let exchange = async {
        let response = sender
            .send_request(request)
            .await
            .map_err(|error| broken(&error))?;
        read(response, answer).await
    };
    drive(exchange, driver).await
}

async fn send_http2(
    item: &CallItem,
    mark: &str,
    io: BoxIo,
    answer: &mut Answer,
) -> Result<(), String> {
    let request = request(item, mark)?;
    let (mut sender, driver) = http2::handshake(TokioExecutor::new(), TokioIo::new(io))
        .await
        .map_err(|error| broken(&error))?;
    let exchange = async {
        let response = sender
            .send_request(request)
            .await
            .map_err(|error| broken(&error))?;
        read(response, answer).await
    };
    drive(exchange, driver).await
}

/// Runs the connection beside the exchange. The connection may end first: its bytes are read by then.
async fn drive<T>(
    exchange: impl Future<Output = Result<T, String>>,
    driver: impl Future<Output = hyper::Result<()>>,
) -> Result<T, String> {
    let (mut exchange, mut driver) = (pin!(exchange), pin!(driver));
    let mut driving = true;
    loop {
        tokio::select! {
            biased;
            done = &mut exchange => return done,
            _ = &mut driver, if driving => driving = false,
        }
    }
}

fn request(item: &CallItem, mark: &str) -> Result<Request<Full<Bytes>>, String> {
    let Target::Http {
        method, path, tls, ..
    } = &item.target
    else {
        return Err("not an HTTP call".to_owned());
    };
    let host = item.host_header().unwrap_or_default();
    let scheme = if *tls { "https" } else { "http" };
    let uri = if item.http2 {
        format!("{scheme}://{host}{path}")
    } else {
        path.clone()
    };
    let body = Full::new(Bytes::from(item.body.clone().unwrap_or_default()));
    let mut request = Request::builder().method(method.as_str()).uri(uri);
    if !item.http2 {
        request = request.header(http::header::HOST, host);
    }
    if !item
        .headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("accept"))
    {
        request = request.header(http::header::ACCEPT, "*/*");
    }
    for (name, value) in &item.headers {
        if !name.eq_ignore_ascii_case("host") {
            request = request.header(name, value);
        }
    }
    request
        .header(MARK, mark)
        .body(body)
        .map_err(|error| format!("this request cannot be sent: {error}"))
}

async fn read(response: Response<Incoming>, answer: &mut Answer) -> Result<(), String> {
    let (head, body) = response.into_parts();
    answer.status = Some(head.status.as_u16());
    join(&head.headers, &mut answer.headers);
    let collected = body.collect().await.map_err(|error| broken(&error))?;
    if let Some(trailers) = collected.trailers() {
        join(trailers, &mut answer.headers);
    }
    answer.body = String::from_utf8_lossy(&collected.to_bytes()).into_owned();
    Ok(())
}

/// Adds headers by lower-case name, repeated values joined with `,`.
pub(crate) fn join(headers: &HeaderMap, into: &mut BTreeMap<String, String>) {
    for name in headers.keys() {
        let values = headers.get_all(name).iter();
        let values: Vec<String> = values
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
            .collect();
        into.insert(name.as_str().to_owned(), values.join(","));
    }
}

async fn send_line(item: &CallItem, io: BoxIo, answer: &mut Answer) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("broken: {error}");
    let mut io = BufReader::new(io);
    let text = item.body.as_deref().unwrap_or("hello");
    io.write_all(format!("{text}\n").as_bytes())
        .await
        .map_err(failed)?;
    io.flush().await.map_err(failed)?;
    let mut line = Vec::new();
    io.take(LONGEST_LINE)
        .read_until(b'\n', &mut line)
        .await
        .map_err(failed)?;
    if line.is_empty() {
        return Err("closed without an answer".to_owned());
    }
    let line = String::from_utf8_lossy(&line);
    line.trim_end_matches(['\r', '\n'])
        .clone_into(&mut answer.body);
    Ok(())
}

fn broken(error: &hyper::Error) -> String {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}"));
    format!("broken: {error}{}", cause.unwrap_or_default())
}
