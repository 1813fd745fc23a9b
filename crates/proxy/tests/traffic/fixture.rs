//! A proxy, workloads and callers on one network in memory.

use std::cell::RefCell;
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use sealane_proxy::proxy::{Kind, Outside, Proxy};
use sealane_proxy::telemetry::access_log::AccessLog;
use sealane_proxy::telemetry::event::{Events, LocalReplyEvent};
use sealane_proxy::telemetry::hashed::Hashed;
use sealane_proxy::telemetry::metrics::Totals;
use sealane_proxy::telemetry::metrics::exposition::exposition;
use sealane_proxy::telemetry::record::AccessRecord;
use sealane_proxy::telemetry::workload::{Workload, Workloads};
use sealane_proxy::worker::Worker;
use sealane_runtime::Runtime;
use sealane_seam::{
    BoxFuture, BoxIo, LocalSpawner, MemoryTransport, Resolved, Resolver, SeededRandom, TokioClock,
    Transport,
};

use crate::build::{SERVICE, address};

/// A caller's address.
const CALLER: &str = "127.10.0.1:40000";
/// The address of the pod beside a sidecar that is called.
const POD: &str = "127.10.0.9:9080";

/// Longer than anything here takes. Where nobody has anything left to do, the clock jumps to it: a
/// test that waits in vain fails.
const FOR_EVER: Duration = Duration::from_hours(10_000);

/// Runs a test on one thread with a paused clock.
pub(crate) fn run<F: Future<Output = ()> + 'static>(test: F) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    let test = async { tokio::time::timeout(FOR_EVER, test).await };
    let ended = tokio::task::LocalSet::new().block_on(&runtime, test);
    assert!(ended.is_ok(), "it waits in vain");
}

/// A proxy and its network.
pub(crate) struct Bench {
    pub(crate) network: MemoryTransport,
    pub(crate) worker: Rc<Worker>,
    pub(crate) seen: Arc<Seen>,
}

/// What the proxy told.
#[derive(Default)]
pub(crate) struct Seen {
    records: Mutex<Vec<AccessRecord>>,
    events: Mutex<Vec<LocalReplyEvent>>,
    pub(crate) crowded: Mutex<Vec<(u64, usize)>>,
}

impl Seen {
    /// The records that there are.
    pub(crate) fn take(&self) -> Vec<AccessRecord> {
        std::mem::take(&mut *self.records.lock().unwrap())
    }
}

impl AccessLog for Seen {
    fn wanted(&self) -> bool {
        true
    }

    fn write(&self, record: AccessRecord) {
        self.records.lock().unwrap().push(record);
    }
}

impl Events for Seen {
    fn local_reply(&self, event: LocalReplyEvent) {
        self.events.lock().unwrap().push(event);
    }

    fn crowded(&self, refused: u64, limit: usize) {
        self.crowded.lock().unwrap().push((refused, limit));
    }
}

/// Knows the caller, and the pod beside a sidecar that is called.
struct Neighbours;

impl Workloads for Neighbours {
    fn at(&self, there: IpAddr) -> Option<Hashed<Workload>> {
        let named = |name: &str| {
            Hashed::new(Workload {
                name: name.into(),
                namespace: "default".into(),
                app: name.into(),
                ..Workload::unknown()
            })
        };
        match there {
            there if there == address(CALLER).ip() => Some(named("client")),
            there if there == address(POD).ip() => Some(named("reviews")),
            _ => None,
        }
    }
}

struct NoNames;

impl Resolver for NoNames {
    fn resolve<'a>(&'a self, _host: &'a str) -> BoxFuture<'a, io::Result<Resolved>> {
        Box::pin(async { Err(io::ErrorKind::NotFound.into()) })
    }
}

/// A response, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

impl Bench {
    pub(crate) fn new(runtime: Runtime) -> Self {
        Self::of(Kind::Sidecar, runtime)
    }

    pub(crate) fn of(kind: Kind, runtime: Runtime) -> Self {
        let network = MemoryTransport::new();
        let own = address(CALLER).ip();
        Self::on((Arc::new(network.clone()), network), own, kind, runtime)
    }

    /// A sidecar that reaches nothing but its workload, on a network of their own.
    pub(crate) fn beside_workload(runtime: Runtime) -> Self {
        let mesh = Arc::new(MemoryTransport::new());
        let own = address(POD).ip();
        Self::on((mesh, MemoryTransport::new()), own, Kind::Sidecar, runtime)
    }

    fn on(
        (transport, network): (Arc<dyn Transport>, MemoryTransport),
        own: IpAddr,
        kind: Kind,
        runtime: Runtime,
    ) -> Self {
        let seen = Arc::new(Seen::default());
        let wall = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_257_875);
        let outside = Outside {
            clock: Arc::new(TokioClock::starting_at(wall)),
            random: Arc::new(SeededRandom::new(1)),
            workload: Arc::new(network.clone()),
            transport,
            resolver: Arc::new(NoNames),
        };
        let proxy = Proxy::new("client", kind, outside)
            .with_workloads(own, Arc::new(Neighbours))
            .with_access_log(Arc::clone(&seen) as Arc<dyn AccessLog>)
            .with_events(Arc::clone(&seen) as Arc<dyn Events>);
        proxy.install(runtime);
        Self {
            network,
            worker: Worker::new(Arc::new(proxy), Rc::new(LocalSpawner)),
            seen,
        }
    }

    /// A workload at `at` that answers every request with `answer`; the requests it saw.
    pub(crate) fn workload<A, F>(&self, at: &str, answer: A) -> Requests
    where
        A: Fn(Request<Bytes>) -> F + 'static,
        F: Future<Output = Response<Full<Bytes>>> + 'static,
    {
        let requests = Requests::default();
        let (seen, answer) = (requests.clone(), Rc::new(answer));
        self.raw(at, move |io| serve(io, seen.clone(), Rc::clone(&answer)));
        requests
    }

    /// A workload that answers with this text.
    pub(crate) fn echo(&self, at: &str, text: &'static str) -> Requests {
        self.workload(at, move |_| async move { response(200, text) })
    }

    /// A workload that does `serve` with every connection.
    pub(crate) fn raw<S, F>(&self, at: &str, serve: S)
    where
        S: Fn(BoxIo) -> F + 'static,
        F: Future<Output = ()> + 'static,
    {
        let bound = self.network.bind(address(at)).unwrap();
        let mut accept = bound.accept_here().unwrap();
        tokio::task::spawn_local(async move {
            let _bound = bound;
            while let Ok(connection) = accept.accept().await {
                tokio::task::spawn_local(serve(connection.io));
            }
        });
    }

    /// A connection of the workload's, captured on its way to `destination`.
    pub(crate) fn connect(&self, destination: &str) -> BoxIo {
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        let worker = Rc::clone(&self.worker);
        let destination: SocketAddr = address(destination);
        tokio::task::spawn_local(async move {
            worker
                .serve_captured(Box::new(theirs), destination, address(CALLER))
                .await;
        });
        Box::new(ours)
    }

    /// An HTTP/1.1 client on a connection of its own.
    pub(crate) async fn client(&self) -> Client {
        let io = TokioIo::new(self.connect(SERVICE));
        let (sender, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
        tokio::task::spawn_local(connection);
        Client(sender)
    }

    /// Sends one request to the workload at `destination`, on a connection of its own.
    pub(crate) async fn call(&self, destination: &str, request: Request<Full<Bytes>>) -> Answer {
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        let worker = Rc::clone(&self.worker);
        let destination: SocketAddr = address(destination);
        tokio::task::spawn_local(async move {
            let (io, caller) = (Box::new(theirs), address(CALLER));
            worker.serve_inbound(io, destination, caller).await;
        });
        let made = hyper::client::conn::http1::handshake(TokioIo::new(ours)).await;
        let (sender, connection) = made.unwrap();
        tokio::task::spawn_local(connection);
        Client(sender).send(request).await
    }

    /// Sends one request on a connection of its own.
    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> Answer {
        self.client().await.send(request).await
    }

    /// `GET path` of `reviews`.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(get(path)).await
    }

    /// Writes bytes on a connection and reads until it is closed, or nothing more comes.
    pub(crate) async fn talk(&self, bytes: &[u8]) -> String {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let mut io = self.connect(SERVICE);
        // Who refuses a long head need not read all of it.
        drop(io.write_all(bytes).await);
        let mut read = Vec::new();
        let reading = io.read_to_end(&mut read);
        drop(tokio::time::timeout(Duration::from_secs(5), reading).await);
        String::from_utf8_lossy(&read).into_owned()
    }

    /// The only record that was written, once it is.
    pub(crate) async fn record(&self) -> AccessRecord {
        let mut records = self.records(1).await;
        records.pop().unwrap()
    }

    /// All records, once there are `count`.
    pub(crate) async fn records(&self, count: usize) -> Vec<AccessRecord> {
        for _ in 0..1000 {
            if self.seen.records.lock().unwrap().len() >= count {
                break;
            }
            tokio::task::yield_now().await;
        }
        let records = self.seen.take();
        assert_eq!(records.len(), count);
        records
    }

    /// The samples of a metric that have all of these labels, as Prometheus reads them.
    pub(crate) fn samples(&self, metric: &str, labels: &[&str]) -> Vec<String> {
        let mut totals = Totals::default();
        let proxy = self.worker.proxy();
        totals.add(proxy.metrics());
        let text = exposition(Arc::new(totals), proxy.stats(false)).unwrap();
        let samples = text.lines().filter(|line| {
            let name = line.split(['{', ' ']).next();
            name == Some(metric) && labels.iter().all(|label| line.contains(label))
        });
        samples.map(str::to_owned).collect()
    }

    /// The value of the only sample of a metric with these labels.
    pub(crate) fn metric(&self, metric: &str, labels: &[&str]) -> f64 {
        let samples = self.samples(metric, labels);
        assert_eq!(samples.len(), 1, "{metric} {labels:?}: {samples:#?}");
        samples[0].rsplit(' ').next().unwrap().parse().unwrap()
    }

    /// The events that were told.
    pub(crate) fn events(&self) -> Vec<LocalReplyEvent> {
        self.seen.events.lock().unwrap().clone()
    }
}

/// Serves HTTP/1.1 on `io`.
async fn serve<A, F>(io: BoxIo, seen: Requests, answer: Rc<A>)
where
    A: Fn(Request<Bytes>) -> F + 'static,
    F: Future<Output = Response<Full<Bytes>>> + 'static,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let (seen, answer) = (seen.clone(), Rc::clone(&answer));
        async move {
            let (parts, body) = request.into_parts();
            let body = body
                .collect()
                .await
                .map(http_body_util::Collected::to_bytes);
            let request = Request::from_parts(parts, body.unwrap_or_default());
            seen.0.borrow_mut().push(request.clone());
            Ok::<_, Infallible>(answer(request).await)
        }
    });
    let http = hyper::server::conn::http1::Builder::new();
    // The caller's end of the connection may be dropped at any time.
    drop(http.serve_connection(TokioIo::new(io), service).await);
}

/// A client's end of a connection.
pub(crate) struct Client(hyper::client::conn::http1::SendRequest<Full<Bytes>>);

impl Client {
    pub(crate) async fn send(&mut self, request: Request<Full<Bytes>>) -> Answer {
        self.0.ready().await.unwrap();
        let response = self.0.send_request(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let collected = body.collect().await.unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(collected.to_bytes().to_vec()).unwrap(),
        }
    }
}

/// Runs an engine's own tasks on this thread.
#[derive(Clone, Copy)]
pub(crate) struct Local;

impl<F: Future<Output: 'static> + 'static> hyper::rt::Executor<F> for Local {
    fn execute(&self, task: F) {
        tokio::task::spawn_local(task);
    }
}

/// The requests that a workload saw.
#[derive(Clone, Default)]
pub(crate) struct Requests(Rc<RefCell<Vec<Request<Bytes>>>>);

impl Requests {
    pub(crate) fn count(&self) -> usize {
        self.0.borrow().len()
    }

    /// The last one.
    pub(crate) fn last(&self) -> Request<Bytes> {
        self.0.borrow().last().unwrap().clone()
    }

    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let last = self.last();
        let value = last.headers().get(name)?;
        Some(value.to_str().unwrap().to_owned())
    }
}

pub(crate) fn get(path: &str) -> Request<Full<Bytes>> {
    request("GET", path, "")
}

pub(crate) fn request(method: &str, path: &str, body: &'static str) -> Request<Full<Bytes>> {
    let request = Request::builder().method(method).uri(path);
    request
        .header("host", "reviews")
        .body(Full::from(body))
        .unwrap()
}

pub(crate) fn response(status: u16, body: &'static str) -> Response<Full<Bytes>> {
    let response = Response::builder().status(status);
    response.body(Full::from(body)).unwrap()
}
