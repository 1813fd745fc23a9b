//! Where a route comes from, as an ID that survives edits elsewhere in the file.

use std::collections::BTreeMap;
use std::sync::Arc;

use sealane_model::kind::ObjectKey;
use sealane_model::path::FieldPath;
use sealane_model::schema::Data;
use sealane_xds::hash::ContentHash;
use serde_json::Value;

/// The declared thing that an origin ID stands for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    /// The object.
    pub object: ObjectKey,
    /// The field inside it: `http[2]` for a rule, `http[2].match[0]` for one of its matches, the
    /// root for a Service.
    pub path: FieldPath,
}

/// All origins that a proxy's resources name, by ID.
pub type Origins = BTreeMap<Arc<str>, Arc<Origin>>;

/// The origin of one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RuleOrigin {
    /// `VirtualService/NAMESPACE/NAME#RULE`.
    pub id: String,
    /// The rule.
    pub rule: Origin,
    /// The rule's matches, in order: an ID that is unique in the rule, and the match.
    pub matches: Vec<(String, Origin)>,
}

impl RuleOrigin {
    /// The ID of one match of the rule: `…#RULE@MATCH`.
    pub(crate) fn match_id(&self, index: usize) -> Option<String> {
        self.matches
            .get(index)
            .map(|(id, _)| format!("{}@{id}", self.id))
    }
}

/// What names a rule.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RuleName<'a> {
    /// The name that the user gave it, possibly empty.
    pub name: &'a str,
    /// Its matches as JSON.
    pub matches: &'a Value,
}

/// The ID of an object: `Service/default/reviews`.
pub(crate) fn object_id(object: &ObjectKey) -> String {
    format!("{}/{}/{}", object.kind, object.namespace, object.name)
}

/// The path of an object in the API, as Istio notes it in metadata:
/// `/apis/networking.istio.io/v1/namespaces/default/virtual-service/reviews`.
pub(crate) fn api_path(object: &ObjectKey) -> String {
    let mut kebab = String::new();
    for letter in object.kind.info().name.chars() {
        if letter.is_ascii_uppercase() && !kebab.is_empty() {
            kebab.push('-');
        }
        kebab.push(letter.to_ascii_lowercase());
    }
    let version = object.kind.api_version();
    format!(
        "/apis/{version}/namespaces/{}/{kebab}/{}",
        object.namespace, object.name
    )
}

/// Eight hex digits that only change with the JSON.
pub(crate) fn short_hash(value: &Value) -> String {
    ContentHash::of(value.to_string().as_bytes())
        .to_string()
        .chars()
        .take(8)
        .collect()
}

/// IDs for the rules of one section (`http`, `tls`, `tcp`) of an object: the rule's name where
/// it is unique, else a hash of its matches, with a number where even those are equal.
pub(crate) fn rule_ids(object: &ObjectKey, section: &str, rules: &[RuleName<'_>]) -> Vec<String> {
    let mut names: BTreeMap<&str, usize> = BTreeMap::new();
    for rule in rules {
        *names.entry(rule.name).or_default() += 1;
    }
    let prefix = if section == "http" {
        String::new()
    } else {
        format!("{section}-")
    };
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut ids = Vec::with_capacity(rules.len());
    for rule in rules {
        let unique = !rule.name.is_empty() && names.get(rule.name) == Some(&1);
        let own = if unique {
            rule.name.to_owned()
        } else {
            short_hash(rule.matches)
        };
        let count = seen.entry(own.clone()).or_default();
        *count += 1;
        let tie = if *count > 1 {
            format!("-{count}")
        } else {
            String::new()
        };
        ids.push(format!("{}#{prefix}{own}{tie}", object_id(object)));
    }
    ids
}

/// IDs for the matches of a rule, unique among them.
pub(crate) fn match_ids<T: Data>(matches: &[T], name: impl Fn(&T) -> Option<&str>) -> Vec<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut ids = Vec::with_capacity(matches.len());
    for entry in matches {
        let given = name(entry)
            .filter(|name| !name.is_empty())
            .map(str::to_owned);
        let own = given.unwrap_or_else(|| short_hash(&entry.encode()));
        let count = seen.entry(own.clone()).or_default();
        *count += 1;
        let tie = if *count > 1 {
            format!("-{count}")
        } else {
            String::new()
        };
        ids.push(format!("{own}{tie}"));
    }
    ids
}

#[cfg(test)]
mod tests {
    use sealane_model::kind::Kind;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_unique_name_is_the_rules_id() {
        let object = ObjectKey::new(Kind::VirtualService, "default", "reviews");
        let one = json!([{"uri": {"exact": "/a"}}]);
        let none = json!([]);
        let rules = [
            RuleName {
                name: "canary",
                matches: &one,
            },
            RuleName {
                name: "same",
                matches: &one,
            },
            RuleName {
                name: "same",
                matches: &one,
            },
            RuleName {
                name: "",
                matches: &none,
            },
        ];
        let ids = rule_ids(&object, "http", &rules);
        assert_eq!(ids[0], "VirtualService/default/reviews#canary");
        assert_eq!(ids[2], format!("{}-2", ids[1]));
        let again = rule_ids(&object, "http", &rules[1..]);
        assert_eq!(again, ids[1..], "positions do not count");
    }
}
