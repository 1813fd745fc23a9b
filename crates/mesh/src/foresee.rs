//! What would become of a request, told by the matcher that serves: the route, the rule it came
//! from, and who would get which share.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use http::{HeaderMap, Method};
use sealane_runtime::cluster::Cluster;
use sealane_runtime::endpoint::EndpointAddress;
use sealane_runtime::listener::{ConnectionInfo, HttpManager, Network};
use sealane_runtime::path::normalize;
use sealane_runtime::route::{Action, Route};
use sealane_runtime::{Decision, RequestHead, Runtime, decide};
use sealane_world::world::World;
use serde::Serialize;

/// What stands for the workload of calls that none would answer.
const NO_WORKLOAD: &str = "(no workload)";

/// A request that nobody makes.
#[derive(Debug, Clone)]
pub struct Imagined {
    /// The method.
    pub method: Method,
    /// The authority, as the caller would send it.
    pub authority: String,
    /// Path and query.
    pub path: String,
    /// The headers.
    pub headers: HeaderMap,
    /// Where the connection would go.
    pub destination: SocketAddr,
}

/// What would become of a request.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Foresight {
    /// In a sentence: why nothing is forwarded, or empty.
    pub outcome: String,
    /// The route's name.
    pub route: String,
    /// The identity of the rule that it came from.
    pub origin: String,
    /// The rule, for people: object, file and line. Filled in by whoever knows them.
    pub rule: String,
    /// The clusters with their shares, which add up to 1.
    pub clusters: Vec<ClusterShare>,
    /// The workloads with their shares.
    pub workloads: Vec<WorkloadShare>,
    /// The share of requests that a fault answers instead, between 0 and 1.
    pub aborted: f64,
}

/// A cluster's share.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClusterShare {
    /// The cluster.
    pub cluster: String,
    /// Between 0 and 1.
    pub share: f64,
}

/// A workload's share.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WorkloadShare {
    /// Its namespace; empty for calls that no workload would answer.
    pub namespace: String,
    /// Its name.
    pub workload: String,
    /// Its pods' label `version`.
    pub version: String,
    /// Between 0 and 1.
    pub share: f64,
    /// Whether weights alone decide, drawn exactly. Otherwise a balancer or chance has a part.
    pub exact: bool,
}

/// What `runtime` would do with `request`, in this world.
pub fn foresee(runtime: &Runtime, world: &World, request: &Imagined) -> Foresight {
    let Some(manager) = http_chain(runtime, request.destination) else {
        return outcome("no listener speaks HTTP there");
    };
    let Some(table) = runtime.table(&manager) else {
        return outcome("the listener's routes are not known yet");
    };
    let Ok(path) = normalize(&request.path, manager.paths) else {
        return outcome("the path cannot be normalised: 400");
    };
    let head = RequestHead {
        method: &request.method,
        scheme: "http",
        authority: &request.authority,
        path_and_query: &path,
        headers: &request.headers,
    };
    match decide(table, &head) {
        Decision::Route { route, .. } => routed(runtime, world, &route),
        Decision::NoVirtualHost => outcome(&format!(
            "no virtual host for {:?}: 404 NR",
            request.authority
        )),
        Decision::NoRoute(host) => outcome(&format!("no route matches in {}: 404 NR", host.name)),
        Decision::RequireTls(_) => outcome("redirected to https: 301"),
    }
}

fn outcome(text: &str) -> Foresight {
    Foresight {
        outcome: text.to_owned(),
        ..Foresight::default()
    }
}

/// The HTTP settings for plaintext HTTP/1.1 to a destination.
fn http_chain(runtime: &Runtime, destination: SocketAddr) -> Option<Arc<HttpManager>> {
    let listener = runtime.listener_for(destination)?;
    let info = ConnectionInfo {
        destination,
        source: destination.ip(),
        server_name: None,
        tls: false,
        application_protocols: vec!["http/1.1".into()],
    };
    match &Runtime::choose_chain(listener, &info)?.network {
        Network::Http(manager) => Some(Arc::clone(manager)),
        Network::Tcp(_) => None,
    }
}

fn routed(runtime: &Runtime, world: &World, route: &Route) -> Foresight {
    let mut foresight = Foresight {
        route: route.name.to_string(),
        origin: route
            .origin
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        ..Foresight::default()
    };
    if let Some((_, share)) = route.fault.as_ref().and_then(|fault| fault.abort) {
        let (part, all) = (u64::from(share.numerator), u64::from(share.denominator));
        foresight.aborted = ratio(part.min(all), all);
    }
    match &route.action {
        Action::Redirect(redirect) => {
            foresight.outcome = format!("redirected: {}", redirect.status);
        }
        Action::Direct(direct) => {
            foresight.outcome = format!("answered by the proxy: {}", direct.status);
        }
        Action::Forward(forward) => {
            let split = &forward.split;
            let mut workloads = BTreeMap::new();
            for part in &split.parts {
                let share = ratio(part.weight, split.total);
                foresight.clusters.push(ClusterShare {
                    cluster: part.cluster.to_string(),
                    share,
                });
                let cluster = runtime.cluster(&part.cluster);
                add(
                    &mut workloads,
                    cluster.map(|cluster| &**cluster),
                    world,
                    share,
                );
            }
            let several = workloads.values().any(|found| found.balanced);
            foresight.workloads = workloads
                .into_iter()
                .map(|((namespace, workload, version), found)| WorkloadShare {
                    namespace,
                    workload,
                    version,
                    share: found.share,
                    exact: !several && !split.random && route.fault.is_none(),
                })
                .collect();
        }
    }
    foresight
}

#[derive(Default)]
struct Found {
    share: f64,
    /// Whether a balancer chooses between this workload and another one.
    balanced: bool,
}

type Name = (String, String, String);

/// Divides a cluster's share among the workloads of its endpoints.
fn add(
    workloads: &mut BTreeMap<Name, Found>,
    cluster: Option<&Cluster>,
    world: &World,
    share: f64,
) {
    let mut counts: BTreeMap<Name, u64> = BTreeMap::new();
    for endpoint in cluster
        .into_iter()
        .flat_map(|cluster| cluster.endpoints.all())
    {
        if let EndpointAddress::Socket(address) = &endpoint.address {
            let name = workload_at(world, *address);
            *counts.entry(name).or_default() += u64::from(endpoint.weight);
        }
    }
    if counts.is_empty() {
        counts.insert((String::new(), NO_WORKLOAD.to_owned(), String::new()), 1);
    }
    let total: u64 = counts.values().sum();
    let balanced = counts.len() > 1;
    for (name, count) in counts {
        let found = workloads.entry(name).or_default();
        found.share += share * ratio(count, total);
        found.balanced |= balanced;
    }
}

/// The workloads of a cluster's endpoints, with shares that add up to 1; none when nobody answers.
pub(crate) fn answering(cluster: Option<&Cluster>, world: &World) -> Vec<WorkloadShare> {
    let mut workloads = BTreeMap::new();
    add(&mut workloads, cluster, world, 1.0);
    let several = workloads.len() > 1;
    let named = workloads
        .into_iter()
        .filter(|((_, name, _), _)| name != NO_WORKLOAD);
    named
        .map(|((namespace, workload, version), found)| WorkloadShare {
            namespace,
            workload,
            version,
            share: found.share,
            exact: !several,
        })
        .collect()
}

fn workload_at(world: &World, address: SocketAddr) -> Name {
    let pod = world.pods.iter().find(|pod| pod.address == address.ip());
    pod.map_or_else(
        || (String::new(), address.to_string(), String::new()),
        |pod| {
            let version = pod.labels().get("version").cloned();
            (
                pod.namespace().to_owned(),
                pod.workload().to_owned(),
                version.unwrap_or_default(),
            )
        },
    )
}

/// `part / total` for numbers that are small enough for it.
pub(crate) fn ratio(part: u64, total: u64) -> f64 {
    let as_float = |number: u64| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
    as_float(part) / as_float(total.max(1))
}
