//! DestinationRules by namespace and host, merged where they may be, and which of them a client
//! finds for a host.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sealane_model::kind::ObjectKey;
use sealane_model::networking::destination_rule::DestinationRule;

use crate::declared::Declared;
use crate::host::{self, HostMap};
use crate::identity::ProxyIdentity;
use crate::mesh::MeshSettings;

/// One DestinationRule, or several of the same host merged into one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct MergedRule {
    /// The objects, the one that gave the traffic policy (if any) among them, the first one first.
    pub objects: Vec<ObjectKey>,
    /// The namespace of all of them.
    pub namespace: String,
    /// What they say together.
    pub spec: DestinationRule,
    /// The object that gave the traffic policy.
    pub policy_from: ObjectKey,
    /// The object that each subset comes from, and its place there.
    pub subsets_from: Vec<(ObjectKey, usize)>,
    export_to: BTreeSet<String>,
}

impl MergedRule {
    /// The object that stands for all of them.
    pub(crate) fn object(&self) -> &ObjectKey {
        self.objects.first().unwrap_or(&self.policy_from)
    }

    fn applies_to(&self, proxy: &ProxyIdentity) -> bool {
        match &self.spec.workload_selector {
            None => true,
            Some(selector) => {
                self.namespace == proxy.namespace && proxy.has_labels(&selector.match_labels)
            }
        }
    }
}

/// The rules of one host in one namespace.
pub(crate) type Candidates = Vec<Arc<MergedRule>>;

/// All DestinationRules.
#[derive(Debug, Clone, Default)]
pub(crate) struct DestinationRules {
    local: BTreeMap<String, HostMap<Candidates>>,
    exported: BTreeMap<String, HostMap<Candidates>>,
    root_private: HostMap<Candidates>,
    root: String,
}

impl DestinationRules {
    /// Indexes the rules, whose hosts become whole.
    pub(crate) fn new(declared: &[Declared<DestinationRule>], mesh: &MeshSettings) -> Self {
        let mut sorted: Vec<&Declared<DestinationRule>> = declared.iter().collect();
        sorted.sort_by(|a, b| {
            let without = |rule: &Declared<DestinationRule>| rule.spec.workload_selector.is_none();
            without(a)
                .cmp(&without(b))
                .then_with(|| a.age().cmp(&b.age()))
        });
        let mut all = Self {
            root: mesh.root_namespace.clone(),
            ..Self::default()
        };
        let private_by_default = mesh
            .default_destination_rule_export_to
            .iter()
            .any(|export| export == ".");
        for rule in sorted {
            all.add(rule, mesh, private_by_default);
        }
        all
    }

    fn add(&mut self, rule: &Declared<DestinationRule>, mesh: &MeshSettings, private: bool) {
        let namespace = &rule.object.namespace;
        let export_to: BTreeSet<String> = match &rule.spec.workload_selector {
            Some(_) => BTreeSet::from([".".to_owned()]),
            None => rule.spec.export_to.iter().cloned().collect(),
        };
        let names = |wanted: &str| export_to.contains(wanted);
        let own = names(".") || names(namespace);
        let only_own = export_to.len() == 1 && own || export_to.is_empty() && private;
        let here = export_to.is_empty() || names("*") || own;
        let merged = merged(rule, mesh, &export_to);
        if here {
            add(self.local.entry(namespace.clone()).or_default(), &merged);
        }
        if !only_own {
            add(self.exported.entry(namespace.clone()).or_default(), &merged);
        } else if *namespace == mesh.root_namespace {
            add(&mut self.root_private, &merged);
        }
    }

    /// The rules that a client in `client` finds for a host of a service in `service`: in its own
    /// namespace, else in the service's, else in the root namespace. The first of these with a
    /// rule for the host (or a wildcard around it) is the only one asked.
    pub(crate) fn lookup(&self, client: &str, service: &str, host: &str) -> Candidates {
        let local = if client == self.root {
            self.root_private.most_specific(host)
        } else {
            self.local
                .get(client)
                .and_then(|rules| rules.most_specific(host))
        };
        if let Some(found) = local {
            return found.clone();
        }
        let from_service = self.exported_to(client, service, host);
        if from_service.is_empty() {
            self.exported_to(client, &self.root, host)
        } else {
            from_service
        }
    }

    /// A rule that defines a subset of a host, whoever finds it.
    pub(crate) fn defining(&self, host: &str, subset: &str) -> Option<&ObjectKey> {
        let maps = self.local.values().chain(self.exported.values());
        let rules = maps.chain([&self.root_private]).flat_map(|map| {
            let found = map.most_specific(host);
            found.into_iter().flatten()
        });
        let place = |rule: &'_ Arc<MergedRule>| {
            let mut names = rule.spec.subsets.iter().map(|it| it.name.as_str());
            names.position(|name| name == subset)
        };
        let mut found = rules.filter_map(|rule| rule.subsets_from.get(place(rule)?));
        found.next().map(|(object, _)| object)
    }

    fn exported_to(&self, client: &str, owner: &str, host: &str) -> Candidates {
        let rules = self
            .exported
            .get(owner)
            .and_then(|rules| rules.most_specific(host));
        let visible = |rule: &&Arc<MergedRule>| {
            let to = &rule.export_to;
            to.is_empty() || to.contains("*") || to.contains(client)
        };
        rules
            .map(|rules| rules.iter().filter(visible).cloned().collect())
            .unwrap_or_default()
    }
}

/// Which of a host's rules applies to calls by this proxy: the first whose selector matches it,
/// else the one without a selector.
pub(crate) fn applying<'a>(
    candidates: &'a Candidates,
    proxy: &ProxyIdentity,
) -> Option<&'a Arc<MergedRule>> {
    let selected =
        |rule: &&Arc<MergedRule>| rule.spec.workload_selector.is_some() && rule.applies_to(proxy);
    candidates
        .iter()
        .find(selected)
        .or_else(|| without_selector(candidates))
}

/// The rule without a selector: it alone applies to calls that reach a workload.
pub(crate) fn without_selector(candidates: &Candidates) -> Option<&Arc<MergedRule>> {
    candidates
        .iter()
        .rev()
        .find(|rule| rule.spec.workload_selector.is_none())
}

fn merged(
    rule: &Declared<DestinationRule>,
    mesh: &MeshSettings,
    export_to: &BTreeSet<String>,
) -> MergedRule {
    let mut spec = rule.spec.clone();
    let name = spec.host.as_deref().unwrap_or_default();
    spec.host = Some(host::whole(
        name,
        &rule.object.namespace,
        &mesh.domain_suffix,
    ));
    let places = 0..spec.subsets.len();
    MergedRule {
        objects: vec![rule.object.clone()],
        namespace: rule.object.namespace.clone(),
        spec,
        policy_from: rule.object.clone(),
        subsets_from: places.map(|place| (rule.object.clone(), place)).collect(),
        export_to: export_to.clone(),
    }
}

/// Adds a rule to those of its host: into the first one that is for the same clients, else beside
/// them.
fn add(map: &mut HostMap<Candidates>, rule: &MergedRule) {
    let candidates = map.entry(rule.spec.host.as_deref().unwrap_or_default());
    let mut separate = true;
    for existing in candidates.iter_mut() {
        if existing.export_to != rule.export_to {
            separate = true;
            continue;
        }
        separate = false;
        let (ours, theirs) = (
            &rule.spec.workload_selector,
            &existing.spec.workload_selector,
        );
        if let (Some(ours), Some(theirs)) = (ours, theirs)
            && ours.match_labels != theirs.match_labels
        {
            separate = true;
            continue;
        }
        absorb(Arc::make_mut(existing), rule);
    }
    if separate {
        candidates.push(Arc::new(rule.clone()));
    }
}

/// The older rule's traffic policy stays; subsets are added where their names are new.
fn absorb(older: &mut MergedRule, newer: &MergedRule) {
    older.objects.extend(newer.objects.iter().cloned());
    for (subset, from) in newer.spec.subsets.iter().zip(&newer.subsets_from) {
        if !older.spec.subsets.iter().any(|own| own.name == subset.name) {
            older.spec.subsets.push(subset.clone());
            older.subsets_from.push(from.clone());
        }
    }
    if older.spec.traffic_policy.is_none() && newer.spec.traffic_policy.is_some() {
        older
            .spec
            .traffic_policy
            .clone_from(&newer.spec.traffic_policy);
        older.policy_from = newer.policy_from.clone();
    }
}
