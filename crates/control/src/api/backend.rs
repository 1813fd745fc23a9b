//! What stands behind the API.

use std::sync::Arc;
use std::time::SystemTime;

use axum::response::{IntoResponse, Response};
use sealane_model::diagnostic::Diagnostic;
use sealane_model::kind::ObjectKey;
use sealane_seam::BoxFuture;

use super::status::Refusal;
use crate::declared::{Edit, Outcome};
use crate::shown::Shown;

/// What a transaction did.
#[derive(Debug, Clone)]
pub struct Written {
    /// What became of each object, in order of their keys.
    pub outcomes: Vec<(ObjectKey, Outcome)>,
    /// The generation that has it.
    pub generation: u64,
    /// Proxies that serve it.
    pub proxies: usize,
    /// How long it took until all of them did.
    pub took: std::time::Duration,
    /// Findings, rendered for people.
    pub warnings: Vec<String>,
    /// The same findings with their objects and fields.
    pub findings: Vec<Diagnostic>,
}

/// Why a transaction was refused. Nothing has changed.
#[derive(Debug, Clone)]
pub struct Refused {
    /// What is wrong, rendered for people, one text for each finding.
    pub errors: Vec<String>,
    /// The same findings with their objects and fields.
    pub findings: Vec<Diagnostic>,
}

/// A text of manifests that shall become live as one change.
#[derive(Debug, Clone)]
pub struct Text {
    /// The name by which findings call it.
    pub name: String,
    /// The manifests.
    pub text: String,
    /// The namespace of objects that name none.
    pub namespace: String,
}

/// Who holds the objects and makes changes live.
pub trait Backend: Send + Sync + 'static {
    /// The objects of the generation that is live, and of all that follow. The last few
    /// generations, the newest at the end.
    fn shown(&self) -> tokio::sync::watch::Receiver<Arc<Vec<Arc<Shown>>>>;

    /// Carries out a transaction and waits until every proxy serves it.
    fn write(&self, edits: Vec<Edit>) -> BoxFuture<'_, Result<Written, Refused>>;

    /// Reads texts and carries them out as one transaction.
    fn apply(&self, texts: Vec<Text>) -> BoxFuture<'_, Result<Written, Refused>>;

    /// Says what applying texts would do to each object. Nothing changes.
    fn try_out(&self, texts: Vec<Text>) -> Result<Written, Refused>;

    /// What time it is, for ages and creation times.
    fn now(&self) -> SystemTime;

    /// The output of a pod that exists, as the query (`container`, `follow`, `tailLines`, …) wants
    /// it.
    fn log<'a>(&'a self, pod: &'a ObjectKey, _query: &'a str) -> BoxFuture<'a, Response> {
        let why = format!("{pod} keeps no output");
        Box::pin(async move { Refusal::not_found(why).into_response() })
    }
}
