//! Files over one another: which declaration of an object is live.

use std::collections::BTreeMap;
use std::sync::Arc;

use sealane_model::diagnostic::{Code, Diagnostic};
use sealane_model::kind::ObjectKey;
use sealane_model::path::FieldPath;
use sealane_model::resource::Object;

use crate::declared::{Edit, Writer, says_the_same};

/// The live declaration of each object, and its file.
pub(super) type Live<'a> = BTreeMap<ObjectKey, (&'a Object, Arc<str>)>;

/// The last declaration of each object. `files` are in the order in which they are read.
pub(super) fn live<'a>(
    files: impl IntoIterator<Item = (&'a Arc<str>, &'a [Object])>,
) -> (Live<'a>, Vec<Diagnostic>) {
    let mut declarations: BTreeMap<ObjectKey, Vec<(&Object, Arc<str>)>> = BTreeMap::new();
    for (path, objects) in files {
        for object in objects {
            let known = declarations.entry(object.key()).or_default();
            known.push((object, Arc::clone(path)));
        }
    }
    let twice = declarations
        .values()
        .filter_map(|declared| declared_twice(declared))
        .collect();
    let live = declarations
        .into_iter()
        .filter_map(|(key, mut declared)| Some((key, declared.pop()?)));
    (live.collect(), twice)
}

/// The warning for an object with several declarations, at the first of them.
fn declared_twice(declared: &[(&Object, Arc<str>)]) -> Option<Diagnostic> {
    let [(first, first_file), .., (_, last_file)] = declared else {
        return None;
    };
    let mut files: Vec<&Arc<str>> = declared.iter().map(|(_, file)| file).collect();
    files.dedup();
    let key = first.key();
    let message = if files.len() == 1 {
        let times = declared.len();
        format!("{key} is declared {times} times in {first_file}; the last one is live")
    } else {
        let count = files.len();
        format!("{key} is declared in {count} files; the last one, {last_file}, is live")
    };
    let names: Vec<&str> = files.iter().map(|file| &***file).collect();
    let place = FieldPath::root().field("metadata").field("name");
    let help = format!("keep one of {}", names.join(", "));
    let diagnostic = Diagnostic::new(Code::DeclaredTwice, message).with_help(help);
    Some(first.diagnose(diagnostic, place))
}

/// What leads from one state of the files to the next.
pub(super) fn edits(before: &Live<'_>, after: &Live<'_>) -> Vec<Edit> {
    let mut edits = Vec::new();
    for (key, (object, file)) in after {
        let object = (*object).clone();
        let writer = Writer::File(Arc::clone(file));
        match before.get(key) {
            Some((old, old_file)) if says_the_same(old, &object) && old_file == file => {
                edits.push(Edit::Moved { object, writer });
            }
            _ => edits.push(Edit::Put { object, writer }),
        }
    }
    let gone = before.keys().filter(|key| !after.contains_key(*key));
    edits.extend(gone.map(|key| Edit::Delete(key.clone())));
    edits
}
