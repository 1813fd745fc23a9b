//! Files as they are on disk.

use std::fs;
use std::path::PathBuf;

use sealane_model::diagnostic::Code;
use sealane_model::parse::{Options, SourceFile};
use tempfile::TempDir;

use crate::declared::{Edit, Writer};
use crate::fixture::{route, split};
use crate::source::files::{FileSource, Reading};
use crate::source::watch::Watch;

struct Folder(TempDir);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for (name, text) in files {
            folder.write(name, text);
        }
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn source(&self) -> FileSource {
        FileSource::new(vec![self.path("")], Vec::new(), Options::default())
    }

    /// What was edited, as `put NAME`, `moved NAME`, `delete NAME`, without the folder's name.
    fn edits(reading: &Reading) -> Vec<String> {
        let word = |edit: &Edit| match edit {
            Edit::Put { object, .. } => format!("put {}", object.meta.name),
            Edit::Moved { object, .. } => format!("moved {}", object.meta.name),
            Edit::Delete(key) => format!("delete {}", key.name),
        };
        reading.edits.iter().map(word).collect()
    }
}

fn named(name: &str, subset: &str) -> String {
    route(subset).replace("{name: reviews}", &format!("{{name: {name}}}"))
}

fn codes(reading: &Reading) -> Vec<Code> {
    reading.diagnostics.iter().map(|d| d.code).collect()
}

#[test]
fn folders_are_read_wholly_and_in_order() {
    let folder = Folder::new(&[
        ("b.yaml", &named("b", "v1")),
        ("sub/a.yml", &named("a", "v1")),
        ("sub/notes.txt", "not: [yaml"),
        (".git/config.yaml", "not: [yaml"),
        (
            "c.json",
            r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"}}"#,
        ),
    ]);
    let reading = folder.source().read().unwrap();
    assert!(!reading.has_errors(), "{:?}", reading.diagnostics);
    assert_eq!(Folder::edits(&reading), ["put a", "put b"]);
    assert_eq!((reading.file_count(), reading.object_count()), (3, 2));
    assert_eq!(reading.skipped["ConfigMap"], 1);
}

#[test]
fn the_later_path_wins_with_a_warning_that_names_both() {
    let folder = Folder::new(&[("a.yaml", &split(100, 0)), ("b.yaml", &split(80, 20))]);
    let reading = folder.source().read().unwrap();
    let [Edit::Put { object, writer }] = &*reading.edits else {
        panic!("{:?}", reading.edits);
    };
    assert_eq!(object.raw["spec"]["http"][0]["route"][0]["weight"], 80);
    assert_eq!(
        *writer,
        Writer::File(folder.path("b.yaml").display().to_string().into())
    );
    let warning = &reading.diagnostics[0];
    assert_eq!(warning.code, Code::DeclaredTwice);
    assert!(
        warning.message.contains("is declared in 2 files") && warning.message.contains("b.yaml"),
        "{warning}"
    );
    assert!(warning.file.as_ref().unwrap().ends_with("a.yaml"));
    assert_eq!(warning.span().line, 3);
    // Without the later file the earlier declaration is live again.
    let mut source = folder.source();
    source.accept(reading);
    let summary = source.summary();
    assert_eq!((summary.files, summary.objects), (2, 1));
    fs::remove_file(folder.path("b.yaml")).unwrap();
    let reading = source.read().unwrap();
    assert_eq!(Folder::edits(&reading), ["put reviews"]);
}

#[test]
fn only_objects_that_changed_are_written_again() {
    let folder = Folder::new(&[
        (
            "a.yaml",
            &format!("{}---\n{}", named("a", "v1"), named("b", "v1")),
        ),
        ("c.yaml", &named("c", "v1")),
    ]);
    let mut source = folder.source();
    let reading = source.read().unwrap();
    source.accept(reading);
    let text = format!("# moved\n{}---\n{}", named("a", "v1"), named("b", "v2"));
    folder.write("a.yaml", &text);
    let reading = source.read().unwrap();
    assert_eq!(reading.changed.len(), 1);
    assert_eq!(Folder::edits(&reading), ["moved a", "put b", "moved c"]);
    source.accept(reading);
    folder.write("a.yaml", &named("a", "v1"));
    let reading = source.read().unwrap();
    assert_eq!(Folder::edits(&reading), ["moved a", "moved c", "delete b"]);
}

#[test]
fn an_old_error_does_not_hold_up_other_files() {
    let folder = Folder::new(&[("a.yaml", "spec: [broken"), ("b.yaml", &named("b", "v1"))]);
    let mut source = folder.source();
    let reading = source.read().unwrap();
    assert!(reading.has_errors());
    assert_eq!(Folder::edits(&reading), ["put b"]);
    source.accept(reading);
    folder.write("b.yaml", &named("b", "v2"));
    let reading = source.read().unwrap();
    assert!(!reading.has_errors(), "{:?}", reading.diagnostics);
    assert_eq!(Folder::edits(&reading), ["put b"]);
}

#[test]
fn a_reading_that_is_not_accepted_leaves_no_trace() {
    let folder = Folder::new(&[("a.yaml", &named("a", "v1"))]);
    let mut source = folder.source();
    let reading = source.read().unwrap();
    source.accept(reading);
    folder.write("a.yaml", "spec: [broken");
    assert!(source.read().unwrap().has_errors());
    assert!(source.read().unwrap().has_errors(), "and again");
    folder.write("a.yaml", &named("a", "v1"));
    let reading = source.read().unwrap();
    assert!(reading.changed.is_empty());
    assert_eq!(Folder::edits(&reading), ["moved a"]);
}

#[test]
fn charts_and_kustomizations_are_told_with_the_command_that_renders_them() {
    let folder = Folder::new(&[
        ("chart/Chart.yaml", "name: x"),
        ("chart/templates/a.yaml", "name: {{ .Values.name }}"),
        (
            "patched/kustomization.yaml",
            "resources: [a.yaml]\npatches: []\n",
        ),
        ("patched/a.yaml", "kind: broken"),
        ("listed/kustomization.yaml", "resources:\n- a.yaml\n"),
        ("listed/a.yaml", &named("a", "v1")),
        ("loose.yaml", "name: {{ .Values.name }}\n"),
    ]);
    let reading = folder.source().read().unwrap();
    assert_eq!(codes(&reading), [Code::Template; 3]);
    let help: Vec<&str> = reading
        .diagnostics
        .iter()
        .filter_map(|d| d.help.as_deref())
        .collect();
    assert!(help[0].starts_with("render it: helm template") && help[0].ends_with("| sealane up -"));
    assert!(help[1].starts_with("render it: kubectl kustomize"));
    assert_eq!(Folder::edits(&reading), ["put a"]);
}

#[test]
fn a_path_that_is_not_there_is_an_error_that_names_it() {
    let folder = Folder::new(&[]);
    let source = FileSource::new(vec![folder.path("gone")], Vec::new(), Options::default());
    let error = source.read().unwrap_err();
    assert!(error.to_string().ends_with("/gone"), "{error}");
    let reading = folder.source().read().unwrap();
    assert_eq!((reading.file_count(), reading.object_count()), (0, 0));
}

#[test]
fn texts_of_standard_input_are_files_that_never_change() {
    let texts = vec![SourceFile::new("-", named("a", "v1"))];
    let mut source = FileSource::new(Vec::new(), texts, Options::default());
    let reading = source.read().unwrap();
    assert_eq!(Folder::edits(&reading), ["put a"]);
    source.accept(reading);
    assert_eq!(Folder::edits(&source.read().unwrap()), ["moved a"]);
}

#[tokio::test]
async fn a_save_is_noticed_once() {
    let folder = Folder::new(&[("a.yaml", "a: 1")]);
    for paths in [vec![folder.path("")], vec![folder.path("a.yaml")]] {
        let watch = Watch::start(&paths).unwrap();
        let changed = watch.changed();
        let save = async {
            folder.write("next", "a: 2");
            fs::rename(folder.path("next"), folder.path("a.yaml")).unwrap();
        };
        let limit = std::time::Duration::from_secs(10);
        let (noticed, ()) = tokio::join!(tokio::time::timeout(limit, changed), save);
        assert!(noticed.is_ok());
    }
}
