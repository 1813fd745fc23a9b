//! Echoes over a network in memory, on a paused clock.

use bytes::Bytes;
use http::{Request, Response, Version};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use sealane_seam::{LocalSpawner, MemoryTransport, TokioClock};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::task::LocalSet;
use tokio::time::Instant;

use super::*;

struct Net {
    transport: MemoryTransport,
    recorder: Arc<MemoryRecorder>,
}

impl Net {
    fn new() -> Self {
        Self {
            transport: MemoryTransport::new(),
            recorder: Arc::default(),
        }
    }

    fn outside(&self) -> EchoOutside {
        EchoOutside {
            transport: Arc::new(self.transport.clone()),
            spawner: Rc::new(LocalSpawner),
            clock: Arc::new(TokioClock::real()),
            recorder: Arc::clone(&self.recorder) as Arc<dyn Recorder>,
        }
    }

    fn start(&self, annotations: &[(&str, &str)]) -> Echo {
        Echo::start(spec(annotations, &[9080]), self.outside()).unwrap()
    }

    async fn connect(&self, port: u16) -> io::Result<Connection> {
        let address = SocketAddr::new("127.10.0.11".parse().unwrap(), port);
        self.transport.connect(address).await
    }

    async fn http1(&self) -> hyper::client::conn::http1::SendRequest<Full<Bytes>> {
        let io = TokioIo::new(self.connect(9080).await.unwrap().io);
        let (send, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
        tokio::task::spawn_local(connection);
        send
    }

    async fn get(&self, path: &str) -> Result<Response<String>, hyper::Error> {
        let request = Request::get(path).header("host", "reviews:9080");
        let request = request.body(Full::default()).unwrap();
        read(self.http1().await.send_request(request).await?).await
    }
}

fn spec(annotations: &[(&str, &str)], ports: &[u16]) -> EchoSpec {
    let annotations = annotations
        .iter()
        .map(|(key, value)| (format!("sealane.dev/{key}"), (*value).to_owned()))
        .collect();
    let (behaviour, wrong) = Behaviour::from_annotations(&annotations);
    assert_eq!(wrong, Vec::<String>::new());
    EchoSpec {
        identity: Identity {
            namespace: "default".to_owned(),
            workload: "reviews-v1".to_owned(),
            pod: "reviews-v1-0".to_owned(),
            version: "v1".to_owned(),
        },
        address: "127.10.0.11".parse().unwrap(),
        ports: ports.iter().copied().collect(),
        behaviour,
    }
}

async fn read(response: Response<hyper::body::Incoming>) -> Result<Response<String>, hyper::Error> {
    let (head, body) = response.into_parts();
    let body = body.collect().await?.to_bytes();
    let body = String::from_utf8(body.to_vec()).unwrap();
    Ok(Response::from_parts(head, body))
}

async fn check(test: impl Future<Output = ()>) {
    LocalSet::new().run_until(test).await;
}

#[tokio::test(start_paused = true)]
async fn http1_is_answered_with_what_was_seen() {
    check(async {
        let net = Net::new();
        let _echo = net.start(&[]);
        let response = net.get("/ratings?x=1").await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "application/json");
        assert_eq!(response.headers()["x-echo-version"], "v1");
        assert_eq!(
            response.body(),
            concat!(
                r#"{"workload":"reviews-v1","pod":"reviews-v1-0","namespace":"default","#,
                r#""version":"v1","port":9080,"method":"GET","path":"/ratings?x=1","#,
                r#""host":"reviews:9080","protocol":"HTTP/1.1","headers":{},"body_bytes":0}"#
            )
        );
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn http2_with_prior_knowledge_is_answered_on_the_same_port() {
    check(async {
        let net = Net::new();
        let _echo = net.start(&[]);
        let io = TokioIo::new(net.connect(9080).await.unwrap().io);
        let executor = hyper_util::rt::TokioExecutor::new();
        let (mut send, connection) = hyper::client::conn::http2::handshake(executor, io)
            .await
            .unwrap();
        tokio::task::spawn_local(connection);
        let request = Request::post("http://reviews:9080/a").version(Version::HTTP_2);
        let request = request.body(Full::<Bytes>::from("hello")).unwrap();
        let response = read(send.send_request(request).await.unwrap())
            .await
            .unwrap();
        let body: serde_json::Value = serde_json::from_str(response.body()).unwrap();
        assert_eq!(body["protocol"], "HTTP/2.0");
        assert_eq!(body["host"], "reviews:9080");
        assert_eq!(body["path"], "/a");
        assert_eq!(body["body_bytes"], 5);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn lines_are_answered_one_by_one() {
    check(async {
        let net = Net::new();
        let _echo = net.start(&[("delay", "2s")]);
        let mut io = BufReader::new(net.connect(9080).await.unwrap().io);
        let start = Instant::now();
        io.write_all(b"hello\r\nworld\n").await.unwrap();
        let mut answer = String::new();
        io.read_line(&mut answer).await.unwrap();
        assert_eq!(start.elapsed(), Duration::from_secs(2));
        io.read_line(&mut answer).await.unwrap();
        io.write_all(b"rest").await.unwrap();
        io.shutdown().await.unwrap();
        io.read_to_string(&mut answer).await.unwrap();
        assert_eq!(
            answer,
            "reviews-v1 hello\nreviews-v1 world\nreviews-v1 rest\n"
        );
        let lines: Vec<_> = net.recorder.take().into_iter().map(|a| a.what).collect();
        assert_eq!(
            lines,
            ["hello", "world", "rest"].map(|line| Arrived::Line(line.to_owned()))
        );
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_reset_closes_without_an_answer_and_is_recorded() {
    check(async {
        let net = Net::new();
        let _echo = net.start(&[("reset", "true")]);
        assert!(net.get("/").await.is_err());
        let arrivals = net.recorder.take();
        assert_eq!(arrivals.len(), 1);
        let Arrived::Request {
            answer,
            target,
            host,
            ..
        } = &arrivals[0].what
        else {
            panic!("a request arrived: {arrivals:?}");
        };
        assert_eq!((answer, &**target, &**host), (&None, "/", "reviews:9080"));
        assert_eq!(arrivals[0].reached.pod, "reviews-v1-0");
        assert_eq!(arrivals[0].port, 9080);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_sequence_goes_on_over_connections_and_unchanged_updates() {
    check(async {
        let net = Net::new();
        let annotations = [("status-sequence", "503,429,200")];
        let mut echo = net.start(&annotations);
        assert_eq!(net.get("/").await.unwrap().status(), 503);
        echo.update(spec(&annotations, &[9080, 9090])).unwrap();
        assert_eq!(net.get("/").await.unwrap().status(), 429);
        echo.update(spec(&[("status-sequence", "500,200")], &[9080]))
            .unwrap();
        assert_eq!(net.get("/").await.unwrap().status(), 500);
        assert_eq!(net.get("/").await.unwrap().status(), 200);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_port_follows_the_spec() {
    check(async {
        let net = Net::new();
        let mut echo = net.start(&[]);
        assert!(net.connect(80).await.is_err());
        echo.update(spec(&[], &[80])).unwrap();
        assert!(net.connect(9080).await.is_err());
        assert!(net.connect(80).await.is_ok());
        echo.update(spec(&[], &[80, 9080])).unwrap();
        assert_eq!(net.get("/").await.unwrap().status(), 200);
        let taken = Echo::start(spec(&[], &[80]), net.outside()).err().unwrap();
        assert_eq!(taken.address.port(), 80);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_drain_finishes_what_is_in_flight_and_takes_nothing_new() {
    check(async {
        let net = Net::new();
        let echo = net.start(&[("delay", "2s")]);
        let mut idle = net.connect(9080).await.unwrap();
        let mut send = net.http1().await;
        let request = Request::get("/").body(Full::default()).unwrap();
        let answer = tokio::task::spawn_local(send.send_request(request));
        tokio::time::sleep(Duration::from_secs(1)).await;
        let start = Instant::now();
        echo.drain(Duration::from_secs(5)).await;
        assert_eq!(start.elapsed(), Duration::from_secs(1));
        assert_eq!(answer.await.unwrap().unwrap().status(), 200);
        assert!(net.connect(9080).await.is_err());
        assert_eq!(idle.io.read(&mut [0; 1]).await.unwrap(), 0);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_drain_ends_at_its_limit() {
    check(async {
        let net = Net::new();
        let echo = net.start(&[("delay", "60s")]);
        let mut send = net.http1().await;
        let request = Request::get("/").body(Full::default()).unwrap();
        let answer = tokio::task::spawn_local(send.send_request(request));
        tokio::time::sleep(Duration::from_secs(1)).await;
        let start = Instant::now();
        echo.drain(Duration::from_secs(5)).await;
        assert_eq!(start.elapsed(), Duration::from_secs(5));
        assert!(answer.await.unwrap().is_err());
    })
    .await;
}
