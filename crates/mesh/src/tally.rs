//! Who answered the mesh's requests, counted for `sealane traffic monitor` from the first time that
//! somebody looks.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use sealane_proxy::telemetry::record::AccessRecord;
use sealane_xds::names::{ClusterName, Direction};
use serde::Serialize;

use crate::mesh::Mesh;

/// Different answers that are counted one by one; what comes later is counted as one more.
const KEPT: usize = 4096;

/// Counts requests by who answered and by which rule.
#[derive(Debug, Default)]
pub struct Tally {
    watched: AtomicBool,
    /// Guards the counts; held to add or to copy, never over an await.
    counts: Mutex<BTreeMap<Key, Count>>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
struct Key {
    proxy: Arc<str>,
    cluster: Arc<str>,
    endpoint: Option<IpAddr>,
    origin: Arc<str>,
    status: u16,
    flags: String,
}

#[derive(Debug, Clone, Copy, Default)]
struct Count {
    requests: u64,
    micros: u64,
}

/// Requests of one rule that were answered by one workload.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answered {
    /// The host that was called; `-` where no route was found.
    pub host: String,
    /// The rule, for people; empty without one.
    pub rule: String,
    /// The subset.
    pub subset: String,
    /// The workload; empty when the proxy answered itself.
    pub workload: String,
    /// Its version.
    pub version: String,
    /// Requests.
    pub requests: u64,
    /// Those that were answered with a status of 500 and above, or with none.
    pub errors: u64,
    /// Requests by status.
    pub statuses: BTreeMap<u16, u64>,
    /// Requests by Envoy's response flags; those without are left out.
    pub flags: BTreeMap<String, u64>,
    /// The time that all of them took together.
    pub total_ms: f64,
}

impl Tally {
    /// Counts a request of a caller's proxy, once somebody has looked. The callee's proxy sees the
    /// same request again; that does not count.
    pub(crate) fn count(&self, record: &AccessRecord) {
        let is_inbound = |name: &Arc<str>| {
            let parsed = ClusterName::parse(name);
            parsed.is_some_and(|name| name.direction == Direction::Inbound)
        };
        let cluster = record.cluster.as_ref().or(record.wanted_cluster.as_ref());
        if !self.watched.load(Ordering::Relaxed) || cluster.is_some_and(is_inbound) {
            return;
        }
        let key = Key {
            proxy: Arc::clone(&record.proxy),
            cluster: cluster.map_or_else(|| "".into(), Arc::clone),
            endpoint: record.upstream_host.map(|address| address.ip()),
            origin: record
                .origin
                .as_ref()
                .map_or_else(|| "".into(), |it| Arc::clone(&it.0)),
            status: record.status,
            flags: record.flags.to_string(),
        };
        let micros = u64::try_from(record.duration.as_micros()).unwrap_or(u64::MAX);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let has_room = counts.len() < KEPT || counts.contains_key(&key);
        let key = if has_room { key } else { Key::default() };
        let count = counts.entry(key).or_default();
        count.requests += 1;
        count.micros = count.micros.saturating_add(micros);
    }

    /// What was counted since the first look, by host, rule and workload.
    pub fn look(&self, mesh: &Mesh) -> Vec<Answered> {
        self.watched.store(true, Ordering::Relaxed);
        let counts = self
            .counts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let world = mesh.world();
        let mut found: BTreeMap<[String; 5], Answered> = BTreeMap::new();
        for (key, count) in counts {
            let pod = world
                .pods
                .iter()
                .find(|pod| Some(pod.address) == key.endpoint);
            let cluster = ClusterName::parse(&key.cluster);
            let named = |other: &Arc<str>| {
                if other.is_empty() {
                    "-".to_owned()
                } else {
                    other.to_string()
                }
            };
            let host = cluster
                .as_ref()
                .map_or_else(|| named(&key.cluster), |it| it.host.clone());
            let subset = cluster.and_then(|it| it.subset).unwrap_or_default();
            let rule = mesh.rule(&key.proxy, &key.origin).unwrap_or_default();
            let workload = pod.map_or_else(String::new, |pod| pod.workload().to_owned());
            let version = pod.and_then(|pod| pod.labels().get("version").cloned());
            let version = version.unwrap_or_default();
            let name = [&host, &rule, &version, &workload, &subset].map(Clone::clone);
            let entry = found.entry(name).or_insert_with(|| Answered {
                host,
                rule,
                subset,
                workload,
                version,
                requests: 0,
                errors: 0,
                statuses: BTreeMap::new(),
                flags: BTreeMap::new(),
                total_ms: 0.0,
            });
            entry.add(&key, count);
        }
        found.into_values().collect()
    }
}

impl Answered {
    fn add(&mut self, key: &Key, count: Count) {
        self.requests += count.requests;
        if key.status == 0 || key.status >= 500 {
            self.errors += count.requests;
        }
        *self.statuses.entry(key.status).or_default() += count.requests;
        if !matches!(key.flags.as_str(), "" | "-") {
            *self.flags.entry(key.flags.clone()).or_default() += count.requests;
        }
        let micros = std::time::Duration::from_micros(count.micros);
        self.total_ms += micros.as_secs_f64() * 1000.0;
    }
}
