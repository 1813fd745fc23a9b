//! Kubernetes' `Status`: how the API says no, and that a deletion was done.

use std::fmt;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use sealane_model::diagnostic::Diagnostic;
use sealane_model::resource::document_path;
use serde_json::{Value, json};

use crate::resource::Resource;

/// A request that is not carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: StatusCode,
    /// Kubernetes' word for the reason.
    pub reason: &'static str,
    /// What is wrong, for people.
    pub message: String,
    /// The object, when one was named.
    pub object: Option<(Resource, String)>,
    /// Each thing that is wrong by itself.
    pub causes: Vec<Cause>,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// Kubernetes' word for it.
    pub reason: &'static str,
    /// What is wrong, for people.
    pub message: String,
    /// Where in the object.
    pub field: String,
}

impl Refusal {
    fn new(status: StatusCode, reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            reason,
            message: message.into(),
            object: None,
            causes: Vec::new(),
        }
    }

    /// There is no such object.
    pub fn no_object(resource: Resource, name: &str) -> Self {
        let message = format!("{} \"{name}\" not found", resource.qualified());
        Self {
            object: Some((resource, name.to_owned())),
            ..Self::new(StatusCode::NOT_FOUND, "NotFound", message)
        }
    }

    /// There is no such path.
    pub fn no_path() -> Self {
        let message = "the server could not find the requested resource";
        Self::new(StatusCode::NOT_FOUND, "NotFound", message)
    }

    /// There is no such thing, for a reason of its own.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NotFound", message)
    }

    /// The body cannot be read.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BadRequest", message)
    }

    /// The object is there already.
    pub fn exists(resource: Resource, name: &str) -> Self {
        let message = format!("{} \"{name}\" already exists", resource.qualified());
        Self {
            object: Some((resource, name.to_owned())),
            ..Self::new(StatusCode::CONFLICT, "AlreadyExists", message)
        }
    }

    /// Somebody else was faster.
    pub fn conflict(resource: Resource, name: &str, why: &str) -> Self {
        let message = format!(
            "Operation cannot be fulfilled on {} \"{name}\": {why}",
            resource.qualified()
        );
        Self {
            object: Some((resource, name.to_owned())),
            ..Self::new(StatusCode::CONFLICT, "Conflict", message)
        }
    }

    /// It has been changed since the caller read it.
    pub fn modified(resource: Resource, name: &str) -> Self {
        let why = "the object has been modified; please apply your changes to the latest version \
                   and try again";
        Self::conflict(resource, name, why)
    }

    /// Fields belong to others who apply the object too.
    pub fn conflicts(causes: Vec<Cause>) -> Self {
        let found: Vec<String> = causes
            .iter()
            .map(|cause| format!("{}: {}", cause.message, cause.field))
            .collect();
        let count = found.len();
        let word = if count == 1 { "conflict" } else { "conflicts" };
        let message = format!("Apply failed with {count} {word}: {}", found.join("; "));
        Self {
            causes,
            ..Self::new(StatusCode::CONFLICT, "Conflict", message)
        }
    }

    /// What it says is wrong.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "Invalid", message)
    }

    /// An object's findings that are errors, each with its field.
    pub fn findings(resource: Resource, name: &str, found: &[Diagnostic]) -> Self {
        let causes: Vec<Cause> = found
            .iter()
            .filter(|found| found.is_error())
            .map(|found| Cause::of(resource, found))
            .collect();
        let said: Vec<String> = causes.iter().map(Cause::to_string).collect();
        let said = match said.as_slice() {
            [one] => one.clone(),
            several => format!("[{}]", several.join(", ")),
        };
        let info = resource.info();
        let kind = match info.group {
            "" => info.name.to_owned(),
            group => format!("{}.{group}", info.name),
        };
        Self {
            object: Some((resource, name.to_owned())),
            causes,
            ..Self::invalid(format!("{kind} \"{name}\" is invalid: {said}"))
        }
    }

    /// The body is too large.
    pub fn too_large(limit: usize) -> Self {
        let message = format!("the body has more than {limit} bytes");
        let status = StatusCode::PAYLOAD_TOO_LARGE;
        Self::new(status, "RequestEntityTooLarge", message)
    }

    /// The version that the caller knows is kept no more.
    pub fn expired(version: &str) -> Self {
        let message = format!("too old resource version: {version}");
        Self::new(StatusCode::GONE, "Expired", message)
    }

    /// Not for a caller who does not say who it is.
    pub fn unauthorized(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Unauthorized", message)
    }

    /// Not for this caller, or not with this object.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "Forbidden", message)
    }

    /// Not that way.
    pub fn method_not_allowed() -> Self {
        let message = "the server does not allow this method on the requested resource";
        let status = StatusCode::METHOD_NOT_ALLOWED;
        Self::new(status, "MethodNotAllowed", message)
    }

    /// Not that way, and what to do instead.
    pub fn not_supported(message: impl Into<String>) -> Self {
        let status = StatusCode::METHOD_NOT_ALLOWED;
        Self::new(status, "MethodNotAllowed", message)
    }

    /// The body is of a kind that is not read.
    pub fn unsupported_media_type(message: impl Into<String>) -> Self {
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        Self::new(status, "UnsupportedMediaType", message)
    }

    /// Not in time.
    pub fn timeout(message: impl Into<String>) -> Self {
        Self::new(StatusCode::GATEWAY_TIMEOUT, "Timeout", message)
    }

    /// The `Status` object.
    pub fn body(&self) -> Value {
        let mut status = json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            "code": self.status.as_u16(),
        });
        let mut details = json!({});
        if let Some((resource, name)) = &self.object {
            let info = resource.info();
            // People read the kind of what is invalid, and the resource of all else.
            let kind = if self.reason == "Invalid" {
                info.name
            } else {
                info.plural
            };
            details = json!({ "name": name, "group": info.group, "kind": kind });
        }
        if !self.causes.is_empty() {
            let causes = self.causes.iter().map(|cause| {
                json!({ "reason": cause.reason, "message": cause.message, "field": cause.field })
            });
            details["causes"] = causes.collect();
        }
        if details
            .as_object()
            .is_some_and(|details| !details.is_empty())
        {
            status["details"] = details;
        }
        status
    }
}

impl Cause {
    /// A finding with the path of its field from the top of the document.
    fn of(resource: Resource, found: &Diagnostic) -> Self {
        let path = resource.kind().map_or_else(
            || found.path.clone(),
            |kind| document_path(kind, &found.path),
        );
        Self {
            reason: "FieldValueInvalid",
            message: sentence(found),
            field: path.to_string(),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.field.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "{}: {}", self.field, self.message)
        }
    }
}

/// A finding in one line: what is wrong, what to do, and its code.
pub fn sentence(found: &Diagnostic) -> String {
    let help = found.help.as_ref();
    let help = help.map(|help| help.split_whitespace().collect::<Vec<_>>().join(" "));
    let help = help.map_or_else(String::new, |help| format!("; {help}"));
    format!("{}{help} [{}]", found.message, found.code)
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(self.body())).into_response()
    }
}

/// The answer to a deletion.
pub fn deleted(resource: Resource, name: &str, uid: &str) -> Value {
    let info = resource.info();
    json!({
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": { "name": name, "group": info.group, "kind": info.plural, "uid": uid },
    })
}

#[cfg(test)]
mod tests {
    use sealane_model::diagnostic::Code;
    use sealane_model::kind::Kind;
    use sealane_model::path::FieldPath;

    use super::*;

    #[test]
    fn each_finding_is_a_cause_with_its_field() {
        let path = FieldPath::parse("http[0].rout").unwrap();
        let found = Diagnostic::new(Code::UnknownField, "unknown field `rout`")
            .at(path)
            .with_help("write `route`");
        let refusal = Refusal::findings(Kind::VirtualService.into(), "x", &[found]);
        let body = refusal.body();
        assert_eq!(body["details"]["kind"], "VirtualService");
        assert_eq!(body["details"]["causes"][0]["field"], "spec.http[0].rout");
        let message = body["message"].as_str().unwrap();
        assert!(
            message.starts_with(
                "VirtualService.networking.istio.io \"x\" is invalid: \
                 spec.http[0].rout: unknown field `rout`; write `route` [SL"
            ),
            "{message}"
        );
    }
}
