//! Files and functions that have grown large. They are told, and fail nothing: cutting code in two
//! to please a number makes it worse.

use proc_macro2::{Delimiter, TokenTree};

use super::report::Report;
use super::source::Source;
use super::tokens::{group, inside, is_sign, is_word, line};

/// Lines of a file, its tests not counted.
const FILE_LINES: usize = 400;
/// Lines of a function, from its `fn` to its closing brace.
const FUNCTION_LINES: usize = 70;

/// Notes outliers among the code that ships.
pub(super) fn check(source: &Source, report: &mut Report) {
    if source.is_test() {
        return;
    }
    let lines = source
        .text
        .lines()
        .count()
        .saturating_sub(source.test_lines);
    if lines > FILE_LINES {
        let what = format!("{lines} lines without tests, over {FILE_LINES}: has it two subjects?");
        report.note(&source.path, 1, &what);
    }
    functions(&source.shipped, source, report);
}

fn functions(tokens: &[TokenTree], source: &Source, report: &mut Report) {
    for (at, token) in tokens.iter().enumerate() {
        if let (true, Some(TokenTree::Ident(name))) =
            (is_word(Some(token), "fn"), tokens.get(at + 1))
            && let Some(end) = last_line(tokens.get(at..).unwrap_or_default())
        {
            let lines = end + 1 - line(token);
            if lines > FUNCTION_LINES {
                let what = format!("`{name}` has {lines} lines, over {FUNCTION_LINES}");
                report.note(&source.path, line(token), &what);
            }
        }
        if let TokenTree::Group(group) = token {
            functions(&inside(group), source, report);
        }
    }
}

/// Where the body ends of the function whose `fn` comes first; `None` if it has no body.
fn last_line(tokens: &[TokenTree]) -> Option<usize> {
    let until = tokens.iter().find(|token| {
        is_sign(Some(token), ';') || group(Some(token), Delimiter::Brace).is_some()
    })?;
    group(Some(until), Delimiter::Brace).map(|body| body.span_close().end().line)
}
