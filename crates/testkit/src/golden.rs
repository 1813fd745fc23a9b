//! Golden files: what istiod compiled for one proxy at one step of a scenario, and how ours is compared.
//!
//! Both sides are decoded into messages, encoded as canonical JSON and brought into a normal form. The normal
//! form drops exactly this:
//!
//! - **addresses**: every pod and Service address, wherever it stands in a text, becomes the name of its owner.
//!   istiod's addresses were given in the order of declaration, ours in the order of names;
//! - **statistics names**: `stat_prefix` and `alt_stat_name`;
//! - **metadata for displays**: `filter_metadata` of `istio` and `sealane`;
//! - **order without meaning**: of virtual hosts, domains, filter chains, server names, ALPN names, address
//!   ranges, endpoints, localities, and of header and query matchers within one match (all must hold);
//! - an empty `filter_chain_match`, which says what an absent one says;
//! - the **inbound side**, which the golden files leave out.
//!
//! What still differs is a defect, or stands with its reason in the list of [`differences`].

pub mod differences;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;

use anyhow::{Context, Result};
use sealane_xds::json::canonical_text;
use sealane_xds::{Resource, ResourceKind, Resources};
use serde_json::{Map, Value};

use crate::scenario::Scenario;

/// The kinds of a golden file under their short names.
const KINDS: [(&str, ResourceKind); 4] = [
    ("lds", ResourceKind::Listener),
    ("rds", ResourceKind::Route),
    ("cds", ResourceKind::Cluster),
    ("eds", ResourceKind::Endpoint),
];

/// Lists whose order says nothing.
const UNORDERED: [&str; 9] = [
    "application_protocols",
    "domains",
    "endpoints",
    "filter_chains",
    "lb_endpoints",
    "prefix_ranges",
    "query_parameters",
    "server_names",
    "virtual_hosts",
];

/// Who owns an address: `pod(default/reviews-v1-0)` by `127.10.0.11`.
pub type Owners = BTreeMap<IpAddr, String>;

/// A golden file.
#[derive(Debug)]
pub struct Golden {
    /// What istiod sent.
    pub resources: Resources,
    /// The addresses of the world it was compiled for.
    pub owners: Owners,
}

impl Golden {
    /// Reads a golden file.
    pub fn load(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("{} is no golden file", path.display()))
    }

    /// Reads the text of a golden file.
    pub fn parse(text: &str) -> Result<Self> {
        let file: Value = serde_json::from_str(text)?;
        let mut resources = Resources::default();
        for (short, kind) in KINDS {
            let list = file
                .get(short)
                .and_then(Value::as_array)
                .with_context(|| format!("no {short}"))?;
            for item in list {
                resources.insert(Resource::from_json(kind, item)?);
            }
        }
        Ok(Self {
            resources,
            owners: owners(file.get("world").unwrap_or(&Value::Null)),
        })
    }
}

/// The name of the golden file of a step and caller, `AREA/NAME.STEP.CALLER`, from the last two parts of the
/// scenario's path. Steps count from 1.
pub fn name(scenario: &Scenario, step: usize, caller: &str) -> String {
    let path = Path::new(&scenario.file).with_extension("");
    let parts: Vec<String> = path
        .iter()
        .map(|part| part.to_string_lossy().into_owned())
        .collect();
    let tail = parts
        .get(parts.len().saturating_sub(2)..)
        .unwrap_or_default();
    format!("{}.{step}.{}", tail.join("/"), caller.replace('/', "."))
}

fn owners(world: &Value) -> Owners {
    let mut owners = Owners::new();
    for (list, kind) in [("pods", "pod"), ("services", "service")] {
        for (name, address) in world
            .get(list)
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            if let Some(address) = address.as_str().and_then(|text| text.parse().ok()) {
                owners.insert(address, format!("{kind}({name})"));
            }
        }
    }
    owners
}

/// The normal form: by kind and name, everything that has a meaning.
pub fn normal_form(resources: &Resources, owners: &Owners) -> Value {
    let mut all = Map::new();
    for (short, kind) in KINDS {
        let mut by_name = Map::new();
        for resource in resources.of_kind(kind) {
            if is_inbound(resource.name()) {
                continue;
            }
            let name = owned(resource.name(), owners);
            by_name.insert(name, normal(&resource.to_json(), "", owners));
        }
        all.insert(short.to_owned(), Value::Object(by_name));
    }
    Value::Object(all)
}

fn is_inbound(name: &str) -> bool {
    name.starts_with("inbound|") || matches!(name, "virtualInbound" | "InboundPassthroughCluster")
}

fn normal(value: &Value, key: &str, owners: &Owners) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields
                .iter()
                .filter_map(|(name, value)| field(name, value, owners));
            Value::Object(kept.collect())
        }
        Value::Array(items) => list(items, key, owners),
        Value::String(text) => Value::String(owned(text, owners)),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

fn field(name: &str, value: &Value, owners: &Owners) -> Option<(String, Value)> {
    let empty = |value: &Value| value.as_object().is_some_and(Map::is_empty);
    let value = match name {
        "stat_prefix" | "alt_stat_name" | "istio" | "sealane" => return None,
        _ => normal(value, name, owners),
    };
    let vanishes = matches!(name, "metadata" | "filter_metadata" | "filter_chain_match");
    (!(vanishes && empty(&value))).then(|| (name.to_owned(), value))
}

fn list(items: &[Value], key: &str, owners: &Owners) -> Value {
    let mut items: Vec<Value> = items.iter().map(|item| normal(item, "", owners)).collect();
    // Header matchers are objects; lists of header names or of values to add keep their order.
    let matchers = key == "headers" && items.iter().all(Value::is_object);
    if UNORDERED.contains(&key) || matchers {
        items.sort_by_cached_key(canonical_text);
    }
    Value::Array(items)
}

/// A text with every known address replaced by its owner.
fn owned(text: &str, owners: &Owners) -> String {
    if !text.contains('.') {
        return text.to_owned();
    }
    let is_part = |c: char| c.is_ascii_digit() || c == '.';
    let (mut out, mut rest) = (String::new(), text);
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from) = rest.split_at(start);
        let (found, after) = from.split_at(from.find(|c| !is_part(c)).unwrap_or(from.len()));
        out.push_str(before);
        let owner = found.parse().ok().and_then(|ip: IpAddr| owners.get(&ip));
        out.push_str(owner.map_or(found, String::as_str));
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests;
