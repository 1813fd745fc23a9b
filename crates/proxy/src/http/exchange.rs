//! The bookkeeping of one request: from its head to the end of its answer.

use std::borrow::Cow;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, DATE, HeaderValue, SERVER, USER_AGENT};
use http::{HeaderMap, Method, Request as EngineRequest, StatusCode, Version};
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use sealane_runtime::listener::{Continue, HttpManager, ServerHeader};
use sealane_runtime::table::RouteTable;
use tokio::time::Instant;

use super::edit;
use super::matched::Matched;
use super::message::{Request, Response, UpstreamHead, is_grpc};
use super::reply;
use super::tally::Tally;
use super::tunnel::Tunnel;
use super::upload::{Counted, Upload, data_length};
use crate::body::{Body, BodyError};
use crate::connection::Downstream;
use crate::failure::{Failure, Meaning};
use crate::splice::Passed;
use crate::telemetry::event::LocalReplyEvent;
use crate::telemetry::flag::Flag;
use crate::telemetry::record::AccessRecord;
use crate::telemetry::time::HttpDate;

/// Domains that an event names, at most.
const HOSTS_KNOWN: usize = 5;

/// One request and its answer. When it is dropped, it is counted, and the access log is written.
pub(crate) struct Exchange {
    pub(crate) downstream: Rc<Downstream>,
    /// What the log will say.
    pub(crate) record: Box<AccessRecord>,
    /// What metrics want to know beside.
    pub(crate) tally: Tally,
    manager: Option<Arc<HttpManager>>,
    started: Instant,
    upload: Rc<Upload>,
    is_head: bool,
    expects_continue: bool,
    stage: Stage,
    /// The route, whose response operations every answer gets, and the request's headers, which
    /// those may read.
    matched: Option<(Rc<Matched>, HeaderMap)>,
    /// What the CORS filter puts on every answer.
    cors: Option<HeaderMap>,
    /// What the connection becomes after this answer.
    tunnel: Option<Tunnel>,
    hosts_known: Vec<Arc<str>>,
}

/// How far the answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Nothing of it has been given to the engine.
    Waiting,
    /// Its head has.
    Answering,
    /// All of it has.
    Done,
}

impl Exchange {
    /// Begins the bookkeeping of `request`.
    pub(crate) fn open(downstream: &Rc<Downstream>, request: &EngineRequest<Incoming>) -> Self {
        let worker = &downstream.worker;
        let clock = &worker.proxy().outside().clock;
        let addresses = &downstream.addresses;
        let header = |name| request.headers().get(name).cloned();
        let authority = request.headers().get(http::header::HOST);
        let authority = authority.and_then(|host| host.to_str().ok());
        let uri = request.uri();
        let record = AccessRecord {
            method: Some(request.method().clone()),
            path: Some(
                uri.path_and_query()
                    .map_or("/", |path| path.as_str())
                    .to_owned(),
            ),
            protocol: Some(request.version()),
            user_agent: header(USER_AGENT.as_str()),
            forwarded_for: header("x-forwarded-for"),
            request_id: header("x-request-id"),
            authority: uri
                .authority()
                .map(http::uri::Authority::as_str)
                .or(authority)
                .map(str::to_owned),
            ..AccessRecord::begin(
                Arc::clone(worker.proxy().id()),
                Arc::clone(&downstream.listener),
                clock.wall(),
                (addresses.local, addresses.remote),
            )
        };
        downstream.activity.begin();
        Self {
            downstream: Rc::clone(downstream),
            record: Box::new(AccessRecord {
                server_name: addresses.server_name.clone(),
                ..record
            }),
            tally: Tally::new(is_grpc(request.headers())),
            manager: None,
            started: clock.now(),
            upload: Rc::default(),
            is_head: request.method() == Method::HEAD,
            expects_continue: false,
            stage: Stage::Waiting,
            matched: None,
            cors: None,
            tunnel: None,
            hosts_known: Vec::new(),
        }
    }

    /// The HTTP settings that the request is served by.
    pub(crate) fn managed(&mut self, manager: &Arc<HttpManager>) {
        self.manager = Some(Arc::clone(manager));
    }

    /// The request was accepted: its body is counted from now on.
    pub(crate) fn admitted(&mut self, request: &mut Request) {
        let headers = &request.headers;
        self.record.authority = Some(request.authority.clone());
        self.record.forwarded_for = headers.get("x-forwarded-for").cloned();
        self.record.request_id = headers.get("x-request-id").cloned();
        self.expects_continue = request.expects_continue;
        let body = std::mem::take(&mut request.body);
        let clock = &self.downstream.worker.proxy().outside().clock;
        if body.is_end_stream() {
            self.expects_continue = false;
            self.upload.finish(clock.now());
            return;
        }
        request.body = Body::layered(Counted {
            body: self.tally.request(body),
            upload: Rc::clone(&self.upload),
            clock: Arc::clone(clock),
            trailers: request.version == Version::HTTP_2 || self.passes_http1_trailers(),
        });
    }

    /// The request has a route: its response operations are done on every answer.
    pub(crate) fn matched(&mut self, matched: &Rc<Matched>, request: &Request) {
        self.tally.matched(matched);
        if edit::touches_response(matched) {
            self.matched = Some((Rc::clone(matched), request.headers.clone()));
        }
    }

    /// The CORS filter answers by itself: nothing else touches its answer.
    pub(crate) fn preflight(&mut self) {
        self.record.details = Cow::Borrowed("cors_response");
        self.matched = None;
    }

    /// Every answer gets these headers in place of its own.
    pub(crate) fn cors(&mut self, headers: HeaderMap) {
        self.cors = Some(headers);
    }

    /// The route answers by itself.
    pub(crate) fn direct(&mut self) {
        self.record.details = Cow::Borrowed("direct_response");
    }

    /// After the answer the connection becomes this.
    pub(crate) fn tunnel(&mut self, tunnel: Tunnel) {
        self.tunnel = Some(tunnel);
    }

    /// How long a stream may be silent.
    pub(crate) fn stream_idle_timeout(&self) -> Option<Duration> {
        let manager = self.manager.as_ref()?;
        manager.stream_idle_timeout.filter(|limit| !limit.is_zero())
    }

    /// Whether trailers of HTTP/1 messages pass.
    pub(crate) fn passes_http1_trailers(&self) -> bool {
        let manager = self.manager.as_ref();
        manager.is_some_and(|manager| manager.http1_trailers)
    }

    /// Whether it is the upstream that says `100 Continue`.
    pub(crate) fn asks_upstream_to_continue(&self) -> bool {
        let manager = self.manager.as_ref();
        manager.is_some_and(|manager| manager.continues == Continue::Upstream)
    }

    /// Nobody takes the request: the hosts that there are may help the caller.
    pub(crate) fn unknown_host(&mut self, table: &RouteTable) {
        let domains = table.virtual_hosts.iter().flat_map(|host| &host.domains);
        self.hosts_known = domains.take(HOSTS_KNOWN).map(Arc::clone).collect();
    }

    /// What is sent upstream.
    pub(crate) fn rewritten(&mut self, head: &UpstreamHead) {
        if self.record.authority.as_ref() != Some(&head.authority) {
            self.record.authority = Some(head.authority.clone());
        }
    }

    /// How far the request's body is.
    pub(crate) const fn upload(&self) -> &Rc<Upload> {
        &self.upload
    }

    /// The one place where a failure becomes a reply. The exchange goes on in the response's body,
    /// and ends with it.
    pub(crate) fn finish(mut self, outcome: Result<Response, Failure>) -> Response {
        let mut response = match outcome {
            Ok(response) => response,
            Err(failure) => self.fail(&failure),
        };
        response = self.tally.response(response);
        self.dress(&mut response);
        if self.waits_in_vain() {
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(CONNECTION, close);
        }
        self.record.status = response.status().as_u16();
        self.stage = Stage::Answering;
        if let Some(tunnel) = self.tunnel.take() {
            let worker = Rc::clone(&self.downstream.worker);
            worker.spawn("tunnel", self.run(tunnel));
            return response;
        }
        let bodyless = self.is_head
            || matches!(
                response.status(),
                StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED
            );
        if bodyless && !self.is_head {
            response.headers_mut().remove(CONTENT_LENGTH);
        }
        response.map(|body| {
            if bodyless || body.is_end_stream() {
                self.complete();
                return Body::Empty;
            }
            Body::layered(Answer {
                body,
                exchange: Some(self),
            })
        })
    }

    /// Whether the caller still waits for leave to send its body, which nobody wants: whether it
    /// sends it all the same cannot be known, so what follows on the connection cannot either.
    fn waits_in_vain(&self) -> bool {
        let http1 = self.record.protocol == Some(Version::HTTP_11);
        http1 && self.expects_continue && self.upload.bytes.get() == 0
    }

    /// All of the answer has been sent.
    fn complete(mut self) {
        self.stage = Stage::Done;
    }

    /// Keeps the books of a tunnel to its end.
    async fn run(mut self, tunnel: Tunnel) {
        let clock = &self.downstream.worker.proxy().outside().clock;
        let passed = Passed::new(Arc::clone(clock));
        tunnel.run(&passed).await;
        let upload = &self.upload.bytes;
        upload.set(upload.get() + passed.forth.get());
        self.record.bytes_sent += passed.back.get();
        self.stage = Stage::Done;
    }

    /// Turns a failure into the reply that Envoy would give, and tells whoever watches.
    fn fail(&mut self, failure: &Failure) -> Response {
        let retried = self.record.attempts > 1;
        let meaning = failure.meaning(retried);
        self.note(failure, &meaning);
        let response = reply::failure(failure, &meaning, self.tally.is_grpc());
        let record = &self.record;
        let event = LocalReplyEvent {
            proxy: Arc::clone(&record.proxy),
            listener: Arc::clone(&record.listener),
            local: record.downstream_local,
            status: response.status().as_u16(),
            flags: record.flags.clone(),
            details: record.details.clone(),
            method: record.method.clone().unwrap_or_default(),
            authority: record.authority.clone().unwrap_or_default(),
            path: record.path.clone().unwrap_or_default(),
            cluster: record.wanted_cluster.clone(),
            route: record.route.clone(),
            hosts_known: std::mem::take(&mut self.hosts_known),
        };
        self.downstream.worker.proxy().events().local_reply(event);
        response
    }

    fn note(&mut self, failure: &Failure, meaning: &Meaning) {
        if let Some(flag) = meaning.flag {
            self.record.flags.raise(flag);
        }
        self.record.details.clone_from(&meaning.details);
        if let Failure::Connect(connect) = failure {
            self.record.transport_failure = connect.transport_failure().cloned();
        }
    }

    /// What every response carries, whoever gave it.
    fn dress(&mut self, response: &mut Response) {
        let headers = response.headers_mut();
        if let Some((matched, request)) = &self.matched {
            let seen = (&self.downstream.addresses, &*self.record);
            edit::response(matched, headers, request, seen);
        }
        for (name, value) in self.cors.take().into_iter().flatten() {
            // Each name stands there once, with its name.
            if let Some(name) = name {
                headers.insert(name, value);
            }
        }
        let mode = self.manager.as_ref().map(|manager| manager.server_header);
        match mode {
            Some(ServerHeader::PassThrough) => {}
            Some(ServerHeader::AppendIfAbsent) if headers.contains_key(SERVER) => {}
            _ => {
                headers.insert(SERVER, self.server_name());
            }
        }
        let is_http1 = self
            .record
            .protocol
            .is_some_and(|version| version < Version::HTTP_2);
        if is_http1 && self.tunnel.is_none() && self.downstream.is_closing() {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        if !headers.contains_key(DATE) {
            let now = self.downstream.worker.proxy().outside().clock.wall();
            if let Ok(date) = HeaderValue::from_str(&HttpDate(now).to_string()) {
                headers.insert(DATE, date);
            }
        }
    }

    fn server_name(&self) -> HeaderValue {
        let name = self.manager.as_ref().map(|manager| &*manager.server_name);
        let name = name.filter(|name| !name.is_empty());
        name.and_then(|name| name.parse().ok())
            .unwrap_or(HeaderValue::from_static("envoy"))
    }

    /// How the caller left: its stream alone, or with its connection; or why it was sent away.
    fn left(&self) -> (Flag, &'static str) {
        if let Some(flood) = self.downstream.activity.flooded() {
            return (Flag::DownstreamProtocolError, flood.details());
        }
        let http2 = self.record.protocol == Some(Version::HTTP_2);
        if http2 && !self.downstream.activity.has_left() {
            (Flag::DownstreamRemoteReset, "http2.remote_reset")
        } else {
            (Flag::DownstreamDisconnect, "downstream_remote_disconnect")
        }
    }

    fn broken(&mut self, error: &BodyError) {
        let by_caller = self.upload.broken().is_some() && !matches!(error, BodyError::Timeout);
        let (flag, details) = if by_caller {
            self.left()
        } else {
            error.meaning()
        };
        self.record.flags.raise(flag);
        self.record.details = Cow::Borrowed(details);
        self.stage = Stage::Done;
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if self.stage != Stage::Done {
            let (flag, details) = self.left();
            self.record.flags.raise(flag);
            self.record.details = Cow::Borrowed(details);
        }
        if !self.upload.whole().get() {
            self.downstream.activity.answered_early();
            self.upload.give_up();
        }
        self.downstream.activity.end();
        let proxy = self.downstream.worker.proxy();
        let now = proxy.outside().clock.now();
        self.record.duration = now.saturating_duration_since(self.started);
        self.record.bytes_received = self.upload.bytes.get();
        self.tally.report(&self.downstream, &self.record);
        if proxy.access_log().wanted() {
            proxy.access_log().write((*self.record).clone());
        }
    }
}

/// A response's body that ends its exchange.
struct Answer {
    body: Body,
    exchange: Option<Exchange>,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        let ended = self.body.is_end_stream();
        if let Poll::Ready(next) = &polled
            && let Some(exchange) = &mut self.exchange
        {
            exchange.record.bytes_sent += data_length(next.as_ref());
            match next {
                Some(Err(error)) => exchange.broken(error),
                None => exchange.stage = Stage::Done,
                Some(Ok(_)) if ended => exchange.stage = Stage::Done,
                Some(Ok(_)) => {}
            }
            if exchange.stage == Stage::Done {
                self.exchange.take();
            }
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
