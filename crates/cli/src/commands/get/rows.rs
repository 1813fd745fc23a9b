//! The columns of one table of `get`, and an object as a row.

use sealane_model::kind::Kind;
use serde_json::Value;

use crate::args::{Get, Output};
use crate::columns::{Column, columns, labels, text};
use crate::output::age;
use crate::rest;

/// How a kind's objects are shown.
pub(super) struct Shape {
    kind: Kind,
    /// The headers.
    pub(super) headers: Vec<String>,
    columns: Vec<Column>,
    label_columns: Vec<String>,
    namespaces: bool,
    show_labels: bool,
    /// Whether the kind is said with the name.
    several: bool,
}

impl Shape {
    /// The columns that `args` want.
    pub(super) fn new(args: &Get, kind: Kind, several: bool) -> Self {
        let mut columns = columns(kind);
        columns.retain(|column| !column.wide || args.output.is(Output::Wide));
        let namespaces = args.all_namespaces && kind.info().namespaced;
        let mut headers = Vec::new();
        headers.extend(namespaces.then(|| "NAMESPACE".to_owned()));
        headers.push("NAME".to_owned());
        headers.extend(columns.iter().map(|column| column.header.to_owned()));
        headers.push("AGE".to_owned());
        headers.extend(args.label_columns.iter().map(|label| header_of(label)));
        headers.extend(args.show_labels.then(|| "LABELS".to_owned()));
        Self {
            kind,
            headers,
            columns,
            label_columns: args.label_columns.clone(),
            namespaces,
            show_labels: args.show_labels,
            several,
        }
    }

    /// The cells of an object.
    pub(super) fn row(&self, item: &Value) -> Vec<String> {
        let name = text(item, "/metadata/name");
        let mut row = Vec::new();
        row.extend(self.namespaces.then(|| text(item, "/metadata/namespace")));
        row.push(if self.several {
            rest::qualified_name(self.kind, &name)
        } else {
            name
        });
        row.extend(self.columns.iter().map(|column| (column.cell)(item)));
        row.push(age_of(item));
        let label = |name: &String| {
            let value = item.pointer("/metadata/labels")?.get(name)?.as_str()?;
            Some(value.to_owned())
        };
        row.extend(
            self.label_columns
                .iter()
                .map(|name| label(name).unwrap_or_default()),
        );
        row.extend(self.show_labels.then(|| labels(item, "/metadata/labels")));
        row
    }
}

/// A label's column is called by the last part of its name.
fn header_of(label: &str) -> String {
    let name = label.rsplit_once('/').map_or(label, |(_, name)| name);
    name.to_uppercase()
}

/// How old an object is by its creation time.
fn age_of(item: &Value) -> String {
    let created = text(item, "/metadata/creationTimestamp");
    let Some(created) = crate::time::parse_rfc3339(&created) else {
        return "<unknown>".to_owned();
    };
    age(crate::time::now_seconds().saturating_sub(created))
}
