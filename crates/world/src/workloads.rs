//! Workloads and their pods, as the rest of the mesh sees them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use sealane_model::resource::Object;

use crate::echo::{Behaviour, EchoSpec, Identity};
use crate::invent::INVENTED;
use crate::pods::{PlannedPod, Role};
use crate::process::ProcessSpec;
use crate::terms::PodName;

/// The label that names the place of a pod.
const LOCALITY: &str = "istio-locality";
/// The labels of a node that name its place: region, zone, subzone.
const TOPOLOGY: [&str; 3] = [
    "topology.kubernetes.io/region",
    "topology.kubernetes.io/zone",
    "topology.istio.io/subzone",
];

/// What stands behind the pods of a workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WorkloadKind {
    /// An echo.
    Simulated,
    /// A process of this machine that Sealane starts.
    Process,
    /// Something that runs already.
    External,
    /// An echo that no manifest declares, for a host that rules name.
    Invented,
}

impl WorkloadKind {
    /// The word that people read.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Simulated => "simulated",
            Self::Process => "process",
            Self::External => "external",
            Self::Invented => "invented",
        }
    }
}

/// What answers for a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Runs {
    /// An echo.
    Echo,
    /// A process that Sealane starts.
    Process(ProcessSpec),
    /// Something at this socket that runs already.
    External(SocketAddr),
}

/// A pod with its address.
#[derive(Debug, Clone, PartialEq)]
pub struct WorldPod {
    /// What it is without the address.
    pub planned: PlannedPod,
    /// Its address in the mesh.
    pub address: IpAddr,
    /// Where it runs: `region/zone/subzone`, cut where the rest is empty.
    pub locality: String,
    /// The TCP ports that it serves.
    pub ports: BTreeSet<u16>,
    /// How its echo answers.
    pub behaviour: Behaviour,
    /// What answers for it.
    pub runs: Runs,
}

impl WorldPod {
    /// Its namespace.
    pub fn namespace(&self) -> &str {
        &self.planned.namespace
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.planned.name
    }

    /// The name of its workload.
    pub fn workload(&self) -> &str {
        &self.planned.workload
    }

    /// Its labels.
    pub fn labels(&self) -> &BTreeMap<String, String> {
        &self.planned.labels
    }

    /// What it is for the mesh.
    pub fn role(&self) -> Role {
        self.planned.role
    }

    /// Whether it may be an endpoint.
    pub fn is_ready(&self) -> bool {
        self.planned.is_ready()
    }

    /// Its namespace and name.
    pub fn full_name(&self) -> PodName {
        (self.namespace().to_owned(), self.name().to_owned())
    }

    /// What stands behind it.
    pub fn kind(&self) -> WorkloadKind {
        match self.runs {
            Runs::Process(_) => WorkloadKind::Process,
            Runs::External(_) => WorkloadKind::External,
            Runs::Echo if self.planned.annotations.contains_key(INVENTED) => WorkloadKind::Invented,
            Runs::Echo => WorkloadKind::Simulated,
        }
    }

    /// The node it runs on; empty when it names none.
    pub fn node(&self) -> &str {
        self.planned.spec.node_name.as_deref().unwrap_or_default()
    }

    /// The echo that plays it.
    pub fn echo(&self) -> EchoSpec {
        let version = self.labels().get("version");
        EchoSpec {
            identity: Identity {
                namespace: self.namespace().to_owned(),
                workload: self.workload().to_owned(),
                pod: self.name().to_owned(),
                version: version.cloned().unwrap_or_default(),
            },
            address: self.address,
            ports: self.ports.clone(),
            behaviour: self.behaviour.clone(),
        }
    }
}

/// A workload: pods of one maker.
#[derive(Debug, Clone, PartialEq)]
pub struct Workload<'a> {
    /// Its namespace.
    pub namespace: &'a str,
    /// Its name.
    pub name: &'a str,
    /// What stands behind its pods.
    pub kind: WorkloadKind,
    /// What its pods are for the mesh.
    pub role: Role,
    /// Its pods, by index; at least one.
    pub pods: Vec<&'a WorldPod>,
}

impl<'a> Workload<'a> {
    /// The workloads of `pods`, sorted by namespace and name. One whose object makes no pods is
    /// not among them.
    pub fn of(pods: &'a [WorldPod]) -> Vec<Self> {
        let mut groups: BTreeMap<(&str, &str), Vec<&WorldPod>> = BTreeMap::new();
        for pod in pods {
            let name = (pod.namespace(), pod.workload());
            groups.entry(name).or_default().push(pod);
        }
        let workload = |((namespace, name), pods): ((&'a str, &'a str), Vec<&'a WorldPod>)| {
            let first = pods.first()?;
            let (kind, role) = (first.kind(), first.role());
            Some(Self {
                namespace,
                name,
                kind,
                role,
                pods,
            })
        };
        groups.into_iter().filter_map(workload).collect()
    }
}

/// Where a pod runs: its own label, else the labels of its node.
pub fn locality(pod: &PlannedPod, nodes: &BTreeMap<&str, &Object>) -> String {
    if let Some(label) = pod.labels.get(LOCALITY) {
        let is_dotted = !label.contains('/');
        return if is_dotted {
            label.replace('.', "/")
        } else {
            label.clone()
        };
    }
    let node = pod.spec.node_name.as_deref();
    let Some(node) = node.and_then(|name| nodes.get(name)) else {
        return String::new();
    };
    let parts = TOPOLOGY.map(|label| node.meta.labels.get(label).map_or("", String::as_str));
    let joined = parts.join("/");
    joined.trim_end_matches('/').to_owned()
}
