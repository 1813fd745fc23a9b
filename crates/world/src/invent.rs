//! Invented workloads: what rules name and nothing declares. Pure.
//!
//! Most YAML in the wild is a VirtualService and a DestinationRule without the rest. [`invent`]
//! adds what is missing for them to be tried: a Service for each host that rules name, and
//! simulated workloads, one for each subset that a DestinationRule defines. What is declared later
//! takes the place of what was invented, because all of it is made anew from what is declared.

mod named;
mod objects;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use sealane_model::core::service::Service;
use sealane_model::diagnostic::{Code, Diagnostic};
use sealane_model::resource::{Body, Object};
use sealane_model::suggest::nearest;

use crate::endpoints::selects;
use crate::implicit::{GATEWAY, GATEWAY_NAMESPACE};
use crate::invent::named::{Host, Named, named};
use crate::names::is_host_of;
use crate::pods::template_of;

/// Marks what was invented, also after somebody scaled or relabelled it through the API.
pub const INVENTED: &str = "sealane.dev/invented";

/// Labels of pods.
type Labels = BTreeMap<String, String>;

/// What was invented for one host, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invented {
    /// The Service's namespace.
    pub namespace: String,
    /// The Service.
    pub name: String,
    /// Its ports.
    pub ports: Vec<u32>,
    /// Whether the Service was invented; else only its workloads were.
    pub service: bool,
    /// The workloads, by name, with the labels that tell their pods apart.
    pub workloads: Vec<(String, Labels)>,
}

impl fmt::Display for Invented {
    /// `Service default/reviews:80 with reviews-v1 (version=v1), reviews-v2 (version=v2)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let workload = |(name, labels): &(String, Labels)| {
            let labels = labels.iter().map(|(key, value)| format!("{key}={value}"));
            let labels: Vec<String> = labels.collect();
            match labels.as_slice() {
                [] => name.clone(),
                labels => format!("{name} ({})", labels.join(", ")),
            }
        };
        let workloads: Vec<String> = self.workloads.iter().map(workload).collect();
        if !self.service {
            let all = workloads.join(", ");
            return write!(f, "{all} behind Service {}/{}", self.namespace, self.name);
        }
        let ports: Vec<String> = self.ports.iter().map(u32::to_string).collect();
        write!(
            f,
            "Service {}/{}:{}",
            self.namespace,
            self.name,
            ports.join(",")
        )?;
        if workloads.is_empty() {
            return Ok(());
        }
        write!(f, " with {}", workloads.join(", "))
    }
}

/// Everything that was invented.
#[derive(Debug, Clone, Default)]
pub struct Invention {
    /// Services and Deployments, sorted by key.
    pub objects: Vec<Object>,
    /// The same in few words, sorted by namespace and name.
    pub hosts: Vec<Invented>,
    /// Hosts that were hardly meant: they are nearly called as something that is declared.
    pub diagnostics: Vec<Diagnostic>,
}

/// What the declared objects, sorted by key, leave out.
///
/// A host is invented when a VirtualService or a DestinationRule names it, as a short name or as
/// `NAME.NAMESPACE.svc.cluster.local`, and no Service or `ServiceEntry` declares it. A declared
/// Service with a selector gets simulated pods where its namespace declares no pods at all: a
/// selector that matches none of several pods is a mistake that shall be seen.
pub fn invent(declared: &[&Object]) -> Invention {
    let rules = named(declared);
    let mut inventor = Inventor::new(declared);
    for object in declared {
        if let Body::Service(service) = &object.body
            && selects(service)
            && !inventor.peopled.contains(&object.meta.namespace)
        {
            let host = (object.meta.namespace.clone(), object.meta.name.clone());
            inventor.pods_of_declared(&host, service, rules.get(&host));
        }
    }
    for (host, named) in &rules {
        if inventor.is_unknown(host) {
            inventor.host(host, named);
        }
    }
    let mut invention = inventor.invention;
    invention.objects.sort_by_cached_key(Object::key);
    invention
        .hosts
        .sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    invention
}

struct Inventor<'a> {
    services: BTreeSet<(&'a str, &'a str)>,
    entries: Vec<&'a str>,
    /// Objects that make pods, by namespace and name.
    makers: BTreeSet<Host>,
    /// The labels of the pods that there are, declared or invented, by namespace.
    pods: BTreeMap<String, Vec<Labels>>,
    /// Namespaces that declare pods of their own.
    peopled: BTreeSet<String>,
    invention: Invention,
}

impl<'a> Inventor<'a> {
    fn new(declared: &[&'a Object]) -> Self {
        let mut inventor = Self {
            services: BTreeSet::from([(GATEWAY_NAMESPACE, GATEWAY)]),
            entries: Vec::new(),
            makers: BTreeSet::new(),
            pods: BTreeMap::new(),
            peopled: BTreeSet::new(),
            invention: Invention::default(),
        };
        for object in declared {
            let meta = &object.meta;
            let labels = match &object.body {
                Body::Service(_) => {
                    inventor.services.insert((&meta.namespace, &meta.name));
                    continue;
                }
                Body::ServiceEntry(entry) => {
                    inventor
                        .entries
                        .extend(entry.hosts.iter().map(String::as_str));
                    continue;
                }
                Body::Pod(_) => &meta.labels,
                body => match template_of(body) {
                    Some(spec) => &spec.template.metadata.labels,
                    None => continue,
                },
            };
            let maker = (meta.namespace.clone(), meta.name.clone());
            inventor.makers.insert(maker);
            let pods = inventor.pods.entry(meta.namespace.clone()).or_default();
            pods.push(labels.clone());
            if !is_invented(object) {
                inventor.peopled.insert(meta.namespace.clone());
            }
        }
        inventor
    }

    /// Whether nothing declares the host.
    fn is_unknown(&self, (namespace, name): &Host) -> bool {
        let full = crate::names::full_name(namespace, name);
        !self.services.contains(&(namespace.as_str(), name.as_str()))
            && !self.entries.iter().any(|entry| is_host_of(entry, &full))
    }

    /// Simulated pods for a Service whose manifests leave them out.
    fn pods_of_declared(&mut self, host: &Host, service: &Service, named: Option<&Named<'_>>) {
        let ports = objects::container_ports(service);
        let workloads = self.workloads(host, &service.spec.selector, named);
        if workloads.is_empty() {
            return;
        }
        self.make(host, &workloads, &ports);
        let shown = service.spec.ports.iter().map(|port| port.port);
        self.tell(host, shown.collect(), false, workloads);
    }

    /// A Service for a host that only rules name, and workloads for its subsets.
    fn host(&mut self, host: &Host, named: &Named<'_>) {
        let key = if named.subsets.iter().any(|(_, it)| it.contains_key("app")) {
            INVENTED
        } else {
            "app"
        };
        let selector = Labels::from([(key.to_owned(), host.1.clone())]);
        let service = objects::service(host, &selector, &named.service_ports());
        let ports = match &service.body {
            Body::Service(service) => objects::container_ports(service),
            _ => Vec::new(),
        };
        let workloads = self.workloads(host, &selector, Some(named));
        self.make(host, &workloads, &ports);
        let shown = named.service_ports().into_keys();
        self.tell(host, shown.collect(), true, workloads);
        self.invention.objects.push(service);
        self.doubt(host, named);
    }

    /// The workloads that a Service lacks: one for each subset, else one of its own name.
    fn workloads(
        &self,
        (namespace, name): &Host,
        selector: &Labels,
        named: Option<&Named<'_>>,
    ) -> Vec<(String, Labels)> {
        let mut made: Vec<(String, Labels)> = Vec::new();
        let subsets = named.map(|named| named.subsets.as_slice());
        for (subset, labels) in subsets.unwrap_or_default() {
            let fits = labels
                .iter()
                .all(|(key, value)| selector.get(key).is_none_or(|own| own == value));
            let mut all = selector.clone();
            all.extend(labels.clone());
            let is_new = !labels.is_empty() && !made.iter().any(|(_, known)| *known == all);
            if fits && is_new && !self.has_pods(namespace, &all) {
                made.push((format!("{name}-{subset}"), all));
            }
        }
        if made.is_empty() && !self.has_pods(namespace, selector) {
            made.push((name.clone(), selector.clone()));
        }
        made.retain(|(name, _)| !self.makers.contains(&(namespace.clone(), name.clone())));
        made
    }

    fn has_pods(&self, namespace: &str, labels: &Labels) -> bool {
        let pods = self.pods.get(namespace);
        let has = |pod: &Labels| {
            labels
                .iter()
                .all(|(key, value)| pod.get(key) == Some(value))
        };
        pods.is_some_and(|pods| pods.iter().any(has))
    }

    fn make(&mut self, host: &Host, workloads: &[(String, Labels)], ports: &objects::Ports) {
        for (name, labels) in workloads {
            let workload = (host.0.clone(), name.clone());
            let object = objects::deployment(&workload, labels, ports);
            self.invention.objects.push(object);
            self.makers.insert(workload);
            let pods = self.pods.entry(host.0.clone()).or_default();
            pods.push(labels.clone());
        }
    }

    fn tell(
        &mut self,
        (namespace, name): &Host,
        ports: Vec<u32>,
        service: bool,
        mut workloads: Vec<(String, Labels)>,
    ) {
        for (workload, labels) in &mut workloads {
            // What all of them have says nothing; a workload of the Service's own name says all.
            labels.retain(|key, value| value != name || (key != "app" && key != INVENTED));
            if workload == name {
                labels.clear();
            }
        }
        self.invention.hosts.push(Invented {
            namespace: namespace.clone(),
            name: name.clone(),
            ports,
            service,
            workloads,
        });
    }

    /// Warns of a host that is nearly called as a declared Service of its namespace.
    fn doubt(&mut self, (namespace, name): &Host, named: &Named<'_>) {
        let near = self.services.iter().filter(|(own, _)| own == namespace);
        let Some(near) = nearest(name, near.map(|(_, name)| *name)) else {
            return;
        };
        // `reviews-v1` beside `reviews` is another version, not a slip.
        if near.starts_with(name.as_str()) || name.starts_with(near) {
            return;
        }
        let message =
            format!("nothing declares `{name}`, so it was invented; did you mean `{near}`?");
        let diagnostic = Diagnostic::new(Code::InventedHost, message);
        let (object, path) = &named.place;
        let found = object.diagnose(diagnostic, path.clone());
        self.invention.diagnostics.push(found);
    }
}

/// Whether an object was invented, or comes from one that was.
pub fn is_invented(object: &Object) -> bool {
    object.meta.annotations.contains_key(INVENTED)
}
