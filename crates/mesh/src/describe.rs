//! One object for people: what it is, what applies to it, which rules, in which order, and who
//! answers. The terminal's `describe` prints it; nothing is decided here.

mod facts;
mod parts;
mod words;

use std::collections::BTreeMap;

use sealane_control::Current;
use sealane_control::origins::Place;
use sealane_model::diagnostic::{Style, render};
use sealane_model::kind::{Kind, ObjectKey};
use sealane_model::path::FieldPath;
use sealane_model::resource::{Body, Object};
use sealane_world::workloads::WorldPod;
use sealane_world::world::World;
use serde::Serialize;
use serde_json::Value;

use crate::mesh::Mesh;
use crate::served::{self, ServedHost, file_and_line};

/// An object, described.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Description {
    /// Its kind.
    pub kind: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// `FILE:LINE`; empty for objects of the API and for those that follow from others.
    pub place: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its annotations.
    pub annotations: BTreeMap<String, String>,
    /// When it came here, RFC 3339; empty when unknown.
    pub created: String,
    /// What it says and where it is, in the order in which people read it.
    pub facts: Vec<Fact>,
    /// The rules that are about it, as proxies serve them.
    pub hosts: Vec<ServedHost>,
    /// The subsets of its host, or those that it defines, or those that it is in.
    pub subsets: Vec<SubsetView>,
    /// What `DestinationRules` ask of its traffic.
    pub policies: Vec<PolicyView>,
    /// Its pods.
    pub pods: Vec<PodView>,
    /// The Services that select it.
    pub services: Vec<String>,
    /// What was found about it.
    pub warnings: Vec<String>,
}

/// A fact with its values.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fact {
    /// What the values are.
    pub name: String,
    /// The values.
    pub values: Vec<String>,
}

/// A subset.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SubsetView {
    /// Its name.
    pub name: String,
    /// The host whose pods it divides, as it was written.
    pub host: String,
    /// The labels of its pods.
    pub labels: BTreeMap<String, String>,
    /// The DestinationRule, `NAMESPACE/NAME`.
    pub rule: String,
    /// `FILE:LINE`.
    pub place: String,
    /// The pods that have the labels.
    pub pods: Vec<String>,
}

/// What a DestinationRule asks of some traffic.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyView {
    /// The DestinationRule, `NAMESPACE/NAME`.
    pub rule: String,
    /// `FILE:LINE`.
    pub place: String,
    /// `all traffic`, or `subset v1`.
    pub applies_to: String,
    /// The settings, each as `FIELD: VALUE`.
    pub settings: Vec<String>,
}

/// A pod.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PodView {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its label `version`.
    pub version: String,
    /// Its mesh address.
    pub address: String,
    /// Whether it may get requests.
    pub ready: bool,
}

/// What is looked into.
pub(crate) struct Look<'a> {
    pub(crate) mesh: &'a Mesh,
    pub(crate) current: &'a Current,
    pub(crate) world: &'a World,
}

/// The object of that kind and name as `from`, the workload that calls, meets it; `None` when there
/// is no such object.
pub fn describe(mesh: &Mesh, key: &ObjectKey, from: &str) -> Option<Description> {
    let (current, world) = (mesh.control().current(), mesh.world());
    let look = Look {
        mesh,
        current: &current,
        world: &world,
    };
    let object = world.objects.iter().find(|object| object.key() == *key);
    let object = object.or_else(|| current.object(key))?;
    let mut described = look.head(object);
    match &object.body {
        Body::VirtualService(spec) => {
            described.facts = facts::virtual_service(spec);
            described.hosts = look.rules(from, |rule, _| is_of(rule, key));
        }
        Body::DestinationRule(spec) => {
            let namespace = &object.meta.namespace;
            described.facts = facts::destination_rule(spec, namespace);
            let host = words::whole(spec.host.as_deref().unwrap_or_default(), namespace);
            look.host_parts(&mut described, &host);
            let own = format!("{}/{}", key.namespace, key.name);
            described.subsets.retain(|subset| subset.rule == own);
            described.policies.retain(|policy| policy.rule == own);
        }
        Body::Gateway(spec) => {
            described.facts = facts::gateway(&look, key, spec);
            let bound = look.bound_to(key);
            described.hosts = look.rules(from, |rule, host| {
                host.gateway && bound.contains(&(rule.namespace.clone(), rule.name.clone()))
            });
        }
        Body::Service(service) => {
            let host = parts::host_of(object);
            described.facts = facts::service(&host, service);
            look.host_parts(&mut described, &host);
            described.hosts = look.rules_of_host(from, &host);
        }
        Body::ServiceEntry(entry) => {
            described.facts = facts::service_entry(entry);
            for host in &entry.hosts {
                look.host_parts(&mut described, host);
                described.hosts.extend(look.rules_of_host(from, host));
            }
        }
        Body::Pod(_) => look.pod(&mut described, key),
        Body::Deployment(_) | Body::StatefulSet(_) | Body::DaemonSet(_) | Body::ReplicaSet(_) => {
            look.workload(&mut described, key);
        }
        Body::WorkloadEntry(_)
        | Body::Sidecar(_)
        | Body::EndpointSlice(_)
        | Body::Endpoints(_)
        | Body::Namespace(_)
        | Body::Node(_) => described.facts = facts::of_json(&object.body.encode()),
        Body::Secret(secret) => described.facts = facts::secret(secret),
    }
    Some(described)
}

fn is_of(rule: &served::ServedRule, key: &ObjectKey) -> bool {
    rule.kind == key.kind.info().name && rule.namespace == key.namespace && rule.name == key.name
}

impl Look<'_> {
    fn head(&self, object: &Object) -> Description {
        let key = object.key();
        let declared = self.current.object(&key);
        let place = declared.map(|it| file_and_line(&Place::of(it, &FieldPath::root())));
        let shown = self.current.shown.find(&(&key).into());
        let created = shown.and_then(|item| item.json.pointer("/metadata/creationTimestamp"));
        Description {
            kind: key.kind.info().name.to_owned(),
            namespace: key.namespace.clone(),
            name: key.name.clone(),
            place: place.unwrap_or_default(),
            labels: object.meta.labels.clone(),
            annotations: object.meta.annotations.clone(),
            created: created
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned(),
            warnings: self.warnings(&key),
            ..Description::default()
        }
    }

    /// What the newest generation found about an object.
    fn warnings(&self, key: &ObjectKey) -> Vec<String> {
        let history = self.mesh.control().history();
        let Some(newest) = history.last() else {
            return Vec::new();
        };
        let findings = &newest.findings;
        let its = findings.diagnostics.iter();
        let its = its.filter(|found| found.object.as_ref() == Some(key));
        let text = |path: &str| findings.texts.get(path).map(|text| &**text);
        its.map(|it| render(std::slice::from_ref(it), text, Style::Plain))
            .map(|text| text.trim_end().to_owned())
            .collect()
    }

    /// The rules that are wanted, of all gateways and of the sidecar of `from`.
    fn rules(
        &self,
        from: &str,
        wanted: impl Fn(&served::ServedRule, &ServedHost) -> bool,
    ) -> Vec<ServedHost> {
        let mut found = Vec::new();
        for mut host in self.hosts(from) {
            let mut rules = std::mem::take(&mut host.rules);
            rules.retain(|rule| wanted(rule, &host));
            host.rules = rules;
            if !host.rules.is_empty() {
                found.push(host);
            }
        }
        found
    }

    /// All rules of a host inside the mesh, and those of gateways that lead there.
    fn rules_of_host(&self, from: &str, name: &str) -> Vec<ServedHost> {
        self.rules(from, |rule, host| {
            let leads = rule.shares.iter().any(|share| share.host == name);
            if host.gateway {
                leads
            } else {
                host.host == name
            }
        })
    }

    fn hosts(&self, from: &str) -> Vec<ServedHost> {
        let mut hosts = Vec::new();
        for proxy in served::gateways(self.current) {
            hosts.extend(served::hosts(self.current, self.world, &proxy));
        }
        if let Some((namespace, pod, _)) = self.mesh.pod_of(from) {
            let proxy = format!("{namespace}/{pod}");
            hosts.extend(served::hosts(self.current, self.world, &proxy));
        }
        hosts
    }

    /// The `VirtualServices` that act at a Gateway.
    fn bound_to(&self, key: &ObjectKey) -> Vec<(String, String)> {
        let servers = sealane_control::view::servers(self.current);
        let its = servers
            .into_iter()
            .filter(|server| server.namespace == key.namespace && server.gateway == key.name);
        its.flat_map(|server| server.rules)
            .map(|rule| (rule.namespace, rule.virtual_service))
            .collect()
    }

    fn pod(&self, described: &mut Description, key: &ObjectKey) {
        let mut pods = self.world.pods.iter();
        let pod = pods.find(|pod| pod.namespace() == key.namespace && pod.name() == key.name);
        if let Some(pod) = pod {
            described.facts = facts::pod(self, pod);
            described.services = self.services_of(pod);
            described.subsets = self.subsets_of(pod);
        }
    }

    fn workload(&self, described: &mut Description, key: &ObjectKey) {
        let pods: Vec<&WorldPod> = self
            .world
            .pods
            .iter()
            .filter(|pod| pod.planned.made_by == *key)
            .collect();
        described.facts = facts::workload(self, key, &pods);
        described.pods = pods.iter().map(|pod| parts::pod_view(pod)).collect();
        if let Some(pod) = pods.first() {
            described.services = self.services_of(pod);
            described.subsets = self.subsets_of(pod);
        }
    }
}

/// The key that a person means by `KIND NAME`: for `workload` the object that makes its pods.
pub fn key_of(mesh: &Mesh, word: &str, namespace: &str, name: &str) -> Option<ObjectKey> {
    if !matches!(word, "workload" | "workloads" | "wl") {
        let kind = Kind::named(word)?;
        let namespace = if kind.info().namespaced {
            namespace
        } else {
            ""
        };
        return Some(ObjectKey::new(kind, namespace, name));
    }
    let world = mesh.world();
    let mut pods = world.pods.iter();
    let pod = pods.find(|pod| pod.namespace() == namespace && pod.workload() == name)?;
    let maker = pod.planned.made_by.clone();
    let has_object = world.objects.iter().any(|object| object.key() == maker);
    Some(if has_object {
        maker
    } else {
        ObjectKey::new(Kind::Pod, namespace, pod.name())
    })
}
