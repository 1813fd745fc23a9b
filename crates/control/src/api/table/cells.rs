//! The cells of tables, in the words of `kubectl get`.

use std::time::SystemTime;

use serde_json::{Value, json};

use super::age::since;

/// Endpoints that a cell names, at most.
const ENDPOINTS: usize = 3;

/// The value there; empty when there is none.
pub(super) fn at(object: &Value, pointer: &str) -> Value {
    json!(string(object, pointer).unwrap_or_default())
}

/// How many values a Secret holds.
pub(super) fn data(object: &Value) -> Value {
    let of = |pointer: &str| object.pointer(pointer).and_then(Value::as_object);
    let values = [of("/data"), of("/stringData")].into_iter().flatten();
    json!(values.map(serde_json::Map::len).sum::<usize>())
}

/// The value there; `<none>` when there is none.
pub(super) fn or_none(object: &Value, pointer: &str) -> Value {
    let value = string(object, pointer).filter(|value| !value.is_empty());
    json!(value.unwrap_or("<none>"))
}

/// A list as compact JSON, as the columns of CRDs are: `["a","b"]`.
pub(super) fn list(object: &Value, pointer: &str) -> Value {
    json!(
        object
            .pointer(pointer)
            .map_or_else(String::new, Value::to_string)
    )
}

/// A number; 0 when there is none.
pub(super) fn count(object: &Value, pointer: &str) -> Value {
    json!(integer(object, pointer).unwrap_or_default())
}

/// How many elements a list has.
pub(super) fn length(object: &Value, pointer: &str) -> Value {
    json!(items(object, pointer).count())
}

/// How many entries a map has.
pub(super) fn entries(object: &Value, pointer: &str) -> Value {
    let map = object.pointer(pointer).and_then(Value::as_object);
    json!(map.map_or(0, serde_json::Map::len))
}

/// Labels as a selector.
pub(super) fn labels(object: &Value, pointer: &str) -> Value {
    let map = object.pointer(pointer).and_then(Value::as_object);
    let pairs = map.into_iter().flatten();
    let pairs: Vec<String> = pairs
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    json!(or(pairs.join(","), "<none>"))
}

/// A field of each container of a template.
pub(super) fn containers(object: &Value, field: &str) -> Value {
    let containers = items(object, "/spec/template/spec/containers");
    let found: Vec<&str> = containers
        .map(|container| container.get(field).and_then(Value::as_str).unwrap_or(""))
        .collect();
    json!(found.join(","))
}

/// `READY/WANTED` of what makes pods.
pub(super) fn ready_of(object: &Value) -> Value {
    let ready = integer(object, "/status/readyReplicas").unwrap_or_default();
    let wanted = integer(object, "/spec/replicas").unwrap_or_default();
    json!(format!("{ready}/{wanted}"))
}

/// `READY/ALL` of a pod's containers.
pub(super) fn pod_ready(object: &Value) -> Value {
    let all = items(object, "/spec/containers").count();
    let states = items(object, "/status/containerStatuses");
    let ready = states.filter(|state| state.get("ready") == Some(&json!(true)));
    json!(format!("{}/{all}", ready.count()))
}

/// Why a pod's container waits or ended, else the pod's phase.
pub(super) fn pod_status(object: &Value) -> Value {
    if object.pointer("/metadata/deletionTimestamp").is_some() {
        return json!("Terminating");
    }
    let reason = items(object, "/status/containerStatuses").find_map(|state| {
        let waiting = string(state, "/state/waiting/reason");
        waiting.or_else(|| string(state, "/state/terminated/reason"))
    });
    let reason = reason.or_else(|| string(object, "/status/reason"));
    let phase = reason.or_else(|| string(object, "/status/phase"));
    json!(phase.unwrap_or("Unknown"))
}

/// How often a pod's containers were started again.
pub(super) fn pod_restarts(object: &Value) -> Value {
    let states = items(object, "/status/containerStatuses");
    let restarts = states.filter_map(|state| integer(state, "/restartCount"));
    json!(restarts.sum::<i64>().to_string())
}

/// Where a Service is reached from outside.
pub(super) fn external_ip(object: &Value) -> Value {
    let listed: Vec<&str> = items(object, "/spec/externalIPs")
        .filter_map(Value::as_str)
        .collect();
    let given = items(object, "/status/loadBalancer/ingress");
    let given: Vec<&str> = given
        .filter_map(|it| string(it, "/ip").or_else(|| string(it, "/hostname")))
        .collect();
    let text = match string(object, "/spec/type") {
        Some("ExternalName") => string(object, "/spec/externalName")
            .unwrap_or("")
            .to_owned(),
        Some("LoadBalancer") => or(or(given.join(","), &listed.join(",")), "<pending>"),
        _ => or(listed.join(","), "<none>"),
    };
    json!(text)
}

/// `80:30080/TCP,443/TCP`.
pub(super) fn service_ports(object: &Value) -> Value {
    let ports = items(object, "/spec/ports").map(|port| {
        let number = integer(port, "/port").unwrap_or_default();
        let node = integer(port, "/nodePort").filter(|node| *node != 0);
        let node = node.map_or_else(String::new, |node| format!(":{node}"));
        format!(
            "{number}{node}/{}",
            string(port, "/protocol").unwrap_or("TCP")
        )
    });
    let ports: Vec<String> = ports.collect();
    json!(or(ports.join(","), "<none>"))
}

/// The ports of an EndpointSlice.
pub(super) fn slice_ports(object: &Value) -> Value {
    let ports = items(object, "/ports").filter_map(|port| integer(port, "/port"));
    json!(first(ports.map(|port| port.to_string()), "<unset>"))
}

/// The addresses of an EndpointSlice.
pub(super) fn slice_endpoints(object: &Value) -> Value {
    let addresses = items(object, "/endpoints").flat_map(|it| items(it, "/addresses"));
    let addresses = addresses.filter_map(Value::as_str).map(str::to_owned);
    json!(first(addresses, "<unset>"))
}

/// The addresses and ports of Endpoints.
pub(super) fn endpoints(object: &Value) -> Value {
    let all = items(object, "/subsets").flat_map(|subset| {
        let ports: Vec<i64> = items(subset, "/ports")
            .filter_map(|port| integer(port, "/port"))
            .collect();
        let addresses = items(subset, "/addresses").filter_map(|it| string(it, "/ip"));
        addresses
            .flat_map(|ip| ports.iter().map(move |port| format!("{ip}:{port}")))
            .collect::<Vec<_>>()
    });
    json!(first(all, "<none>"))
}

/// Whether a node is ready and takes pods.
pub(super) fn node_status(object: &Value) -> Value {
    let mut conditions = items(object, "/status/conditions");
    let ready = conditions.find(|condition| string(condition, "/type") == Some("Ready"));
    let mut words = vec![match ready.and_then(|ready| string(ready, "/status")) {
        Some("True") => "Ready",
        Some(_) => "NotReady",
        None => "Unknown",
    }];
    if object.pointer("/spec/unschedulable") == Some(&json!(true)) {
        words.push("SchedulingDisabled");
    }
    json!(words.join(","))
}

/// The roles that a node's labels give it.
pub(super) fn node_roles(object: &Value) -> Value {
    let labels = object
        .pointer("/metadata/labels")
        .and_then(Value::as_object);
    let labels = labels.into_iter().flatten();
    let roles: Vec<&str> = labels
        .filter_map(|(label, _)| label.strip_prefix("node-role.kubernetes.io/"))
        .collect();
    json!(or(roles.join(","), "<none>"))
}

/// The type of a Secret.
pub(super) fn secret_type(object: &Value) -> Value {
    json!(string(object, "/type").unwrap_or("Opaque"))
}

/// The hosts of an Ingress.
pub(super) fn ingress_hosts(object: &Value) -> Value {
    let hosts = items(object, "/spec/rules").map(|rule| string(rule, "/host").unwrap_or("*"));
    json!(first(hosts.map(str::to_owned), "*"))
}

/// The ports of an Ingress.
pub(super) fn ingress_ports(object: &Value) -> Value {
    let secure = items(object, "/spec/tls").next().is_some();
    json!(if secure { "80, 443" } else { "80" })
}

/// What an autoscaler scales.
pub(super) fn scale_target(object: &Value) -> Value {
    let part = |name| string(object, name).unwrap_or_default();
    let kind = part("/spec/scaleTargetRef/kind");
    json!(format!("{kind}/{}", part("/spec/scaleTargetRef/name")))
}

/// How long ago an event was seen.
pub(super) fn last_seen(object: &Value, now: SystemTime) -> Value {
    json!(since(object, "/lastTimestamp", now))
}

/// The object of an event.
pub(super) fn involved(object: &Value) -> Value {
    let part = |name| string(object, name).unwrap_or_default();
    let kind = part("/involvedObject/kind").to_ascii_lowercase();
    json!(format!("{kind}/{}", part("/involvedObject/name")))
}

fn string<'a>(object: &'a Value, pointer: &str) -> Option<&'a str> {
    object.pointer(pointer)?.as_str()
}

fn integer(object: &Value, pointer: &str) -> Option<i64> {
    object.pointer(pointer)?.as_i64()
}

fn items<'a>(object: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> {
    let list = object.pointer(pointer).and_then(Value::as_array);
    list.into_iter().flatten()
}

fn or(text: String, otherwise: &str) -> String {
    if text.is_empty() {
        otherwise.to_owned()
    } else {
        text
    }
}

/// The first few, and how many more there are.
fn first(all: impl Iterator<Item = String>, none: &str) -> String {
    let all: Vec<String> = all.collect();
    let more = all.len().saturating_sub(ENDPOINTS);
    let shown: Vec<String> = all.into_iter().take(ENDPOINTS).collect();
    match more {
        0 => or(shown.join(","), none),
        more => format!("{} + {more} more...", shown.join(",")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_tells_where_it_is_reached() {
        let service = json!({"spec": {"type": "LoadBalancer", "ports": [
            {"port": 80, "nodePort": 30080, "protocol": "TCP"}, {"port": 443}
        ]}});
        assert_eq!(service_ports(&service), "80:30080/TCP,443/TCP");
        assert_eq!(external_ip(&service), "<pending>");
        let given = json!({"spec": {"type": "LoadBalancer"},
            "status": {"loadBalancer": {"ingress": [{"ip": "127.0.0.1"}]}}});
        assert_eq!(external_ip(&given), "127.0.0.1");
    }

    #[test]
    fn a_pod_tells_why_it_waits() {
        let pod = json!({"spec": {"containers": [{}, {}]}, "status": {
            "phase": "Running",
            "containerStatuses": [
                {"ready": true, "restartCount": 1},
                {"ready": false, "restartCount": 2,
                 "state": {"waiting": {"reason": "CrashLoopBackOff"}}},
            ],
        }});
        assert_eq!(pod_ready(&pod), "1/2");
        assert_eq!(pod_status(&pod), "CrashLoopBackOff");
        assert_eq!(pod_restarts(&pod), "3");
    }

    #[test]
    fn a_cell_names_a_few_and_counts_the_rest() {
        let slice = json!({"endpoints": [
            {"addresses": ["a"]}, {"addresses": ["b"]}, {"addresses": ["c"]}, {"addresses": ["d"]}
        ]});
        assert_eq!(slice_endpoints(&slice), "a,b,c + 1 more...");
    }
}
