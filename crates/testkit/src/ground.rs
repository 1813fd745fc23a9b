//! What a scenario has declared so far, and the world that it makes: for the depths without a running mesh.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use sealane_model::diagnostic::Diagnostic;
use sealane_model::kind::{Kind, ObjectKey};
use sealane_model::parse::{self, SourceFile, parse_text};
use sealane_model::resource::{Body, Object};
use sealane_runtime::listener::ConnectionInfo;
use sealane_world::addresses::{AddressPlan, Addresses, OutsideAddresses};
use sealane_world::names::Answer;
use sealane_world::pods::Role;
use sealane_world::workloads::WorldPod;
use sealane_world::world::World;

use crate::golden::Owners;
use crate::scenario::call::{CallItem, Target};
use crate::scenario::{ObjectRef, Step};

/// The declared objects of a scenario, step by step.
#[derive(Debug)]
pub struct Ground {
    objects: BTreeMap<ObjectKey, Object>,
    addresses: Addresses,
    outside: OutsideAddresses,
    steps: u32,
}

/// What a change left unsaid.
#[derive(Debug, Default)]
pub struct Applied {
    /// Everything that is wrong or surprising in the manifests.
    pub diagnostics: Vec<Diagnostic>,
}

impl Ground {
    /// Nothing is declared yet.
    pub fn new() -> Self {
        let plan = AddressPlan::default();
        Self {
            objects: BTreeMap::new(),
            addresses: Addresses::new(plan),
            outside: OutsideAddresses::new(plan),
            steps: 0,
        }
    }

    /// Applies or removes objects; calls change nothing. An object with an error stays as it was before.
    pub fn change(&mut self, step: &Step, file: &str) -> Result<Applied, String> {
        self.steps += 1;
        match step {
            Step::Manifests { text, line } => Ok(self.apply(file, text, *line)),
            Step::Delete(refs) => {
                for object in refs {
                    self.remove(object)?;
                }
                Ok(Applied::default())
            }
            Step::Calls(_) => Ok(Applied::default()),
        }
    }

    fn apply(&mut self, file: &str, text: &str, line: usize) -> Applied {
        // Blank lines keep the places of diagnostics those of the scenario file.
        let text = format!("{}{text}", "\n".repeat(line.saturating_sub(1)));
        let source = SourceFile::new(Arc::<str>::from(file), Arc::<str>::from(text));
        let parsed = parse_text(&source, &parse::Options::default());
        for object in parsed.objects {
            let key = object.key();
            let before = self
                .objects
                .get(&key)
                .map(|object| object.meta.creation_timestamp.clone());
            let mut meta = object.meta.clone();
            if meta.creation_timestamp.is_none() {
                meta.creation_timestamp = before.unwrap_or_else(|| Some(self.time()));
            }
            self.objects.insert(key, object.with_meta(meta));
        }
        Applied {
            diagnostics: parsed.diagnostics,
        }
    }

    /// Creation times grow by a minute from block to block.
    fn time(&self) -> String {
        format!(
            "2026-01-01T{:02}:{:02}:00Z",
            self.steps / 60 % 24,
            self.steps % 60
        )
    }

    fn remove(&mut self, object: &ObjectRef) -> Result<(), String> {
        let key = key_of(object)?;
        match self.objects.remove(&key) {
            Some(_) => Ok(()),
            None => Err(format!("line {}: nothing is called {key}", object.line)),
        }
    }

    /// The world of what is declared now.
    pub fn world(&mut self) -> World {
        World::derive(self.objects.values(), &mut self.addresses)
    }

    /// The objects of a world, reversed: what shuffled documents would give.
    pub fn shuffled_world(&mut self) -> World {
        World::derive(self.objects.values().rev(), &mut self.addresses)
    }

    /// The address that a program of `namespace` gets for a host; nothing for a name without an address.
    pub fn resolve(&self, world: &World, host: &str, namespace: &str) -> Option<IpAddr> {
        match world.names.resolve(host, namespace) {
            Answer::Addresses(addresses) => addresses.first().copied(),
            Answer::NoAddress => None,
            Answer::Unknown(host) => Some(self.outside.address_of(&host)),
        }
    }
}

impl Default for Ground {
    fn default() -> Self {
        Self::new()
    }
}

/// The object that a reference names; without a namespace it is in `default`.
pub fn key_of(object: &ObjectRef) -> Result<ObjectKey, String> {
    let kind = Kind::named(&object.kind).ok_or_else(|| {
        format!(
            "line {}: `{}` is no kind that can be deleted",
            object.line, object.kind
        )
    })?;
    let namespace = object.namespace.as_deref().unwrap_or("default");
    Ok(ObjectKey::new(kind, namespace, object.name.as_str()))
}

/// The pods of the workload that a call names, `NAME` or `NAMESPACE/NAME`.
pub fn callers<'a>(world: &'a World, name: &str) -> Vec<&'a WorldPod> {
    let of = |namespace: Option<&str>, name: &str| -> Vec<&'a WorldPod> {
        let pods = world.pods.iter();
        let pods = pods.filter(|pod| pod.workload() == name);
        pods.filter(|pod| namespace.is_none_or(|namespace| pod.namespace() == namespace))
            .collect()
    };
    if let Some((namespace, name)) = name.split_once('/') {
        return of(Some(namespace), name);
    }
    let home = if name == "istio-ingressgateway" {
        "istio-system"
    } else {
        "default"
    };
    let there = of(Some(home), name);
    if there.is_empty() {
        of(None, name)
    } else {
        there
    }
}

/// A pod as golden files name it as an owner of its address.
pub fn pod_owner(pod: &WorldPod) -> String {
    format!("pod({}/{})", pod.namespace(), pod.name())
}

/// Who owns which address, as golden files name them.
pub fn owners(world: &World) -> Owners {
    let pods = world.pods.iter().map(|pod| (pod.address, pod_owner(pod)));
    let services = world
        .objects
        .iter()
        .filter_map(|object| match &object.body {
            Body::Service(service) => {
                let address = service.spec.cluster_ip.as_ref()?.parse().ok()?;
                Some((
                    address,
                    format!("service({}/{})", object.meta.namespace, object.meta.name),
                ))
            }
            _ => None,
        });
    pods.chain(services).collect()
}

/// The connection that a call makes at its caller's proxy: to the resolved address, or to the gateway's own
/// port. Nothing when the name has no address.
pub fn connection(
    ground: &Ground,
    world: &World,
    caller: &WorldPod,
    item: &CallItem,
) -> Option<ConnectionInfo> {
    let port = item.target.port();
    let destination = match caller.role() {
        Role::Gateway => SocketAddr::new(caller.address, gateway_port(world, caller, port)),
        Role::Workload => SocketAddr::new(
            ground.resolve(world, item.target.host(), caller.namespace())?,
            port,
        ),
    };
    let server_name = item.server_name();
    let protocol = match (&item.target, server_name) {
        (Target::Http { .. }, None) if item.http2 => Some("h2c"),
        (Target::Http { .. }, None) => Some("http/1.1"),
        (Target::Http { .. } | Target::Tcp { .. } | Target::Tls { .. }, _) => None,
    };
    Some(ConnectionInfo {
        destination,
        source: caller.address,
        tls: server_name.is_some(),
        server_name: server_name.map(|name| name.to_ascii_lowercase().into()),
        application_protocols: protocol.map(Into::into).into_iter().collect(),
    })
}

/// The port of a gateway pod behind a port of its Service; the port itself where no Service has it.
pub fn gateway_port(world: &World, gateway: &WorldPod, port: u16) -> u16 {
    let ports = world.service_ports(gateway);
    let target = ports.iter().find(|(own, _)| *own == port);
    target.map_or(port, |(_, target)| *target)
}

/// The workloads that answer at an address: a pod's own, or those behind a Service's port.
pub fn behind(world: &World, address: SocketAddr) -> BTreeSet<String> {
    let pod = |ip: IpAddr| world.pods.iter().find(|pod| pod.address == ip);
    let sockets = match pod(address.ip()) {
        Some(_) => vec![address],
        None => world.behind(address),
    };
    let pods = sockets.iter().filter_map(|socket| pod(socket.ip()));
    pods.map(|pod| pod.workload().to_owned()).collect()
}
