//! Weights that changed and nothing else: the shares before and after.

use std::collections::BTreeMap;

use serde_json::Value;

/// `reviews v1 80→50 %, v2 20→50 %`, when two of them differ only in which destinations
/// have which share of their HTTP rules.
pub(super) fn shares(before: &Value, after: &Value) -> Option<String> {
    let (old, new) = (rules(before)?, rules(after)?);
    let same = without_routes(before) == without_routes(after) && old.len() == new.len();
    if !same || before == after {
        return None;
    }
    let mut parts = Vec::new();
    for (old, new) in old.iter().zip(new) {
        let (old, new) = (shares_of(old)?, shares_of(new)?);
        parts.extend(moves(&old, &new));
    }
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn rules(spec: &Value) -> Option<&Vec<Value>> {
    spec.get("http")?.as_array()
}

fn without_routes(spec: &Value) -> Value {
    let mut spec = spec.clone();
    let rules = spec.get_mut("http").and_then(Value::as_array_mut);
    for rule in rules.into_iter().flatten() {
        if let Some(rule) = rule.as_object_mut() {
            rule.remove("route");
        }
    }
    spec
}

/// Host, subset and port of a destination; the port is told apart and not said.
type Destination = (String, String, String);

/// The share of each destination, in hundredths of a percent; `None` when more than weights is in
/// the routes.
fn shares_of(rule: &Value) -> Option<BTreeMap<Destination, u64>> {
    let routes = rule.get("route")?.as_array()?;
    let weight = |route: &Value| match route.get("weight") {
        Some(weight) => weight.as_u64(),
        None if routes.len() == 1 => Some(1),
        None => Some(0),
    };
    let total: u64 = routes.iter().filter_map(weight).sum();
    let mut shares = BTreeMap::new();
    for route in routes {
        let fields = route.as_object()?;
        let only_weights = fields
            .keys()
            .all(|key| key == "destination" || key == "weight");
        let destination = fields.get("destination")?.as_object()?;
        let plain = destination
            .keys()
            .all(|key| ["host", "subset", "port"].contains(&key.as_str()));
        if !only_weights || !plain || total == 0 {
            return None;
        }
        let text = |key: &str| {
            let value = destination.get(key).and_then(Value::as_str);
            value.unwrap_or_default().to_owned()
        };
        let port = destination.get("port").map(Value::to_string);
        let key = (text("host"), text("subset"), port.unwrap_or_default());
        *shares.entry(key).or_default() += weight(route)? * 10_000 / total;
    }
    Some(shares)
}

fn moves(old: &BTreeMap<Destination, u64>, new: &BTreeMap<Destination, u64>) -> Vec<String> {
    let all: std::collections::BTreeSet<&Destination> = old.keys().chain(new.keys()).collect();
    let mut named = "";
    let mut parts = Vec::new();
    for destination in all {
        let share =
            |shares: &BTreeMap<Destination, u64>| shares.get(destination).copied().unwrap_or(0);
        let (before, after) = (share(old), share(new));
        if before == after {
            continue;
        }
        let (host, subset, _port) = destination;
        let mut words = Vec::new();
        // The host is said once for all of its subsets.
        if host != named || subset.is_empty() {
            words.push(host.clone());
        }
        words.extend((!subset.is_empty()).then(|| subset.clone()));
        named = host;
        parts.push(format!(
            "{} {}→{} %",
            words.join(" "),
            percent(before),
            percent(after)
        ));
    }
    parts
}

/// `80`, or `33.33` where it is no whole number.
fn percent(hundredths: u64) -> String {
    match hundredths % 100 {
        0 => (hundredths / 100).to_string(),
        part => format!("{}.{part:02}", hundredths / 100),
    }
}
