//! Who is at which address of the mesh, for metrics: what the machine knows of its pods.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use arc_swap::ArcSwap;
use sealane_compile::{canonical_revision, canonical_service};
use sealane_proxy::telemetry::hashed::Hashed;
use sealane_proxy::telemetry::workload::{Workload, Workloads};
use sealane_world::workloads::WorldPod;
use sealane_world::world::World;

/// Pods that are gone and still known, at most: their last requests are still theirs.
const GONE: usize = 1024;

/// The pods that run, that are about to, and the last ones that did.
pub struct KnownWorkloads {
    /// The cluster that all of them are in.
    cluster: Arc<str>,
    pods: ArcSwap<HashMap<IpAddr, Hashed<Workload>>>,
}

impl KnownWorkloads {
    /// Nobody yet, in a cluster of this name.
    pub fn new(cluster: &str) -> Self {
        Self {
            cluster: cluster.into(),
            pods: ArcSwap::default(),
        }
    }

    /// Takes note of the pods of `world`. Those of worlds before stay known until an address has
    /// another pod, or there are too many.
    pub fn learn(&self, world: &World) {
        let mut pods = HashMap::clone(&self.pods.load());
        for pod in &world.pods {
            let workload = self.workload(pod);
            // What has not changed stays the very same value, which is compared fastest.
            let same = pods.get(&pod.address).is_some_and(|it| **it == workload);
            if !same {
                pods.insert(pod.address, Hashed::new(workload));
            }
        }
        if pods.len() > world.pods.len() + GONE {
            let here: BTreeSet<IpAddr> = world.pods.iter().map(|pod| pod.address).collect();
            pods.retain(|address, _| here.contains(address));
        }
        self.pods.store(Arc::new(pods));
    }

    fn workload(&self, pod: &WorldPod) -> Workload {
        let labels = pod.labels();
        let unknown = Workload::unknown();
        let label = |key, otherwise| labels.get(key).map_or(otherwise, |it| Arc::from(&**it));
        let revision = canonical_revision(labels);
        Workload {
            name: pod.workload().into(),
            namespace: pod.namespace().into(),
            app: label("app", unknown.app),
            version: label("version", unknown.version),
            canonical_service: canonical_service(labels, pod.workload()).into(),
            canonical_revision: revision.map_or(unknown.canonical_revision, Arc::from),
            cluster: Arc::clone(&self.cluster),
        }
    }
}

impl Workloads for KnownWorkloads {
    fn at(&self, address: IpAddr) -> Option<Hashed<Workload>> {
        self.pods.load().get(&address).cloned()
    }
}
