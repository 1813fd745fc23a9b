//! Lists, tables, selectors and watches.

use super::*;

const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/default/deployments";

fn deployment(name: &str, tier: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\n\
         metadata: {{name: {name}, labels: {{tier: {tier}}}}}\n\
         spec:\n  replicas: 2\n  selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    \
         metadata: {{labels: {{app: {name}}}}}\n    \
         spec: {{containers: [{{name: c, image: 'x:1'}}]}}\n---\n"
    )
}

fn names(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().unwrap().iter();
    items
        .map(|item| item["metadata"]["name"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn a_table_has_the_columns_of_its_kind() {
    let api = Served::new();
    api.apply(&(split(80, 20) + "---\n" + &service())).await;
    let table = api.table(LIST).await;
    assert_eq!(
        (&table["kind"], &table["apiVersion"]),
        (&json!("Table"), &json!("meta.k8s.io/v1"))
    );
    let columns: Vec<_> = table["columnDefinitions"]
        .as_array()
        .unwrap()
        .iter()
        .collect();
    let columns: Vec<_> = columns
        .iter()
        .map(|it| it["name"].as_str().unwrap())
        .collect();
    assert_eq!(columns, ["Name", "Gateways", "Hosts", "Age"]);
    let row = &table["rows"][0];
    let cells = row["cells"].as_array().unwrap();
    assert_eq!(
        cells[..3],
        [json!("reviews"), json!(""), json!("[\"reviews\"]")]
    );
    assert!(cells[3].as_str().unwrap().ends_with('s'), "{cells:?}");
    assert_eq!(row["object"]["kind"], "PartialObjectMetadata");
    assert_eq!(row["object"]["metadata"]["name"], "reviews");
    assert!(row["object"].get("spec").is_none());

    let whole = api.table(&format!("{LIST}?includeObject=Object")).await;
    assert_eq!(whole["rows"][0]["object"]["kind"], "VirtualService");
    let none = api
        .table(&format!("{LIST}/reviews?includeObject=None"))
        .await;
    assert!(none["rows"][0].get("object").is_none());
    let (status, _) = api.get(&format!("{LIST}?includeObject=Some")).await;
    assert_eq!(status, 400);

    let services = api.table("/api/v1/services").await;
    let wide = services["columnDefinitions"]
        .as_array()
        .unwrap()
        .last()
        .unwrap();
    assert_eq!(
        (&wide["name"], &wide["priority"]),
        (&json!("Selector"), &json!(1))
    );
    let cells = services["rows"][0]["cells"].as_array().unwrap();
    let expected = [
        json!("reviews"),
        json!("ClusterIP"),
        json!("127.20.0.3"),
        json!("<none>"),
        json!("9080/TCP"),
    ];
    assert_eq!(cells[..5], expected);
}

#[tokio::test]
async fn lists_are_selected_by_labels_and_fields() {
    let api = Served::new();
    api.apply(&(deployment("a", "web") + &deployment("b", "db") + &deployment("c", "web")))
        .await;
    for (query, expected) in [
        ("labelSelector=tier%3Dweb", &["a", "c"][..]),
        ("labelSelector=tier%20in%20(db,cache)", &["b"]),
        ("labelSelector=tier%20notin%20(db),tier", &["a", "c"]),
        ("labelSelector=!tier", &[]),
        ("fieldSelector=metadata.name%3Db", &["b"]),
        ("fieldSelector=metadata.name!%3Db&limit=1", &["a", "c"]),
    ] {
        let (status, list) = api.get(&format!("{DEPLOYMENTS}?{query}")).await;
        assert_eq!(status, 200, "{list}");
        assert_eq!(names(&list), expected, "{query}");
        assert!(list["metadata"].get("continue").is_none());
    }
    for query in [
        "labelSelector=a%20b",
        "fieldSelector=spec.x%3D1",
        "timeoutSeconds=x",
    ] {
        let (status, answer) = api.get(&format!("{DEPLOYMENTS}?{query}")).await;
        assert_eq!(
            (status.as_u16(), &answer["kind"]),
            (400, &json!("Status")),
            "{query}"
        );
    }
}

#[tokio::test]
async fn what_a_server_fills_in_is_filled_in() {
    let api = Served::new();
    api.apply(&deployment("a", "web")).await;
    let (_, made) = api.get(&format!("{DEPLOYMENTS}/a")).await;
    assert_eq!(made["spec"]["strategy"]["type"], "RollingUpdate");
    assert_eq!(
        made["status"]["observedGeneration"],
        made["metadata"]["generation"]
    );
    let created = made["metadata"]["creationTimestamp"].as_str().unwrap();
    assert!(
        !created.contains('.') && created.ends_with('Z'),
        "{created}"
    );
    let (status, of_it) = api.get(&format!("{DEPLOYMENTS}/a/status")).await;
    assert_eq!((status.as_u16(), of_it), (200, made));
}

/// The events of a watch, one at a time.
struct Events(tokio::io::Lines<BufReader<DuplexStream>>);

impl Events {
    async fn of(api: &Served, path: &str, headers: &str) -> Self {
        let pipe = api.send(&format!("GET {path}"), headers, "").await;
        Self(BufReader::new(pipe).lines())
    }

    async fn next(&mut self) -> Value {
        loop {
            let line = self.0.next_line().await.unwrap().unwrap();
            if line.starts_with('{') {
                return serde_json::from_str(&line).unwrap();
            }
        }
    }
}

#[tokio::test]
async fn an_object_that_is_selected_no_more_goes() {
    let api = Served::new();
    api.apply(&deployment("a", "web")).await;
    let path = format!("{DEPLOYMENTS}?watch=true&labelSelector=tier%3Dweb");
    let mut events = Events::of(&api, &path, "").await;
    assert_eq!(events.next().await["type"], "ADDED");
    api.apply(&deployment("a", "db")).await;
    assert_eq!(events.next().await["type"], "DELETED");
    api.apply(&deployment("a", "web")).await;
    assert_eq!(events.next().await["type"], "ADDED");
}

#[tokio::test]
async fn a_watch_in_tables_goes_on_from_a_version() {
    let api = Served::new();
    api.apply(&split(80, 20)).await;
    let accept = "accept: application/json;as=Table;v=v1;g=meta.k8s.io\r\n";
    let path = format!("{LIST}?watch=true&resourceVersion=1");
    let mut events = Events::of(&api, &path, accept).await;
    api.apply(&split(50, 50)).await;
    let event = events.next().await;
    assert_eq!(event["type"], "MODIFIED");
    assert_eq!(event["object"]["kind"], "Table");
    assert_eq!(event["object"]["rows"][0]["cells"][0], "reviews");
}

#[tokio::test(start_paused = true)]
async fn a_quiet_watch_tells_how_far_it_is_and_ends_in_time() {
    let api = Served::new();
    api.apply(&split(80, 20)).await;
    let path =
        format!("{LIST}?watch=true&resourceVersion=1&allowWatchBookmarks=true&timeoutSeconds=90");
    let mut events = Events::of(&api, &path, "connection: close\r\n").await;
    let bookmark = events.next().await;
    assert_eq!(bookmark["type"], "BOOKMARK");
    assert_eq!(bookmark["object"]["kind"], "VirtualService");
    assert_eq!(bookmark["object"]["metadata"]["resourceVersion"], "1");
    let rest = events.0.get_mut();
    let mut text = String::new();
    rest.read_to_string(&mut text).await.unwrap();
    assert!(!text.contains('{'), "{text}");
}

#[tokio::test]
async fn a_watch_that_cannot_be_had_says_so() {
    let api = Served::new();
    api.apply(&split(80, 20)).await;
    let (status, answer) = api
        .get(&format!("{LIST}?watch=true&sendInitialEvents=true"))
        .await;
    assert_eq!(
        (status.as_u16(), &answer["reason"]),
        (422, &json!("Invalid"))
    );
    for version in ["99", "x"] {
        let (status, answer) = api
            .get(&format!("{LIST}?watch=true&resourceVersion={version}"))
            .await;
        assert_eq!(
            (status.as_u16(), &answer["reason"]),
            (410, &json!("Expired"))
        );
    }
    let (status, _) = api
        .get(&format!(
            "{LIST}?resourceVersion=7&resourceVersionMatch=Exact"
        ))
        .await;
    assert_eq!(status, 410);
}

#[tokio::test]
async fn what_needs_a_container_says_what_to_do_instead() {
    let api = Served::new();
    api.apply("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: []}\n")
        .await;
    let pod = "/api/v1/namespaces/default/pods/a";
    for path in ["exec?command=true", "attach", "portforward"] {
        let (status, answer) = api.post(&format!("{pod}/{path}"), "").await;
        assert_eq!((status.as_u16(), &answer["kind"]), (405, &json!("Status")));
        let message = answer["message"].as_str().unwrap();
        assert!(message.contains("sealane curl"), "{message}");
    }
    let (status, answer) = api.get(&format!("{pod}/log")).await;
    assert_eq!(
        (status.as_u16(), &answer["reason"]),
        (404, &json!("NotFound"))
    );
    let (status, _) = api.get("/api/v1/namespaces/default/pods/b/log").await;
    assert_eq!(status, 404);
}
