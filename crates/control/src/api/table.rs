//! Tables: what `kubectl get` prints, made here so that its columns fit the kind.

mod age;
mod cells;
mod columns;

use std::time::SystemTime;

use serde_json::{Value, json};

pub(super) use self::columns::columns;
use super::status::Refusal;
use crate::resource::Resource;

/// How much of its object a row carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    /// Nothing.
    None,
    /// The metadata.
    Metadata,
    /// All of it.
    Whole,
}

impl Detail {
    /// Reads `includeObject`.
    pub(super) fn parse(text: Option<&str>) -> Result<Self, Refusal> {
        match text {
            None | Some("" | "Metadata") => Ok(Self::Metadata),
            Some("None") => Ok(Self::None),
            Some("Object") => Ok(Self::Whole),
            Some(other) => Err(Refusal::bad_request(format!(
                "includeObject={other}: want None, Metadata or Object"
            ))),
        }
    }
}

/// A table of objects of one kind.
#[derive(Debug, Clone, Copy)]
pub(super) struct Table {
    /// What the objects are.
    pub(super) resource: Resource,
    /// The version of `meta.k8s.io`.
    pub(super) version: &'static str,
    /// How much of its object a row carries.
    pub(super) detail: Detail,
    /// The time, for ages.
    pub(super) now: SystemTime,
}

impl Table {
    /// The table of these objects, at a version.
    pub(super) fn of<'a>(&self, items: impl Iterator<Item = &'a Value>, at: &str) -> Value {
        let columns = columns(self.resource);
        let definitions = columns.iter().map(|column| {
            json!({
                "name": column.name,
                "type": column.kind,
                "format": if column.name == "Name" { "name" } else { "" },
                "description": column.description,
                "priority": i32::from(column.wide),
            })
        });
        let rows = items.map(|item| {
            let cells = columns.iter().map(|column| (column.cell)(item, self.now));
            let cells: Vec<Value> = cells.collect();
            let mut row = json!({ "cells": cells });
            match self.detail {
                Detail::None => {}
                Detail::Metadata => row["object"] = metadata(item, self.version),
                Detail::Whole => row["object"] = item.clone(),
            }
            row
        });
        let rows: Vec<Value> = rows.collect();
        json!({
            "kind": "Table",
            "apiVersion": format!("meta.k8s.io/{}", self.version),
            "metadata": { "resourceVersion": at },
            "columnDefinitions": definitions.collect::<Vec<_>>(),
            "rows": rows,
        })
    }
}

/// An object without its body.
pub(super) fn metadata(json: &Value, version: &str) -> Value {
    json!({
        "kind": "PartialObjectMetadata",
        "apiVersion": format!("meta.k8s.io/{version}"),
        "metadata": json.get("metadata"),
    })
}
