//! Which objects a request means, and what else stands behind the question mark.

use serde::Deserialize;
use serde_json::{Value, json};

use super::selector::{Fields, Labels};
use super::status::Refusal;
use super::target::Target;
use crate::resource::Name;

/// What may stand behind the question mark. What is not here (`limit`, `pretty`) changes nothing:
/// a list is always whole.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Parameters {
    /// Stay and send what changes.
    pub(super) watch: Option<String>,
    /// Send what is there first, and say when that was all.
    pub(super) send_initial_events: Option<String>,
    /// Say now and then how far the watch is.
    pub(super) allow_watch_bookmarks: Option<String>,
    /// The version that the caller knows.
    pub(super) resource_version: Option<String>,
    /// Whether a list must be of exactly that version.
    pub(super) resource_version_match: Option<String>,
    /// Seconds that a watch lasts.
    pub(super) timeout_seconds: Option<u64>,
    /// Labels that objects must have.
    pub(super) label_selector: Option<String>,
    /// Fields that objects must have.
    pub(super) field_selector: Option<String>,
    /// How much of each object a table carries.
    pub(super) include_object: Option<String>,
    /// Nothing shall change.
    pub(super) dry_run: Option<String>,
    /// What becomes of fields that are not known.
    pub(super) field_validation: Option<String>,
    /// Who writes.
    pub(super) field_manager: Option<String>,
    /// Whether who applies takes fields from others.
    pub(super) force: Option<String>,
}

fn is_true(parameter: Option<&String>) -> bool {
    matches!(parameter.map(String::as_str), Some("true" | "1"))
}

impl Parameters {
    pub(super) fn is_watch(&self) -> bool {
        is_true(self.watch.as_ref())
    }

    pub(super) fn wants_initial_events(&self) -> bool {
        is_true(self.send_initial_events.as_ref())
    }

    pub(super) fn wants_bookmarks(&self) -> bool {
        is_true(self.allow_watch_bookmarks.as_ref())
    }

    pub(super) fn is_forced(&self) -> bool {
        is_true(self.force.as_ref())
    }

    /// Whether nothing shall change. There is one form of it.
    pub(super) fn is_dry_run(&self) -> Result<bool, Refusal> {
        match self.dry_run.as_deref() {
            None | Some("") => Ok(false),
            Some("All") => Ok(true),
            Some(other) => Err(Refusal::bad_request(format!(
                "dryRun={other}: the only value is All"
            ))),
        }
    }
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
    labels: Labels,
    fields: Fields,
}

impl Selection {
    pub(super) fn new(target: &Target, parameters: &Parameters) -> Result<Self, Refusal> {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let labels = Labels::parse(&text(&parameters.label_selector));
        let fields = Fields::parse(&text(&parameters.field_selector));
        Ok(Self {
            target: target.clone(),
            labels: labels.map_err(Refusal::bad_request)?,
            fields: fields.map_err(Refusal::bad_request)?,
        })
    }

    /// Whether an object is meant.
    pub(super) fn takes(&self, name: &Name, json: &Value) -> bool {
        let is = |wanted: &Option<String>, actual: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted == actual)
        };
        name.resource == self.target.resource
            && is(&self.target.namespace, &name.namespace)
            && is(&self.target.name, &name.name)
            && self.fields.take(name, json)
            && self.labels.take(json)
    }
}
