//! A user's mistake: what is wrong, where, and what to do. All of them are collected.

use std::fmt;
use std::sync::Arc;

use crate::kind::ObjectKey;
use crate::path::FieldPath;
use crate::span::Span;

mod code;
mod collected;
mod render;

pub use code::{Code, CodeInfo};
pub(crate) use collected::Collected;
pub use render::{Style, render};

/// How bad a diagnostic is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// The object is taken, and something about it surprises.
    Warning,
    /// The object is not taken.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// A place in the source text and what to say beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// The words beside the caret; may be empty.
    pub text: String,
}

/// One problem of one object or document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Which problem; its registry entry has the title, help and an example.
    pub code: Code,
    /// How bad. Usually the code's own severity.
    pub severity: Severity,
    /// The object, when it is known.
    pub object: Option<ObjectKey>,
    /// The field inside the object; the root when it concerns the whole object.
    pub path: FieldPath,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// What to do about this one; otherwise the code's help is shown.
    pub help: Option<String>,
    /// The file, as it was named by the user.
    pub file: Option<Arc<str>>,
    /// Where in the file; the first label is the primary one. Empty for API bodies.
    pub labels: Vec<Label>,
}

impl Diagnostic {
    /// A diagnostic with the severity of its code, at no place yet.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.info().severity,
            object: None,
            path: FieldPath::root(),
            message: message.into(),
            help: None,
            file: None,
            labels: Vec::new(),
        }
    }

    /// Sets the object.
    #[must_use]
    pub fn for_object(mut self, key: ObjectKey) -> Self {
        self.object = Some(key);
        self
    }

    /// Sets the field.
    #[must_use]
    pub fn at(mut self, path: FieldPath) -> Self {
        self.path = path;
        self
    }

    /// Sets what to do.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Sets the file.
    #[must_use]
    pub fn in_file(mut self, file: Arc<str>) -> Self {
        self.file = Some(file);
        self
    }

    /// Adds a place; the first one added is the primary one. Nothing is added for
    /// [`Span::NONE`].
    #[must_use]
    pub fn with_label(mut self, span: Span, text: impl Into<String>) -> Self {
        if !span.is_none() {
            self.labels.push(Label {
                span,
                text: text.into(),
            });
        }
        self
    }

    /// Where the problem is; [`Span::NONE`] when that is not known.
    pub fn span(&self) -> Span {
        self.labels
            .first()
            .map(|label| label.span)
            .unwrap_or_default()
    }

    /// Whether the object cannot be taken.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Diagnostic {
    /// One line: `file:line:column: error[SL0104]: unknown field … (VirtualService default/x, http[0])`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{file}:")?;
            let span = self.span();
            if !span.is_none() {
                write!(f, "{span}:")?;
            }
            f.write_str(" ")?;
        }
        write!(f, "{}[{}]: {}", self.severity, self.code, self.message)?;
        match (&self.object, self.path.is_root()) {
            (Some(object), true) => write!(f, " ({object})"),
            (Some(object), false) => write!(f, " ({object}, {})", self.path),
            (None, true) => Ok(()),
            (None, false) => write!(f, " ({})", self.path),
        }
    }
}
