//! Rows measured on Envoy 1.40.

use super::*;

fn write(name: &'static str, value: &str, mode: WriteMode) -> HeaderWrite {
    HeaderWrite {
        name: HeaderName::from_static(name),
        value: Arc::new(Format::parse(value).unwrap()),
        mode,
        keep_empty: false,
    }
}

/// The headers afterwards, sorted, `name=value`.
fn edited(edits: &HeaderEdits, given: &[(&'static str, &'static str)]) -> Vec<String> {
    let mut headers = HeaderMap::new();
    for (name, value) in given {
        headers.append(*name, HeaderValue::from_static(value));
    }
    edits.apply(&mut headers, |format, headers| {
        format.render("", |_, argument| {
            let value = headers.get(argument?)?;
            Some(value.to_str().ok()?.to_owned())
        })
    });
    let mut lines: Vec<_> = headers
        .iter()
        .map(|(name, value)| format!("{name}={}", value.to_str().unwrap()))
        .collect();
    lines.sort();
    lines
}

#[test]
fn values_are_made_after_removals_and_before_writes() {
    let edits = HeaderEdits {
        remove: vec![HeaderName::from_static("x-o")],
        write: vec![
            write("x-o", "route", WriteMode::Append),
            write("x-now", "%REQ(x-o)%", WriteMode::Append),
            write("x-missing", "[%REQ(nope)%]", WriteMode::Append),
            write("x-missing2", "%REQ(nope)%", WriteMode::Append),
        ],
    };
    assert_eq!(
        edited(&edits, &[("x-o", "client")]),
        ["x-missing=[]", "x-o=route"]
    );
}

#[test]
fn each_mode_does_what_its_name_says() {
    let given = [("a", "1"), ("a", "2")];
    for (mode, present, absent) in [
        (WriteMode::Append, vec!["a=1", "a=2", "a=x"], vec!["a=x"]),
        (WriteMode::AddIfAbsent, vec!["a=1", "a=2"], vec!["a=x"]),
        (WriteMode::Overwrite, vec!["a=x"], vec!["a=x"]),
        (WriteMode::OverwriteIfExists, vec!["a=x"], vec![]),
    ] {
        let edits = HeaderEdits {
            remove: Vec::new(),
            write: vec![write("a", "x", mode)],
        };
        assert_eq!(edited(&edits, &given), present, "{mode:?}");
        assert_eq!(edited(&edits, &[]), absent, "{mode:?}");
    }
}

#[test]
fn replacing_comes_before_adding() {
    let edits = HeaderEdits {
        remove: Vec::new(),
        write: vec![
            write("a", "added", WriteMode::Append),
            write("a", "first", WriteMode::Overwrite),
            write("a", "second", WriteMode::Overwrite),
        ],
    };
    assert_eq!(edited(&edits, &[("a", "old")]), ["a=added", "a=second"]);
}

#[test]
fn an_empty_value_is_written_only_when_asked_for() {
    let mut edits = HeaderEdits {
        remove: Vec::new(),
        write: vec![write("a", "", WriteMode::Overwrite)],
    };
    assert_eq!(edited(&edits, &[("a", "old")]), ["a=old"]);
    edits.write[0].keep_empty = true;
    assert_eq!(edited(&edits, &[("a", "old")]), ["a="]);
}

#[test]
fn edits_are_empty_when_they_neither_remove_nor_write() {
    let removing = HeaderEdits {
        remove: vec![HeaderName::from_static("x-a")],
        write: Vec::new(),
    };
    assert!(HeaderEdits::default().is_empty());
    assert!(!removing.is_empty());
    let writing = HeaderEdits {
        remove: Vec::new(),
        write: vec![write("x-a", "1", WriteMode::Append)],
    };
    assert!(!writing.is_empty());
}
