//! What compiling notes beside the resources: where routes come from, which clusters they name,
//! what is wrong.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use sealane_model::kind::ObjectKey;
use sealane_model::networking::destination::Destination;
use sealane_model::path::FieldPath;

use crate::finding::Finding;
use crate::origin::{self, Origin, Origins, RuleOrigin};

/// A cluster that a rule sends traffic to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reference {
    /// The cluster's name.
    pub(crate) cluster: String,
    /// The destination that names it.
    pub(crate) destination: Destination,
    /// The place of the destination.
    pub(crate) origin: Origin,
}

/// Everything noted while compiling for one proxy.
#[derive(Debug, Clone, Default)]
pub(crate) struct Notes {
    pub(crate) origins: Origins,
    pub(crate) references: Vec<Reference>,
    pub(crate) findings: Vec<Finding>,
    domains: BTreeSet<(String, String)>,
    /// Which cluster is named where: what tells `references` apart.
    referred: HashSet<(String, Origin)>,
}

impl Notes {
    /// A rule has become a route.
    pub(crate) fn rule(&mut self, origin: &RuleOrigin) {
        self.origins
            .entry(origin.id.as_str().into())
            .or_insert_with(|| Arc::new(origin.rule.clone()));
    }

    /// One match of a rule has become a route.
    pub(crate) fn rule_match(&mut self, origin: &RuleOrigin, index: usize) {
        if let (Some(id), Some((_, place))) = (origin.match_id(index), origin.matches.get(index)) {
            self.origins
                .entry(id.into())
                .or_insert_with(|| Arc::new(place.clone()));
        }
    }

    /// A service has got a default route; gives back its origin's ID.
    pub(crate) fn service(&mut self, object: &ObjectKey) -> String {
        let id = origin::object_id(object);
        let whole = || {
            Arc::new(Origin {
                object: object.clone(),
                path: FieldPath::root(),
            })
        };
        self.origins.entry(id.as_str().into()).or_insert_with(whole);
        id
    }

    /// A rule sends traffic to a cluster; `field` is the destination's place in the rule.
    pub(crate) fn reference(
        &mut self,
        cluster: &str,
        destination: &Destination,
        rule: &RuleOrigin,
        field: &FieldPath,
    ) {
        let mut path = rule.rule.path.clone();
        field
            .steps()
            .iter()
            .for_each(|step| path.push(step.clone()));
        let origin = Origin {
            object: rule.rule.object.clone(),
            path,
        };
        if self.referred.insert((cluster.to_owned(), origin.clone())) {
            self.references.push(Reference {
                cluster: cluster.to_owned(),
                destination: destination.clone(),
                origin,
            });
        }
    }

    /// Adds what was noted elsewhere.
    pub(crate) fn absorb(&mut self, other: &Self) {
        for (id, origin) in &other.origins {
            self.origins
                .entry(id.clone())
                .or_insert_with(|| origin.clone());
        }
        for reference in &other.references {
            let key = (reference.cluster.clone(), reference.origin.clone());
            if self.referred.insert(key) {
                self.references.push(reference.clone());
            }
        }
        for finding in &other.findings {
            self.finding(finding.clone());
        }
        self.domains.extend(other.domains.iter().cloned());
    }

    /// Adds a finding, once.
    pub(crate) fn finding(&mut self, finding: Finding) {
        if !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }

    /// Whether this is the first time that an object is said to have lost a domain.
    pub(crate) fn lost_domain(&mut self, object: String, domain: &str) -> bool {
        self.domains.insert((object, domain.to_owned()))
    }
}
