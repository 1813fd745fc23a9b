//! Where two normal forms differ, and the list of differences that have a reason.
//!
//! One entry a line: `PATTERN — reason`. A pattern is a place as [`find`] writes it, below the golden file's name:
//! `seeds/x.1.client: rds/9080/virtual_hosts/*/…`; `*` stands for anything. `#` begins a comment. An entry that
//! matches nothing is stale, and an error.

use std::collections::BTreeSet;
use std::fmt;

use regex::Regex;
use serde_json::Value;

/// One place where ours is not as istiod's.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// The place, from the kind down: `rds/9080/virtual_hosts[reviews…:9080]/routes[0]/route/timeout`.
    pub place: String,
    /// What we compiled; nothing where it is absent.
    pub ours: Option<Value>,
    /// What istiod compiled; nothing where it is absent.
    pub golden: Option<Value>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |value: &Option<Value>| match value {
            None => "nothing".to_owned(),
            Some(value) => {
                let text = value.to_string();
                let short: String = text.chars().take(400).collect();
                if short.len() < text.len() {
                    format!("{short}…")
                } else {
                    text
                }
            }
        };
        write!(
            f,
            "{}: ours {}, golden {}",
            self.place,
            show(&self.ours),
            show(&self.golden)
        )
    }
}

/// All places where two normal forms differ.
pub fn find(ours: &Value, golden: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    compare(String::new(), ours, golden, &mut found);
    found
}

fn compare(place: String, ours: &Value, golden: &Value, found: &mut Vec<Difference>) {
    match (ours, golden) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for key in keys {
                let place = if place.is_empty() {
                    key.clone()
                } else {
                    format!("{place}/{key}")
                };
                either(place, a.get(key), b.get(key), found);
            }
        }
        (Value::Array(a), Value::Array(b)) => match (by_name(a), by_name(b)) {
            (Some(a), Some(b)) => {
                let keys: BTreeSet<&str> = a.iter().chain(&b).map(|(name, _)| *name).collect();
                let named = |list: &[(&str, &'_ Value)], key: &str| {
                    list.iter()
                        .find(|(name, _)| *name == key)
                        .map(|(_, value)| (*value).clone())
                };
                for key in keys {
                    let (ours, golden) = (named(&a, key), named(&b, key));
                    either(
                        format!("{place}[{key}]"),
                        ours.as_ref(),
                        golden.as_ref(),
                        found,
                    );
                }
            }
            _ => {
                for index in 0..a.len().max(b.len()) {
                    either(
                        format!("{place}[{index}]"),
                        a.get(index),
                        b.get(index),
                        found,
                    );
                }
            }
        },
        _ if ours == golden => {}
        _ => found.push(Difference {
            place,
            ours: Some(ours.clone()),
            golden: Some(golden.clone()),
        }),
    }
}

fn either(
    place: String,
    ours: Option<&Value>,
    golden: Option<&Value>,
    found: &mut Vec<Difference>,
) {
    match (ours, golden) {
        (Some(ours), Some(golden)) => compare(place, ours, golden, found),
        (None, None) => {}
        _ => found.push(Difference {
            place,
            ours: ours.cloned(),
            golden: golden.cloned(),
        }),
    }
}

/// The items by their names, when all have one and no two the same.
fn by_name(items: &[Value]) -> Option<Vec<(&str, &Value)>> {
    let named: Option<Vec<(&str, &Value)>> = items
        .iter()
        .map(|item| {
            item.get("name")
                .and_then(Value::as_str)
                .map(|name| (name, item))
        })
        .collect();
    let named = named?;
    let names: BTreeSet<&str> = named.iter().map(|(name, _)| *name).collect();
    (names.len() == named.len() && !named.is_empty()).then_some(named)
}

/// The differences that have a reason.
#[derive(Debug, Clone, Default)]
pub struct Reasoned {
    entries: Vec<(Regex, String)>,
}

impl Reasoned {
    /// Reads the list; problems name their line.
    pub fn parse(text: &str) -> Result<Self, Vec<String>> {
        let (mut entries, mut problems) = (Vec::new(), Vec::new());
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let entry = line
                .split_once(" — ")
                .filter(|(_, reason)| !reason.trim().is_empty());
            let pattern =
                entry.map(|(pattern, _)| regex::escape(pattern.trim()).replace("\\*", ".*"));
            match pattern.and_then(|pattern| Regex::new(&format!("^{pattern}$")).ok()) {
                Some(pattern) => entries.push((pattern, line.to_owned())),
                None => problems.push(format!("line {}: expected `PATTERN — reason`", at + 1)),
            }
        }
        if problems.is_empty() {
            Ok(Self { entries })
        } else {
            Err(problems)
        }
    }

    /// The line that gives a difference of the golden file `name` its reason.
    pub fn reason(&self, name: &str, difference: &Difference) -> Option<&str> {
        let place = format!("{name}: {}", difference.place);
        self.entries
            .iter()
            .find(|(pattern, _)| pattern.is_match(&place))
            .map(|(_, line)| line.as_str())
    }

    /// The lines that gave no reason to anything, `used` being those that did.
    pub fn stale<'a>(&'a self, used: &BTreeSet<String>) -> Vec<&'a str> {
        let lines = self.entries.iter().map(|(_, line)| line.as_str());
        lines.filter(|line| !used.contains(*line)).collect()
    }
}
