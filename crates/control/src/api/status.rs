//! Kubernetes' `Status`: how the API says no, and that a deletion was done.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use sealane_model::kind::Kind;
use serde_json::{Value, json};

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
    pub object: Option<(Kind, String)>,
}

impl Refusal {
    fn new(status: StatusCode, reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            reason,
            message: message.into(),
            object: None,
        }
    }

    /// There is no such object.
    pub fn no_object(kind: Kind, name: &str) -> Self {
        let info = kind.info();
        let group = match info.group {
            "" => String::new(),
            group => format!(".{group}"),
        };
        let message = format!("{}{group} \"{name}\" not found", info.plural);
        Self {
            object: Some((kind, name.to_owned())),
            ..Self::new(StatusCode::NOT_FOUND, "NotFound", message)
        }
    }

    /// There is no such path.
    pub fn no_path() -> Self {
        let message = "the server could not find the requested resource";
        Self::new(StatusCode::NOT_FOUND, "NotFound", message)
    }

    /// The body cannot be read.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BadRequest", message)
    }

    /// The object is there already.
    pub fn exists(kind: Kind, name: &str) -> Self {
        let message = format!("{} \"{name}\" already exists", kind.info().plural);
        Self {
            object: Some((kind, name.to_owned())),
            ..Self::new(StatusCode::CONFLICT, "AlreadyExists", message)
        }
    }

    /// Somebody else was faster.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "Conflict", message)
    }

    /// What it says is wrong.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "Invalid", message)
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
        if let (Value::Object(fields), Some((kind, name))) = (&mut status, &self.object) {
            let info = kind.info();
            let details = json!({ "name": name, "group": info.group, "kind": info.plural });
            fields.insert("details".to_owned(), details);
        }
        status
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(self.body())).into_response()
    }
}

/// The answer to a deletion.
pub fn deleted(kind: Kind, name: &str) -> Value {
    let info = kind.info();
    json!({
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": { "name": name, "group": info.group, "kind": info.plural },
    })
}
