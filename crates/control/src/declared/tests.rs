//! What transactions do to the store.

use std::time::{Duration, UNIX_EPOCH};

use super::*;
use crate::fixture::{objects, route};

fn at(second: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(second)
}

fn put(text: &str, writer: &Writer) -> Vec<Edit> {
    let put = |object| Edit::Put {
        object,
        writer: writer.clone(),
    };
    objects(text).into_iter().map(put).collect()
}

fn outcomes(changes: &[Change]) -> Vec<Outcome> {
    changes.iter().map(|change| change.outcome).collect()
}

fn created(declared: &Declared) -> Option<String> {
    let stored = declared.iter().next().unwrap();
    stored.object.meta.creation_timestamp.clone()
}

#[test]
fn kubectl_s_words_say_what_became_of_an_object() {
    let mut declared = Declared::default();
    let file = Writer::File("a.yaml".into());
    let changes = declared.apply(put(&route("v1"), &file), at(1));
    assert_eq!(outcomes(&changes), [Outcome::Created]);
    let changes = declared.apply(put(&format!("# x\n{}", route("v1")), &file), at(2));
    assert_eq!(outcomes(&changes), [Outcome::Unchanged]);
    let changes = declared.apply(put(&route("v2"), &file), at(3));
    assert_eq!(outcomes(&changes), [Outcome::Configured]);
    assert!(changes[0].before.is_some() && changes[0].after.is_some());
    let stored = declared.iter().next().unwrap();
    assert_eq!((stored.created, stored.generation), (at(1), 2));
    let key = changes[0].key.clone();
    let changes = declared.apply(vec![Edit::Delete(key.clone())], at(4));
    assert_eq!(outcomes(&changes), [Outcome::Deleted]);
    assert!(declared.is_empty());
    assert!(declared.apply(vec![Edit::Delete(key)], at(5)).is_empty());
}

#[test]
fn another_served_version_says_the_same() {
    let mut declared = Declared::default();
    let old = route("v1").replace("networking.istio.io/v1", "networking.istio.io/v1alpha3");
    declared.apply(put(&old, &Writer::Api), at(1));
    let changes = declared.apply(put(&route("v1"), &Writer::Api), at(2));
    assert_eq!(outcomes(&changes), [Outcome::Unchanged]);
}

#[test]
fn objects_of_files_have_no_age_among_themselves_and_those_of_the_api_do() {
    let mut declared = Declared::default();
    declared.apply(put(&route("v1"), &Writer::File("a.yaml".into())), at(1));
    assert_eq!(created(&declared), None);
    declared.apply(put(&route("v2"), &Writer::Api), at(2));
    assert_eq!(created(&declared), None, "it was made by the file");
    let mut declared = Declared::default();
    declared.apply(put(&route("v1"), &Writer::Api), at(1));
    declared.apply(put(&route("v2"), &Writer::Api), at(2));
    let time = created(&declared);
    assert_eq!(time.as_deref(), Some("1970-01-01T00:00:01.000000Z"));
}

#[test]
fn of_several_edits_of_one_object_the_last_counts() {
    let mut declared = Declared::default();
    let both = format!("{}---\n{}", route("v1"), route("v2"));
    let changes = declared.apply(put(&both, &Writer::Api), at(1));
    assert_eq!(outcomes(&changes), [Outcome::Created]);
    let raw = &declared.iter().next().unwrap().object.raw;
    assert_eq!(
        raw["spec"]["http"][0]["route"][0]["destination"]["subset"],
        "v2"
    );
}

#[test]
fn a_moved_object_keeps_what_it_says_and_knows_its_new_place() {
    let mut declared = Declared::default();
    let file = Writer::File("a.yaml".into());
    declared.apply(put(&route("v1"), &file), at(1));
    let moved = |text: &str| Edit::Moved {
        object: objects(text).remove(0),
        writer: file.clone(),
    };
    let line = |declared: &Declared| {
        let stored = declared.iter().next().unwrap();
        stored.object.source.as_ref().unwrap().span.line
    };
    let before = line(&declared);
    let text = format!("# x\n# y\n{}", route("v1"));
    assert!(declared.apply(vec![moved(&text)], at(2)).is_empty());
    assert_eq!(line(&declared), before + 2);
    declared.apply(put(&route("v2"), &Writer::Api), at(3));
    declared.apply(vec![moved(&text)], at(4));
    let raw = &declared.iter().next().unwrap().object.raw;
    let subset = &raw["spec"]["http"][0]["route"][0]["destination"]["subset"];
    assert_eq!(subset, "v2", "the last writer wins");
}
