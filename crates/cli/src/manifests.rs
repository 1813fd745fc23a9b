//! Manifests that a command is given: files, folders, standard input.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sealane_control::source::files::{FileSource, Reading};
use sealane_model::diagnostic::{Diagnostic, Style, render};
use sealane_model::kind::Kind;
use sealane_model::parse::{Options, SourceFile};
use sealane_model::resource::Object;

use crate::failure::Failure;

/// What standard input is called in diagnostics.
const STDIN: &str = "-";

/// The files and folders of `paths`, and standard input where `-` is among them.
pub(crate) fn source(paths: &[PathBuf], namespace: &str) -> Result<FileSource> {
    let is_stdin = |path: &&PathBuf| path.as_path() == Path::new(STDIN);
    let mut texts = Vec::new();
    if paths.iter().any(|path| is_stdin(&path)) {
        let mut text = String::new();
        std::io::stdin()
            .read_to_string(&mut text)
            .context("cannot read standard input")?;
        texts.push(SourceFile::new(STDIN, text));
    }
    let roots = paths.iter().filter(|path| !is_stdin(path)).cloned();
    let options = Options {
        default_namespace: namespace.to_owned(),
    };
    Ok(FileSource::new(roots.collect(), texts, options))
}

/// Reads what `paths` hold.
pub(crate) fn read(paths: &[PathBuf], namespace: &str) -> Result<Reading> {
    let reading = source(paths, namespace)?.read();
    reading.map_err(|error| unreadable(&error).into())
}

/// The texts that `paths` hold, with their names.
pub(crate) fn texts(paths: &[PathBuf], namespace: &str) -> Result<Vec<SourceFile>> {
    let reading = read(paths, namespace)?;
    let texts = reading.texts().into_iter();
    Ok(texts
        .map(|(path, text)| SourceFile { path, text })
        .collect())
}

/// The objects that `paths` declare.
pub(crate) fn keys(paths: &[PathBuf], namespace: &str) -> Result<Vec<(Kind, String, String)>> {
    if paths.is_empty() {
        return Ok(Vec::new());
    }
    let options = Options {
        default_namespace: namespace.to_owned(),
    };
    let mut keys = Vec::new();
    for text in texts(paths, namespace)? {
        let parsed = sealane_model::parse::parse_text(&text, &options);
        if parsed.has_errors() {
            let shown = show(&parsed.diagnostics, &text);
            return Err(Failure::bad_input(shown).into());
        }
        let found = parsed.objects.iter().map(Object::key);
        keys.extend(found.map(|key| (key.kind, key.namespace, key.name)));
    }
    Ok(keys)
}

/// The error for files that cannot be read.
pub(crate) fn unreadable(error: &dyn std::error::Error) -> Failure {
    Failure::bad_input(format!(
        "error: {}\n  want files and folders with manifests, or - for standard input",
        with_causes(error)
    ))
}

/// Diagnostics of a text, with its lines.
pub(crate) fn show(diagnostics: &[Diagnostic], text: &SourceFile) -> String {
    render(diagnostics, |_| Some(&*text.text), Style::Coloured)
}

/// An error and what caused it, on one line.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
