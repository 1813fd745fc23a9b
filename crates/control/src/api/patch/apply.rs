//! Server-side apply: each manager says what it wants of an object, and owns the fields it named.
//!
//! Who owns what is kept where an API server keeps it, in `metadata.managedFields`. Fields that
//! nobody has applied belong to nobody, so the first apply of an object that came otherwise never
//! conflicts; that is the one difference from an API server, whose objects are owned from birth.

use serde_json::{Map, Value, json};

use super::fields::{self, Fields};
use super::lists::{List, Place, Schema, is_same};
use crate::api::status::{Cause, Refusal};

/// Managers of one object, at most.
const MAX_MANAGERS: usize = 32;

/// Somebody who says what an object shall be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::api) struct Manager<'a> {
    /// The name that `fieldManager` gives.
    pub(in crate::api) name: &'a str,
    /// Whether it takes fields from others.
    pub(in crate::api) force: bool,
}

/// The fields of one manager.
#[derive(Debug, Clone, PartialEq)]
struct Owned {
    manager: String,
    operation: &'static str,
    fields: Fields,
}

/// The object that comes of what `manager` wants, and who owns what of it then.
pub(in crate::api) fn apply(
    live: &Value,
    wanted: &Value,
    manager: Manager<'_>,
    schema: Schema,
) -> Result<Value, Refusal> {
    let mut wanted = wanted.clone();
    strip(&mut wanted);
    let root = Place::root(schema);
    let mine = fields::of(&wanted, &root);
    let mut owners = owners(live);
    let before = take(&mut owners, manager.name, "Apply");
    let mut object = live.clone();
    merge(&mut object, &wanted, schema);
    let found = conflicts(&owners, &mine, (live, &object));
    if !found.is_empty() && !manager.force {
        return Err(Refusal::conflicts(found));
    }
    let changed = fields::changed(&mine, live, &object);
    for owner in &mut owners {
        fields::subtract(&mut owner.fields, &changed);
    }
    let mut left = before;
    fields::subtract(&mut left, &mine);
    for owner in &owners {
        fields::subtract(&mut left, &owner.fields);
    }
    fields::remove(&mut object, &left);
    owners.push(Owned {
        manager: manager.name.to_owned(),
        operation: "Apply",
        fields: mine,
    });
    write(&mut object, owners)?;
    Ok(object)
}

/// Notes what somebody changed in another way, when anybody applies the object at all.
pub(in crate::api) fn note(
    live: &Value,
    object: &mut Value,
    manager: &str,
    schema: Schema,
) -> Result<(), Refusal> {
    let mut owners = owners(live);
    let said = object.pointer("/metadata/managedFields");
    if owners.is_empty() || said.is_some_and(|said| said.as_array().is_some_and(Vec::is_empty)) {
        return Ok(());
    }
    let mut plain = object.clone();
    strip(&mut plain);
    let all = fields::of(&plain, &Place::root(schema));
    let changed = fields::changed(&all, live, &plain);
    let mut mine = take(&mut owners, manager, "Update");
    for owner in &mut owners {
        fields::subtract(&mut owner.fields, &changed);
        fields::retain_present(&mut owner.fields, &plain);
    }
    fields::unite(&mut mine, &changed);
    fields::retain_present(&mut mine, &plain);
    owners.push(Owned {
        manager: manager.to_owned(),
        operation: "Update",
        fields: mine,
    });
    write(object, owners)
}

/// `target` with all that is wanted of it.
pub(super) fn merge(target: &mut Value, wanted: &Value, schema: Schema) {
    lay(target, wanted, &Place::root(schema));
}

fn lay(target: &mut Value, wanted: &Value, place: &Place<'_>) {
    match (target, wanted) {
        (Value::Object(fields), Value::Object(changes)) => {
            for (name, change) in changes {
                let place = place.field(name);
                if change.is_null() {
                    fields.remove(name);
                } else {
                    let old = fields.entry(name.clone()).or_insert(Value::Null);
                    lay(old, change, &place);
                }
            }
        }
        (Value::Array(elements), Value::Array(changes)) => match place.list() {
            List::Atomic => elements.clone_from(changes),
            List::Set => {
                let new = changes.iter().filter(|change| !elements.contains(change));
                let new: Vec<Value> = new.cloned().collect();
                elements.extend(new);
            }
            List::Map(keys) => {
                for change in changes {
                    let old = elements.iter_mut().find(|old| is_same(old, change, keys));
                    match old {
                        Some(old) => lay(old, change, place),
                        None => elements.push(change.clone()),
                    }
                }
            }
        },
        (target, wanted) => target.clone_from(wanted),
    }
}

/// Takes away what is no field that somebody can own.
fn strip(object: &mut Value) {
    let Some(fields) = object.as_object_mut() else {
        return;
    };
    fields.retain(|name, _| !matches!(name.as_str(), "apiVersion" | "kind" | "status"));
    if let Some(Value::Object(metadata)) = fields.get_mut("metadata") {
        metadata.retain(|name, _| {
            let kept = ["labels", "annotations", "finalizers", "ownerReferences"];
            kept.contains(&name.as_str())
        });
    }
}

fn conflicts(owners: &[Owned], mine: &Fields, values: (&Value, &Value)) -> Vec<Cause> {
    let of = |owner: &Owned| {
        let message = format!("conflict with {:?}", owner.manager);
        let found = fields::conflicts((mine, &owner.fields), values, "");
        found.into_iter().map(move |field| Cause {
            reason: "FieldManagerConflict",
            message: message.clone(),
            field,
        })
    };
    owners.iter().flat_map(of).collect()
}

/// Who owns what of an object.
fn owners(object: &Value) -> Vec<Owned> {
    let entries = object.pointer("/metadata/managedFields");
    let entries = entries.and_then(Value::as_array).into_iter().flatten();
    let owned = entries.filter_map(|entry| {
        let operation = match entry.get("operation")?.as_str()? {
            "Apply" => "Apply",
            _ => "Update",
        };
        Some(Owned {
            manager: entry.get("manager")?.as_str()?.to_owned(),
            operation,
            fields: entry.get("fieldsV1")?.as_object()?.clone(),
        })
    });
    owned.collect()
}

/// Takes a manager's fields out of the list.
fn take(owners: &mut Vec<Owned>, manager: &str, operation: &str) -> Fields {
    let is_it = |owner: &Owned| owner.manager == manager && owner.operation == operation;
    let position = owners.iter().position(is_it);
    position.map_or_else(Map::new, |position| owners.remove(position).fields)
}

fn write(object: &mut Value, mut owners: Vec<Owned>) -> Result<(), Refusal> {
    owners.retain(|owner| !owner.fields.is_empty());
    if owners.len() > MAX_MANAGERS {
        return Err(Refusal::bad_request(format!(
            "an object has at most {MAX_MANAGERS} managers"
        )));
    }
    let api_version = object.get("apiVersion").cloned();
    let entries = owners.into_iter().map(|owner| {
        json!({
            "manager": owner.manager,
            "operation": owner.operation,
            "apiVersion": api_version,
            "fieldsType": "FieldsV1",
            "fieldsV1": owner.fields,
        })
    });
    let entries: Vec<Value> = entries.collect();
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.insert("managedFields".to_owned(), Value::Array(entries));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: Manager<'static> = Manager {
        name: "alice",
        force: false,
    };
    const BOB: Manager<'static> = Manager {
        name: "bob",
        force: false,
    };

    fn deployment(spec: &Value) -> Value {
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
               "spec": spec})
    }

    fn applied(live: &Value, spec: &Value, manager: Manager<'_>) -> Result<Value, Refusal> {
        apply(live, &deployment(spec), manager, Schema::BuiltIn)
    }

    #[test]
    fn a_field_that_is_wanted_no_more_goes() {
        let live = applied(
            &deployment(&json!({"paused": true})),
            &json!({"replicas": 2, "template": {"spec": {"containers": [
                {"name": "a", "image": "x"}, {"name": "b", "image": "y"}
            ]}}}),
            ALICE,
        );
        let live = live.unwrap();
        let again = applied(
            &live,
            &json!({"template": {"spec": {"containers": [{"name": "a", "image": "x:2"}]}}}),
            ALICE,
        );
        assert_eq!(
            again.unwrap()["spec"],
            json!({"paused": true,
                   "template": {"spec": {"containers": [{"name": "a", "image": "x:2"}]}}})
        );
    }

    #[test]
    fn two_managers_share_an_object_and_conflict_in_a_field() {
        let live = applied(&deployment(&json!({})), &json!({"replicas": 2}), ALICE).unwrap();
        let live = applied(&live, &json!({"minReadySeconds": 5, "replicas": 2}), BOB).unwrap();
        let refusal = applied(&live, &json!({"replicas": 3}), BOB).unwrap_err();
        assert_eq!(
            refusal.message,
            "Apply failed with 1 conflict: conflict with \"alice\": .spec.replicas"
        );
        let forced = Manager { force: true, ..BOB };
        let live = applied(&live, &json!({"replicas": 3}), forced).unwrap();
        assert_eq!(live["spec"], json!({"replicas": 3}));
        // Alice owns nothing any more: what she no longer wants stays.
        let live = applied(&live, &json!({"paused": true}), ALICE).unwrap();
        assert_eq!(live["spec"], json!({"replicas": 3, "paused": true}));
    }

    #[test]
    fn what_is_changed_otherwise_is_owned_no_more() {
        let live = applied(&deployment(&json!({})), &json!({"replicas": 2}), ALICE).unwrap();
        let mut scaled = live.clone();
        scaled["spec"]["replicas"] = json!(5);
        note(&live, &mut scaled, "kubectl-scale", Schema::BuiltIn).unwrap();
        let refusal = applied(&scaled, &json!({"replicas": 2}), ALICE).unwrap_err();
        assert_eq!(refusal.causes[0].field, ".spec.replicas");
        let kept = applied(&scaled, &json!({"paused": true}), ALICE).unwrap();
        assert_eq!(kept["spec"]["replicas"], 5);
    }

    #[test]
    fn a_list_of_a_custom_resource_is_one_value() {
        let service = |ports: &Value| json!({"metadata": {"name": "x"}, "spec": {"ports": ports}});
        let live = service(&json!([{"port": 1}]));
        let wanted = service(&json!([{"port": 2}]));
        let custom = apply(&live, &wanted, ALICE, Schema::Custom).unwrap();
        assert_eq!(custom["spec"]["ports"], json!([{"port": 2}]));
        let builtin = apply(&live, &wanted, ALICE, Schema::BuiltIn).unwrap();
        assert_eq!(builtin["spec"]["ports"], json!([{"port": 1}, {"port": 2}]));
    }
}
