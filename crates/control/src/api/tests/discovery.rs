//! Discovery, as kubectl 1.20 to 1.36 read it.

use super::*;

#[tokio::test]
async fn every_kind_is_found_by_its_group() {
    let api = Served::new();
    let (_, core) = api.get("/api").await;
    assert_eq!(core["versions"], json!(["v1"]));
    let (_, groups) = api.get("/apis?timeout=32s").await;
    assert_eq!(groups["kind"], "APIGroupList");
    let groups = groups["groups"].as_array().unwrap();
    // The short name gw, and `gateway`, mean Istio's: its group comes first.
    assert_eq!(groups[0]["name"], "networking.istio.io");
    for group in groups {
        let name = group["name"].as_str().unwrap();
        let (status, one) = api.get(&format!("/apis/{name}")).await;
        assert_eq!((status.as_u16(), &one["kind"]), (200, &json!("APIGroup")));
        for version in group["versions"].as_array().unwrap() {
            let version = version["groupVersion"].as_str().unwrap();
            let (status, list) = api.get(&format!("/apis/{version}?timeout=32s")).await;
            assert_eq!(status, 200, "{version}");
            assert_eq!(list["groupVersion"], version);
            assert!(
                !list["resources"].as_array().unwrap().is_empty(),
                "{version}"
            );
        }
    }
    let (status, _) = api.get("/apis/nowhere.example/v1").await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn a_kind_tells_its_names_and_what_stands_behind_them() {
    let api = Served::new();
    let (_, list) = api.get("/apis/networking.istio.io/v1").await;
    let listed = list["resources"].as_array().unwrap();
    let found = |name: &str| listed.iter().find(|it| it["name"] == name).unwrap();
    let routes = found("virtualservices");
    assert_eq!(routes["shortNames"], json!(["vs"]));
    assert_eq!(
        routes["categories"],
        json!(["istio-io", "networking-istio-io"])
    );
    assert!(
        routes["verbs"]
            .as_array()
            .unwrap()
            .contains(&json!("patch"))
    );
    let (_, list) = api.get("/apis/apps/v1").await;
    let names: Vec<_> = list["resources"].as_array().unwrap().iter().collect();
    assert!(
        names
            .iter()
            .any(|it| it["name"] == "deployments/scale" && it["kind"] == "Scale")
    );
    let (_, list) = api.get("/api/v1").await;
    let names: Vec<_> = list["resources"].as_array().unwrap().iter().collect();
    assert!(names.iter().any(|it| it["name"] == "pods/log"));
    assert!(names.iter().any(|it| it["name"] == "configmaps"));
}

#[tokio::test]
async fn there_are_no_schemas_and_that_is_said_in_the_right_form() {
    let api = Served::new();
    let answer = api.ask("GET /openapi/v2", "", "").await;
    assert_eq!(answer.status, 200);
    assert!(answer.body.starts_with("\n\u{3}2.0"));
    assert!(
        answer
            .head
            .contains("application/com.github.proto-openapi.spec.v2.v1.0+protobuf"),
        "{}",
        answer.head
    );
    let (status, answer) = api.get("/openapi/v3").await;
    assert_eq!((status.as_u16(), &answer["kind"]), (404, &json!("Status")));
}

#[tokio::test]
async fn health_is_asked_for_in_three_ways() {
    let api = Served::new();
    for path in ["/healthz", "/livez"] {
        assert_eq!(api.ask(&format!("GET {path}"), "", "").await.body, "ok");
    }
    assert_eq!(api.ask("GET /readyz", "", "").await.status, 503);
    api.apply(&service()).await;
    assert_eq!(api.ask("GET /readyz", "", "").await.body, "ok");
}

#[tokio::test]
async fn whoever_reaches_it_may_use_it() {
    let api = Served::new();
    let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    let asked = json!({"kind": "SelfSubjectAccessReview",
        "apiVersion": "authorization.k8s.io/v1",
        "spec": {"resourceAttributes": {"verb": "list", "resource": "pods"}}});
    let (status, review) = api.post(path, &asked.to_string()).await;
    assert_eq!(status, 201);
    assert_eq!(review["status"]["allowed"], true);
    assert_eq!(review["spec"], asked["spec"]);
    let (status, _) = api.post("/apis/authorization.k8s.io/v1/others", "{}").await;
    assert_eq!(status, 404);
}
