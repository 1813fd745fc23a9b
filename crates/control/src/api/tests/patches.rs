//! Patches of each kind, and `scale`.

use super::*;

const WEB: &str = "/apis/apps/v1/namespaces/default/deployments/web";
const MERGE: &str = "application/merge-patch+json";
const STRATEGIC: &str = "application/strategic-merge-patch+json";
const OPERATIONS: &str = "application/json-patch+json";
const APPLY: &str = "application/apply-patch+yaml";

async fn with_web() -> Served {
    let api = Served::new();
    api.apply(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n\
         spec:\n  selector: {matchLabels: {app: web}}\n  template:\n    \
         metadata: {labels: {app: web}}\n    spec:\n      containers:\n      \
         - {name: a, image: 'x:1'}\n      - {name: b, image: 'y:1'}\n",
    )
    .await;
    api
}

async fn patch(api: &Served, path: &str, media_type: &str, body: &Value) -> (u16, Value) {
    let head = format!("PATCH {path}");
    let (status, answer) = api.call(&head, media_type, &body.to_string()).await;
    (status.as_u16(), answer)
}

#[tokio::test]
async fn a_strategic_patch_finds_containers_by_their_names() {
    let api = with_web().await;
    let body = json!({"spec": {"template": {"spec": {
        "$setElementOrder/containers": [{"name": "a"}, {"name": "b"}],
        "containers": [{"name": "b", "image": "y:2"}],
    }}}});
    let (status, patched) = patch(&api, WEB, STRATEGIC, &body).await;
    assert_eq!(status, 200, "{patched}");
    assert_eq!(
        patched["spec"]["template"]["spec"]["containers"],
        json!([{"name": "a", "image": "x:1"}, {"name": "b", "image": "y:2"}])
    );
    api.post(LIST, &split(80, 20)).await;
    let (status, answer) = patch(&api, &format!("{LIST}/reviews"), STRATEGIC, &body).await;
    assert_eq!(
        (status, &answer["reason"]),
        (415, &json!("UnsupportedMediaType"))
    );
}

#[tokio::test]
async fn operations_see_what_is_shown() {
    let api = with_web().await;
    // The number of pods was not declared, and is shown.
    let body = json!([{"op": "test", "path": "/spec/replicas", "value": 1},
                      {"op": "replace", "path": "/spec/replicas", "value": 3}]);
    let (status, patched) = patch(&api, WEB, OPERATIONS, &body).await;
    assert_eq!((status, &patched["spec"]["replicas"]), (200, &json!(3)));
    let (status, answer) = patch(&api, WEB, OPERATIONS, &body).await;
    assert_eq!((status, &answer["reason"]), (422, &json!("Invalid")));
}

#[tokio::test]
async fn a_patch_of_an_old_version_is_a_conflict() {
    let api = with_web().await;
    let body = |version: &str| {
        json!({"metadata": {"resourceVersion": version,
                                                   "labels": {"v": version}}})
    };
    assert_eq!(patch(&api, WEB, MERGE, &body("1")).await.0, 200);
    let (status, answer) = patch(&api, WEB, MERGE, &body("1")).await;
    assert_eq!((status, &answer["reason"]), (409, &json!("Conflict")));
    let message = answer["message"].as_str().unwrap();
    assert!(
        message.starts_with("Operation cannot be fulfilled on deployments.apps \"web\""),
        "{message}"
    );
}

#[tokio::test]
async fn the_second_apply_of_a_document_changes_nothing() {
    let api = with_web().await;
    let annotation = "kubectl.kubernetes.io/last-applied-configuration";
    let body = json!({"metadata": {"annotations": {annotation: "{}"}}});
    let (_, first) = patch(&api, WEB, STRATEGIC, &body).await;
    assert_eq!(first["metadata"]["annotations"][annotation], "{}");
    let (_, second) = patch(&api, WEB, STRATEGIC, &json!({})).await;
    assert_eq!(second, first);
}

#[tokio::test]
async fn a_manager_makes_an_object_and_owns_what_it_said() {
    let api = Served::new();
    let wanted = json!({"apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
    "metadata": {"name": "reviews"},
    "spec": {"hosts": ["reviews"], "http": [
        {"route": [{"destination": {"host": "reviews"}}]}
    ]}});
    let path = format!("{LIST}/reviews?fieldManager=kubectl");
    let (status, made) = patch(&api, &path, APPLY, &wanted).await;
    assert_eq!(status, 201, "{made}");
    assert_eq!(made["metadata"]["managedFields"][0]["manager"], "kubectl");
    let (status, again) = patch(&api, &path, APPLY, &wanted).await;
    assert_eq!((status, &again), (200, &made), "nothing has changed");

    let mut other = wanted.clone();
    other["spec"]["hosts"] = json!(["other"]);
    let path = format!("{LIST}/reviews?fieldManager=ci");
    let (status, answer) = patch(&api, &path, APPLY, &other).await;
    assert_eq!((status, &answer["reason"]), (409, &json!("Conflict")));
    let cause = &answer["details"]["causes"][0];
    assert_eq!(cause["reason"], "FieldManagerConflict");
    assert_eq!(cause["field"], ".spec.hosts");
    let (status, forced) = patch(&api, &format!("{path}&force=true"), APPLY, &other).await;
    assert_eq!((status, &forced["spec"]["hosts"]), (200, &json!(["other"])));
    let (status, _) = patch(&api, &format!("{LIST}/reviews"), APPLY, &other).await;
    assert_eq!(status, 400, "somebody must say who applies");
}

#[tokio::test]
async fn pods_are_scaled() {
    let api = with_web().await;
    let scale = format!("{WEB}/scale");
    let (_, read) = api.get(&scale).await;
    assert_eq!(
        (
            &read["kind"],
            &read["spec"]["replicas"],
            &read["status"]["selector"]
        ),
        (&json!("Scale"), &json!(1), &json!("app=web"))
    );
    let (status, set) = patch(&api, &scale, MERGE, &json!({"spec": {"replicas": 4}})).await;
    assert_eq!((status, &set["spec"]["replicas"]), (200, &json!(4)));
    let mut wanted = set.clone();
    wanted["spec"]["replicas"] = json!(2);
    let put = format!("PUT {scale}");
    let (status, _) = api
        .call(&put, "application/json", &wanted.to_string())
        .await;
    assert_eq!(status, 200);
    let (_, web) = api.get(WEB).await;
    assert_eq!(web["spec"]["replicas"], 2);
    let (status, _) = api
        .call(&put, "application/json", &wanted.to_string())
        .await;
    assert_eq!(status, 409, "it has changed since");
    let (status, _) = patch(&api, &scale, MERGE, &json!({"spec": {"replicas": -1}})).await;
    assert_eq!(status, 400);
    let (status, _) = api.get(&format!("{LIST}/reviews/scale")).await;
    assert_eq!(status, 404);
}
