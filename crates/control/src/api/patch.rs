//! Patches: the four ways in which a request may say what shall change of an object.

pub(super) mod apply;
mod fields;
mod lists;
mod merge;
mod operations;
mod strategic;

use serde_json::Value;

pub(super) use self::lists::Schema;
use self::operations::Operation;
use super::body;
use super::request::Request;
use super::status::Refusal;

/// What shall change.
#[derive(Debug, Clone)]
pub(super) enum Patch {
    /// A JSON merge patch (RFC 7386).
    Merge(Value),
    /// A JSON patch (RFC 6902).
    Operations(Vec<Operation>),
    /// A strategic merge patch, which knows what the elements of lists are called.
    Strategic(Value),
    /// What somebody wants of the object (server-side apply).
    Apply(Value),
}

impl Patch {
    /// Reads the patch of a request by its media type.
    pub(super) fn read(request: &Request) -> Result<Self, Refusal> {
        let value = || body::value(&request.body);
        match body::media_type(&request.headers) {
            "application/merge-patch+json" => value().map(Self::Merge),
            "application/json-patch+json" => Operation::list(&value()?).map(Self::Operations),
            "application/strategic-merge-patch+json" if request.target.resource.is_builtin() => {
                value().map(Self::Strategic)
            }
            "application/apply-patch+yaml" | "application/apply-patch+json" => {
                value().map(Self::Apply)
            }
            other => Err(Refusal::unsupported_media_type(format!(
                "a patch of {} is not read as {other:?}; accepted are: {}",
                request.target.resource.info().plural,
                accepted(request.target.resource.is_builtin())
            ))),
        }
    }

    /// Whether it was made of what is shown, defaults and all, so that its paths lead nowhere in
    /// what was declared.
    pub(super) const fn is_of_what_is_shown(&self) -> bool {
        matches!(self, Self::Operations(_))
    }

    /// The value with the changes.
    pub(super) fn apply_to(&self, mut value: Value) -> Result<Value, Refusal> {
        match self {
            Self::Merge(patch) => merge::merge(&mut value, patch),
            Self::Operations(operations) => operations::apply(&mut value, operations)?,
            Self::Strategic(patch) => strategic::merge(&mut value, patch)?,
            // Whoever applies a part of an object has no other say in it.
            Self::Apply(wanted) => apply::merge(&mut value, wanted, Schema::BuiltIn),
        }
        Ok(value)
    }
}

fn accepted(builtin: bool) -> String {
    let mut all = vec![
        "application/json-patch+json",
        "application/merge-patch+json",
        "application/apply-patch+yaml",
    ];
    if builtin {
        all.insert(2, "application/strategic-merge-patch+json");
    }
    all.join(", ")
}
