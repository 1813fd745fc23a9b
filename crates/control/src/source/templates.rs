//! What looks like manifests and has to be rendered first: Helm charts and kustomizations.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sealane_model::diagnostic::{Code, Diagnostic};

/// The names of a kustomization.
const KUSTOMIZATION: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];
/// Fields of a kustomization that change nothing of the files that it lists.
const LISTING: [&str; 4] = ["apiVersion", "kind", "metadata", "resources"];
/// Parts of a text that only templates of Helm have.
const HELM: [&str; 5] = [".Values", ".Release", ".Chart", "include \"", "{{- "];

/// What a folder is.
pub(super) enum Folder {
    /// Manifests.
    Plain,
    /// Manifests, and a file that only lists them.
    ListOf(PathBuf),
    /// Something to render first.
    Template(Box<Diagnostic>),
}

/// What a folder with these entries is.
pub(super) fn folder(path: &Path, entries: &[PathBuf]) -> Folder {
    let named = |name: &str| {
        let is = |entry: &&PathBuf| entry.file_name().is_some_and(|found| found == name);
        entries.iter().find(is)
    };
    let shown = path.display();
    if named("Chart.yaml").is_some() {
        let message = format!("{shown} is a Helm chart and is not read");
        let help = format!("render it: helm template {shown} | sealane up -");
        return Folder::Template(Box::new(template(path, message, help)));
    }
    let Some(file) = KUSTOMIZATION.iter().find_map(|name| named(name)) else {
        return Folder::Plain;
    };
    let text = fs::read_to_string(file).unwrap_or_default();
    if only_lists(&text) {
        return Folder::ListOf(file.clone());
    }
    let message = format!("{shown} is a kustomization and is not read");
    let help = format!("render it: kubectl kustomize {shown} | sealane up -");
    Folder::Template(Box::new(template(path, message, help)))
}

/// Whether a file holds a template of Helm; then what to say about it.
pub(super) fn file(path: &str, text: &str) -> Option<Diagnostic> {
    let is_template = text.contains("{{") && HELM.iter().any(|part| text.contains(part));
    is_template.then(|| {
        let message = format!("{path} is a Helm template and is not read");
        let help = "render its chart: helm template CHART | sealane up -".to_owned();
        template(Path::new(path), message, help)
    })
}

fn template(path: &Path, message: String, help: String) -> Diagnostic {
    let file: Arc<str> = path.display().to_string().into();
    Diagnostic::new(Code::Template, message)
        .in_file(file)
        .with_help(help)
}

/// Whether all fields at the top of a kustomization only name the files.
fn only_lists(text: &str) -> bool {
    let keys = text.lines().filter_map(|line| {
        let is_key = line.starts_with(|c: char| c.is_ascii_alphabetic());
        is_key.then(|| line.split(':').next().unwrap_or_default())
    });
    let mut keys = keys.peekable();
    keys.peek().is_some() && keys.all(|key| LISTING.contains(&key))
}
