//! What a proxy shows of itself while it serves: its clusters, its listeners, its statistics.

use std::net::SocketAddr;
use std::sync::Arc;

use sealane_runtime::cluster::Limits;
use sealane_runtime::endpoint::{Endpoint, Health};

use crate::flood::Flood;
use crate::live::circuit::Resource;
use crate::live::traffic::{ClusterTraffic, ListenerTraffic};
use crate::proxy::Proxy;
use crate::serving::Serving;
use crate::stats::{Scope, Stat, StatKind};
use crate::upstream::Upstream;
use crate::upstream::balance::Host;

/// A cluster at one moment.
#[derive(Debug, Clone)]
pub struct ClusterView {
    /// Its name.
    pub name: Arc<str>,
    /// Its circuit breakers.
    pub limits: Limits,
    /// Its endpoints.
    pub endpoints: Vec<EndpointView>,
}

/// An endpoint at one moment.
#[derive(Debug, Clone)]
pub struct EndpointView {
    /// The endpoint.
    pub endpoint: Arc<Endpoint>,
    /// `region/zone/subzone`, cut where the rest is empty.
    pub locality: Arc<str>,
    /// Its priority; 0 is used first.
    pub priority: u32,
    /// Whether the outlier detector keeps it out.
    pub ejected: bool,
    /// Connections that are open.
    pub cx_active: u64,
    /// Connections that were made.
    pub cx_total: u64,
    /// Connections that could not be made.
    pub cx_connect_fail: u64,
    /// Requests in flight.
    pub rq_active: u64,
    /// Requests.
    pub rq_total: u64,
    /// Requests with an answer below 500.
    pub rq_success: u64,
    /// Requests with an answer of 500 and above, or without one.
    pub rq_error: u64,
    /// Requests whose time for one try was over.
    pub rq_timeout: u64,
}

/// A listener.
#[derive(Debug, Clone)]
pub struct ListenerView {
    /// Its name.
    pub name: Arc<str>,
    /// The address that its resource names.
    pub address: SocketAddr,
    /// Where its own socket is, when it has one.
    pub bound: Option<SocketAddr>,
}

impl Proxy {
    /// The clusters, sorted by name.
    pub fn clusters(&self) -> Vec<ClusterView> {
        let serving = self.serving();
        let views = serving.upstreams().map(|upstream| cluster(&upstream));
        views.collect()
    }

    /// The listeners, sorted by name.
    pub fn listeners(&self) -> Vec<ListenerView> {
        let (serving, bound) = (self.serving(), self.bound());
        let listeners = serving.runtime.listeners.values();
        let view = listeners.map(|listener| ListenerView {
            name: Arc::clone(&listener.name),
            address: listener.address,
            bound: bound.get(&listener.address).copied(),
        });
        view.collect()
    }

    /// Envoy's statistics; with `used_only`, those of clusters and listeners that had any traffic.
    pub fn stats(&self, used_only: bool) -> Vec<Stat> {
        let serving = self.serving();
        let mut stats = Vec::new();
        for upstream in serving.upstreams() {
            if !used_only || upstream.live.traffic.is_used() {
                stats.extend(of_cluster(&upstream));
            }
        }
        for name in serving.runtime.listeners.keys() {
            let traffic = serving.listener(name);
            let used = |it: &&ListenerTraffic| !used_only || it.connections.now() > 0;
            if let Some(traffic) = traffic.filter(used) {
                stats.extend(of_listener(name, traffic));
            }
        }
        let floods = floods(&serving);
        stats.extend(floods.filter(|stat| !used_only || stat.value > 0));
        let live = Stat {
            scope: Scope::Server,
            metric: "live",
            kind: StatKind::Gauge,
            value: u64::from(serving.generation > 0),
        };
        stats.push(live);
        stats
    }
}

fn cluster(upstream: &Upstream) -> ClusterView {
    let mut hosts = upstream.hosts().iter();
    let mut endpoints = Vec::new();
    for group in &upstream.cluster.endpoints.localities {
        let members = hosts.by_ref().take(group.endpoints.len());
        endpoints.extend(members.map(|host| EndpointView {
            locality: Arc::clone(&group.locality),
            priority: group.priority,
            ..endpoint(host)
        }));
    }
    ClusterView {
        name: Arc::clone(&upstream.cluster.name),
        limits: upstream.cluster.limits,
        endpoints,
    }
}

fn endpoint(host: &Host) -> EndpointView {
    let traffic = &host.live.traffic;
    EndpointView {
        endpoint: Arc::clone(&host.endpoint),
        locality: "".into(),
        priority: 0,
        ejected: host.live.is_ejected(),
        cx_active: traffic.open.now(),
        cx_total: traffic.connections.now(),
        cx_connect_fail: traffic.connect_failures.now(),
        rq_active: host.live.active().into(),
        rq_total: traffic.requests.now(),
        rq_success: traffic.successes.now(),
        rq_error: traffic.errors.now(),
        rq_timeout: traffic.timeouts.now(),
    }
}

fn of_cluster(upstream: &Upstream) -> impl Iterator<Item = Stat> {
    let scope = Scope::Cluster(Arc::clone(&upstream.cluster.name));
    let counters = counters(&upstream.live.traffic);
    let gauges = gauges(upstream);
    let counters = counters.map(|(metric, value)| (metric, StatKind::Counter, value));
    let gauges = gauges.map(|(metric, value)| (metric, StatKind::Gauge, value));
    let all = counters.into_iter().chain(gauges);
    all.map(move |(metric, kind, value)| Stat {
        scope: scope.clone(),
        metric,
        kind,
        value,
    })
}

fn counters(traffic: &ClusterTraffic) -> [(&'static str, u64); 13] {
    let [informational, success, redirection, client, server] = traffic.answers.now();
    [
        ("upstream_cx_connect_fail", traffic.connect_failures.now()),
        ("upstream_cx_total", traffic.connections.now()),
        ("upstream_rq_1xx", informational),
        ("upstream_rq_2xx", success),
        ("upstream_rq_3xx", redirection),
        ("upstream_rq_4xx", client),
        ("upstream_rq_5xx", server),
        (
            "upstream_rq_completed",
            traffic.answers.now().into_iter().sum(),
        ),
        (
            "upstream_rq_pending_overflow",
            traffic.pending_overflow.now(),
        ),
        ("upstream_rq_retry", traffic.retries.now()),
        ("upstream_rq_retry_overflow", traffic.retry_overflow.now()),
        ("upstream_rq_timeout", traffic.timeouts.now()),
        ("upstream_rq_total", traffic.requests.now()),
    ]
}

fn gauges(upstream: &Upstream) -> [(&'static str, u64); 10] {
    let (circuit, limits) = (&upstream.live.circuit, &upstream.cluster.limits);
    let used = |resource| u64::from(circuit.used(resource));
    let open = |resource, limit| u64::from(circuit.used(resource) >= limit);
    let count = |is: fn(&Host) -> bool| {
        let hosts = upstream.hosts().iter().filter(|host| is(host));
        u64::try_from(hosts.count()).unwrap_or(u64::MAX)
    };
    [
        (
            "circuit_breakers.default.cx_open",
            open(Resource::Connections, limits.connections),
        ),
        (
            "circuit_breakers.default.rq_open",
            open(Resource::Requests, limits.requests),
        ),
        (
            "circuit_breakers.default.rq_pending_open",
            open(Resource::Pending, limits.pending),
        ),
        (
            "circuit_breakers.default.rq_retry_open",
            open(Resource::Retries, limits.retries),
        ),
        ("membership_healthy", count(is_healthy)),
        ("membership_total", count(|_| true)),
        (
            "outlier_detection.ejections_active",
            count(|host| host.live.is_ejected()),
        ),
        ("upstream_cx_active", used(Resource::Connections)),
        ("upstream_rq_active", used(Resource::Requests)),
        ("upstream_rq_pending_active", used(Resource::Pending)),
    ]
}

fn is_healthy(host: &Host) -> bool {
    host.endpoint.health == Health::Healthy && !host.live.is_ejected()
}

fn of_listener(name: &Arc<str>, traffic: &ListenerTraffic) -> Vec<Stat> {
    let [_, success, redirection, client, server] = traffic.answers.now();
    let stat = |scope, metric, kind, value| Stat {
        scope,
        metric,
        kind,
        value,
    };
    let of = |metric, kind, value| stat(Scope::Listener(Arc::clone(name)), metric, kind, value);
    let http = |metric, value| {
        let scope = Scope::Http(Arc::clone(name));
        stat(scope, metric, StatKind::Counter, value)
    };
    vec![
        of("downstream_cx_active", StatKind::Gauge, traffic.open.now()),
        of(
            "downstream_cx_total",
            StatKind::Counter,
            traffic.connections.now(),
        ),
        http(
            "downstream_cx_protocol_error",
            traffic.protocol_errors.now(),
        ),
        http("downstream_rq_2xx", success),
        http("downstream_rq_3xx", redirection),
        http("downstream_rq_4xx", client),
        http("downstream_rq_5xx", server),
        http(Flood::Reset.metric(), traffic.floods.now(Flood::Reset)),
        http("downstream_rq_total", traffic.requests.now()),
    ]
}

/// The floods that Envoy counts for the whole proxy.
fn floods(serving: &Serving) -> impl Iterator<Item = Stat> {
    let of_proxy = Flood::ALL.into_iter().filter(|it| *it != Flood::Reset);
    of_proxy.map(|flood| {
        let listeners = serving.runtime.listeners.keys();
        let listeners = listeners.filter_map(|name| serving.listener(name));
        Stat {
            scope: Scope::Http2,
            metric: flood.metric(),
            kind: StatKind::Counter,
            value: listeners.map(|traffic| traffic.floods.now(flood)).sum(),
        }
    })
}
