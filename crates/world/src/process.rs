//! Pods that are real processes of this machine: `sealane.dev/command`. Pure: what shall run, with
//! which environment; who runs it is elsewhere.

mod environment;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use sealane_model::core::pod::PodSpec;
use sealane_model::resource::{Body, Object, ObjectMeta};

use crate::pods::{PlannedPod, template_of};
use crate::process::environment::own_variables;
pub use crate::process::environment::{Sockets, unset};
use crate::terms::{Commands, PodName};

/// The annotation that makes a pod a process: a command line of the shell.
pub const COMMAND: &str = "sealane.dev/command";
/// Processes of a mesh, at most: more pods are simulated.
pub const PROCESSES: usize = 200;

/// A port of a pod that its process serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessPort {
    /// The port as the mesh knows it.
    pub number: u16,
    /// The name that its container gives it.
    pub name: Option<String>,
}

/// A process that stands behind a pod. Two that are equal need not be exchanged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessSpec {
    /// The pod, by namespace and name.
    pub pod: PodName,
    /// The pod's address in the mesh.
    pub address: IpAddr,
    /// The command line, for `sh -c`.
    pub command: String,
    /// Where it runs: the folder of the manifest; empty is where Sealane runs.
    pub folder: PathBuf,
    /// Its ports; the first is the one of `PORT`.
    pub ports: Vec<ProcessPort>,
    /// The variables of its container, and those that tell it which pod it is.
    pub variables: BTreeMap<String, String>,
}

/// Why a pod with a command is simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// Commands are not allowed.
    NotAllowed,
    /// No file declares this command for this object.
    NotFromFile,
    /// There are too many processes.
    TooMany,
}

impl Refused {
    /// The reason, for people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotAllowed => "commands run only with --allow-commands",
            Self::NotFromFile => {
                "only commands run that a file named on the command line of `sealane up` declares, with their environment; this one came through the API"
            }
            Self::TooMany => "no more than 200 processes run at a time",
        }
    }
}

/// The process of a pod that carries a command, when it may run; `None` without a command.
/// `ports` are the TCP ports that the pod serves.
pub(crate) fn process(
    pod: &PlannedPod,
    maker: Option<&Object>,
    (address, ports): (IpAddr, &BTreeSet<u16>),
    commands: Commands<'_>,
) -> Option<Result<ProcessSpec, Refused>> {
    let command = pod.annotations.get(COMMAND)?;
    let Commands::Of(approved) = commands else {
        return Some(Err(Refused::NotAllowed));
    };
    let file = approved.get(&pod.made_by);
    let said = file.and_then(|file| Some((file, may_run(file, pod, maker)?)));
    let Some((file, said)) = said else {
        return Some(Err(Refused::NotFromFile));
    };
    Some(Ok(ProcessSpec {
        pod: (pod.namespace.clone(), pod.name.clone()),
        address,
        command: command.clone(),
        folder: folder(file),
        ports: process_ports(pod, ports),
        variables: own_variables(pod, address, said),
    }))
}

/// The metadata of the pods as a file declares them, when it has the pod's command and the same
/// environment for it. Who asks the API may scale a workload and relabel it, but not say what runs.
fn may_run<'a>(
    file: &'a Object,
    pod: &PlannedPod,
    maker: Option<&Object>,
) -> Option<&'a ObjectMeta> {
    let (said, spec) = parts(file)?;
    let (_, now) = parts(maker?)?;
    let env =
        |spec: &PodSpec| -> Vec<_> { spec.containers.iter().map(|it| it.env.clone()).collect() };
    let is_same = said.annotations.get(COMMAND) == pod.annotations.get(COMMAND);
    (is_same && env(spec) == env(now)).then_some(said)
}

/// The metadata and the spec of the pods that an object makes.
fn parts(object: &Object) -> Option<(&ObjectMeta, &PodSpec)> {
    match &object.body {
        Body::Pod(pod) => Some((&object.meta, &pod.spec)),
        body => {
            let template = &template_of(body)?.template;
            Some((&template.metadata, &template.spec))
        }
    }
}

/// The folder of the file that declares an object; empty for standard input.
fn folder(object: &Object) -> PathBuf {
    let file = object
        .source
        .as_ref()
        .map(|source| Path::new(&*source.file));
    file.and_then(Path::parent)
        .unwrap_or_else(|| Path::new(""))
        .into()
}

/// The ports in the order in which the containers name them, then the others by number.
fn process_ports(pod: &PlannedPod, ports: &BTreeSet<u16>) -> Vec<ProcessPort> {
    let named = pod.spec.containers.iter().flat_map(|it| &it.ports);
    let mut out: Vec<ProcessPort> = Vec::new();
    for port in named {
        let number = u16::try_from(port.container_port).ok();
        let Some(number) = number.filter(|number| ports.contains(number)) else {
            continue;
        };
        if !out.iter().any(|known| known.number == number) {
            out.push(ProcessPort {
                number,
                name: port.name.clone(),
            });
        }
    }
    for number in ports {
        if !out.iter().any(|known| known.number == *number) {
            out.push(ProcessPort {
                number: *number,
                name: None,
            });
        }
    }
    out
}
