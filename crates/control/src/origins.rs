//! Where declared things were written.

use std::sync::Arc;

use sealane_model::kind::ObjectKey;
use sealane_model::path::FieldPath;
use sealane_model::resource::Object;

/// Where something was declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The object.
    pub object: ObjectKey,
    /// The field inside it.
    pub path: FieldPath,
    /// The file, as the user named it; `None` for objects of the API.
    pub file: Option<Arc<str>>,
    /// The line, from 1; 0 when unknown.
    pub line: u32,
    /// The column, from 1; 0 when unknown.
    pub column: u32,
}

impl Place {
    /// The place of a field of an object.
    pub fn of(object: &Object, path: &FieldPath) -> Self {
        let found = object.place(path);
        let span = found.map(|(_, span)| span).unwrap_or_default();
        Self {
            object: object.key(),
            path: path.clone(),
            file: found.map(|(file, _)| Arc::clone(file)),
            line: span.line,
            column: span.column,
        }
    }
}

impl std::fmt::Display for Place {
    /// `virtual-service.yaml:14:5`, or `VirtualService default/reviews` for objects of the API.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.file {
            Some(file) if self.line > 0 => write!(f, "{file}:{}:{}", self.line, self.column),
            Some(file) => f.write_str(file),
            None => write!(f, "{}", self.object),
        }
    }
}
