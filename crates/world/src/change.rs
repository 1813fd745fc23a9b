//! From one world to the next: which echoes start, change and stop. Pure.

use std::collections::BTreeMap;

use crate::echo::EchoSpec;
pub use crate::terms::PodName;

/// What has to happen so that the pods of the new world run.
///
/// The order that costs no request: start and update, push the configuration, wait until every
/// proxy has it, then drain and stop.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Change {
    /// Pods to start.
    pub start: Vec<EchoSpec>,
    /// Pods that stay and answer differently, or on other ports. A port that goes is part of
    /// [`Change::narrow`], so these have the old ports too.
    pub update: Vec<EchoSpec>,
    /// Pods of `update` that lose ports: as they are in the end, after the push.
    pub narrow: Vec<EchoSpec>,
    /// Pods to drain and stop, after the push.
    pub stop: Vec<PodName>,
}

impl Change {
    /// What leads from the pods of `old` to those of `new`.
    pub fn between(old: &BTreeMap<PodName, EchoSpec>, new: &BTreeMap<PodName, EchoSpec>) -> Self {
        let mut change = Self::default();
        for (name, spec) in new {
            match old.get(name) {
                None => change.start.push(spec.clone()),
                Some(before) if before == spec => {}
                // Only a declared address can change; then it is another pod of the same name.
                Some(before) if before.address != spec.address => {
                    change.stop.push(name.clone());
                    change.start.push(spec.clone());
                }
                Some(before) => {
                    let mut both = spec.clone();
                    both.ports.extend(&before.ports);
                    if both.ports != spec.ports {
                        change.narrow.push(spec.clone());
                    }
                    change.update.push(both);
                }
            }
        }
        let gone = old.keys().filter(|name| !new.contains_key(*name));
        change.stop.extend(gone.cloned());
        change
    }

    /// Whether nothing has to happen.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use crate::echo::{Behaviour, Identity};

    use super::*;

    fn pods(specs: &[(&str, &str, &[u16])]) -> BTreeMap<PodName, EchoSpec> {
        let spec = |(name, address, ports): &(&str, &str, &[u16])| {
            let identity = Identity {
                pod: (*name).to_owned(),
                ..Identity::default()
            };
            let spec = EchoSpec {
                identity,
                address: address.parse().unwrap(),
                ports: ports.iter().copied().collect(),
                behaviour: Behaviour::default(),
            };
            ((String::new(), (*name).to_owned()), spec)
        };
        specs.iter().map(spec).collect()
    }

    fn names(specs: &[EchoSpec]) -> Vec<&str> {
        specs
            .iter()
            .map(|spec| spec.identity.pod.as_str())
            .collect()
    }

    #[test]
    fn what_comes_starts_and_what_goes_stops() {
        let old = pods(&[("a", "127.10.0.11", &[80]), ("b", "127.10.0.12", &[80])]);
        let new = pods(&[("b", "127.10.0.12", &[80]), ("c", "127.10.0.13", &[80])]);
        let change = Change::between(&old, &new);
        assert_eq!(names(&change.start), ["c"]);
        assert_eq!(change.stop, [(String::new(), "a".to_owned())]);
        assert!(change.update.is_empty());
        assert!(Change::between(&new, &new).is_empty());
    }

    #[test]
    fn a_port_goes_only_after_the_push() {
        let old = pods(&[("a", "127.10.0.11", &[80])]);
        let new = pods(&[("a", "127.10.0.11", &[90])]);
        let change = Change::between(&old, &new);
        let ports = |specs: &[EchoSpec]| specs[0].ports.iter().copied().collect::<Vec<_>>();
        assert_eq!(ports(&change.update), [80, 90]);
        assert_eq!(ports(&change.narrow), [90]);
    }

    #[test]
    fn a_pod_with_another_address_is_another_pod() {
        let old = pods(&[("a", "127.10.0.11", &[80])]);
        let new = pods(&[("a", "127.10.0.99", &[80])]);
        let change = Change::between(&old, &new);
        assert_eq!(names(&change.start), ["a"]);
        assert_eq!(change.stop.len(), 1);
    }
}
