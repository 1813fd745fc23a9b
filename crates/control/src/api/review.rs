//! Questions of clients about themselves: whoever reaches the API on this machine may use it.

use axum::Json;
use axum::body::Bytes;
use axum::extract::Path;
use axum::extract::rejection::BytesRejection;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::request::read_body;
use super::status::Refusal;
use super::{body, discovery};

type Answer = Result<(StatusCode, Json<Value>), Refusal>;

/// What the caller may do.
pub(super) async fn authorization(
    Path(plural): Path<String>,
    headers: HeaderMap,
    bytes: Result<Bytes, BytesRejection>,
) -> Answer {
    answer(("authorization.k8s.io", &plural), &headers, bytes)
}

/// Who the caller is.
pub(super) async fn authentication(
    Path(plural): Path<String>,
    headers: HeaderMap,
    bytes: Result<Bytes, BytesRejection>,
) -> Answer {
    answer(("authentication.k8s.io", &plural), &headers, bytes)
}

fn answer(
    (group, plural): (&str, &str),
    headers: &HeaderMap,
    bytes: Result<Bytes, BytesRejection>,
) -> Answer {
    let kind = discovery::review(group, plural).ok_or_else(Refusal::no_path)?;
    let mut review = body::any(headers, &read_body(bytes)?)?;
    if !review.is_object() {
        return Err(Refusal::bad_request("the body is not one object"));
    }
    let everything = json!(["*"]);
    review["kind"] = json!(kind);
    review["apiVersion"] = json!(format!("{group}/v1"));
    review["status"] = match kind {
        "SelfSubjectAccessReview" => json!({
            "allowed": true,
            "reason": "whoever reaches this API on this machine may use it",
        }),
        "SelfSubjectRulesReview" => json!({
            "resourceRules": [
                { "verbs": everything, "apiGroups": everything, "resources": everything }
            ],
            "nonResourceRules": [{ "verbs": everything, "nonResourceURLs": everything }],
            "incomplete": false,
        }),
        _ => json!({ "userInfo": { "username": "local", "groups": ["system:masters"] } }),
    };
    Ok((StatusCode::CREATED, Json(review)))
}
