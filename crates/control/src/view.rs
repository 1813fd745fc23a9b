//! The read model of the edge: what the ingress gateways serve, and where it goes, in words.
//!
//! It says what was declared, for maps and lists that people read; what happens to one request
//! only the proxy's own matcher can tell.

mod rule;

use sealane_compile::MeshSettings;
use sealane_model::kind::ObjectKey;
use sealane_model::networking::gateway::Gateway;
use sealane_model::networking::virtual_service::VirtualService;
use sealane_model::path::FieldPath;
use sealane_model::resource::{Body, Object};
use serde::Serialize;

pub use self::rule::{Share, action, conditions, shares};
use crate::control::Current;
use crate::origins::Place;

/// One port of a gateway with what is served there.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ServerView {
    /// The namespace of the Gateway.
    pub namespace: String,
    /// The Gateway.
    pub gateway: String,
    /// The labels of the pods that serve it, `KEY=VALUE`, sorted.
    pub selector: Vec<String>,
    /// The port of the server.
    pub port: u32,
    /// The name of that port.
    pub name: String,
    /// Its protocol: `HTTP`, `HTTPS`, ….
    pub protocol: String,
    /// Its hosts.
    pub hosts: Vec<String>,
    /// Its rules, in the order of the `VirtualServices`.
    pub rules: Vec<RuleView>,
}

/// One HTTP rule of a VirtualService.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RuleView {
    /// The hosts of the VirtualService, by the whole names that its gateways know them by.
    pub hosts: Vec<String>,
    /// Its conditions, each as `PATH` and further words; `/` when it takes all.
    pub matches: Vec<String>,
    /// Where requests go.
    pub shares: Vec<Share>,
    /// What happens instead of going anywhere: `redirect to …`, `answers 200`.
    pub action: Option<String>,
    /// The namespace of the VirtualService.
    pub namespace: String,
    /// The VirtualService.
    pub virtual_service: String,
    /// Where the rule was written: `FILE:LINE:COLUMN`, or the object's name.
    pub place: String,
}

/// What the Gateways of a generation serve, by namespace, name and server.
pub fn servers(current: &Current) -> Vec<ServerView> {
    let services: Vec<(&Object, &VirtualService)> = current
        .declared
        .iter()
        .filter_map(|stored| match &stored.object.body {
            Body::VirtualService(spec) => Some((&*stored.object, spec)),
            _ => None,
        })
        .collect();
    let mut views = Vec::new();
    for stored in current.declared.iter() {
        let Body::Gateway(gateway) = &stored.object.body else {
            continue;
        };
        let key = stored.object.key();
        let rules: Vec<RuleView> = services
            .iter()
            .filter(|(object, spec)| is_bound(object, spec, &key))
            .flat_map(|(object, spec)| rules(object, spec, &current.snapshot.mesh))
            .collect();
        views.extend(servers_of(&key, gateway, &rules));
    }
    views
}

fn servers_of(key: &ObjectKey, gateway: &Gateway, rules: &[RuleView]) -> Vec<ServerView> {
    let selector = gateway.selector.iter();
    let selector: Vec<String> = selector
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    let view = |server: &sealane_model::networking::gateway::Server| ServerView {
        namespace: key.namespace.clone(),
        gateway: key.name.clone(),
        selector: selector.clone(),
        port: server.port.number,
        name: server.port.name.clone(),
        protocol: server.port.protocol.clone(),
        hosts: server.hosts.clone(),
        rules: rules
            .iter()
            .filter(|rule| rule.hosts.iter().any(|host| is_served(server, key, host)))
            .cloned()
            .collect(),
    };
    gateway.servers.iter().map(view).collect()
}

/// Whether a VirtualService names a Gateway.
fn is_bound(object: &Object, spec: &VirtualService, gateway: &ObjectKey) -> bool {
    spec.gateways.iter().any(|named| {
        let (namespace, name) = named
            .split_once('/')
            .unwrap_or((&object.meta.namespace, named));
        namespace == gateway.namespace && name == gateway.name
    })
}

/// Whether a server takes requests for a host of a VirtualService: one of the two names covers
/// the other.
fn is_served(
    server: &sealane_model::networking::gateway::Server,
    gateway: &ObjectKey,
    host: &str,
) -> bool {
    server.hosts.iter().any(|served| {
        let (namespace, served) = served.split_once('/').unwrap_or(("*", served));
        let visible = matches!(namespace, "*" | ".") || namespace == gateway.namespace;
        visible && (covers(served, host) || covers(host, served))
    })
}

fn covers(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix('*') {
        Some(end) => host.ends_with(end),
        None => pattern == host,
    }
}

fn rules(object: &Object, spec: &VirtualService, mesh: &MeshSettings) -> Vec<RuleView> {
    let whole = |host: &String| mesh.whole_host(host, &object.meta.namespace);
    let hosts: Vec<String> = spec.hosts.iter().map(whole).collect();
    let rule = |(index, rule)| {
        let path = FieldPath::root().field("http").index(index);
        RuleView {
            hosts: hosts.clone(),
            matches: conditions(rule),
            shares: shares(rule),
            action: action(rule),
            namespace: object.meta.namespace.clone(),
            virtual_service: object.meta.name.clone(),
            place: Place::of(object, &path).to_string(),
        }
    };
    spec.http.iter().enumerate().map(rule).collect()
}

#[cfg(test)]
mod tests;
