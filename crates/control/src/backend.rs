//! The control plane as what stands behind the API.

use std::sync::Arc;
use std::time::SystemTime;

use sealane_model::parse::{Options, SourceFile};
use sealane_seam::BoxFuture;
use tokio::sync::watch;

use crate::api::{Backend, Refused, Text, Written};
use crate::control::{Applied, Control};
use crate::declared::Edit;
use crate::history::{Cause, Findings, Refusal};
use crate::shown::Shown;

impl Backend for Control {
    fn shown(&self) -> watch::Receiver<Arc<Vec<Arc<Shown>>>> {
        Self::shown(self)
    }

    fn write(&self, edits: Vec<Edit>) -> BoxFuture<'_, Result<Written, Refused>> {
        Box::pin(async move {
            let applied = self.transact(edits, Cause::Api, Findings::default()).await;
            answer(applied)
        })
    }

    fn now(&self) -> SystemTime {
        self.wall()
    }

    fn apply(&self, texts: Vec<Text>) -> BoxFuture<'_, Result<Written, Refused>> {
        let files = files(texts);
        Box::pin(async move { answer(self.apply_texts(&files).await) })
    }

    fn try_out(&self, texts: Vec<Text>) -> Result<Written, Refused> {
        let tried = self.try_texts(&files(texts));
        let (changes, findings) = tried.map_err(|findings| Refused {
            errors: findings.texts_of(true),
            findings: findings.diagnostics,
        })?;
        Ok(Written {
            outcomes: changes
                .iter()
                .map(|it| (it.key.clone(), it.outcome))
                .collect(),
            generation: self.current().generation,
            proxies: 0,
            took: std::time::Duration::ZERO,
            warnings: findings.texts_of(false),
            findings: findings.diagnostics,
        })
    }
}

fn files(texts: Vec<Text>) -> Vec<(SourceFile, Options)> {
    let file = |text: Text| {
        let options = Options {
            default_namespace: text.namespace,
        };
        (SourceFile::new(text.name, text.text), options)
    };
    texts.into_iter().map(file).collect()
}

fn answer(applied: Result<Applied, Arc<Refusal>>) -> Result<Written, Refused> {
    let applied = applied.map_err(|refusal| refused(&refusal))?;
    let outcomes = applied.changes.iter();
    let record = &applied.record;
    Ok(Written {
        outcomes: outcomes.map(|it| (it.key.clone(), it.outcome)).collect(),
        generation: record.generation,
        proxies: record.proxies,
        took: record.took,
        warnings: record.findings.texts_of(false),
        findings: record.findings.diagnostics.clone(),
    })
}

fn refused(refusal: &Refusal) -> Refused {
    let mut errors = refusal.findings.texts_of(true);
    if errors.is_empty() {
        errors.push(refusal.reason.clone());
    }
    Refused {
        errors,
        findings: refusal.findings.diagnostics.clone(),
    }
}
