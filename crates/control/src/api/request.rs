//! Requests that change something, and how much of a body is read.

use axum::body::Bytes;
use axum::extract::Request as HttpRequest;
use axum::extract::rejection::BytesRejection;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, StatusCode};

use super::selection::Parameters;
use super::status::Refusal;
use super::target::Target;

/// Bytes of a request's body, at most.
pub(super) const MAX_BODY: usize = 16 * 1024 * 1024;

/// A request that changes something.
pub(super) struct Request {
    /// What its path names.
    pub(super) target: Target,
    /// What stands behind the question mark.
    pub(super) parameters: Parameters,
    /// Its headers.
    pub(super) headers: HeaderMap,
    /// Its body.
    pub(super) body: Bytes,
}

/// Refuses a body that says it is too large before any of it is read.
pub(super) async fn limit(request: HttpRequest, next: Next) -> Response {
    let length = request.headers().get(CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|length| length > MAX_BODY) {
        return Refusal::too_large(MAX_BODY).into_response();
    }
    next.run(request).await
}

/// A body that was read; too large a one says so as a `Status`.
pub(super) fn read_body(body: Result<Bytes, BytesRejection>) -> Result<Bytes, Refusal> {
    body.map_err(|rejection| {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            Refusal::too_large(MAX_BODY)
        } else {
            Refusal::bad_request(rejection.body_text())
        }
    })
}
