//! Which objects a request means, and how they are shown to it.

use sealane_model::kind::ObjectKey;
use serde::Deserialize;
use serde_json::{Value, json};

use super::status::Refusal;
use super::target::Target;

/// What may stand behind the question mark.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Parameters {
    /// Stay and send what changes.
    pub(super) watch: Option<String>,
    /// The version that the caller knows.
    pub(super) resource_version: Option<String>,
    /// Seconds that a watch lasts.
    pub(super) timeout_seconds: Option<u64>,
    /// Labels that objects must have, `a=b,c!=d,e`.
    pub(super) label_selector: Option<String>,
    /// Fields that objects must have; `metadata.name=x` and `metadata.namespace=x` are known.
    pub(super) field_selector: Option<String>,
    /// Nothing shall change.
    pub(super) dry_run: Option<String>,
}

impl Parameters {
    pub(super) fn is_watch(&self) -> bool {
        matches!(self.watch.as_deref(), Some("true" | "1"))
    }
}

/// The key of the object that a path names.
pub(super) fn key(target: &Target, name: &str) -> ObjectKey {
    let namespace = target.namespace.as_deref().unwrap_or("default");
    ObjectKey::new(target.kind, namespace, name)
}

/// The object in the version of the path: all served versions say the same.
pub(super) fn as_asked(json: &Value, target: &Target) -> Value {
    let mut json = json.clone();
    if let Value::Object(fields) = &mut json {
        fields.insert("apiVersion".to_owned(), json!(target.api_version()));
    }
    json
}

/// Which objects of a list are meant.
#[derive(Debug, Clone)]
pub(super) struct Selection {
    target: Target,
    labels: Vec<Condition>,
    fields: Vec<(String, String)>,
}

/// A condition on a label.
#[derive(Debug, Clone)]
enum Condition {
    Is(String, String),
    IsNot(String, String),
    Has(String),
    HasNot(String),
}

impl Selection {
    pub(super) fn new(target: &Target, parameters: &Parameters) -> Result<Self, Refusal> {
        let parts = |text: &Option<String>| -> Vec<String> {
            let text = text.as_deref().unwrap_or_default();
            let parts = text.split(',').map(str::trim);
            parts
                .filter(|part| !part.is_empty())
                .map(str::to_owned)
                .collect()
        };
        let labels = parts(&parameters.label_selector);
        let fields = parts(&parameters.field_selector);
        let field = |part: &String| {
            let pair = part
                .split_once('=')
                .map(|(a, b)| (a, b.trim_start_matches('=')));
            let known =
                pair.filter(|(name, _)| ["metadata.name", "metadata.namespace"].contains(name));
            known
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .ok_or_else(|| {
                    Refusal::bad_request(format!("field selector {part:?} is not supported"))
                })
        };
        Ok(Self {
            target: target.clone(),
            labels: labels.iter().map(|part| condition(part)).collect(),
            fields: fields.iter().map(field).collect::<Result<_, _>>()?,
        })
    }

    /// Whether an object is meant.
    pub(super) fn takes(&self, key: &ObjectKey, json: &Value) -> bool {
        let in_place = key.kind == self.target.kind
            && self
                .target
                .namespace
                .as_ref()
                .is_none_or(|wanted| *wanted == key.namespace)
            && self
                .target
                .name
                .as_ref()
                .is_none_or(|wanted| *wanted == key.name);
        let fields = self.fields.iter().all(|(field, value)| {
            let actual = if field == "metadata.name" {
                &key.name
            } else {
                &key.namespace
            };
            actual == value
        });
        let label = |name: &str| json.pointer("/metadata/labels")?.get(name)?.as_str();
        let labels = self.labels.iter().all(|condition| match condition {
            Condition::Is(name, value) => label(name) == Some(value),
            Condition::IsNot(name, value) => label(name) != Some(value),
            Condition::Has(name) => label(name).is_some(),
            Condition::HasNot(name) => label(name).is_none(),
        });
        in_place && fields && labels
    }
}

fn condition(text: &str) -> Condition {
    if let Some((name, value)) = text.split_once("!=") {
        return Condition::IsNot(name.trim().to_owned(), value.trim().to_owned());
    }
    if let Some((name, value)) = text.split_once('=') {
        let value = value.trim_start_matches('=').trim();
        return Condition::Is(name.trim().to_owned(), value.to_owned());
    }
    match text.strip_prefix('!') {
        Some(name) => Condition::HasNot(name.trim().to_owned()),
        None => Condition::Has(text.to_owned()),
    }
}
