//! Rules about one file: its head, its name, and words that it must not use.

use proc_macro2::{Delimiter, TokenTree};

use super::report::Report;
use super::source::Source;
use super::tokens::{attribute, group, inside, is_sign, is_word, line};

/// Reports what is forbidden in every file, and in those that ship.
pub(super) fn check(source: &Source, report: &mut Report) {
    if !source.text.starts_with("//!") {
        report.violation(
            &source.path,
            1,
            "line 1 is not `//!`: say what the file's one subject is",
        );
    }
    if source.path.file_name().is_some_and(|name| name == "mod.rs") {
        report.violation(
            &source.path,
            1,
            "`mod.rs`: name the file after the module, beside its folder",
        );
    }
    everywhere(&source.all, source, report);
    where_it_ships(&source.shipped, source, report);
}

fn everywhere(tokens: &[TokenTree], source: &Source, report: &mut Report) {
    for (at, token) in tokens.iter().enumerate() {
        if is_word(Some(token), "unsafe") {
            report.violation(
                &source.path,
                line(token),
                "`unsafe` is forbidden in this workspace",
            );
        }
        if attribute(tokens, at).is_some_and(|attribute| ignores_a_test(&attribute)) {
            let what = "`#[ignore]`: assert what is, with a FIXME(#issue), or delete the test";
            report.violation(&source.path, line(token), what);
        }
        if let TokenTree::Group(group) = token {
            everywhere(&inside(group), source, report);
        }
    }
}

fn ignores_a_test(attribute: &[TokenTree]) -> bool {
    if is_word(attribute.first(), "cfg_attr") {
        let inner = group(attribute.get(1), Delimiter::Parenthesis)
            .map(inside)
            .unwrap_or_default();
        return inner.iter().any(|token| is_word(Some(token), "ignore"));
    }
    is_word(attribute.first(), "ignore")
}

fn where_it_ships(tokens: &[TokenTree], source: &Source, report: &mut Report) {
    for (at, token) in tokens.iter().enumerate() {
        let is_call = is_sign(Some(token), '.')
            && is_word(tokens.get(at + 1), "unwrap")
            && group(tokens.get(at + 2), Delimiter::Parenthesis)
                .is_some_and(|arguments| arguments.stream().is_empty());
        if is_call {
            let what = "`.unwrap()` outside tests: return the error, or `expect` the invariant";
            report.violation(&source.path, line(token), what);
        }
        if let TokenTree::Group(group) = token {
            where_it_ships(&inside(group), source, report);
        }
    }
}
