//! What hangs on a host: pods, subsets, policies, Services.

use sealane_control::origins::Place;
use sealane_model::networking::destination_rule::DestinationRule;
use sealane_model::networking::traffic_policy::TrafficPolicy;
use sealane_model::path::FieldPath;
use sealane_model::resource::{Body, Object};
use sealane_model::schema::Data;
use sealane_world::workloads::WorldPod;

use super::words::leaves;
use super::{Description, Look, PodView, PolicyView, SubsetView};
pub(super) use crate::blame::host_of;
use crate::blame::names;
use crate::served::file_and_line;

pub(super) fn pod_view(pod: &WorldPod) -> PodView {
    PodView {
        namespace: pod.namespace().to_owned(),
        name: pod.name().to_owned(),
        version: pod.labels().get("version").cloned().unwrap_or_default(),
        address: pod.address.to_string(),
        ready: pod.is_ready(),
    }
}

impl Look<'_> {
    /// Pods, subsets and policies of a host.
    pub(super) fn host_parts(&self, described: &mut Description, host: &str) {
        let pods = self.pods_of_host(host);
        for (object, rule) in self.rules_for(host) {
            described.subsets.extend(subsets(object, rule, &pods));
            described.policies.extend(policies(object, rule));
        }
        described.pods.extend(pods.into_iter().map(pod_view));
    }

    fn pods_of_host(&self, host: &str) -> Vec<&WorldPod> {
        let services = self.world.objects.iter();
        let mut services = services.filter(|object| host_of(object) == host);
        let found = services.find_map(|object| match &object.body {
            Body::Service(service) if !service.spec.selector.is_empty() => {
                Some((&object.meta.namespace, &service.spec.selector))
            }
            _ => None,
        });
        let Some((namespace, selector)) = found else {
            return Vec::new();
        };
        let pods = self.world.pods.iter();
        pods.filter(|pod| pod.namespace() == namespace && pod.planned.has_labels(selector))
            .collect()
    }

    fn rules_for(&self, host: &str) -> Vec<(&Object, &DestinationRule)> {
        let all = self.current.declared.iter();
        let rules = all.filter_map(|stored| match &stored.object.body {
            Body::DestinationRule(rule) => Some((&*stored.object, rule)),
            _ => None,
        });
        rules
            .filter(|(object, rule)| {
                let named = rule.host.as_deref().unwrap_or_default();
                named == host || names(named, &object.meta.namespace, host)
            })
            .collect()
    }

    /// The hosts of the Services that select a pod.
    fn hosts_of(&self, pod: &WorldPod) -> Vec<String> {
        let services = self
            .world
            .objects
            .iter()
            .filter(|object| match &object.body {
                Body::Service(service) => {
                    object.meta.namespace == pod.namespace()
                        && !service.spec.selector.is_empty()
                        && pod.planned.has_labels(&service.spec.selector)
                }
                _ => false,
            });
        services.map(host_of).collect()
    }

    /// The Services that select a pod, `NAMESPACE/NAME`.
    pub(super) fn services_of(&self, pod: &WorldPod) -> Vec<String> {
        let name = |host: String| {
            let mut parts = host.split('.');
            let (name, namespace) = (parts.next()?.to_owned(), parts.next()?.to_owned());
            Some(format!("{namespace}/{name}"))
        };
        self.hosts_of(pod).into_iter().filter_map(name).collect()
    }

    /// The subsets that a pod is in.
    pub(super) fn subsets_of(&self, pod: &WorldPod) -> Vec<SubsetView> {
        let mut found = Vec::new();
        for host in self.hosts_of(pod) {
            for (object, rule) in self.rules_for(&host) {
                let views = subsets(object, rule, &[pod]).into_iter();
                found.extend(views.filter(|view| !view.pods.is_empty()));
            }
        }
        found
    }
}

fn place(object: &Object, path: &FieldPath) -> String {
    file_and_line(&Place::of(object, path))
}

fn full_name(object: &Object) -> String {
    format!("{}/{}", object.meta.namespace, object.meta.name)
}

fn subsets(object: &Object, rule: &DestinationRule, pods: &[&WorldPod]) -> Vec<SubsetView> {
    let all = rule.subsets.iter().enumerate();
    all.map(|(index, subset)| {
        let its = pods
            .iter()
            .filter(|pod| pod.planned.has_labels(&subset.labels));
        SubsetView {
            name: subset.name.clone(),
            host: rule.host.clone().unwrap_or_default(),
            labels: subset.labels.clone(),
            rule: full_name(object),
            place: place(object, &FieldPath::root().field("subsets").index(index)),
            pods: its.map(|pod| pod.name().to_owned()).collect(),
        }
    })
    .collect()
}

fn policies(object: &Object, rule: &DestinationRule) -> Vec<PolicyView> {
    let view = |policy: &TrafficPolicy, path: &FieldPath, applies_to: String| PolicyView {
        rule: full_name(object),
        place: place(object, path),
        applies_to,
        settings: leaves(&policy.encode()),
    };
    let root = FieldPath::root();
    let whole = rule.traffic_policy.iter();
    let whole = whole.map(|policy| {
        view(
            policy,
            &root.field("trafficPolicy"),
            "all traffic".to_owned(),
        )
    });
    let subsets = rule
        .subsets
        .iter()
        .enumerate()
        .filter_map(|(index, subset)| {
            let path = root.field("subsets").index(index).field("trafficPolicy");
            let policy = subset.traffic_policy.as_ref()?;
            Some(view(policy, &path, format!("subset {}", subset.name)))
        });
    whole.chain(subsets).collect()
}
