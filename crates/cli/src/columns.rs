//! The columns that `get` shows of each kind, as kubectl and Istio's CRDs show them.

use sealane_model::kind::Kind;
use serde_json::Value;

/// A column: its header, whether only `-o wide` shows it, and its text for an object.
pub(crate) struct Column {
    /// The header.
    pub(crate) header: &'static str,
    /// Shown only by `-o wide`.
    pub(crate) wide: bool,
    /// The text of an object's cell.
    pub(crate) cell: fn(&Value) -> String,
}

const fn column(header: &'static str, cell: fn(&Value) -> String) -> Column {
    Column {
        header,
        wide: false,
        cell,
    }
}

const fn wide(header: &'static str, cell: fn(&Value) -> String) -> Column {
    Column {
        header,
        wide: true,
        cell,
    }
}

/// The columns of `kind` between NAME and AGE.
pub(crate) fn columns(kind: Kind) -> Vec<Column> {
    match kind {
        Kind::VirtualService => vec![
            column("GATEWAYS", |object| list(object, "/spec/gateways")),
            column("HOSTS", |object| list(object, "/spec/hosts")),
        ],
        Kind::DestinationRule => vec![column("HOST", |object| text(object, "/spec/host"))],
        Kind::ServiceEntry => vec![
            column("HOSTS", |object| list(object, "/spec/hosts")),
            column("LOCATION", |object| text(object, "/spec/location")),
            column("RESOLUTION", |object| text(object, "/spec/resolution")),
        ],
        Kind::WorkloadEntry => vec![column("ADDRESS", |object| text(object, "/spec/address"))],
        Kind::Service => vec![
            column("TYPE", |object| or(text(object, "/spec/type"), "ClusterIP")),
            column("CLUSTER-IP", |object| {
                or(text(object, "/spec/clusterIP"), "<none>")
            }),
            column("PORT(S)", ports),
            wide("SELECTOR", |object| labels(object, "/spec/selector")),
        ],
        Kind::Pod => vec![
            column("READY", |object| {
                format!("{}/1", u8::from(condition(object, "Ready")))
            }),
            column("STATUS", |object| {
                or(text(object, "/status/phase"), "Running")
            }),
            wide("IP", |object| or(text(object, "/status/podIP"), "<none>")),
            wide("NODE", |object| {
                or(text(object, "/spec/nodeName"), "<none>")
            }),
        ],
        Kind::Deployment | Kind::StatefulSet | Kind::ReplicaSet => vec![
            column("READY", |object| {
                let wanted = number(object, "/spec/replicas").unwrap_or(1);
                let ready = number(object, "/status/readyReplicas").unwrap_or(wanted);
                format!("{ready}/{wanted}")
            }),
            wide("IMAGES", images),
            wide("SELECTOR", |object| {
                labels(object, "/spec/selector/matchLabels")
            }),
        ],
        Kind::EndpointSlice => vec![
            column("ADDRESSTYPE", |object| text(object, "/addressType")),
            column("ENDPOINTS", |object| {
                addresses(object, "/endpoints", "addresses")
            }),
        ],
        Kind::Namespace => vec![column("STATUS", |_| "Active".to_owned())],
        Kind::Gateway => vec![column("SERVERS", servers)],
        Kind::Sidecar | Kind::DaemonSet | Kind::Endpoints | Kind::Node | Kind::Secret => Vec::new(),
    }
}

/// A string of the object; empty when it has none.
pub(crate) fn text(object: &Value, pointer: &str) -> String {
    let value = object.pointer(pointer).and_then(Value::as_str);
    value.unwrap_or_default().to_owned()
}

fn number(object: &Value, pointer: &str) -> Option<i64> {
    object.pointer(pointer)?.as_i64()
}

fn or(text: String, otherwise: &str) -> String {
    if text.is_empty() {
        otherwise.to_owned()
    } else {
        text
    }
}

/// A list as compact JSON, as Istio's printer columns show it: `["a","b"]`.
fn list(object: &Value, pointer: &str) -> String {
    object
        .pointer(pointer)
        .map_or_else(String::new, Value::to_string)
}

/// Labels as `a=b,c=d`; `<none>` without any.
pub(crate) fn labels(object: &Value, pointer: &str) -> String {
    let map = object.pointer(pointer).and_then(Value::as_object);
    let pairs = map.into_iter().flatten();
    let pairs: Vec<_> = pairs
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    or(pairs.join(","), "<none>")
}

fn items<'a>(object: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> {
    let list = object.pointer(pointer).and_then(Value::as_array);
    list.into_iter().flatten()
}

fn ports(object: &Value) -> String {
    let ports: Vec<_> = items(object, "/spec/ports")
        .map(|port| {
            let number = number(port, "/port").unwrap_or_default();
            format!("{number}/{}", or(text(port, "/protocol"), "TCP"))
        })
        .collect();
    or(ports.join(","), "<none>")
}

/// The servers of a Gateway and where each is bound: `80/HTTP 127.0.0.1:8080`.
fn servers(object: &Value) -> String {
    let servers: Vec<_> = items(object, "/status/servers")
        .map(|server| {
            let port = number(server, "/port").unwrap_or_default();
            let address = or(text(server, "/address"), "<not served>");
            format!("{port}/{} {address}", text(server, "/protocol"))
        })
        .collect();
    or(servers.join(","), "<none>")
}

fn images(object: &Value) -> String {
    let images: Vec<_> = items(object, "/spec/template/spec/containers")
        .map(|container| text(container, "/image"))
        .collect();
    images.join(",")
}

fn addresses(object: &Value, pointer: &str, field: &str) -> String {
    let all = items(object, pointer).filter_map(|endpoint| endpoint.get(field));
    let all: Vec<_> = all
        .flat_map(|list| list.as_array().into_iter().flatten())
        .collect();
    let all: Vec<_> = all.into_iter().filter_map(Value::as_str).collect();
    or(all.join(","), "<unset>")
}

fn condition(object: &Value, kind: &str) -> bool {
    let mut conditions = items(object, "/status/conditions");
    let found = conditions.find(|condition| text(condition, "/type") == kind);
    found.is_none_or(|condition| text(condition, "/status") == "True")
}
