//! Nothing that anybody writes makes the parser panic, lose a place or change a value.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use sealane_model::diagnostic::{Style, render};
use sealane_model::duration::Duration;
use sealane_model::parse::{Options, SourceFile, parse_json, parse_text, parse_value};
use serde_json::Value;

const MANIFEST: &str = include_str!("../testdata/reviews.yaml");

/// Parses and shows a text; every place must be in the text.
fn survives(text: &str) {
    let file = SourceFile::new("x.yaml", text);
    let parsed = parse_text(&file, &Options::default());
    for label in parsed
        .diagnostics
        .iter()
        .flat_map(|diagnostic| &diagnostic.labels)
    {
        let span = label.span;
        assert!(
            text.get(span.start..span.end).is_some(),
            "{span:?} of {text:?}"
        );
        // YAML ends lines at carriage returns too.
        let line = text.split(['\n', '\r']).count() + 1;
        assert!(span.line as usize <= line, "{span:?} of {text:?}");
    }
    let shown = render(&parsed.diagnostics, |_| Some(text), Style::Plain);
    assert_eq!(shown.is_empty(), parsed.diagnostics.is_empty());
}

/// Pieces that YAML gives a meaning to.
fn yaml_like() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("---\n".to_owned()),
        Just("\n".to_owned()),
        Just("  ".to_owned()),
        Just("- ".to_owned()),
        Just(": ".to_owned()),
        Just("\t".to_owned()),
        Just("\r\n".to_owned()),
        Just("&a ".to_owned()),
        Just("*a ".to_owned()),
        Just("<<: ".to_owned()),
        Just("|\n".to_owned()),
        Just("!!binary ".to_owned()),
        Just("apiVersion: networking.istio.io/v1\n".to_owned()),
        Just("kind: VirtualService\n".to_owned()),
        Just("kind: List\n".to_owned()),
        Just("metadata: {name: a}\n".to_owned()),
        Just("spec:\n".to_owned()),
        Just("http:\n".to_owned()),
        Just("items:\n".to_owned()),
        "[a-z{}\\[\\],'\"#é\u{1F600}%@?!>0-9.:]{1,4}",
    ];
    vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1e9..1e9).prop_map(Value::from),
        "[ -~é\u{1F600}\n\t]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            btree_map("[a-zA-Z][a-zA-Z0-9 _./-]{0,8}", inner, 0..5)
                .prop_map(|fields| fields.into_iter().collect::<Value>()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_survived(text in ".{0,200}") {
        survives(&text);
    }

    #[test]
    fn anything_like_yaml_is_survived(text in yaml_like()) {
        survives(&text);
    }

    #[test]
    fn any_bytes_are_survived(bytes in vec(any::<u8>(), 0..200)) {
        if let Ok(file) = SourceFile::from_bytes("x.yaml", bytes) {
            survives(&file.text);
        }
    }

    #[test]
    fn any_slip_in_a_manifest_is_survived(at in 0..MANIFEST.len(), gone in 0..6_usize, new in ".{0,3}") {
        let start = (0..=at).rev().find(|at| MANIFEST.is_char_boundary(*at)).unwrap_or(0);
        let end = (start + gone..=MANIFEST.len()).find(|at| MANIFEST.is_char_boundary(*at));
        let tail = end.and_then(|end| MANIFEST.get(end..)).unwrap_or_default();
        let head = MANIFEST.get(..start).unwrap_or_default();
        survives(&format!("{head}{new}{tail}"));
    }

    #[test]
    fn any_body_is_survived(body in json()) {
        let parsed = parse_json(&body, &Options::default());
        prop_assert!(parsed.objects.is_empty());
    }

    #[test]
    fn json_is_read_as_what_it_says(value in json()) {
        for text in [value.to_string(), format!("{value:#}")] {
            let read = parse_value(&text).map(|node| node.to_json());
            prop_assert_eq!(read.as_ref(), Ok(&value), "{}", text);
        }
    }

    #[test]
    fn durations_are_read_as_they_were_written(nanos in 0..i64::MAX) {
        let duration = Duration(std::time::Duration::from_nanos(nanos.unsigned_abs()));
        prop_assert_eq!(Duration::parse(&duration.to_string()), Some(duration));
    }
}

#[test]
fn the_manifest_is_good() {
    let parsed = parse_text(&SourceFile::new("x.yaml", MANIFEST), &Options::default());
    assert_eq!(parsed.diagnostics, []);
    assert_eq!(parsed.objects.len(), 4);
}
