//! In which form an answer is wanted: whole objects, rows of a table, or metadata alone.

use std::time::SystemTime;

use http::HeaderMap;
use http::header::ACCEPT;
use serde_json::{Value, json};

use super::selection::{Parameters, as_asked};
use super::status::Refusal;
use super::table::{Detail, Table, metadata};
use super::target::Target;

/// The form of an answer. The text is the version of `meta.k8s.io`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Whole,
    Table(&'static str),
    Metadata(&'static str),
}

/// How objects are shown to one caller.
#[derive(Debug, Clone)]
pub(super) struct Form {
    shape: Shape,
    detail: Detail,
    target: Target,
    now: SystemTime,
}

impl Form {
    /// What `headers` and `parameters` ask for.
    pub(super) fn new(
        target: &Target,
        headers: &HeaderMap,
        parameters: &Parameters,
        now: SystemTime,
    ) -> Result<Self, Refusal> {
        Ok(Self {
            shape: shape(headers),
            detail: Detail::parse(parameters.include_object.as_deref())?,
            target: target.clone(),
            now,
        })
    }

    /// One object.
    pub(super) fn object(&self, json: &Value) -> Value {
        match self.shape {
            Shape::Whole => as_asked(json, &self.target),
            Shape::Table(version) => {
                let at = json.pointer("/metadata/resourceVersion");
                let at = at.and_then(Value::as_str).unwrap_or_default();
                self.table(version, std::iter::once(json), at)
            }
            Shape::Metadata(version) => metadata(json, version),
        }
    }

    /// A list at a version.
    pub(super) fn list<'a>(&self, items: impl Iterator<Item = &'a Value>, version: u64) -> Value {
        let at = version.to_string();
        let (kind, api_version, items): (String, String, Vec<Value>) = match self.shape {
            Shape::Table(version) => return self.table(version, items, &at),
            Shape::Whole => (
                format!("{}List", self.target.resource.info().name),
                self.target.api_version(),
                items.map(|json| as_asked(json, &self.target)).collect(),
            ),
            Shape::Metadata(version) => (
                "PartialObjectMetadataList".to_owned(),
                format!("meta.k8s.io/{version}"),
                items.map(|json| metadata(json, version)).collect(),
            ),
        };
        json!({
            "kind": kind,
            "apiVersion": api_version,
            "metadata": { "resourceVersion": at },
            "items": items,
        })
    }

    /// What a bookmark carries: a version, and nothing else.
    pub(super) fn bookmark(&self, version: u64) -> Value {
        let at = version.to_string();
        match self.shape {
            Shape::Table(version) => self.table(version, std::iter::empty(), &at),
            Shape::Metadata(version) => json!({
                "kind": "PartialObjectMetadata",
                "apiVersion": format!("meta.k8s.io/{version}"),
                "metadata": { "resourceVersion": at, "creationTimestamp": null },
            }),
            Shape::Whole => json!({
                "kind": self.target.resource.info().name,
                "apiVersion": self.target.api_version(),
                "metadata": { "resourceVersion": at, "creationTimestamp": null },
            }),
        }
    }

    /// The form some time later: ages grow while a watch lasts.
    #[must_use]
    pub(super) fn at(&self, now: SystemTime) -> Self {
        Self {
            now,
            ..self.clone()
        }
    }

    fn table<'a>(
        &self,
        version: &'static str,
        items: impl Iterator<Item = &'a Value>,
        at: &str,
    ) -> Value {
        let table = Table {
            resource: self.target.resource,
            version,
            detail: self.detail,
            now: self.now,
        };
        table.of(items, at)
    }
}

/// The first form among those that are accepted which can be had; whole objects as JSON when there
/// is none, since nobody can be served by a refusal.
fn shape(headers: &HeaderMap) -> Shape {
    let accepted = headers.get_all(ACCEPT).iter();
    let accepted = accepted.filter_map(|value| value.to_str().ok());
    let mut ranges = accepted.flat_map(|value| value.split(','));
    ranges.find_map(of_range).unwrap_or(Shape::Whole)
}

/// `application/json;as=Table;v=v1;g=meta.k8s.io`.
fn of_range(range: &str) -> Option<Shape> {
    let mut parts = range.split(';').map(str::trim);
    if !matches!(parts.next()?, "application/json" | "application/*" | "*/*") {
        return None;
    }
    let (mut shape, mut version, mut group) = ("", "v1", "meta.k8s.io");
    for part in parts {
        match part.split_once('=') {
            Some(("as", value)) => shape = value,
            Some(("v", value)) => version = value,
            Some(("g", value)) => group = value,
            _ => {}
        }
    }
    let version = ["v1", "v1beta1"]
        .into_iter()
        .find(|known| *known == version);
    match (shape, version) {
        ("", _) => Some(Shape::Whole),
        ("Table", Some(version)) if group == "meta.k8s.io" => Some(Shape::Table(version)),
        ("PartialObjectMetadata" | "PartialObjectMetadataList", Some(version))
            if group == "meta.k8s.io" =>
        {
            Some(Shape::Metadata(version))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(text: &str) -> Shape {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, text.parse().unwrap());
        shape(&headers)
    }

    #[test]
    fn the_first_form_that_can_be_had_is_taken() {
        let kubectl = "application/json;as=Table;v=v1;g=meta.k8s.io,\
                       application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json";
        assert_eq!(accepts(kubectl), Shape::Table("v1"));
        assert_eq!(
            accepts("application/vnd.kubernetes.protobuf,application/json"),
            Shape::Whole
        );
        assert_eq!(
            accepts("application/json;as=Table;v=v2;g=meta.k8s.io, application/json"),
            Shape::Whole
        );
        assert_eq!(
            accepts("application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"),
            Shape::Metadata("v1")
        );
        assert_eq!(accepts("text/html"), Shape::Whole);
    }
}
