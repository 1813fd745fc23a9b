//! Tidy catches each violation in a workspace made up for it, and finds none in this one.

use std::path::Path;

use tempfile::TempDir;

use super::{Report, tidy};

/// A workspace of two crates, `low` and `high`, of which `high` may use `low`.
struct Workspace(TempDir);

impl Workspace {
    fn new() -> Self {
        let new = Self(TempDir::new().unwrap());
        new.write(
            "Cargo.toml",
            "[workspace]\nresolver = \"3\"\nmembers = [\"crates/*\"]\n",
        )
        .write("xtask/layers.toml", "[edges]\nlow = []\nhigh = [\"low\"]\n")
        .write("crates/low/Cargo.toml", &manifest("low", ""))
        .write("crates/low/src/lib.rs", "//! Low.\n")
        .write(
            "crates/high/Cargo.toml",
            &manifest("high", "[dependencies]\nlow = { path = \"../low\" }\n"),
        )
        .write("crates/high/src/lib.rs", "//! High.\n");
        new
    }

    fn write(&self, path: &str, text: &str) -> &Self {
        let path = self.0.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    /// Lays files into `low`: its root, then pairs of a path below `src` and a text.
    fn low(&self, root: &str, files: &[(&str, &str)]) -> &Self {
        self.write("crates/low/src/lib.rs", &format!("//! Low.\n{root}"));
        for (path, text) in files {
            self.write(
                &format!("crates/low/src/{path}"),
                &format!("//! A file.\n{text}"),
            );
        }
        self
    }

    fn tidy(&self) -> Report {
        tidy(self.0.path()).unwrap()
    }

    /// The one violation there must be.
    fn violation(&self) -> String {
        let report = self.tidy();
        assert_eq!(report.violations.len(), 1, "{report}");
        report.violations[0].clone()
    }

    fn assert_clean(&self) {
        let report = self.tidy();
        assert!(report.is_clean(), "{report}");
    }
}

fn manifest(name: &str, rest: &str) -> String {
    format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n{rest}")
}

#[test]
fn this_workspace_is_tidy() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let report = tidy(root).unwrap();
    assert!(report.is_clean(), "{report}");
}

#[test]
fn a_workspace_without_faults_is_clean() {
    Workspace::new().assert_clean();
}

#[test]
fn an_edge_that_is_not_in_the_table_fails() {
    let workspace = Workspace::new();
    workspace.write("xtask/layers.toml", "[edges]\nlow = []\nhigh = []\n");
    assert!(workspace.violation().contains("`high` may not use `low`"));
}

#[test]
fn a_development_edge_counts_as_well() {
    let workspace = Workspace::new();
    let upwards = "[dev-dependencies]\nhigh = { path = \"../high\" }\n";
    workspace.write("crates/low/Cargo.toml", &manifest("low", upwards));
    assert!(
        workspace
            .violation()
            .starts_with("crates/low/Cargo.toml:1: `low` may not use `high`")
    );
}

#[test]
fn a_star_allows_every_edge() {
    let workspace = Workspace::new();
    workspace
        .write("xtask/layers.toml", "[edges]\nlow = []\nhigh = [\"*\"]\n")
        .assert_clean();
}

#[test]
fn a_crate_without_a_line_in_the_table_fails() {
    let workspace = Workspace::new();
    workspace.write("xtask/layers.toml", "[edges]\nhigh = [\"*\"]\n");
    assert!(workspace.violation().contains("`low` has no line in"));
}

#[test]
fn a_name_in_the_table_that_is_no_crate_fails() {
    let workspace = Workspace::new();
    workspace.write(
        "xtask/layers.toml",
        "[edges]\nlow = []\nhigh = [\"low\", \"gone\"]\n",
    );
    assert!(workspace.violation().contains("`gone` is no crate"));
}

#[test]
fn a_banned_crate_fails_unless_it_comes_through_its_door() {
    let workspace = Workspace::new();
    let deny = |wrappers: &str| {
        format!(
            "[bans]\ndeny = [{{ crate = \"ring\", wrappers = [{wrappers}], reason = \"one TLS\" }}]\n"
        )
    };
    let lock =
        "[[package]]\nname = \"low\"\nversion = \"1.0.0\"\ndependencies = [\"ring 0.17.0\"]\n";
    workspace
        .write("Cargo.lock", lock)
        .write("deny.toml", &deny(""));
    assert_eq!(
        workspace.violation(),
        "Cargo.lock:1: `low` brings in `ring`: one TLS"
    );
    workspace
        .write("deny.toml", &deny("\"low\""))
        .assert_clean();
}

#[test]
fn modules_that_import_each_other_are_a_cycle() {
    let workspace = Workspace::new();
    let files = [
        ("a.rs", "use crate::b::B;\npub struct A(B);\n"),
        ("b.rs", "pub struct B(crate::a::A);\n"),
    ];
    workspace.low("mod a;\nmod b;\n", &files);
    let found = workspace.violation();
    assert!(
        found.starts_with("crates/low/src/a.rs:2: import cycle"),
        "{found}"
    );
    let way = "a (crates/low/src/a.rs:2) -> b (crates/low/src/b.rs:2) -> a";
    assert!(found.contains(way), "{found}");
}

#[test]
fn a_longer_cycle_is_told_as_a_path() {
    let workspace = Workspace::new();
    let files = [
        ("a.rs", "use super::b;\n"),
        ("b.rs", "use crate::{c::{C as D}};\n"),
        ("c.rs", "fn f() { crate::d::g(); }\n"),
        ("d.rs", "fn g() -> crate::b::B { loop {} }\n"),
    ];
    workspace.low("mod a;\nmod b;\nmod c;\nmod d;\n", &files);
    let found = workspace.violation();
    assert!(
        found.contains("b (crates/low/src/b.rs:2) -> c (crates/low/src/c.rs:2) -> d ("),
        "{found}"
    );
}

#[test]
fn a_parent_and_a_child_that_need_each_other_are_one_subject() {
    let workspace = Workspace::new();
    let files = [
        ("a.rs", "mod b;\npub struct A;\npub fn f() { b::g(); }\n"),
        ("a/b.rs", "use super::A;\n"),
    ];
    workspace.low("mod a;\n", &files).assert_clean();
}

#[test]
fn what_lies_inside_a_module_counts_for_it() {
    let workspace = Workspace::new();
    let files = [
        ("a.rs", "mod inner;\n"),
        ("a/inner.rs", "use crate::c;\n"),
        ("c.rs", "use crate::a::A;\n"),
    ];
    workspace.low("mod a;\nmod c;\n", &files);
    let found = workspace.violation();
    assert!(
        found.contains("a (crates/low/src/a/inner.rs:2) -> c (crates/low/src/c.rs:2) -> a"),
        "{found}"
    );
}

#[test]
fn siblings_inside_a_module_have_one_direction_too() {
    let workspace = Workspace::new();
    let files = [
        ("a.rs", "mod b;\nmod c;\n"),
        ("a/b.rs", "use super::c::C;\n"),
        ("a/c.rs", "mod deep;\n"),
        ("a/c/deep.rs", "use crate::a::b::B;\n"),
    ];
    workspace.low("mod a;\n", &files);
    let found = workspace.violation();
    assert!(
        found.contains("a::b (crates/low/src/a/b.rs:2) -> a::c (crates/low/src/a/c/deep.rs:2)"),
        "{found}"
    );
}

#[test]
fn a_name_that_a_parent_passes_on_comes_from_where_it_is_written() {
    let workspace = Workspace::new();
    let files = [
        (
            "a.rs",
            "mod b;\nmod c;\npub use b::B;\npub fn f() { c::g(); }\n",
        ),
        ("a/b.rs", "pub struct B;\n"),
        ("a/c.rs", "use super::B;\npub fn g() {}\n"),
    ];
    workspace
        .low("mod a;\npub use a::f;\n", &files)
        .assert_clean();
}

#[test]
fn a_cycle_through_passed_on_names_is_found() {
    let workspace = Workspace::new();
    let files = [
        (
            "a.rs",
            "pub mod b;\npub mod c;\npub use b::B;\npub use c::C;\n",
        ),
        ("a/b.rs", "use super::C;\npub struct B;\n"),
        ("a/c.rs", "use crate::B;\npub struct C;\n"),
    ];
    workspace.low("mod a;\npub use a::B;\n", &files);
    let found = workspace.violation();
    assert!(
        found.contains("a::b (crates/low/src/a/b.rs:2) -> a::c (crates/low/src/a/c.rs:2) -> a::b"),
        "{found}"
    );
}

#[test]
fn imports_of_tests_and_words_in_texts_make_no_cycle() {
    let workspace = Workspace::new();
    let test = "#[cfg(test)]\nmod tests {\n    use crate::b::B;\n}\n";
    let text = "/// See `crate::b::B`.\npub const A: &str = \"crate::b::B\"; // use crate::b::B;\n";
    let files = [
        (
            "a.rs",
            &*format!("#[cfg(test)]\nmod more;\npub(in crate::b) struct A;\n{text}{test}"),
        ),
        ("a/more.rs", "use crate::b::B;\n"),
        ("b.rs", "use crate::a::A;\n"),
    ];
    workspace.low("mod a;\nmod b;\n", &files).assert_clean();
}

#[test]
fn a_file_that_does_not_say_its_subject_fails() {
    let workspace = Workspace::new();
    workspace.write("crates/low/tests/behaviour.rs", "\n//! Too late.\n");
    assert!(
        workspace
            .violation()
            .starts_with("crates/low/tests/behaviour.rs:1: line 1 is not `//!`")
    );
}

#[test]
fn mod_rs_fails() {
    let workspace = Workspace::new();
    workspace.low("mod a;\n", &[("a/mod.rs", "")]);
    assert!(
        workspace
            .violation()
            .starts_with("crates/low/src/a/mod.rs:1: `mod.rs`")
    );
}

#[test]
fn unsafe_fails_in_tests_too() {
    let workspace = Workspace::new();
    workspace.low("#[cfg(test)]\nmod tests { fn f() { unsafe {} } }\n", &[]);
    assert!(
        workspace
            .violation()
            .starts_with("crates/low/src/lib.rs:3: `unsafe`")
    );
}

#[test]
fn unwrap_fails_outside_tests_only() {
    let workspace = Workspace::new();
    let test = "#[cfg(test)]\nmod tests {\n    fn f() { None::<()>.unwrap(); }\n}\n";
    workspace.low(test, &[]).assert_clean();
    workspace.low(
        &format!("macro_rules! m {{ () => {{ None::<()>.unwrap() }} }}\n{test}"),
        &[],
    );
    assert!(
        workspace
            .violation()
            .starts_with("crates/low/src/lib.rs:2: `.unwrap()`")
    );
}

#[test]
fn an_ignored_test_fails() {
    let workspace = Workspace::new();
    workspace.low("#[test]\n#[ignore = \"slow\"]\nfn f() {}\n", &[]);
    assert!(
        workspace
            .violation()
            .starts_with("crates/low/src/lib.rs:3: `#[ignore]`")
    );
}

#[test]
fn large_files_and_functions_are_told_and_fail_nothing() {
    let workspace = Workspace::new();
    let long = format!("pub fn long() {{\n{}}}\n", "    // Nothing.\n".repeat(399));
    let tests = format!(
        "#[cfg(test)]\nmod tests {{\n{}}}\n",
        "// Nothing.\n".repeat(900)
    );
    workspace.low(&format!("{tests}{long}"), &[("a.rs", &tests)]);
    let report = workspace.tidy();
    assert!(report.is_clean(), "{report}");
    assert_eq!(report.notes.len(), 2, "{report}");
    assert!(
        report.notes[0].starts_with("crates/low/src/lib.rs:1: 402 lines"),
        "{report}"
    );
    assert!(report.notes[1].contains("`long` has 401 lines"), "{report}");
}

#[test]
fn a_link_and_a_path_that_lead_nowhere_fail() {
    let workspace = Workspace::new();
    let fine =
        "[a](../crates/low/src/lib.rs#top) `crates/high` `crates/NAME` [b](https://c.example/d)\n";
    workspace.write("docs/page.md", fine).assert_clean();
    workspace.write(
        "docs/page.md",
        &format!("{fine}[a](gone.md) `crates/gone.rs`\n```\n[a](b)\n```\n"),
    );
    let report = workspace.tidy();
    let found = [
        "docs/page.md:2: the link leads nowhere: gone.md",
        "docs/page.md:2: there is no `crates/gone.rs`",
    ];
    assert_eq!(report.violations, found, "{report}");
}
