//! POST, PUT and DELETE, and what is said about them.

use super::*;

fn object(yaml: &str) -> Value {
    sealane_model::parse::parse_value(yaml).unwrap().to_json()
}

#[tokio::test]
async fn what_is_wrong_is_told_field_by_field() {
    let api = Served::new();
    let wrong = split(80, 20).replace("weight: 80", "wieght: 80");
    let (status, answer) = api.post(LIST, &wrong).await;
    assert_eq!(
        (status.as_u16(), &answer["reason"]),
        (422, &json!("Invalid"))
    );
    assert_eq!(answer["details"]["kind"], "VirtualService");
    assert_eq!(answer["details"]["name"], "reviews");
    let causes = answer["details"]["causes"].as_array().unwrap();
    assert!(
        causes.iter().any(|cause| {
            cause["field"] == "spec.http[0].route[0].wieght"
                && cause["message"].as_str().unwrap().contains("`weight`")
        }),
        "{causes:?}"
    );
}

#[tokio::test]
async fn unknown_fields_are_left_out_when_the_caller_wants_that() {
    let api = Served::new();
    let wrong = split(80, 20).replace("  hosts:", "  hots: [x]\n  hosts:");
    let head = format!("POST {LIST}?fieldValidation=Warn");
    let made = api.ask(&head, "", &wrong).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert!(made.head.contains("unknown field `hots`"), "{}", made.head);
    assert!(!made.body.contains("hots"), "{}", made.body);
    api.call(&format!("DELETE {LIST}/reviews"), "", "").await;
    let head = format!("POST {LIST}?fieldValidation=Ignore");
    let made = api.ask(&head, "", &wrong).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert!(!made.head.contains("hots"), "{}", made.head);
    api.call(&format!("DELETE {LIST}/reviews"), "", "").await;
    let (status, _) = api
        .post(&format!("{LIST}?fieldValidation=No"), &wrong)
        .await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn a_dry_run_changes_nothing_and_shows_what_would_be() {
    let api = Served::new();
    let (status, _) = api
        .post(&format!("{LIST}?dryRun=All"), &split(80, 20))
        .await;
    assert_eq!(status, 201);
    let (_, list) = api.get(LIST).await;
    assert_eq!(list["items"], json!([]));
    api.post(LIST, &split(80, 20)).await;
    let one = format!("{LIST}/reviews");
    let patch = r#"{"spec": {"hosts": ["other"]}}"#;
    let (status, foreseen) = api
        .call(
            &format!("PATCH {one}?dryRun=All"),
            "application/merge-patch+json",
            patch,
        )
        .await;
    assert_eq!(status, 200, "{foreseen}");
    let (_, live) = api.get(&one).await;
    assert_eq!(live["spec"]["hosts"], json!(["reviews"]));
    let mut expected = live.clone();
    expected["spec"]["hosts"] = json!(["other"]);
    expected["metadata"]["generation"] = json!(2);
    assert_eq!(foreseen, expected);
    let (_, gone) = api
        .call(
            &format!("DELETE {one}"),
            "application/json",
            r#"{"dryRun": ["All"]}"#,
        )
        .await;
    assert_eq!(gone["status"], "Success");
    assert_eq!(api.get(&one).await.0, 200);
    assert_eq!(api.post(&format!("{LIST}?dryRun=Some"), "{}").await.0, 400);
}

#[tokio::test]
async fn stores_know_better_than_documents() {
    let api = Served::new();
    let mut said = object(&split(80, 20));
    said["metadata"]["uid"] = json!("mine");
    said["metadata"]["creationTimestamp"] = json!("2001-01-01T00:00:00Z");
    said["status"] = json!({"x": 1});
    let (status, made) = api.post(LIST, &said.to_string()).await;
    assert_eq!(status, 201, "{made}");
    assert_ne!(made["metadata"]["uid"], "mine");
    assert!(
        !made["metadata"]["creationTimestamp"]
            .as_str()
            .unwrap()
            .starts_with("2001")
    );
    assert!(made.get("status").is_none());
    // What was shown can be put back as it is.
    let put = format!("PUT {LIST}/reviews");
    let (status, again) = api.call(&put, "application/json", &made.to_string()).await;
    assert_eq!((status.as_u16(), again), (200, made));
}

#[tokio::test]
async fn a_body_is_the_object_of_its_path() {
    let api = Served::new();
    let (status, _) = api
        .call(
            &format!("PUT {LIST}/reviews"),
            "application/json",
            &split(80, 20),
        )
        .await;
    assert_eq!(status, 404, "only what is there can be replaced");
    api.post(LIST, &split(80, 20)).await;
    let elsewhere = LIST.replace("/default/", "/shop/");
    let mut said = object(&split(80, 20));
    said["metadata"]["namespace"] = json!("default");
    assert_eq!(api.post(&elsewhere, &said.to_string()).await.0, 400);
    assert_eq!(api.post(LIST, &service()).await.0, 400);
    let (status, _) = api
        .call(
            &format!("PUT {LIST}/other"),
            "application/json",
            &split(80, 20),
        )
        .await;
    assert_eq!(status, 404);
    assert_eq!(api.post(LIST, "[]").await.0, 400);
    assert_eq!(api.post(&format!("{LIST}/reviews"), "{}").await.0, 405);
}

#[tokio::test]
async fn the_beginning_of_a_name_is_completed() {
    let api = Served::new();
    let mut names = Vec::new();
    for _ in 0..2 {
        let mut said = object(&split(80, 20));
        said["metadata"] = json!({"generateName": "reviews-"});
        let (status, made) = api.post(LIST, &said.to_string()).await;
        assert_eq!(status, 201, "{made}");
        let name = made["metadata"]["name"].as_str().unwrap().to_owned();
        assert!(name.starts_with("reviews-") && name.len() == 13, "{name}");
        names.push(name);
    }
    assert_ne!(names[0], names[1]);
}

#[tokio::test]
async fn all_that_is_selected_goes_at_once() {
    let api = Served::new();
    for (name, label) in [("a", "x"), ("b", "y"), ("c", "x")] {
        let mut said = object(&split(80, 20));
        said["metadata"] = json!({"name": name, "labels": {"l": label}});
        api.post(LIST, &said.to_string()).await;
    }
    let (_, before) = api.get("/sealane/v1/generation").await;
    let head = format!("DELETE {LIST}?labelSelector=l%3Dx");
    assert_eq!(api.call(&head, "", "").await.0, 200);
    let (_, list) = api.get(LIST).await;
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    let (_, after) = api.get("/sealane/v1/generation").await;
    assert_eq!(
        after["generation"].as_u64().unwrap(),
        before["generation"].as_u64().unwrap() + 1
    );
}

#[tokio::test]
async fn only_the_object_that_is_meant_goes() {
    let api = Served::new();
    api.post(LIST, &split(80, 20)).await;
    let head = format!("DELETE {LIST}/reviews");
    let json = "application/json";
    let other = r#"{"preconditions": {"uid": "another"}}"#;
    assert_eq!(api.call(&head, json, other).await.0, 409);
    let orphan = r#"{"propagationPolicy": "Orphan"}"#;
    assert_eq!(api.call(&head, json, orphan).await.0, 400);
    let usual = r#"{"propagationPolicy": "Background"}"#;
    assert_eq!(api.call(&head, json, usual).await.0, 200);
    assert_eq!(
        api.call("DELETE /api/v1/namespaces/default", "", "")
            .await
            .0,
        404,
        "nothing is in it without a machine"
    );
}

#[tokio::test]
async fn reading_changes_nothing() {
    let api = Served::new();
    api.post(LIST, &split(80, 20)).await;
    for path in [
        format!("{LIST}/reviews?dryRun=All"),
        "/sealane/v1/apply".to_owned(),
        format!("{LIST}?method=DELETE"),
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews".to_owned(),
    ] {
        for method in ["GET", "HEAD", "OPTIONS", "TRACE"] {
            let delete = "x-http-method-override: DELETE\r\n";
            api.ask(&format!("{method} {path}"), delete, "").await;
        }
    }
    let (_, now) = api.get("/sealane/v1/generation").await;
    assert_eq!(now["generation"], 1);
}

#[tokio::test]
async fn a_finding_that_refuses_nothing_is_a_warning() {
    let api = Served::new();
    let rule = json!({"metadata": {"name": "x"}, "spec": {"host": "x", "trafficPolicy":
        {"outlierDetection": {"consecutiveErrors": 5}}}});
    let path = LIST.replace("virtualservices", "destinationrules");
    let made = api
        .ask(&format!("POST {path}"), "", &rule.to_string())
        .await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert!(made.head.contains("warning: 299 - \""), "{}", made.head);
    assert!(made.head.contains("consecutive5xxErrors"), "{}", made.head);
}
