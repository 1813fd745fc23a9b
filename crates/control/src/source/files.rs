//! Manifests in files and folders.
//!
//! A [`FileSource`] remembers what its files said when they were last accepted. [`FileSource::read`]
//! looks at them again; its [`Reading`] says which edits follow and what is wrong. Only when the
//! edits are carried out, [`FileSource::accept`] makes the reading the new state, so a broken save
//! leaves no trace. Texts that do not change (standard input) may be among the files.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sealane_model::diagnostic::{Code, Diagnostic};
use sealane_model::parse::{MAX_FILE, Options, Parsed, SourceFile, parse_text};

use crate::declared::Edit;
use crate::source::layers::{Live, edits, live};
use crate::source::templates;
pub use crate::source::walk::WalkError;
use crate::source::walk::walk;

/// Why the files as a whole cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// A path cannot be read.
    #[error(transparent)]
    Walk(#[from] WalkError),
}

/// A file and what it holds.
#[derive(Debug, Clone)]
struct File {
    text: Arc<str>,
    parsed: Arc<Parsed>,
}

/// The files of a mesh.
#[derive(Debug)]
pub struct FileSource {
    roots: Vec<PathBuf>,
    texts: Vec<SourceFile>,
    options: Options,
    /// The files as they were accepted last, in the order in which they are read.
    accepted: Vec<(Arc<str>, File)>,
    /// The files as they were refused last: saying it once is enough.
    refused: Option<BTreeMap<Arc<str>, Arc<str>>>,
}

/// What files hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    /// How many files there are.
    pub files: usize,
    /// How many objects they declare, each object counted once.
    pub objects: usize,
    /// How many objects of other kinds were read past.
    pub skipped: BTreeMap<String, usize>,
}

/// What the files say now.
#[derive(Debug)]
pub struct Reading {
    files: Vec<(Arc<str>, File)>,
    /// What is wrong or surprising, in files that changed since they were accepted; everything at
    /// the first reading.
    pub diagnostics: Vec<Diagnostic>,
    /// The edits that lead from the accepted state to this one.
    pub edits: Vec<Edit>,
    /// The files that changed, were added or are gone.
    pub changed: Vec<Arc<str>>,
    /// How many objects of other kinds were read past, in all files.
    pub skipped: BTreeMap<String, usize>,
}

impl Reading {
    /// Whether a file that changed has an error, so that nothing of it may be carried out.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }

    /// How many files there are.
    pub fn file_count(&self) -> usize {
        self.files.len()
    }

    /// How many objects the files declare, each declaration counted.
    pub fn object_count(&self) -> usize {
        self.files
            .iter()
            .map(|(_, file)| file.parsed.objects.len())
            .sum()
    }

    /// The text of a file, for showing diagnostics.
    pub fn text(&self, path: &str) -> Option<&str> {
        let file = self.files.iter().find(|(known, _)| **known == *path);
        file.map(|(_, file)| &*file.text)
    }

    /// All texts by path.
    pub fn texts(&self) -> BTreeMap<Arc<str>, Arc<str>> {
        let texts = self.files.iter();
        texts
            .map(|(path, file)| (Arc::clone(path), Arc::clone(&file.text)))
            .collect()
    }
}

impl FileSource {
    /// The files and folders `roots`, and texts that were read already. Nothing is read yet.
    pub fn new(roots: Vec<PathBuf>, texts: Vec<SourceFile>, options: Options) -> Self {
        Self {
            roots,
            texts,
            options,
            accepted: Vec::new(),
            refused: None,
        }
    }

    /// What the files hold that were accepted last.
    pub fn summary(&self) -> Summary {
        Summary {
            files: self.accepted.len(),
            objects: live_of(&self.accepted).0.len(),
            skipped: skipped(&self.accepted),
        }
    }

    /// The paths that the user named.
    pub fn roots(&self) -> &[PathBuf] {
        &self.roots
    }

    /// Reads all files again. A text that did not change is not parsed again.
    ///
    /// # Errors
    /// When a path that was named cannot be read. A file inside a folder that cannot be read is a
    /// diagnostic.
    pub fn read(&self) -> Result<Reading, FilesError> {
        let found = walk(&self.roots)?;
        let mut files = Vec::new();
        let mut diagnostics = found.diagnostics;
        let mut changed = Vec::new();
        for path in found.files {
            let name: Arc<str> = path.display().to_string().into();
            match load(&path, &name) {
                Ok(source) => self.take(source, &mut files, &mut diagnostics, &mut changed),
                Err(problem) => diagnostics.push(*problem),
            }
        }
        for source in &self.texts {
            self.take(source.clone(), &mut files, &mut diagnostics, &mut changed);
        }
        let gone = self.accepted.iter().map(|(path, _)| path);
        let gone = gone.filter(|path| !files.iter().any(|(found, _)| found == *path));
        changed.extend(gone.cloned());
        let (after, twice) = live_of(&files);
        let (before, _) = live_of(&self.accepted);
        if !changed.is_empty() {
            diagnostics.extend(twice);
        }
        let edits = edits(&before, &after);
        let skipped = skipped(&files);
        Ok(Reading {
            files,
            diagnostics,
            edits,
            changed,
            skipped,
        })
    }

    fn take(
        &self,
        source: SourceFile,
        files: &mut Vec<(Arc<str>, File)>,
        diagnostics: &mut Vec<Diagnostic>,
        changed: &mut Vec<Arc<str>>,
    ) {
        let known = self.accepted.iter().find(|(path, _)| *path == source.path);
        if let Some((path, file)) = known.filter(|(_, file)| file.text == source.text) {
            files.push((Arc::clone(path), file.clone()));
            return;
        }
        changed.push(Arc::clone(&source.path));
        let parsed = match templates::file(&source.path, &source.text) {
            Some(template) => {
                diagnostics.push(template);
                Parsed::default()
            }
            None => parse_text(&source, &self.options),
        };
        diagnostics.extend(parsed.diagnostics.iter().cloned());
        let file = File {
            text: source.text,
            parsed: Arc::new(parsed),
        };
        files.push((source.path, file));
    }

    /// Makes a reading, whose edits were carried out, the state that the next one starts from.
    pub fn accept(&mut self, reading: Reading) {
        self.accepted = reading.files;
        self.refused = None;
    }

    /// Notes that a reading was refused.
    pub fn refuse(&mut self, reading: &Reading) {
        self.refused = Some(reading.texts());
    }

    /// Whether these very texts were refused already.
    pub fn is_refused(&self, reading: &Reading) -> bool {
        self.refused.as_ref() == Some(&reading.texts())
    }
}

fn live_of(files: &[(Arc<str>, File)]) -> (Live<'_>, Vec<Diagnostic>) {
    live(
        files
            .iter()
            .map(|(path, file)| (path, &*file.parsed.objects)),
    )
}

fn skipped(files: &[(Arc<str>, File)]) -> BTreeMap<String, usize> {
    let mut skipped: BTreeMap<String, usize> = BTreeMap::new();
    for (_, file) in files {
        for (kind, count) in &file.parsed.skipped {
            *skipped.entry(kind.clone()).or_default() += count;
        }
    }
    skipped
}

/// The text of a file; what is wrong with it is a diagnostic that names it.
fn load(path: &Path, name: &Arc<str>) -> Result<SourceFile, Box<Diagnostic>> {
    let problem = |message: String| {
        let diagnostic = Diagnostic::new(Code::Unreadable, message);
        Box::new(diagnostic.in_file(Arc::clone(name)))
    };
    let size = fs::metadata(path).map_err(|error| problem(format!("cannot be read: {error}")))?;
    if size.len() > u64::try_from(MAX_FILE).unwrap_or(u64::MAX) {
        let found = problem(format!("the file has more than {MAX_FILE} bytes"));
        return Err(Box::new(found.with_help("split it, or leave it out")));
    }
    let bytes = fs::read(path).map_err(|error| problem(format!("cannot be read: {error}")))?;
    SourceFile::from_bytes(Arc::clone(name), bytes)
}
