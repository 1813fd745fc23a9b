//! Objects of kinds that do nothing here.

use super::*;

const CONFIG_MAPS: &str = "/api/v1/namespaces/shop/configmaps";

#[tokio::test]
async fn they_are_kept_shown_and_taken_away_and_it_is_said_that_they_do_nothing() {
    let api = Served::new();
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"},
                     "data": {"a": "1"}});
    let head = format!("POST {CONFIG_MAPS}");
    let made = api.ask(&head, "", &map.to_string()).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert!(
        made.head
            .contains("warning: 299 - \"ConfigMap settings is kept, but"),
        "{}",
        made.head
    );
    let (status, _) = api.post(CONFIG_MAPS, &map.to_string()).await;
    assert_eq!(status, 409);

    let one = format!("{CONFIG_MAPS}/settings");
    let patch = "application/strategic-merge-patch+json";
    let (_, patched) = api
        .call(&format!("PATCH {one}"), patch, r#"{"data": {"b": "2"}}"#)
        .await;
    assert_eq!(patched["data"], json!({"a": "1", "b": "2"}));
    assert_eq!(patched["metadata"]["namespace"], "shop");

    let table = api.table(CONFIG_MAPS).await;
    assert_eq!(table["rows"][0]["cells"][1], 2);
    let (_, all) = api
        .get("/api/v1/configmaps?watch=true&resourceVersion=9")
        .await;
    assert_eq!(all["reason"], "Expired");

    let (status, _) = api.call(&format!("DELETE {one}"), "", "").await;
    assert_eq!(status, 200);
    let (status, _) = api.get(&one).await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn they_make_no_generation() {
    let api = Served::new();
    api.apply(&service()).await;
    let account = json!({"metadata": {"name": "s"}, "data": {}});
    let path = "/api/v1/namespaces/default/serviceaccounts";
    api.post(path, &account.to_string()).await;
    let (_, now) = api.get("/sealane/v1/generation").await;
    assert_eq!(now["generation"], 1);
    let (_, list) = api.get(path).await;
    assert_eq!(list["kind"], "ServiceAccountList");
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_namespace_takes_along_what_is_in_it() {
    let api = Served::new();
    let map = json!({"metadata": {"name": "settings"}});
    api.post(CONFIG_MAPS, &map.to_string()).await;
    let inside = service().replace("{name: reviews}", "{name: reviews, namespace: shop}");
    api.apply(&format!(
        "apiVersion: v1\nkind: Namespace\nmetadata: {{name: shop}}\n---\n{inside}"
    ))
    .await;
    let (status, _) = api.call("DELETE /api/v1/namespaces/shop", "", "").await;
    assert_eq!(status, 200);
    for path in [CONFIG_MAPS, "/api/v1/namespaces/shop/services"] {
        let (_, list) = api.get(path).await;
        assert_eq!(list["items"], json!([]), "{path}");
    }
    api.apply(&service()).await;
    let (status, answer) = api.get("/api/v1/namespaces/shop").await;
    assert_eq!(
        (status.as_u16(), &answer["reason"]),
        (404, &json!("NotFound"))
    );
}
