//! The environment of a process.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use sealane_model::core::pod::EnvVar;
use sealane_model::resource::ObjectMeta;
use serde_json::Value;

use super::ProcessSpec;
use crate::pods::PlannedPod;

/// What a process calls without a proxy.
const DIRECT: &str = "localhost,127.0.0.1,::1";

/// The ports of this machine that stand for a process's ports.
pub type Sockets = BTreeMap<u16, SocketAddr>;

/// The variables of a pod that do not depend on when it starts: who it is, then what its
/// containers say.
///
/// Labels are those that the file says: a pod that somebody relabels goes on running.
pub(super) fn own_variables(
    pod: &PlannedPod,
    address: IpAddr,
    said: &ObjectMeta,
) -> BTreeMap<String, String> {
    let version = said
        .labels
        .get("version")
        .filter(|text| is_label_value(text));
    let mut variables = BTreeMap::from([
        ("POD_NAME".to_owned(), pod.name.clone()),
        ("POD_NAMESPACE".to_owned(), pod.namespace.clone()),
        ("POD_IP".to_owned(), address.to_string()),
        ("WORKLOAD".to_owned(), pod.workload.clone()),
        ("VERSION".to_owned(), version.cloned().unwrap_or_default()),
    ]);
    for variable in pod.spec.containers.iter().flat_map(|it| &it.env) {
        if !is_name(&variable.name) {
            continue;
        }
        if let Some(value) = value(variable, pod, (address, said)) {
            variables.insert(variable.name.clone(), value);
        }
    }
    variables
}

/// The variables of a pod's containers that cannot be set here: they come from objects that
/// nothing reads.
pub fn unset(pod: &PlannedPod) -> Vec<&str> {
    let variables = pod.spec.containers.iter().flat_map(|it| &it.env);
    let nothing = (IpAddr::from([127, 0, 0, 1]), &ObjectMeta::default());
    let unset = variables.filter(|it| value(it, pod, nothing).is_none());
    unset.map(|it| it.name.as_str()).collect()
}

impl ProcessSpec {
    /// The variables with which the process starts, beside those that it inherits: `sockets` are
    /// its ports on this machine, `capture` is where its calls enter the mesh.
    ///
    /// The container's own variables win over those of the pod and over the proxy's, but not over
    /// the ports: what listens elsewhere is not reached.
    pub fn environment(
        &self,
        sockets: &Sockets,
        capture: Option<SocketAddr>,
    ) -> BTreeMap<String, String> {
        let mut all = BTreeMap::new();
        if let Some(capture) = capture {
            let proxy = format!("http://{capture}");
            for name in ["http_proxy", "HTTP_PROXY"] {
                all.insert(name.to_owned(), proxy.clone());
            }
            for name in ["no_proxy", "NO_PROXY"] {
                all.insert(name.to_owned(), DIRECT.to_owned());
            }
            all.insert("NODE_USE_ENV_PROXY".to_owned(), "1".to_owned());
        }
        all.extend(self.variables.clone());
        for (index, port) in self.ports.iter().enumerate() {
            let Some(socket) = sockets.get(&port.number) else {
                continue;
            };
            let real = socket.port().to_string();
            if index == 0 {
                all.insert("PORT".to_owned(), real.clone());
            }
            all.insert(format!("PORT_{}", port.number), real.clone());
            if let Some(name) = &port.name {
                all.insert(format!("PORT_{}", upper(name)), real);
            }
        }
        all
    }
}

/// The value of a container's variable, as kubelet would set it.
fn value(
    variable: &EnvVar,
    pod: &PlannedPod,
    (address, said): (IpAddr, &ObjectMeta),
) -> Option<String> {
    let Some(from) = &variable.value_from else {
        return Some(variable.value.clone().unwrap_or_default());
    };
    let path = from
        .0
        .pointer("/fieldRef/fieldPath")
        .and_then(Value::as_str)?;
    let of = |map: &BTreeMap<String, String>, key: &str| {
        let key = key.strip_suffix("']")?;
        Some(map.get(key).cloned().unwrap_or_default())
    };
    match path {
        "metadata.name" => Some(pod.name.clone()),
        "metadata.namespace" => Some(pod.namespace.clone()),
        "status.podIP" | "status.hostIP" => Some(address.to_string()),
        "spec.nodeName" => Some(pod.spec.node_name.clone().unwrap_or_default()),
        "spec.serviceAccountName" => {
            let account = pod.spec.service_account_name.clone();
            Some(account.unwrap_or_else(|| "default".to_owned()))
        }
        path => path
            .strip_prefix("metadata.labels['")
            .and_then(|key| of(&said.labels, key))
            .or_else(|| {
                let key = path.strip_prefix("metadata.annotations['")?;
                of(&said.annotations, key)
            }),
    }
}

fn upper(name: &str) -> String {
    let upper = |c: char| match c {
        '-' => '_',
        c => c.to_ascii_uppercase(),
    };
    name.chars().map(upper).collect()
}

/// Whether a variable can have this name.
fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(['=', '\0'])
}

/// Whether it is what Kubernetes takes as the value of a label. Nothing else is put where a
/// command line may expand it.
fn is_label_value(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    text.len() <= 63
        && text.chars().all(allowed)
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
}
