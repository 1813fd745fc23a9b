//! Why a cluster has no endpoint: which labels were looked for, and which pods there are.

use std::collections::BTreeMap;

use sealane_control::origins::Place;
use sealane_model::path::FieldPath;
use sealane_model::resource::Body;
use sealane_world::workloads::WorldPod;
use sealane_xds::names::ClusterName;

use super::{Blame, LISTED, fact, host_of};

type Labels = BTreeMap<String, String>;

impl Blame<'_> {
    /// The labels that the pods of a cluster must have, and the pods that come near.
    pub(super) fn no_endpoint(&self, name: &ClusterName) -> Vec<String> {
        let mut facts = Vec::new();
        let Some((namespace, selector)) = self.selector(&name.host, &mut facts) else {
            return facts;
        };
        let of_service = self.pods(&namespace, &selector);
        let Some(subset) = &name.subset else {
            facts.extend(told(&of_service, &selector));
            return facts;
        };
        let labels = self.labels_of(&name.host, subset, &mut facts);
        let in_subset: Vec<&WorldPod> = of_service
            .iter()
            .copied()
            .filter(|pod| has(pod.labels(), &labels))
            .collect();
        if in_subset.is_empty() && !of_service.is_empty() {
            let keys: Vec<&String> = labels.keys().collect();
            for pod in of_service.iter().take(LISTED) {
                let own = keys.iter().map(|key| {
                    let value = pod.labels().get(*key).map_or("(none)", String::as_str);
                    format!("{key}={value}")
                });
                let own = own.collect::<Vec<_>>().join(",");
                facts.push(fact("pod", format_args!("{} has {own}", pod.name())));
            }
            let wanted = text(&labels);
            let what = format_args!("run a workload with {wanted}, or correct the subset's labels");
            facts.push(fact("to fix", what));
        } else {
            facts.extend(told(&in_subset, &selector));
        }
        facts
    }

    /// The selector of a Service, and its namespace.
    fn selector(&self, host: &str, facts: &mut Vec<String>) -> Option<(String, Labels)> {
        for stored in self.current.declared.iter() {
            let object = &*stored.object;
            let Body::Service(service) = &object.body else {
                continue;
            };
            if host_of(object) != host {
                continue;
            }
            let selector = service.spec.selector.clone();
            let path = FieldPath::root().field("spec").field("selector");
            let place = Place::of(object, &path);
            let shown = text(&selector);
            facts.push(fact(
                "selector",
                format_args!("{place}  {}: {shown}", object.key()),
            ));
            return (!selector.is_empty()).then(|| (object.meta.namespace.clone(), selector));
        }
        None
    }

    /// The labels of a subset.
    fn labels_of(&self, host: &str, subset: &str, facts: &mut Vec<String>) -> Labels {
        for (object, rule) in self.rules_of(host) {
            let mut subsets = rule.subsets.iter().enumerate();
            let Some((index, found)) = subsets.find(|(_, it)| it.name == subset) else {
                continue;
            };
            let path = FieldPath::root().field("subsets").index(index);
            let place = Place::of(object, &path);
            let labels = text(&found.labels);
            facts.push(fact("subset", format_args!("{place}  {subset}: {labels}")));
            return found.labels.clone();
        }
        Labels::new()
    }

    fn pods(&self, namespace: &str, selector: &Labels) -> Vec<&WorldPod> {
        let pods = self.world.pods.iter();
        pods.filter(|pod| pod.namespace() == namespace && has(pod.labels(), selector))
            .collect()
    }
}

/// What to say when these are all pods that there could be.
fn told(pods: &[&WorldPod], selector: &Labels) -> Vec<String> {
    if pods.is_empty() {
        let selector = text(selector);
        return vec![
            fact("pods", format_args!("none has {selector}")),
            fact(
                "to fix",
                "run a workload with these labels, or correct the selector",
            ),
        ];
    }
    let ready = pods.iter().filter(|pod| pod.is_ready()).count();
    let count = pods.len();
    if ready == 0 {
        return vec![fact("pods", format_args!("{count}, none of them ready"))];
    }
    vec![fact(
        "pods",
        format_args!("{count}, {ready} ready: those are ejected, or serve other ports"),
    )]
}

fn has(labels: &Labels, wanted: &Labels) -> bool {
    wanted
        .iter()
        .all(|(key, value)| labels.get(key) == Some(value))
}

fn text(labels: &Labels) -> String {
    if labels.is_empty() {
        return "no labels".to_owned();
    }
    let pairs = labels.iter().map(|(key, value)| format!("{key}={value}"));
    pairs.collect::<Vec<_>>().join(",")
}
