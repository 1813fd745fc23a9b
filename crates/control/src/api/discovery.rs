//! Discovery: what may be asked for. Clients that would rather have all of it in one answer take
//! these, too.

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use http::StatusCode;
use sealane_model::kind::Kind;
use serde_json::{Value, json};

use super::status::Refusal;
use super::store::Shared;
use crate::resource::Resource;

const READ: [&str; 3] = ["get", "list", "watch"];
const WRITE: [&str; 5] = ["create", "delete", "deletecollection", "patch", "update"];
/// Questions that a client asks about itself: group, kind, name in paths.
const REVIEWS: [(&str, &str, &str); 3] = [
    (
        "authorization.k8s.io",
        "SelfSubjectAccessReview",
        "selfsubjectaccessreviews",
    ),
    (
        "authorization.k8s.io",
        "SelfSubjectRulesReview",
        "selfsubjectrulesreviews",
    ),
    (
        "authentication.k8s.io",
        "SelfSubjectReview",
        "selfsubjectreviews",
    ),
];

/// The kind of a review.
pub(super) fn review(group: &str, plural: &str) -> Option<&'static str> {
    let mut all = REVIEWS.iter();
    let found = all.find(|(of, _, name)| *of == group && *name == plural);
    found.map(|(_, kind, _)| *kind)
}

/// `/version`: that of Kubernetes whose behaviour this is.
pub(super) async fn version() -> impl IntoResponse {
    let version = env!("CARGO_PKG_VERSION");
    Json(json!({
        "major": "1",
        "minor": "33",
        "gitVersion": format!("v1.33.0+sealane.{version}"),
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "",
        "compiler": "rustc",
        "platform": format!("{}/{}", std::env::consts::OS, std::env::consts::ARCH),
    }))
}

/// `/healthz`, `/livez`: that there is an answer is the answer.
pub(super) async fn healthy() -> &'static str {
    "ok"
}

/// `/readyz`: whether a generation is there.
pub(super) async fn ready(State(store): State<Shared>) -> (StatusCode, &'static str) {
    if store.backend.shown().borrow().is_empty() {
        (StatusCode::SERVICE_UNAVAILABLE, "no generation yet")
    } else {
        (StatusCode::OK, "ok")
    }
}

/// `/api`.
pub(super) async fn core_versions() -> Json<Value> {
    Json(json!({
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [],
    }))
}

/// `/apis`.
pub(super) async fn groups() -> Json<Value> {
    let groups = names().into_iter().filter(|name| !name.is_empty());
    Json(json!({
        "kind": "APIGroupList",
        "apiVersion": "v1",
        "groups": groups.map(group_of).collect::<Vec<_>>(),
    }))
}

/// `/apis/GROUP` and `/apis/GROUP/VERSION`; `None` for other paths.
pub(super) fn below(path: &str) -> Option<Value> {
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    parts.next().filter(|root| *root == "apis")?;
    match (parts.next()?, parts.next(), parts.next()) {
        (name, None, None) => group(name),
        (group, Some(version), None) => resources_of(group, version).ok(),
        _ => None,
    }
}

fn group(name: &str) -> Option<Value> {
    let mut known = names().into_iter();
    let name = known.find(|known| *known == name && !known.is_empty())?;
    let mut group = group_of(name);
    group["kind"] = json!("APIGroup");
    group["apiVersion"] = json!("v1");
    Some(group)
}

/// `/api/v1`.
pub(super) async fn core_resources() -> Result<Json<Value>, Refusal> {
    resources_of("", "v1").map(Json)
}

/// The groups in the order in which a short name is looked for.
fn names() -> Vec<&'static str> {
    let mut names: Vec<&str> = Vec::new();
    let served = Resource::all().map(|resource| resource.info().group);
    for name in served.chain(REVIEWS.iter().map(|(group, ..)| *group)) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// The versions of a group, the preferred one first.
fn versions(group: &str) -> Vec<&'static str> {
    let mut of_group = Resource::all().map(Resource::info);
    let found = of_group.find(|info| info.group == group);
    found.map_or_else(|| vec!["v1"], |info| info.versions.to_vec())
}

fn group_of(name: &str) -> Value {
    let version =
        |version: &&str| json!({ "groupVersion": format!("{name}/{version}"), "version": version });
    let versions = versions(name);
    json!({
        "name": name,
        "versions": versions.iter().map(version).collect::<Vec<_>>(),
        "preferredVersion": versions.first().map(version),
    })
}

fn resources_of(group: &str, version: &str) -> Result<Value, Refusal> {
    if !names().contains(&group) || !versions(group).contains(&version) {
        return Err(Refusal::no_path());
    }
    let served = Resource::all().filter(|resource| {
        let info = resource.info();
        info.group == group && info.versions.contains(&version)
    });
    let mut served: Vec<Resource> = served.collect();
    // `kubectl get all` shows kinds in the order in which they stand here.
    served.sort_by_key(|resource| resource.info().plural);
    let mut listed = Vec::new();
    for resource in served {
        listed.push(described(resource));
        listed.extend(subresources(resource));
    }
    for (_, kind, plural) in REVIEWS.iter().filter(|(of, ..)| *of == group) {
        listed.push(json!({
            "name": plural,
            "singularName": kind.to_ascii_lowercase(),
            "namespaced": false,
            "kind": kind,
            "verbs": ["create"],
        }));
    }
    let group_version = match group {
        "" => version.to_owned(),
        group => format!("{group}/{version}"),
    };
    Ok(json!({
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": group_version,
        "resources": listed,
    }))
}

fn described(resource: Resource) -> Value {
    let info = resource.info();
    let mut described = json!({
        "name": info.plural,
        "singularName": info.singular,
        "namespaced": info.namespaced,
        "kind": info.name,
        "verbs": READ.iter().chain(&WRITE).collect::<Vec<_>>(),
    });
    if !info.short_names.is_empty() {
        described["shortNames"] = json!(info.short_names);
    }
    if !info.categories.is_empty() {
        described["categories"] = json!(info.categories);
    }
    described
}

/// What stands behind an object's name.
fn subresources(resource: Resource) -> Vec<Value> {
    let info = resource.info();
    let below = |name: &str, kind: &str, verbs: &[&str]| {
        json!({
            "name": format!("{}/{name}", info.plural),
            "singularName": "",
            "namespaced": info.namespaced,
            "kind": kind,
            "verbs": verbs,
        })
    };
    let mut found = Vec::new();
    if resource.scales() {
        let mut scale = below("scale", "Scale", &["get", "patch", "update"]);
        scale["group"] = json!("autoscaling");
        scale["version"] = json!("v1");
        found.push(scale);
    }
    if resource.kind() == Some(Kind::Pod) {
        found.push(below("log", "Pod", &["get"]));
    }
    if resource.kind().is_some_and(|kind| !kind.is_istio()) {
        found.push(below("status", info.name, &["get"]));
    }
    found
}
