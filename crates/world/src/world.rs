//! What declared objects make of this machine: pods, addresses, endpoints, names. Pure, but for
//! the addresses, which stay with their owners from one generation to the next.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use sealane_model::diagnostic::{Code, Diagnostic};
use sealane_model::kind::{Kind, ObjectKey};
use sealane_model::path::FieldPath;
use sealane_model::resource::{Body, Object};
use serde_json::Value;

use crate::addresses::Addresses;
use crate::annotations;
use crate::echo::{Behaviour, EchoSpec};
use crate::endpoints::{self, AddressedPod, target};
use crate::implicit;
use crate::invent::{Invented, Invention, invent};
use crate::names::Names;
use crate::pods::{self, PlannedPod, Role};
use crate::process::{self, PROCESSES, ProcessSpec, Refused};
use crate::services;
use crate::state;
use crate::terms::{PodName, Terms};
use crate::workloads::{Runs, Workload, WorldPod, locality};

/// The world of one generation.
#[derive(Debug, Clone)]
pub struct World {
    /// All pods that have an address, sorted by namespace, workload and index.
    pub pods: Vec<WorldPod>,
    /// Everything that compile and the API read, sorted by key: the declared objects (Services
    /// and Pods with their addresses), the implicit ones, the pods and the slices.
    pub objects: Vec<Object>,
    /// The keys of those objects that nobody declared.
    pub derived: BTreeSet<ObjectKey>,
    /// What names mean.
    pub names: Names,
    /// What was invented, sorted by namespace and name.
    pub invented: Vec<Invented>,
    /// What is surprising in the declared objects.
    pub diagnostics: Vec<Diagnostic>,
}

impl World {
    /// The world of a scenario: of the declared objects, whatever their order, and nothing else.
    pub fn derive<'a>(
        declared: impl IntoIterator<Item = &'a Object>,
        addresses: &mut Addresses,
    ) -> Self {
        Self::derive_on(&Terms::default(), declared, addresses)
    }

    /// The world of the declared objects, whatever their order, on these terms.
    pub fn derive_on<'a>(
        terms: &Terms<'_>,
        declared: impl IntoIterator<Item = &'a Object>,
        addresses: &mut Addresses,
    ) -> Self {
        let mut said: Vec<&Object> = declared.into_iter().collect();
        said.sort_by_cached_key(|object| object.key());
        let invention = if terms.invent {
            invent(&said)
        } else {
            Invention::default()
        };
        let mut declared = said.clone();
        declared.extend(&invention.objects);
        declared.sort_by_cached_key(|object| object.key());
        let mut diagnostics = invention.diagnostics;
        let services = all_services(&declared, addresses, &mut diagnostics);
        let pods = all_pods(&declared, (terms, &services), addresses, &mut diagnostics);
        let texts: Vec<String> = pods.iter().map(|pod| pod.address.to_string()).collect();
        let addressed: Vec<AddressedPod<'_>> = pods
            .iter()
            .zip(&texts)
            .map(|(pod, address)| AddressedPod {
                pod: &pod.planned,
                address,
            })
            .collect();
        let slices = endpoints::slices(&declared, &services, &addressed);
        let names = Names::new(&declared, &services, &slices, &addressed);
        let mut objects: BTreeMap<ObjectKey, Object> = declared
            .iter()
            // Those that count are among `slices`.
            .filter(|object| object.kind() != Kind::EndpointSlice)
            .map(|object| (object.key(), (*object).clone()))
            .collect();
        for pod in &pods {
            let key = ObjectKey::new(Kind::Pod, pod.namespace(), pod.name());
            let object = pod_object(pod, objects.get(&key));
            objects.insert(key, object);
        }
        for object in services.into_iter().chain(slices) {
            objects.insert(object.key(), object);
        }
        let used: Vec<String> = objects.keys().map(|key| key.namespace.clone()).collect();
        for object in state::namespaces(used.iter().map(String::as_str)) {
            objects.entry(object.key()).or_insert(object);
        }
        state::count_pods(&mut objects, &pods);
        state::contain(&mut objects, &pods);
        let said: BTreeSet<ObjectKey> = said.iter().map(|object| object.key()).collect();
        let derived = objects.keys().filter(|key| !said.contains(key)).cloned();
        Self {
            derived: derived.collect(),
            pods,
            objects: objects.into_values().collect(),
            names,
            invented: invention.hosts,
            diagnostics,
        }
    }

    /// The workloads, sorted by namespace and name.
    pub fn workloads(&self) -> Vec<Workload<'_>> {
        Workload::of(&self.pods)
    }

    /// The TCP ports of the Services that select a pod, each with the port of the pod behind it.
    pub fn service_ports(&self, pod: &WorldPod) -> Vec<(u16, u16)> {
        let mut ports = Vec::new();
        for object in &self.objects {
            if let Body::Service(service) = &object.body
                && endpoints::selects(service)
                && object.meta.namespace == pod.namespace()
                && pod.planned.has_labels(&service.spec.selector)
            {
                let targets = service.spec.ports.iter().filter_map(|port| {
                    let number = u16::try_from(port.port).ok()?;
                    Some((number, target(port, &pod.planned)?))
                });
                ports.extend(targets);
            }
        }
        ports
    }

    /// The pods that answer with an echo, by namespace and name.
    pub fn echoes(&self) -> BTreeMap<PodName, EchoSpec> {
        let pods = self.pods.iter().filter(|pod| pod.role() == Role::Workload);
        let echoes = pods.filter(|pod| pod.runs == Runs::Echo);
        echoes.map(|pod| (pod.full_name(), pod.echo())).collect()
    }

    /// The pods that are processes, by namespace and name.
    pub fn processes(&self) -> BTreeMap<PodName, ProcessSpec> {
        let pods = self.pods.iter().filter_map(|pod| match &pod.runs {
            Runs::Process(spec) => Some((pod.full_name(), spec.clone())),
            Runs::Echo | Runs::External(_) => None,
        });
        pods.collect()
    }

    /// The mesh addresses of pods that stand for something that runs already, each with the socket
    /// behind it.
    pub fn externals(&self) -> BTreeMap<SocketAddr, SocketAddr> {
        let ports = self.pods.iter().flat_map(|pod| {
            let socket = match pod.runs {
                Runs::External(socket) => Some(socket),
                Runs::Echo | Runs::Process(_) => None,
            };
            let ports = pod
                .ports
                .iter()
                .map(|port| SocketAddr::new(pod.address, *port));
            ports.filter_map(move |address| Some((address, socket?)))
        });
        ports.collect()
    }
}

/// The declared Services and the gateway's, with their addresses, sorted by key.
fn all_services(
    declared: &[&Object],
    addresses: &mut Addresses,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Object> {
    let gateway = implicit::gateway_service();
    let mut all: Vec<&Object> = declared.to_vec();
    all.retain(|object| object.kind() == Kind::Service);
    if !all.iter().any(|object| object.key() == gateway.key()) {
        all.push(&gateway);
        all.sort_by_cached_key(|object| object.key());
    }
    for object in &all {
        if let Body::Service(service) = &object.body
            && let Some(address) = services::declared_address(service)
        {
            addresses.declare_service(address);
        }
    }
    all.iter()
        .map(|object| {
            let (service, left) = services::with_address(object, addresses);
            if !left {
                diagnostics.push(no_address(object));
            }
            service
        })
        .collect()
}

fn no_address(object: &Object) -> Diagnostic {
    let message = format!("no address is left for {}", object.key());
    object.diagnose(Diagnostic::new(Code::NoAddress, message), FieldPath::root())
}

fn all_pods(
    declared: &[&Object],
    (terms, services): (&Terms<'_>, &[Object]),
    addresses: &mut Addresses,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<WorldPod> {
    let implicit = [implicit::client(), implicit::gateway_pod()];
    let planned = pods::plan(declared, &implicit, terms);
    for pod in &planned {
        if let Some(address) = declared_address(pod) {
            addresses.declare_pod(&pod.namespace, &pod.name, address);
        }
    }
    let nodes: BTreeMap<&str, &Object> = declared
        .iter()
        .filter(|object| object.kind() == Kind::Node)
        .map(|node| (node.meta.name.as_str(), *node))
        .collect();
    let by_key: BTreeMap<ObjectKey, &Object> = declared
        .iter()
        .map(|object| (object.key(), *object))
        .collect();
    let mut pods = Vec::new();
    let (mut processes, mut full) = (0, false);
    for mut planned in planned {
        let maker = by_key.get(&planned.made_by).copied();
        // What one template says wrong is said once, not for each of its pods.
        let told = maker.filter(|_| planned.index == 0);
        let Some(address) = addresses.pod(&planned.namespace, &planned.name) else {
            diagnostics.extend(told.map(no_address));
            continue;
        };
        let ports = ports(&planned, services);
        let (runs, refused) = runs(&planned, maker, (address, &ports), (terms, processes));
        let is_process = matches!(runs, Runs::Process(_));
        processes += usize::from(is_process);
        let name = (planned.namespace.clone(), planned.name.clone());
        planned.waits = is_process && terms.waits(&name);
        let (behaviour, wrong) = Behaviour::from_annotations(&planned.annotations);
        let told = told.or_else(|| maker.filter(|_| refused == Some(Refused::TooMany) && !full));
        full |= refused == Some(Refused::TooMany);
        if let Some(maker) = told {
            diagnostics.extend(annotations::findings(
                maker,
                &planned,
                &wrong,
                (&runs, refused),
            ));
        }
        pods.push(WorldPod {
            locality: locality(&planned, &nodes),
            ports,
            behaviour,
            address,
            runs,
            planned,
        });
    }
    pods
}

/// What answers for a pod, and why it is not the process that its annotation names. The last
/// argument has the number of processes so far.
fn runs(
    pod: &PlannedPod,
    maker: Option<&Object>,
    place: (IpAddr, &BTreeSet<u16>),
    (terms, processes): (&Terms<'_>, usize),
) -> (Runs, Option<Refused>) {
    if let Some(socket) = pod.external {
        return (Runs::External(socket), None);
    }
    let process = process::process(pod, maker, place, terms.commands);
    match process.filter(|_| pod.role == Role::Workload) {
        None => (Runs::Echo, None),
        Some(Err(refused)) => (Runs::Echo, Some(refused)),
        Some(Ok(_)) if processes >= PROCESSES => (Runs::Echo, Some(Refused::TooMany)),
        Some(Ok(spec)) => (Runs::Process(spec), None),
    }
}

fn declared_address(pod: &PlannedPod) -> Option<IpAddr> {
    pod.status.as_ref()?.pod_ip.as_ref()?.parse().ok()
}

/// The TCP ports that a pod serves: those of its containers, and those that Services lead to.
fn ports(pod: &PlannedPod, services: &[Object]) -> BTreeSet<u16> {
    let mut ports: BTreeSet<u16> = pod.container_ports().collect();
    for object in services {
        let Body::Service(service) = &object.body else {
            continue;
        };
        let selects = endpoints::selects(service)
            && object.meta.namespace == pod.namespace
            && pod.has_labels(&service.spec.selector);
        if !selects {
            continue;
        }
        let tcp = service.spec.ports.iter();
        let tcp = tcp.filter(|port| matches!(port.protocol.as_deref(), None | Some("TCP")));
        ports.extend(tcp.filter_map(|port| target(port, pod)));
    }
    ports.remove(&0);
    ports
}

/// The pod as the API shows it: as it was declared, with its state, or made from its template.
fn pod_object(pod: &WorldPod, declared: Option<&Object>) -> Object {
    let address = pod.address.to_string();
    let Some(declared) = declared else {
        return pod.planned.object(Some(&address));
    };
    let made = pod.planned.object(Some(&address));
    let mut object = declared.clone();
    object.body = made.body;
    if let (Value::Object(fields), Some(status)) = (&mut object.raw, made.raw.get("status")) {
        fields.insert("status".to_owned(), status.clone());
    }
    object
}

#[cfg(test)]
mod tests;
