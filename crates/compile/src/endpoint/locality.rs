//! Which endpoints come first: by place, by labels, or in declared shares.

use std::collections::{BTreeMap, BTreeSet};

use sealane_model::networking::load_balancer::{
    Distribute, Failover, LoadBalancerSettings, LocalityLoadBalancerSetting,
    ZoneAwareLoadBalancerSetting,
};

use crate::identity::{Locality, ProxyIdentity};
use crate::mesh::MeshSettings;
use crate::service::{Endpoint, Service, TrafficDistribution};

/// Endpoints of one place and priority.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Group<'a> {
    pub(crate) locality: Locality,
    pub(crate) members: Vec<&'a Endpoint>,
    pub(crate) weight: u32,
    /// 0 comes first.
    pub(crate) priority: u32,
}

impl<'a> Group<'a> {
    pub(crate) fn new(locality: Locality, members: Vec<&'a Endpoint>) -> Self {
        let weight = members
            .iter()
            .fold(0, |sum: u32, member| sum.saturating_add(member.weight));
        Self {
            locality,
            members,
            weight,
            priority: 0,
        }
    }
}

/// What decides which endpoints come first.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Preference {
    /// Nothing.
    None,
    /// Places and labels; `force` even where no endpoint is ever ejected.
    Locality {
        setting: LocalityLoadBalancerSetting,
        force: bool,
    },
    /// Envoy's own preference for the same zone.
    ZoneAware(ZoneAwareLoadBalancerSetting),
}

/// The preference of a load balancer, else of the service, else of the mesh.
pub(crate) fn preference(
    balancer: Option<&LoadBalancerSettings>,
    service: &Service,
    mesh: &MeshSettings,
) -> Preference {
    if let Some(setting) = balancer.and_then(|balancer| balancer.zone_aware_lb_setting.clone()) {
        return Preference::ZoneAware(setting);
    }
    if let Some(setting) = balancer.and_then(|balancer| balancer.locality_lb_setting.clone()) {
        return of_setting(setting);
    }
    let labels: &[&str] = match service.distribution {
        TrafficDistribution::Any => &[],
        TrafficDistribution::PreferSameZone => &[
            "topology.istio.io/network",
            "topology.kubernetes.io/region",
            "topology.kubernetes.io/zone",
        ],
        TrafficDistribution::PreferSameNode => &[
            "topology.istio.io/network",
            "topology.kubernetes.io/region",
            "topology.kubernetes.io/zone",
            "topology.istio.io/subzone",
            "kubernetes.io/hostname",
        ],
    };
    if !labels.is_empty() {
        let failover_priority = labels.iter().map(|label| (*label).to_owned()).collect();
        let setting = LocalityLoadBalancerSetting {
            failover_priority,
            ..LocalityLoadBalancerSetting::default()
        };
        return Preference::Locality {
            setting,
            force: true,
        };
    }
    match (&mesh.zone_aware_lb_setting, &mesh.locality_lb_setting) {
        (Some(setting), _) => Preference::ZoneAware(setting.clone()),
        (None, Some(setting)) => of_setting(setting.clone()),
        (None, None) => Preference::None,
    }
}

fn of_setting(setting: LocalityLoadBalancerSetting) -> Preference {
    if setting.enabled == Some(false) {
        Preference::None
    } else {
        Preference::Locality {
            setting,
            force: false,
        }
    }
}

impl Preference {
    /// The groups in order; `ejects` says whether failing endpoints are left out, without which
    /// nothing fails over.
    pub(crate) fn apply<'a>(
        &self,
        groups: Vec<Group<'a>>,
        proxy: &ProxyIdentity,
        ejects: bool,
    ) -> Vec<Group<'a>> {
        match self {
            Self::Locality { setting, .. } if !setting.distribute.is_empty() => {
                distributed(groups, &setting.distribute, &proxy.locality)
            }
            Self::Locality { setting, force } if *force || ejects => {
                let by_labels = !setting.failover_priority.is_empty();
                let groups = by_priority_labels(groups, &setting.failover_priority, proxy);
                if by_labels && setting.failover.is_empty() {
                    return groups;
                }
                failed_over(groups, &setting.failover, &proxy.locality)
            }
            Self::ZoneAware(setting) if setting.enabled == Some(false) => groups,
            Self::None | Self::Locality { .. } => groups,
            Self::ZoneAware(setting) => {
                let groups = by_priority_labels(groups, &setting.failover_priority, proxy);
                by_region(groups, &setting.failover, &proxy.locality.region)
            }
        }
    }
}

/// Whether a place is inside a pattern `region/zone/subzone` with `*` for any.
fn matches(place: &Locality, pattern: &str) -> bool {
    let pattern = Locality::parse(pattern);
    let part = |wanted: &str, own: &str| wanted == "*" || wanted.is_empty() || wanted == own;
    (pattern.region == "*" || pattern.region == place.region)
        && part(&pattern.zone, &place.zone)
        && part(&pattern.subzone, &place.subzone)
}

/// The declared shares of the first entry for the client's place. Places that get none lose their
/// endpoints.
fn distributed<'a>(
    mut groups: Vec<Group<'a>>,
    shares: &[Distribute],
    place: &Locality,
) -> Vec<Group<'a>> {
    let from = |share: &&Distribute| matches(place, share.from.as_deref().unwrap_or_default());
    let Some(share) = shares.iter().find(from) else {
        return groups;
    };
    let mut left: BTreeSet<usize> = (0..groups.len()).collect();
    for (pattern, weight) in &share.to {
        let own: Vec<usize> = left
            .iter()
            .copied()
            .filter(|index| {
                groups
                    .get(*index)
                    .is_some_and(|g| matches(&g.locality, pattern))
            })
            .collect();
        let total: u64 = own
            .iter()
            .filter_map(|index| groups.get(*index))
            .map(|g| u64::from(g.weight))
            .sum();
        for index in own {
            left.remove(&index);
            let Some(group) = groups.get_mut(index) else {
                continue;
            };
            let share = (u64::from(group.weight) * u64::from(*weight)).div_ceil(total.max(1));
            if share > 0 {
                group.weight = u32::try_from(share).unwrap_or(u32::MAX);
            }
        }
    }
    for index in left {
        if let Some(group) = groups.get_mut(index) {
            group.members.clear();
        }
    }
    groups
}

/// Priorities by region, zone and subzone, on top of those that are there.
fn failed_over<'a>(
    mut groups: Vec<Group<'a>>,
    failover: &[Failover],
    place: &Locality,
) -> Vec<Group<'a>> {
    let declared = failover
        .iter()
        .find(|entry| entry.from.as_deref() == Some(&*place.region));
    for group in &mut groups {
        let other = &group.locality;
        let level = if other.region != place.region {
            let wanted = declared.is_none_or(|entry| entry.to.as_deref() == Some(&*other.region));
            if wanted { 3 } else { 4 }
        } else if other.zone != place.zone {
            2
        } else {
            u32::from(other.subzone != place.subzone)
        };
        group.priority = group.priority * 5 + level;
    }
    compacted(groups)
}

/// Priorities by region only, on top of those that are there.
fn by_region<'a>(
    mut groups: Vec<Group<'a>>,
    failover: &[Failover],
    region: &str,
) -> Vec<Group<'a>> {
    let declared = failover
        .iter()
        .find(|entry| entry.from.as_deref() == Some(region));
    for group in &mut groups {
        let other = &*group.locality.region;
        let level = if other == region {
            0
        } else if declared.is_some_and(|entry| entry.to.as_deref() == Some(other)) {
            1
        } else {
            2
        };
        group.priority = group.priority * 3 + level;
    }
    compacted(groups)
}

/// Splits groups by how many of the labels, from the first on, an endpoint shares with the
/// client. `key=value` stands for a fixed value; a network in the first place only adds.
fn by_priority_labels<'a>(
    groups: Vec<Group<'a>>,
    labels: &[String],
    proxy: &ProxyIdentity,
) -> Vec<Group<'a>> {
    if labels.is_empty() || proxy.labels.is_empty() {
        return groups;
    }
    let mut split = Vec::new();
    for group in groups {
        let mut by_level: BTreeMap<u32, Vec<&'a Endpoint>> = BTreeMap::new();
        for member in group.members {
            by_level
                .entry(level(member, labels, proxy))
                .or_default()
                .push(member);
        }
        for (priority, members) in by_level {
            split.push(Group {
                priority,
                ..Group::new(group.locality.clone(), members)
            });
        }
    }
    compacted(split)
}

fn level(endpoint: &Endpoint, labels: &[String], proxy: &ProxyIdentity) -> u32 {
    let count = u32::try_from(labels.len()).unwrap_or(u32::MAX);
    let mut far = 0;
    for (index, label) in (0_u32..).zip(labels) {
        let (key, fixed) = match label.split_once('=') {
            Some((key, value)) => (key, Some(value)),
            None => (label.as_str(), None),
        };
        let own = proxy.labels.get(key).map(String::as_str);
        let wanted = fixed.or(own).unwrap_or_default();
        let found = endpoint
            .labels
            .get(key)
            .map(String::as_str)
            .unwrap_or_default();
        if wanted == found {
            continue;
        }
        if index == 0 && key == "topology.istio.io/network" {
            far = count;
            continue;
        }
        return count - index + far;
    }
    far
}

/// Priorities without gaps.
fn compacted(mut groups: Vec<Group<'_>>) -> Vec<Group<'_>> {
    let used: BTreeSet<u32> = groups.iter().map(|group| group.priority).collect();
    let dense: BTreeMap<u32, u32> = used.into_iter().zip(0..).collect();
    for group in &mut groups {
        group.priority = dense.get(&group.priority).copied().unwrap_or_default();
    }
    groups
}
