//! `sealane label` and `sealane annotate`: keys of an object's metadata.

use anyhow::{Result, bail};
use sealane_model::kind::Kind;
use serde_json::{Map, Value, json};

use crate::args::Mark;
use crate::named;
use crate::objects::{done, object};
use crate::{discover, print, rest};

/// What is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field {
    /// Labels.
    Labels,
    /// Annotations.
    Annotations,
}

impl Field {
    const fn command(self) -> &'static str {
        match self {
            Self::Labels => "label",
            Self::Annotations => "annotate",
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Labels => "labels",
            Self::Annotations => "annotations",
        }
    }

    /// What kubectl says was done.
    const fn done(self, only_removed: bool) -> &'static str {
        match (self, only_removed) {
            (Self::Labels, false) => "labeled",
            (Self::Labels, true) => "unlabeled",
            (Self::Annotations, _) => "annotated",
        }
    }
}

/// Sets and removes keys.
pub(crate) async fn run(args: &Mark, field: Field) -> Result<()> {
    let (objects, changes) = divide(args, field)?;
    let admin = discover::admin(&args.server)?;
    for (kind, name) in objects {
        let before = object(&admin, kind, &args.namespace, &name).await?;
        let there = before.pointer(&format!("/metadata/{}", field.name()));
        let value_of = |key: &str| there.and_then(|it| it.get(key)).and_then(Value::as_str);
        for (key, value) in &changes {
            match (value_of(key), value) {
                (Some(old), Some(new)) if old != new && !args.overwrite => bail!(
                    "{} has {key}={old} already\n  --overwrite replaces it",
                    rest::qualified_name(kind, &name)
                ),
                (None, None) => print::note(format_args!("{} {key:?} not found.", field.command())),
                _ => {}
            }
        }
        let changed = changes
            .iter()
            .any(|(key, value)| value_of(key) != value.as_deref());
        let shown = rest::qualified_name(kind, &name);
        if !changed {
            let what = format!("not {}", field.done(false));
            done(args.output, &shown, &what, &before)?;
            continue;
        }
        let path = rest::object_path(kind, &args.namespace, &name);
        let keys: Map<String, Value> = changes
            .iter()
            .map(|(key, value)| (key.clone(), json!(value)))
            .collect();
        let after = admin
            .merge(&path, &json!({ "metadata": { field.name(): keys } }))
            .await?;
        let only_removed = changes.iter().all(|(_, value)| value.is_none());
        done(args.output, &shown, field.done(only_removed), &after)?;
    }
    Ok(())
}

type Divided = (Vec<(Kind, String)>, Vec<(String, Option<String>)>);

/// The objects, and what is set (`KEY=VALUE`) or removed (`KEY-`).
fn divide(args: &Mark, field: Field) -> Result<Divided> {
    let command = field.command();
    let is_change = |word: &&String| word.contains('=') || word.ends_with('-');
    let first = args.words.iter().position(|word| is_change(&word));
    let (objects, changes) = args.words.split_at(first.unwrap_or(args.words.len()));
    let objects = named::objects(command, objects)?;
    if objects.is_empty() {
        bail!("{command}: which object?\n  want sealane {command} KIND NAME KEY=VALUE");
    }
    let mut parsed = Vec::new();
    for change in changes {
        match (change.split_once('='), change.strip_suffix('-')) {
            (Some((key, value)), _) if !key.is_empty() => {
                parsed.push((key.to_owned(), Some(value.to_owned())));
            }
            (None, Some(key)) if !key.is_empty() => parsed.push((key.to_owned(), None)),
            _ => bail!("{change}: neither KEY=VALUE nor KEY-\n  names come before what is changed"),
        }
    }
    if parsed.is_empty() {
        bail!("{command}: nothing to change\n  want KEY=VALUE to set, or KEY- to remove");
    }
    Ok((objects, parsed))
}
