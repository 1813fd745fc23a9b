//! Texts and files as transactions.

use std::collections::BTreeMap;
use std::sync::Arc;

use sealane_model::parse::{Options, Parsed, SourceFile, parse_text};

use super::{Applied, Control};
use crate::declared::{Change, Edit, Writer};
use crate::history::{Cause, Findings, Refusal};
use crate::source::files::{FileSource, FilesError, Reading};
use crate::source::watch::Watch;

/// How often files are read again because a save began while they were read.
const READINGS: usize = 5;

/// Why files were not applied.
#[derive(Debug, thiserror::Error)]
pub enum FilesRefused {
    /// They cannot be read.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// The change was refused; nothing changed.
    #[error("{}", .0.reason)]
    Refused(Arc<Refusal>),
}

impl Control {
    /// Applies texts of manifests as one transaction, as an API call does. Each text comes with
    /// the options that it is read by.
    ///
    /// # Errors
    /// When anything in them is wrong: then nothing changed.
    pub async fn apply_texts(
        &self,
        files: &[(SourceFile, Options)],
    ) -> Result<Applied, Arc<Refusal>> {
        let (edits, findings) = read(files);
        if findings.errors() > 0 {
            return Err(self.refuse(Cause::Api, "errors in the manifests".to_owned(), findings));
        }
        self.transact(edits, Cause::Api, findings).await
    }

    /// What [`Self::apply_texts`] would do to each object, or what is wrong with them. Nothing
    /// changes, and nobody is told.
    ///
    /// # Errors
    /// When anything in them is wrong.
    pub fn try_texts(
        &self,
        files: &[(SourceFile, Options)],
    ) -> Result<(Vec<Change>, Findings), Findings> {
        let (edits, findings) = read(files);
        if findings.errors() > 0 {
            return Err(findings);
        }
        let mut declared = self.current().declared.clone();
        let changes = declared.apply(edits, self.clock.wall());
        Ok((changes, findings))
    }

    /// Applies what files say now. At the start (when no generation runs) objects with errors are
    /// left out and the others run; later any error refuses the whole change. `None` when nothing
    /// changed, or when the same was refused already.
    ///
    /// # Errors
    /// When the files cannot be read, or the change is refused.
    pub async fn apply_files(
        &self,
        files: &mut FileSource,
    ) -> Result<Option<Applied>, FilesRefused> {
        let reading = files.read()?;
        self.apply_reading(files, reading).await
    }

    async fn apply_reading(
        &self,
        files: &mut FileSource,
        reading: Reading,
    ) -> Result<Option<Applied>, FilesRefused> {
        let starts = self.current().generation == 0;
        if reading.changed.is_empty() && !starts {
            if files.restore() {
                self.history.restored(self.current().generation);
            }
            return Ok(None);
        }
        if files.is_refused(&reading) {
            return Ok(None);
        }
        let cause = if starts {
            Cause::Start
        } else {
            Cause::Files(reading.changed.clone())
        };
        let findings = Findings {
            diagnostics: reading.diagnostics.clone(),
            texts: Arc::new(reading.texts()),
            left_out: Some(reading.rejected().into()),
        };
        if !starts && reading.has_errors() {
            let reason = "errors in the files".to_owned();
            files.refuse(&reading);
            return Err(FilesRefused::Refused(self.refuse(cause, reason, findings)));
        }
        let edits = reading.edits.clone();
        match self.transact(edits, cause, findings).await {
            Ok(applied) => {
                files.accept(reading);
                Ok(Some(applied))
            }
            Err(refusal) => {
                files.refuse(&reading);
                Err(FilesRefused::Refused(refusal))
            }
        }
    }

    /// Applies what files say whenever they change, until it is dropped. What becomes of it is in
    /// [`Self::events`].
    pub async fn follow(&self, files: &mut FileSource, watch: &Watch) {
        loop {
            watch.changed().await;
            let applied = match whole(files, watch).await {
                Ok(reading) => self.apply_reading(files, reading).await,
                Err(error) => Err(FilesRefused::Files(error)),
            };
            if let Err(FilesRefused::Files(error)) = applied {
                let cause = Cause::Files(Vec::new());
                let reason = with_causes(&error);
                drop(self.refuse(cause, reason, Findings::default()));
            }
        }
    }
}

/// The edits that texts ask for, and what was found in them.
fn read(files: &[(SourceFile, Options)]) -> (Vec<Edit>, Findings) {
    let mut parsed = Parsed::default();
    let mut texts = BTreeMap::new();
    for (file, options) in files {
        parsed.extend(parse_text(file, options));
        texts.insert(Arc::clone(&file.path), Arc::clone(&file.text));
    }
    let findings = Findings {
        diagnostics: parsed.diagnostics,
        texts: Arc::new(texts),
        left_out: None,
    };
    let put = |object| Edit::Put {
        object,
        writer: Writer::Api,
    };
    (parsed.objects.into_iter().map(put).collect(), findings)
}

/// What files say when nobody is in the middle of a save: whoever begins one while they are read is
/// waited for.
async fn whole(files: &FileSource, watch: &Watch) -> Result<Reading, FilesError> {
    let mut reading = files.read()?;
    for _ in 0..READINGS {
        let is_whole = !watch.is_unsettled() && !reading.has_emptied();
        if is_whole || !watch.changed_soon().await {
            break;
        }
        reading = files.read()?;
    }
    Ok(reading)
}

/// An error with what caused it, as one text.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(found) = cause {
        text = format!("{text}: {found}");
        cause = found.source();
    }
    text
}
