//! The columns of each kind: kubectl's own, and those of Istio's CRDs.

use std::time::SystemTime;

use sealane_model::kind::Kind;
use serde_json::{Value, json};

use super::age::age;
use super::cells;
use crate::resource::Resource;

/// A column of a table.
#[derive(Debug, Clone, Copy)]
pub(in crate::api) struct Column {
    /// Its name; people see it in capitals.
    pub(in crate::api) name: &'static str,
    /// `string` or `integer`.
    pub(in crate::api) kind: &'static str,
    /// What it tells.
    pub(in crate::api) description: &'static str,
    /// Whether only `-o wide` shows it.
    pub(in crate::api) wide: bool,
    /// The cell of an object.
    pub(in crate::api) cell: fn(&Value, SystemTime) -> Value,
}

/// A column of texts.
const fn text(name: &'static str, cell: fn(&Value, SystemTime) -> Value) -> Column {
    Column {
        name,
        kind: "string",
        description: "",
        wide: false,
        cell,
    }
}

/// A column of numbers.
const fn number(name: &'static str, cell: fn(&Value, SystemTime) -> Value) -> Column {
    Column {
        kind: "integer",
        ..text(name, cell)
    }
}

/// A column that only `-o wide` shows.
const fn wide(name: &'static str, cell: fn(&Value, SystemTime) -> Value) -> Column {
    Column {
        wide: true,
        ..text(name, cell)
    }
}

const NAME: Column = Column {
    description: "Name of the object, unique within its namespace.",
    ..text("Name", |object, _| cells::at(object, "/metadata/name"))
};
const AGE: Column = Column {
    description: "How long ago the object was made.",
    ..text("Age", |object, now| json!(age(object, now)))
};
const CONTAINERS: Column = wide("Containers", |object, _| cells::containers(object, "name"));
const IMAGES: Column = wide("Images", |object, _| cells::containers(object, "image"));
const SELECTOR: Column = wide("Selector", |object, _| {
    cells::labels(object, "/spec/selector/matchLabels")
});

/// The columns of a kind, the name first.
pub(in crate::api) fn columns(resource: Resource) -> Vec<Column> {
    let own = match resource.kind() {
        Some(kind) => of_kind(kind),
        None => of_kept(resource.info().name),
    };
    std::iter::once(NAME).chain(own).collect()
}

fn of_kind(kind: Kind) -> Vec<Column> {
    match kind {
        Kind::VirtualService => vec![
            text("Gateways", |object, _| {
                cells::list(object, "/spec/gateways")
            }),
            text("Hosts", |object, _| cells::list(object, "/spec/hosts")),
            AGE,
        ],
        Kind::DestinationRule => vec![
            text("Host", |object, _| cells::at(object, "/spec/host")),
            AGE,
        ],
        Kind::ServiceEntry => vec![
            text("Hosts", |object, _| cells::list(object, "/spec/hosts")),
            text("Location", |object, _| cells::at(object, "/spec/location")),
            text("Resolution", |object, _| {
                cells::at(object, "/spec/resolution")
            }),
            AGE,
        ],
        Kind::WorkloadEntry => vec![
            AGE,
            text("Address", |object, _| cells::at(object, "/spec/address")),
        ],
        Kind::Gateway | Kind::Sidecar => vec![AGE],
        Kind::Service => vec![
            text("Type", |object, _| cells::at(object, "/spec/type")),
            text("Cluster-IP", |object, _| {
                cells::or_none(object, "/spec/clusterIP")
            }),
            text("External-IP", |object, _| cells::external_ip(object)),
            text("Port(s)", |object, _| cells::service_ports(object)),
            AGE,
            wide("Selector", |object, _| {
                cells::labels(object, "/spec/selector")
            }),
        ],
        Kind::Pod => pod(),
        Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet | Kind::ReplicaSet => workload(kind),
        Kind::EndpointSlice => vec![
            text("AddressType", |object, _| cells::at(object, "/addressType")),
            text("Ports", |object, _| cells::slice_ports(object)),
            text("Endpoints", |object, _| cells::slice_endpoints(object)),
            AGE,
        ],
        Kind::Endpoints => vec![text("Endpoints", |object, _| cells::endpoints(object)), AGE],
        Kind::Namespace => vec![
            text("Status", |object, _| cells::at(object, "/status/phase")),
            AGE,
        ],
        Kind::Secret => vec![
            text("Type", |object, _| cells::at(object, "/type")),
            number("Data", |object, _| cells::data(object)),
            AGE,
        ],
        Kind::Node => vec![
            text("Status", |object, _| cells::node_status(object)),
            text("Roles", |object, _| cells::node_roles(object)),
            AGE,
            text("Version", |object, _| {
                cells::at(object, "/status/nodeInfo/kubeletVersion")
            }),
        ],
    }
}

fn pod() -> Vec<Column> {
    vec![
        text("Ready", |object, _| cells::pod_ready(object)),
        text("Status", |object, _| cells::pod_status(object)),
        text("Restarts", |object, _| cells::pod_restarts(object)),
        AGE,
        wide("IP", |object, _| cells::or_none(object, "/status/podIP")),
        wide("Node", |object, _| cells::or_none(object, "/spec/nodeName")),
        wide("Nominated Node", |_, _| json!("<none>")),
        wide("Readiness Gates", |_, _| json!("<none>")),
    ]
}

fn workload(kind: Kind) -> Vec<Column> {
    let (mut columns, wide_ones) = match kind {
        Kind::Deployment => (
            vec![
                text("Ready", |object, _| cells::ready_of(object)),
                text("Up-to-date", |object, _| {
                    cells::count(object, "/status/updatedReplicas")
                }),
                text("Available", |object, _| {
                    cells::count(object, "/status/availableReplicas")
                }),
                AGE,
            ],
            vec![CONTAINERS, IMAGES, SELECTOR],
        ),
        Kind::StatefulSet => (
            vec![text("Ready", |object, _| cells::ready_of(object)), AGE],
            vec![CONTAINERS, IMAGES],
        ),
        Kind::ReplicaSet => (
            vec![
                number("Desired", |object, _| {
                    cells::count(object, "/spec/replicas")
                }),
                number("Current", |object, _| {
                    cells::count(object, "/status/replicas")
                }),
                number("Ready", |object, _| {
                    cells::count(object, "/status/readyReplicas")
                }),
                AGE,
            ],
            vec![CONTAINERS, IMAGES, SELECTOR],
        ),
        _ => (
            vec![
                number("Desired", |object, _| {
                    cells::count(object, "/status/desiredNumberScheduled")
                }),
                number("Current", |object, _| {
                    cells::count(object, "/status/currentNumberScheduled")
                }),
                number("Ready", |object, _| {
                    cells::count(object, "/status/numberReady")
                }),
                number("Up-to-date", |object, _| {
                    cells::count(object, "/status/updatedNumberScheduled")
                }),
                number("Available", |object, _| {
                    cells::count(object, "/status/numberAvailable")
                }),
                text("Node Selector", |object, _| {
                    cells::labels(object, "/spec/template/spec/nodeSelector")
                }),
                AGE,
            ],
            vec![CONTAINERS, IMAGES, SELECTOR],
        ),
    };
    columns.extend(wide_ones);
    columns
}

/// The columns of kinds that are only kept, where kubectl has more than the age.
fn of_kept(name: &str) -> Vec<Column> {
    match name {
        "ConfigMap" => vec![
            text("Data", |object, _| cells::entries(object, "/data")),
            AGE,
        ],
        "Secret" => vec![
            text("Type", |object, _| cells::secret_type(object)),
            text("Data", |object, _| cells::entries(object, "/data")),
            AGE,
        ],
        "ServiceAccount" => vec![
            text("Secrets", |object, _| cells::length(object, "/secrets")),
            AGE,
        ],
        "Ingress" => vec![
            text("Class", |object, _| {
                cells::or_none(object, "/spec/ingressClassName")
            }),
            text("Hosts", |object, _| cells::ingress_hosts(object)),
            text("Address", |_, _| json!("")),
            text("Ports", |object, _| cells::ingress_ports(object)),
            AGE,
        ],
        "HorizontalPodAutoscaler" => vec![
            text("Reference", |object, _| cells::scale_target(object)),
            text("Targets", |_, _| json!("<unknown>")),
            text("MinPods", |object, _| {
                cells::count(object, "/spec/minReplicas")
            }),
            text("MaxPods", |object, _| {
                cells::count(object, "/spec/maxReplicas")
            }),
            text("Replicas", |_, _| json!("<unknown>")),
            AGE,
        ],
        "PeerAuthentication" => vec![
            text("Mode", |object, _| cells::at(object, "/spec/mtls/mode")),
            AGE,
        ],
        "AuthorizationPolicy" => vec![
            text("Action", |object, _| cells::at(object, "/spec/action")),
            AGE,
        ],
        "Event" => vec![
            text("Last Seen", cells::last_seen),
            text("Type", |object, _| cells::at(object, "/type")),
            text("Reason", |object, _| cells::at(object, "/reason")),
            text("Object", |object, _| cells::involved(object)),
            text("Message", |object, _| cells::at(object, "/message")),
        ],
        "HTTPRoute" | "GRPCRoute" => vec![
            text("Hostnames", |object, _| {
                cells::list(object, "/spec/hostnames")
            }),
            AGE,
        ],
        _ => vec![AGE],
    }
}
