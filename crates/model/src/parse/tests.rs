//! What a text becomes.

use super::*;

fn parse(text: &str) -> Parsed {
    parse_text(&SourceFile::new("x.yaml", text), &Options::default())
}

#[test]
fn two_documents_are_two_objects() {
    let parsed = parse(
        "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: a}\nspec: {hosts: [a], http: [{route: [{destination: {host: a}}]}]}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: b, namespace: c}\nspec: {ports: [{port: 80, targetPort: web}]}\n",
    );
    assert_eq!(parsed.diagnostics, []);
    let keys: Vec<String> = parsed.objects.iter().map(|o| o.key().to_string()).collect();
    assert_eq!(keys, ["VirtualService default/a", "Service c/b"]);
}

/// Code, line and column of everything found.
fn found(parsed: &Parsed) -> Vec<String> {
    parsed
        .diagnostics
        .iter()
        .map(|d| format!("{} {}", d.code, d.span()))
        .collect()
}

#[test]
fn a_broken_document_does_not_take_its_neighbours_with_it() {
    let service = |name: &str| {
        format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec: {{ports: [{{port: 80}}]}}\n"
        )
    };
    let text = format!("{}---\na: [1\nb: 2\n---\n{}", service("a"), service("b"));
    let parsed = parse(&text);
    assert_eq!(parsed.objects.len(), 2);
    assert_eq!(found(&parsed), ["SL0001 7:2"]);
}

#[test]
fn the_malformed_gateway_gives_one_error_per_mistake() {
    let parsed = parse(include_str!("../../testdata/seeds/gateway-malformed.yaml"));
    assert_eq!(found(&parsed), ["SL0001 9:3", "SL0104 9:5"]);
    let help: Vec<&str> = parsed
        .diagnostics
        .iter()
        .filter_map(|d| d.help.as_deref())
        .collect();
    assert!(
        help[0].ends_with("  - hosts: …\n    Port: …"),
        "{}",
        help[0]
    );
    assert_eq!(help[1], "write `port` instead of `Port`");
    assert_eq!(parsed.rejected.len(), 1);
    assert_eq!(parsed.objects.len(), 2);
}

#[test]
fn fragments_without_a_kind_are_told_what_they_look_like() {
    let spec = parse(include_str!("../../testdata/seeds/fragment-spec.yaml"));
    assert_eq!(found(&spec), ["SL0010 1:1"]);
    let help = spec.diagnostics[0].help.as_deref().unwrap();
    assert!(help.contains("kind: VirtualService"), "{help}");
    let http = parse(include_str!("../../testdata/seeds/fragment-http.yaml"));
    assert_eq!(found(&http), ["SL0010 2:3", "SL0151 9:9"]);
    let two = parse(include_str!("../../testdata/seeds/fragment-two-specs.yaml"));
    assert_eq!(found(&two), ["SL0004 10:1", "SL0010 2:1", "SL0108 6:9"]);
}

#[test]
fn a_list_without_an_object_is_told_which_field_it_looks_like() {
    let text = "- route:\n  - destination: {hots: a}\n";
    let parsed = parse(text);
    assert_eq!(found(&parsed), ["SL0012 1:1", "SL0104 2:19"]);
    assert_eq!(
        parsed.diagnostics[0].help.as_deref(),
        Some(
            "indent it, and put before it:\napiVersion: networking.istio.io/v1\n\
             kind: VirtualService\nmetadata:\n  name: …\nspec:\n  http:"
        )
    );
    let indented = parse("   - name: v1\n     labels: {version: v1}\n");
    assert_eq!(found(&indented), ["SL0012 1:4"]);
    let help = indented.diagnostics[0].help.as_deref().unwrap();
    assert!(help.starts_with("put before it:\n"), "{help}");
    assert!(help.contains("kind: DestinationRule\n"), "{help}");
    assert!(help.ends_with("spec:\n  subsets:"), "{help}");
    let other = parse("- a\n- b\n");
    assert_eq!(found(&other), ["SL0012 1:1"]);
    assert_eq!(other.diagnostics[0].help, None);
}

#[test]
fn two_objects_without_a_separator_are_one_error() {
    let parsed = parse(include_str!("../../testdata/seeds/no-separator.yaml"));
    assert_eq!(found(&parsed), ["SL0005 16:1"]);
    assert_eq!(parsed.rejected.len(), 2);
}

#[test]
fn lists_give_their_elements() {
    let parsed = parse(
        "apiVersion: networking.istio.io/v1\nkind: VirtualServiceList\nitems:\n- metadata: {name: a}\n  spec: {hosts: [a], http: [{route: [{destination: {host: a}}]}]}\n",
    );
    assert_eq!(found(&parsed), Vec::<String>::new());
    assert_eq!(
        parsed.objects[0].key().to_string(),
        "VirtualService default/a"
    );
    let parsed = parse(
        "{\"apiVersion\": \"v1\", \"kind\": \"List\", \"items\": [\n\t{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\"}]}",
    );
    assert_eq!(
        parsed.skipped,
        BTreeMap::from([("ConfigMap".to_owned(), 1)])
    );
}

#[test]
fn kinds_that_are_misspelt_are_errors_and_others_are_read_past() {
    let about = |version: &str, kind: &str| {
        let parsed = parse(&format!(
            "apiVersion: {version}\nkind: {kind}\nmetadata: {{name: a}}\n"
        ));
        let codes: Vec<String> = parsed
            .diagnostics
            .iter()
            .map(|d| d.code.to_string())
            .collect();
        (codes.contains(&"SL0011".to_owned()), parsed.skipped.len())
    };
    assert_eq!(about("networking.istio.io/v1", "VirtualServce"), (true, 0));
    assert_eq!(about("networking.istio.io/v2", "VirtualService"), (true, 0));
    assert_eq!(about("v1", "Deployment"), (true, 0));
    assert_eq!(about("v1", "ConfigMap"), (false, 1));
    assert_eq!(
        about("networking.istio.io/v1alpha3", "EnvoyFilter"),
        (false, 1)
    );
    assert_eq!(about("gateway.networking.k8s.io/v1", "Gateway"), (false, 1));
    assert_eq!(about("serving.knative.dev/v1", "Service"), (false, 1));
}

#[test]
fn unknown_fields_are_errors_in_istio_kinds_and_kept_in_others() {
    let parsed = parse(
        "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: a}\nspec:\n  hosts: [a]\n  http:\n  - route:\n    - desination: {host: a}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: a, generateName: b}\nspec: {ports: [{port: 80}], unheardOf: 1}\n",
    );
    assert_eq!(found(&parsed), ["SL0104 8:7"]);
    assert_eq!(
        parsed.diagnostics[0].path.to_string(),
        "http[0].route[0].desination"
    );
    assert_eq!(parsed.objects[0].raw["spec"]["unheardOf"], 1);
}

#[test]
fn carriage_returns_marks_and_other_alphabets_keep_the_places() {
    let parsed = parse(
        "\u{feff}# é\r\napiVersion: networking.istio.io/v1\r\nkind: VirtualService\r\nmetadata: {name: a}\r\nspec:\r\n  # ü\r\n  hosts: [é, b]\r\n  htpp: []\r\n",
    );
    assert_eq!(found(&parsed), ["SL0111 7:11", "SL0104 8:3"]);
}

#[test]
fn merge_keys_and_aliases_are_followed() {
    let parsed = parse(
        "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: a}\nspec:\n  hosts: [a]\n  http:\n  - match: [{uri: &u {prefix: /a}}]\n    route: &r [{destination: &d {host: a, subset: v1}}]\n  - match: [{uri: *u}]\n    route: [{destination: {<<: *d, subset: v2}}]\n",
    );
    assert_eq!(found(&parsed), Vec::<String>::new());
    let raw = &parsed.objects[0].raw["spec"]["http"][1];
    assert_eq!(
        raw["route"][0]["destination"],
        serde_json::json!({"host": "a", "subset": "v2"})
    );
    assert_eq!(raw["match"][0]["uri"]["prefix"], "/a");
}

#[test]
fn texts_that_yaml_reads_as_something_else_are_told() {
    let parsed = parse(
        "apiVersion: v1\nkind: Service\nmetadata: {name: a, labels: {v: 1.10, on: x}}\nspec: {ports: [{port: 0120}]}\n",
    );
    assert_eq!(
        found(&parsed),
        ["SL0003 3:39", "SL0003 4:23", "SL0105 3:33"]
    );
    assert_eq!(
        parsed.diagnostics[2].help.as_deref(),
        Some("quote it: \"1.10\"")
    );
}

#[test]
fn budgets_end_the_reading() {
    let deep = "[".repeat(70);
    assert_eq!(found(&parse(&format!("a: {deep}"))), ["SL0002 1:67"]);
    let level = |level: usize| {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        format!("a{level}: &a{level} [{aliases}]\n")
    };
    let bomb = format!("a0: &a0 [x]\n{}", (1..12).map(level).collect::<String>());
    assert_eq!(parse(&bomb).diagnostics[0].code, Code::Budget);
    let wide = "- 1\n".repeat(MAX_NODES + 1);
    assert_eq!(parse(&wide).diagnostics[0].code, Code::Budget);
    let large = "#".repeat(MAX_FILE + 1);
    assert_eq!(parse(&large).diagnostics[0].code, Code::Budget);
}

#[test]
fn copies_of_anchored_texts_are_counted_by_their_size() {
    let long = "x".repeat(1_000_000);
    let aliases = "- *a\n".repeat(500);
    let parsed = parse(&format!("- &a {long}\n{aliases}"));
    assert_eq!(parsed.diagnostics[0].code, Code::Budget);
}

#[test]
fn many_mistakes_are_counted_and_not_listed() {
    let fields: Vec<String> = (0..20_000).map(|i| format!("  k{i}: 1\n")).collect();
    let fields = fields.concat();
    let head = "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: a}\n";
    let parsed = parse(&format!("{head}spec:\n{fields}"));
    assert_eq!(parsed.diagnostics.len(), 101);
    let last = parsed.diagnostics.last().unwrap();
    assert_eq!((last.code, last.is_error()), (Code::Untold, true));
    let fragments = "---\na: 1\n".repeat(2_000);
    assert_eq!(parse(&fragments).diagnostics.len(), MAX_DIAGNOSTICS + 1);
}

#[test]
fn fields_have_places() {
    use crate::path::FieldPath;
    let parsed = parse(
        "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata:\n  name: a\nspec:\n  hosts: [a]\n  http:\n  - route:\n    - destination:\n        host: a\n",
    );
    let object = &parsed.objects[0];
    let place = |path: &str| {
        object
            .place(&FieldPath::parse(path).unwrap())
            .unwrap()
            .1
            .to_string()
    };
    assert_eq!(place("http[0].route[0].destination.host"), "10:9");
    assert_eq!(place("http[0].timeout"), "8:5");
    assert_eq!(place("metadata.name"), "4:3");
    assert_eq!(object.place(&FieldPath::root()).unwrap().1.line, 1);
}

#[test]
fn rendering_shows_the_line_and_the_repair() {
    let text = "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: a}\nspec:\n  hosts: [a]\n  http:\n  - route:\n    - desination: {host: a}\n";
    let parsed = parse(text);
    let shown = crate::diagnostic::render(
        &parsed.diagnostics,
        |_| Some(text),
        crate::diagnostic::Style::Plain,
    );
    let wanted = "\
error[SL0104]: unknown field `desination`
 --> x.yaml:8:7
  |
8 |     - desination: {host: a}
  |       ^^^^^^^^^^ not a field of HTTPRouteDestination; did you mean `destination`?
  |
  = help: write `destination` instead of `desination`
";
    assert_eq!(shown, wanted);
}
