//! What tidy found.

use std::fmt;
use std::path::Path;

/// Findings, one line each: where, what, and what to do.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// What fails the check.
    pub(super) violations: Vec<String>,
    /// What a reader should look at, and no more.
    pub(super) notes: Vec<String>,
}

impl Report {
    /// Whether nothing fails the check.
    pub(crate) const fn is_clean(&self) -> bool {
        self.violations.is_empty()
    }

    pub(super) fn violation(&mut self, path: &Path, line: usize, what: &str) {
        self.violations
            .push(format!("{}:{line}: {what}", path.display()));
    }

    pub(super) fn note(&mut self, path: &Path, line: usize, what: &str) {
        self.notes
            .push(format!("{}:{line}: {what}", path.display()));
    }

    /// Puts the findings into the order of their files.
    pub(super) fn sort(&mut self) {
        self.violations.sort();
        self.notes.sort();
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for note in &self.notes {
            writeln!(f, "note: {note}")?;
        }
        for violation in &self.violations {
            writeln!(f, "error: {violation}")?;
        }
        writeln!(
            f,
            "tidy: {} errors, {} notes",
            self.violations.len(),
            self.notes.len()
        )
    }
}
