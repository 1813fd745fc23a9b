//! Gateways: generations are taken over whole, with their sockets, or not at all.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use sealane_ads::local::Publisher;
use sealane_proxy::proxy::Kind;
use sealane_proxy::swap::{Follower, Refused};
use sealane_runtime::Runtime;
use sealane_seam::{BoxIo, Transport};
use sealane_xds::{Resource, ResourceKind, Resources};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::build::address;
use crate::fixture::{Bench, run};

const EDGE: &str = "127.0.0.1:8080";
const OTHER: &str = "127.0.0.1:31400";
const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n";

/// A gateway that follows a control plane.
pub(crate) struct Gateway {
    pub(crate) bench: Bench,
    publisher: Publisher,
    follower: Follower,
    generation: u64,
}

impl Gateway {
    pub(crate) fn new() -> Self {
        let bench = Bench::of(Kind::Gateway, Runtime::default());
        let publisher = Publisher::new();
        let proxy = Arc::clone(bench.worker.proxy());
        let follower = Follower::new(proxy, publisher.subscribe());
        let worker = Rc::clone(&bench.worker);
        tokio::task::spawn_local(async move { worker.accept().await });
        Self {
            bench,
            publisher,
            follower,
            generation: 0,
        }
    }

    /// Publishes listeners, and says what became of them.
    async fn push(&mut self, listeners: &[Value]) -> Result<u64, Refused> {
        let mut resources = Resources::default();
        for listener in listeners {
            let listener = Resource::from_json(ResourceKind::Listener, listener).unwrap();
            resources.extend([listener]);
        }
        self.take(resources).await
    }

    /// Publishes resources, and says what became of them.
    pub(crate) async fn take(&mut self, resources: Resources) -> Result<u64, Refused> {
        self.generation += 1;
        self.publisher.publish(self.generation, Arc::new(resources));
        self.follower.next().await.unwrap()
    }

    pub(crate) async fn connect(&self, at: &str) -> Option<BoxIo> {
        let connection = self.bench.network.connect(address(at)).await;
        connection.ok().map(|connection| connection.io)
    }

    async fn get(&self, at: &str) -> Option<String> {
        ask(&mut self.connect(at).await?).await
    }
}

/// The body of the answer to a request; `None` when the connection ends instead.
pub(crate) async fn ask(io: &mut BoxIo) -> Option<String> {
    io.write_all(GET).await.ok()?;
    let mut read = vec![0; 4096];
    let count = io.read(&mut read).await.ok()?;
    let text = String::from_utf8_lossy(&read[..count]).into_owned();
    let (_, body) = text.split_once("\r\n\r\n")?;
    Some(body.to_owned())
}

/// Whether nothing more comes because the other side has ended the connection.
async fn is_over(io: &mut BoxIo) -> bool {
    let mut rest = Vec::new();
    let reading = io.read_to_end(&mut rest);
    tokio::time::timeout(Duration::from_secs(1), reading)
        .await
        .is_ok()
}

/// A listener that answers every request with `body`.
pub(crate) fn listener(at: &str, body: &str) -> Value {
    let at = address(at);
    let route = json!({
        "match": {"prefix": "/"},
        "directResponse": {"status": 200, "body": {"inlineString": body}},
    });
    let manager = json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "statPrefix": "edge",
        "routeConfig": {
            "name": "edge",
            "virtualHosts": [{"name": "all", "domains": ["*"], "routes": [route]}],
        },
        "httpFilters": [{
            "name": "envoy.filters.http.router",
            "typedConfig": {
                "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router",
            },
        }],
    });
    json!({
        "name": format!("edge_{}", at.port()),
        "address": {"socketAddress": {"address": at.ip().to_string(), "portValue": at.port()}},
        "filterChains": [{"filters": [{
            "name": "envoy.filters.network.http_connection_manager",
            "typedConfig": manager,
        }]}],
    })
}

#[test]
fn a_generation_is_live_with_its_sockets() {
    run(async {
        let mut gateway = Gateway::new();
        assert_eq!(gateway.get(EDGE).await, None);
        let both = [listener(EDGE, "one"), listener(OTHER, "two")];
        assert_eq!(gateway.push(&both).await.unwrap(), 1);
        assert_eq!(gateway.publisher.status().live, Some(1));
        assert_eq!(gateway.get(EDGE).await.as_deref(), Some("one"));
        assert_eq!(gateway.get(OTHER).await.as_deref(), Some("two"));
        let bound = gateway.bench.worker.proxy().bound();
        assert_eq!(bound.len(), 2);
        assert_eq!(bound[&address(EDGE)], address(EDGE));
        let records = gateway.bench.records(2).await;
        assert_eq!(records[0].downstream_local, address(EDGE));
    });
}

#[test]
fn a_listener_that_changes_keeps_its_socket_and_connections() {
    run(async {
        let mut gateway = Gateway::new();
        gateway.push(&[listener(EDGE, "one")]).await.unwrap();
        let mut io = gateway.connect(EDGE).await.unwrap();
        assert_eq!(ask(&mut io).await.as_deref(), Some("one"));
        gateway.push(&[listener(EDGE, "two")]).await.unwrap();
        assert_eq!(ask(&mut io).await.as_deref(), Some("two"));
        assert_eq!(gateway.get(EDGE).await.as_deref(), Some("two"));
    });
}

#[test]
fn a_listener_that_goes_ends_its_connections_and_no_others() {
    run(async {
        let mut gateway = Gateway::new();
        let both = [listener(EDGE, "one"), listener(OTHER, "two")];
        gateway.push(&both).await.unwrap();
        let mut ends = gateway.connect(OTHER).await.unwrap();
        let mut stays = gateway.connect(EDGE).await.unwrap();
        assert_eq!(ask(&mut ends).await.as_deref(), Some("two"));
        assert_eq!(ask(&mut stays).await.as_deref(), Some("one"));
        gateway.push(&both[..1]).await.unwrap();
        assert!(is_over(&mut ends).await);
        assert_eq!(ask(&mut stays).await.as_deref(), Some("one"));
        assert!(gateway.connect(OTHER).await.is_none());
    });
}

#[test]
fn a_listener_that_comes_back_at_once_gets_its_address_back() {
    run(async {
        let mut gateway = Gateway::new();
        for _ in 0..3 {
            gateway.push(&[listener(EDGE, "one")]).await.unwrap();
            gateway.push(&[listener(OTHER, "two")]).await.unwrap();
        }
        gateway.push(&[listener(EDGE, "one")]).await.unwrap();
        assert_eq!(gateway.get(EDGE).await.as_deref(), Some("one"));
    });
}

#[test]
fn a_generation_whose_address_is_taken_changes_nothing() {
    run(async {
        let mut gateway = Gateway::new();
        gateway.push(&[listener(EDGE, "one")]).await.unwrap();
        let somebody = gateway.bench.network.bind(address(OTHER)).unwrap();
        let free = "127.0.0.1:15443";
        let new = [
            listener(EDGE, "two"),
            listener(free, "two"),
            listener(OTHER, "two"),
        ];
        let refused = gateway.push(&new).await.unwrap_err();
        assert!(matches!(&refused, Refused::Address { address: at, .. } if *at == address(OTHER)));
        let status = gateway.publisher.status();
        assert_eq!(status.live, Some(1));
        let reason = status.rejected.unwrap().reason;
        assert!(
            reason.contains("listener edge_31400 cannot have 127.0.0.1:31400: "),
            "{reason}"
        );
        assert_eq!(gateway.get(EDGE).await.as_deref(), Some("one"));
        assert!(gateway.connect(free).await.is_none());
        drop(somebody);
        gateway.push(&new).await.unwrap();
        assert_eq!(gateway.get(OTHER).await.as_deref(), Some("two"));
    });
}

#[test]
fn what_is_not_understood_is_refused_with_every_reason() {
    run(async {
        let mut gateway = Gateway::new();
        gateway.push(&[listener(EDGE, "one")]).await.unwrap();
        let mut broken = listener(EDGE, "two");
        broken["filterChains"][0]["filters"] = json!([]);
        let mut worse = listener(OTHER, "two");
        worse["filterChains"][0]["filters"] = json!([]);
        let refused = gateway.push(&[broken, worse]).await.unwrap_err();
        let reason = refused.reason();
        assert!(
            reason.contains("edge_31400: ") && reason.contains("; edge_8080: "),
            "{reason}"
        );
        assert_eq!(gateway.get(EDGE).await.as_deref(), Some("one"));
        let mut twin = listener(EDGE, "two");
        twin["name"] = json!("twin");
        let refused = gateway.push(&[listener(EDGE, "two"), twin]).await;
        assert_eq!(
            refused.unwrap_err().to_string(),
            "listeners edge_8080 and twin are both at 127.0.0.1:8080"
        );
    });
}

#[test]
fn a_gateway_that_closes_takes_no_connections() {
    run(async {
        let mut gateway = Gateway::new();
        gateway.push(&[listener(EDGE, "one")]).await.unwrap();
        let mut io = gateway.connect(EDGE).await.unwrap();
        assert_eq!(ask(&mut io).await.as_deref(), Some("one"));
        gateway.bench.worker.proxy().close();
        assert!(is_over(&mut io).await);
        assert!(gateway.connect(EDGE).await.is_none());
        gateway.push(&[listener(OTHER, "two")]).await.unwrap();
        assert!(gateway.connect(OTHER).await.is_none());
        gateway.bench.worker.drained().await;
    });
}

#[test]
fn a_sidecar_takes_no_addresses() {
    run(async {
        let bench = Bench::new(Runtime::default());
        let listener = Resource::from_json(ResourceKind::Listener, &listener(EDGE, "one"));
        let resources: Resources = listener.into_iter().collect();
        bench.worker.proxy().take_over(&resources).unwrap();
        assert!(bench.worker.proxy().bound().is_empty());
    });
}
