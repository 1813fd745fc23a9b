//! `/sealane/v1/apply`: texts of manifests as one transaction, which kubectl has no word for.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::backend::Text;
use super::store::Shared;

/// What shall be applied.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Body {
    files: Vec<File>,
    #[serde(default = "default_namespace")]
    namespace: String,
    /// Only say what would become of them.
    #[serde(default)]
    dry_run: bool,
}

#[derive(Debug, Deserialize, Serialize)]
struct File {
    name: String,
    text: String,
}

fn default_namespace() -> String {
    "default".to_owned()
}

/// Answers with what became of each object, or with everything that is wrong (422).
pub(super) async fn apply(
    State(store): State<Shared>,
    Json(body): Json<Body>,
) -> (StatusCode, Json<Value>) {
    let namespace = body.namespace;
    let texts = body.files.into_iter().map(|file| Text {
        name: file.name,
        text: file.text,
        namespace: namespace.clone(),
    });
    let applied = if body.dry_run {
        store.backend.try_out(texts.collect())
    } else {
        store.backend.apply(texts.collect()).await
    };
    match applied {
        Ok(written) => {
            let objects = written.outcomes.iter().map(|(key, outcome)| {
                json!({
                    "kind": key.kind.info().name,
                    "namespace": key.namespace,
                    "name": key.name,
                    "outcome": outcome.as_str(),
                })
            });
            let answer = json!({
                "generation": written.generation,
                "proxies": written.proxies,
                "tookMs": u64::try_from(written.took.as_millis()).unwrap_or(u64::MAX),
                "objects": objects.collect::<Vec<_>>(),
                "warnings": written.warnings,
            });
            (StatusCode::OK, Json(answer))
        }
        Err(refused) => {
            let message = match refused.errors.len() {
                1 => "1 error; nothing changed".to_owned(),
                count => format!("{count} errors; nothing changed"),
            };
            let answer = json!({ "message": message, "errors": refused.errors });
            (StatusCode::UNPROCESSABLE_ENTITY, Json(answer))
        }
    }
}
