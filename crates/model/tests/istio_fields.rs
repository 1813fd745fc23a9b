//! Every field of Istio's CRDs is known, and a value of each goes in and out unchanged.
//!
//! `testdata/istio-fields.txt` lists the fields: kind, path, type. In a path `[]` stands for an
//! element of a list and `{}` for an entry of a map.

use std::collections::BTreeMap;
use std::path::Path;

use sealane_model::diagnostic::Diagnostic;
use sealane_model::kind::Kind;
use sealane_model::networking::{
    destination_rule::DestinationRule, gateway::Gateway, service_entry::ServiceEntry,
    sidecar::Sidecar, virtual_service::VirtualService, workload_entry::WorkloadEntry,
};
use sealane_model::parse;
use sealane_model::path::FieldPath;
use sealane_model::resource::Body;
use sealane_model::schema::{Context, ObjectType, Table, Type};
use sealane_model::tree::Node;
use serde_json::{Value, json};

const LIST: &str = include_str!("../testdata/istio-fields.txt");

/// Fields that are read although the CRDs do not have them: people still write them.
const BEYOND: [&str; 1] = ["VirtualService http[].fault.abort.percent"];

/// A line of the list.
struct Leaf {
    kind: Kind,
    path: String,
    ty: String,
}

fn leaves() -> Vec<Leaf> {
    let leaf = |line: &str| {
        let mut words = line.splitn(3, ' ');
        let mut word = || words.next().expect("three words").to_owned();
        Leaf {
            kind: Kind::named(&word()).expect("a kind"),
            path: word(),
            ty: word(),
        }
    };
    LIST.lines().map(leaf).collect()
}

fn table(kind: Kind) -> &'static ObjectType {
    match kind {
        Kind::VirtualService => VirtualService::object_type(),
        Kind::DestinationRule => DestinationRule::object_type(),
        Kind::Gateway => Gateway::object_type(),
        Kind::ServiceEntry => ServiceEntry::object_type(),
        Kind::WorkloadEntry => WorkloadEntry::object_type(),
        Kind::Sidecar => Sidecar::object_type(),
        other => unreachable!("{other} is not Istio's"),
    }
}

/// The leaves of a type, by path.
fn known(ty: Type, path: &str, out: &mut BTreeMap<String, Type>) {
    match ty {
        Type::Object(object) => {
            for field in object.all_fields() {
                for name in [field.name].iter().chain(field.aliases) {
                    let dot = if path.ends_with(' ') { "" } else { "." };
                    known((field.ty)(), &format!("{path}{dot}{name}"), out);
                }
            }
        }
        Type::List(element) => known(element(), &format!("{path}[]"), out),
        Type::Map(value) => known(value(), &format!("{path}{{}}"), out),
        leaf => {
            out.insert(path.to_owned(), leaf);
        }
    }
}

fn all_known() -> BTreeMap<String, Type> {
    let mut out = BTreeMap::new();
    for kind in Kind::all().filter(|kind| kind.is_istio()) {
        known(Type::Object(table(kind)), &format!("{kind} "), &mut out);
    }
    out
}

/// Whether a type of ours is what the CRD says. CRDs write durations as strings.
fn fits(ours: &Type, crd: &str) -> bool {
    match ours {
        Type::String | Type::Duration => crd == "string",
        Type::Bool => crd == "boolean",
        Type::Integer { .. } => crd == "integer",
        Type::Number => crd == "number",
        Type::Bytes => crd == "bytes",
        Type::Choice(names) => crd == format!("enum {}", names.join("|")),
        _ => false,
    }
}

#[test]
fn every_field_of_the_crds_is_known_with_its_type() {
    let known = all_known();
    for leaf in leaves() {
        let path = format!("{} {}", leaf.kind, leaf.path);
        let Some(ours) = known.get(&path) else {
            panic!("{path} is unknown")
        };
        assert!(fits(ours, &leaf.ty), "{path}: {} is {ours:?}", leaf.ty);
    }
}

#[test]
fn no_field_is_invented() {
    let listed: Vec<String> = leaves()
        .iter()
        .map(|l| format!("{} {}", l.kind, l.path))
        .collect();
    // Other spellings of known fields are not in the CRDs.
    let is_alias = |path: &str| path.contains('_');
    let extra: Vec<String> = all_known()
        .into_keys()
        .filter(|path| !listed.contains(path) && !is_alias(path))
        .collect();
    assert_eq!(extra, BEYOND);
}

/// A value that fits a type of the CRD.
fn sample(leaf: &Leaf) -> Value {
    match leaf.ty.as_str() {
        "boolean" => json!(true),
        "integer" => json!(7),
        "number" => json!(2.5),
        "bytes" => json!("Zm9v"),
        ty => match ty.strip_prefix("enum ") {
            Some(names) => json!(names.split('|').next_back()),
            // Reads as a text and as a duration.
            None => json!("3s"),
        },
    }
}

/// A spec that holds one leaf, and where the leaf is.
fn around(path: &str, value: Value) -> (Value, String) {
    let mut spec = value;
    let mut pointer = String::new();
    for part in path.split('.').rev() {
        let name = part.trim_end_matches(['[', ']', '{', '}']);
        let mut shapes = part.strip_prefix(name).unwrap_or_default().to_owned();
        while !shapes.is_empty() {
            if shapes.ends_with("[]") {
                (spec, pointer) = (json!([spec]), format!("/0{pointer}"));
            } else {
                (spec, pointer) = (json!({ "key": spec }), format!("/key{pointer}"));
            }
            shapes.truncate(shapes.len() - 2);
        }
        (spec, pointer) = (json!({ name: spec }), format!("/{name}{pointer}"));
    }
    (spec, pointer)
}

/// Whether a diagnostic is about that place.
fn is_at(diagnostic: &Diagnostic, pointer: &str) -> bool {
    let steps = pointer.split('/').skip(1);
    let dotted: Vec<String> = steps
        .map(|step| {
            if step == "0" {
                "[0]".to_owned()
            } else {
                format!(".{step}")
            }
        })
        .collect();
    let path = FieldPath::parse(dotted.concat().trim_start_matches('.')).expect("a path");
    diagnostic.path == path
}

#[test]
fn every_leaf_goes_in_and_out_unchanged_or_has_a_code() {
    let mut unchanged = 0;
    for leaf in leaves() {
        let (spec, pointer) = around(&leaf.path, sample(&leaf));
        let mut cx = Context::default();
        let body = Body::decode(leaf.kind, &Node::from_json(&spec), &mut cx);
        let encoded = body.map(|body| body.encode()).unwrap_or_default();
        if encoded.pointer(&pointer) == spec.pointer(&pointer) {
            unchanged += 1;
            continue;
        }
        let diagnostics = cx.into_diagnostics();
        let told = diagnostics
            .iter()
            .any(|diagnostic| is_at(diagnostic, &pointer));
        assert!(told, "{} {}: {spec} became {encoded}", leaf.kind, leaf.path);
    }
    // Only the old spelling `mirror_percent` is written back under its other name.
    assert_eq!(unchanged, leaves().len() - 1);
}

#[test]
fn the_list_is_what_the_crds_say() {
    let crds =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/reference/crds/istio.yaml");
    let Ok(text) = std::fs::read_to_string(&crds) else {
        println!("skipped: no ../shared/reference/crds/istio.yaml beside the repository");
        return;
    };
    let mut lines = Vec::new();
    for document in text.split("\n---\n") {
        let crd = parse::parse_value(document).unwrap().to_json();
        let Some(kind) = crd.pointer("/spec/names/kind").and_then(Value::as_str) else {
            continue;
        };
        if Kind::of("networking.istio.io/v1", kind).is_none() {
            continue;
        }
        for version in crd["spec"]["versions"].as_array().unwrap() {
            let spec = &version["schema"]["openAPIV3Schema"]["properties"]["spec"];
            let mut found = Vec::new();
            crd_leaves(spec, &format!("{kind} "), &mut found);
            lines.extend(found);
        }
    }
    lines.sort();
    // The three versions of a kind say the same.
    lines.dedup();
    let wanted: Vec<&str> = LIST.lines().collect();
    assert_eq!(lines, wanted, "replace testdata/istio-fields.txt");
}

fn crd_leaves(schema: &Value, path: &str, out: &mut Vec<String>) {
    if let Some(properties) = schema["properties"].as_object() {
        let dot = if path.ends_with(' ') { "" } else { "." };
        for (name, property) in properties {
            crd_leaves(property, &format!("{path}{dot}{name}"), out);
        }
    } else if schema["additionalProperties"].is_object() {
        crd_leaves(&schema["additionalProperties"], &format!("{path}{{}}"), out);
    } else if schema["type"] == "array" {
        crd_leaves(&schema["items"], &format!("{path}[]"), out);
    } else {
        let names = schema["enum"].as_array().map(|names| {
            let names: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
            format!("enum {}", names.join("|"))
        });
        let ty = match (names, schema["format"].as_str()) {
            (Some(names), _) => names,
            (None, Some("byte")) => "bytes".to_owned(),
            (None, _) => schema["type"].as_str().unwrap_or_default().to_owned(),
        };
        out.push(format!("{path} {ty}"));
    }
}
