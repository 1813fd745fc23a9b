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
