//! Manifests in files and folders.
//!
//! A [`FileSource`] remembers what its files said when they were last accepted. [`FileSource::read`]
//! looks at them again; its [`Reading`] says which edits follow and what is wrong. Only when the
//! edits are carried out, [`FileSource::accept`] makes the reading the new state, so a broken save
//! leaves no trace. Texts that do not change (standard input) may be among the files.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sealane_model::diagnostic::{Code, Diagnostic};
use sealane_model::parse::{MAX_FILE, Options, Parsed, Rejected, SourceFile, parse_text};
use sealane_model::span::Span;

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
    /// Whether there is a text.
    is_read: bool,
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
    refused: Option<Refused>,
}

/// A state of the files that was refused. The errors belong to it, because a file that cannot be
/// read has no text.
#[derive(Debug, PartialEq)]
struct Refused {
    texts: BTreeMap<Arc<str>, Arc<str>>,
    errors: Vec<Diagnostic>,
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

    /// Whether a file that declared objects is empty, as it is for a moment in many a save.
    pub fn has_emptied(&self) -> bool {
        let mut found = self.diagnostics.iter();
        found.any(|diagnostic| diagnostic.code == Code::Emptied)
    }

    /// The objects that all files declare and that are not taken, because of errors in them.
    pub fn rejected(&self) -> Vec<Rejected> {
        let files = self.files.iter();
        files
            .flat_map(|(_, file)| file.parsed.rejected.iter().cloned())
            .collect()
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
        let texts = self.files.iter().filter(|(_, file)| file.is_read);
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
        let accepted = self.accepted.iter().map(|(path, file)| (&**path, file));
        let mut taking = Taking {
            options: &self.options,
            accepted: accepted.collect(),
            files: Vec::new(),
            diagnostics: found.diagnostics,
            changed: Vec::new(),
        };
        for path in found.files {
            let name: Arc<str> = path.display().to_string().into();
            match load(&path, &name) {
                Ok(source) => taking.take(source),
                Err(Unread::Gone) => {}
                Err(Unread::Broken(problem)) => taking.unread(name, *problem),
            }
        }
        for source in &self.texts {
            taking.take(source.clone());
        }
        Ok(taking.finish(&self.accepted))
    }

    /// Makes a reading, whose edits were carried out, the state that the next one starts from.
    pub fn accept(&mut self, reading: Reading) {
        self.accepted = reading.files;
        self.refused = None;
    }

    /// Notes that a reading was refused.
    pub fn refuse(&mut self, reading: &Reading) {
        self.refused = Some(Refused::of(reading));
    }

    /// Whether this very state of the files was refused already.
    pub fn is_refused(&self, reading: &Reading) -> bool {
        self.refused.as_ref() == Some(&Refused::of(reading))
    }

    /// Notes that the files are again as they were accepted; whether something else was refused
    /// in between.
    pub fn restore(&mut self) -> bool {
        self.refused.take().is_some()
    }
}

impl Refused {
    fn of(reading: &Reading) -> Self {
        let errors = reading.diagnostics.iter().filter(|it| it.is_error());
        Self {
            texts: reading.texts(),
            errors: errors.cloned().collect(),
        }
    }
}

/// A reading on its way.
struct Taking<'a> {
    options: &'a Options,
    accepted: HashMap<&'a str, &'a File>,
    files: Vec<(Arc<str>, File)>,
    diagnostics: Vec<Diagnostic>,
    changed: Vec<Arc<str>>,
}

impl Taking<'_> {
    /// Takes note of a file whose text cannot be had.
    fn unread(&mut self, path: Arc<str>, problem: Diagnostic) {
        let problem = vec![problem];
        let known = self.accepted.get(&*path).copied();
        let same = known.filter(|file| !file.is_read && file.parsed.diagnostics == problem);
        if let Some(file) = same {
            self.files.push((path, file.clone()));
            return;
        }
        self.changed.push(Arc::clone(&path));
        self.diagnostics.extend(problem.iter().cloned());
        let parsed = Parsed {
            diagnostics: problem,
            ..Parsed::default()
        };
        let file = File {
            text: "".into(),
            is_read: false,
            parsed: Arc::new(parsed),
        };
        self.files.push((path, file));
    }

    fn take(&mut self, source: SourceFile) {
        let known = self.accepted.get(&*source.path).copied();
        if let Some(file) = known.filter(|file| file.is_read && file.text == source.text) {
            self.files.push((source.path, file.clone()));
            return;
        }
        self.changed.push(Arc::clone(&source.path));
        let declared = known.map_or(0, |file| file.parsed.objects.len());
        let parsed = if declared > 0 && source.text.trim().is_empty() {
            self.diagnostics.push(emptied(&source.path, declared));
            Parsed::default()
        } else if let Some(template) = templates::file(&source.path, &source.text) {
            self.diagnostics.push(template);
            Parsed::default()
        } else {
            parse_text(&source, self.options)
        };
        self.diagnostics.extend(parsed.diagnostics.iter().cloned());
        let file = File {
            text: source.text,
            is_read: true,
            parsed: Arc::new(parsed),
        };
        self.files.push((source.path, file));
    }

    fn finish(self, accepted: &[(Arc<str>, File)]) -> Reading {
        let Self {
            files,
            mut diagnostics,
            mut changed,
            ..
        } = self;
        let found: BTreeSet<&Arc<str>> = files.iter().map(|(path, _)| path).collect();
        let gone = accepted.iter().map(|(path, _)| path);
        changed.extend(gone.filter(|path| !found.contains(path)).cloned());
        let (after, twice) = live_of(&files);
        let (before, _) = live_of(accepted);
        if !changed.is_empty() {
            diagnostics.extend(twice);
        }
        Reading {
            edits: edits(&before, &after),
            skipped: skipped(&files),
            files,
            diagnostics,
            changed,
        }
    }
}

/// Nobody empties a file to take its objects away, but every save that breaks off does.
fn emptied(path: &Arc<str>, declared: usize) -> Diagnostic {
    let objects = if declared == 1 { "object" } else { "objects" };
    let message = format!("the file is empty; it declared {declared} {objects}");
    let start = Span {
        start: 0,
        end: 0,
        line: 1,
        column: 1,
    };
    let found = Diagnostic::new(Code::Emptied, message).in_file(Arc::clone(path));
    found.with_label(start, "")
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

/// Why there is no text of a file.
enum Unread {
    /// It was taken away since it was listed.
    Gone,
    /// Something is wrong with it.
    Broken(Box<Diagnostic>),
}

/// The text of a file; what is wrong with it is a diagnostic that names it.
fn load(path: &Path, name: &Arc<str>) -> Result<SourceFile, Unread> {
    let problem =
        |message: String| Diagnostic::new(Code::Unreadable, message).in_file(Arc::clone(name));
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => Unread::Gone,
        _ => Unread::Broken(Box::new(problem(format!("cannot be read: {error}")))),
    };
    let size = fs::metadata(path).map_err(failed)?;
    if size.len() > u64::try_from(MAX_FILE).unwrap_or(u64::MAX) {
        let found = problem(format!("the file has more than {MAX_FILE} bytes"));
        let found = found.with_help("split it, or leave it out");
        return Err(Unread::Broken(Box::new(found)));
    }
    let bytes = fs::read(path).map_err(failed)?;
    SourceFile::from_bytes(Arc::clone(name), bytes).map_err(Unread::Broken)
}
