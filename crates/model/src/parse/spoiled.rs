//! Texts that are no YAML for a reason that no YAML parser names: a save that broke off, a merge
//! that is not finished, a key without its colon.

use saphyr_parser::ScanError;

use crate::diagnostic::{Code, Diagnostic};
use crate::parse::split::Document;
use crate::span::Span;

/// What begins the lines that a merge leaves.
const CONFLICT: [&str; 3] = ["<<<<<<< ", "=======", ">>>>>>> "];

/// What is wrong with a text before anybody parses it.
pub(super) fn spoiled(document: &Document<'_>) -> Option<Diagnostic> {
    nul(document).or_else(|| conflict(document))
}

fn nul(document: &Document<'_>) -> Option<Diagnostic> {
    let at = document.text.find('\0')?;
    let found = Diagnostic::new(Code::Syntax, "a NUL byte, which no manifest has");
    let help = "the file is binary, or its save broke off: save it again as text";
    let found = found.with_label(place(document, at, at + 1), "");
    Some(found.with_help(help))
}

fn conflict(document: &Document<'_>) -> Option<Diagnostic> {
    let starts = |marker: &'static str| {
        let mut lines = lines(document.text);
        lines.find(move |(_, line)| line.starts_with(marker))
    };
    let [(ours, line), _, _] = [
        starts(CONFLICT[0])?,
        starts(CONFLICT[1])?,
        starts(CONFLICT[2])?,
    ];
    let found = Diagnostic::new(Code::Syntax, "a merge conflict that is not resolved");
    let help =
        "keep one of the versions, and delete the lines with `<<<<<<<`, `=======` and `>>>>>>>`";
    let found = found.with_label(place(document, ours, ours + line.len()), "");
    Some(found.with_help(help))
}

/// What is wrong where the parser found no `:`, or found the end.
pub(super) fn broken_off(
    document: &Document<'_>,
    error: &ScanError,
    at: usize,
) -> Option<Diagnostic> {
    let before = document.text.get(..at)?;
    let after = document.text.get(at..)?;
    if error.info().contains("simple key expect") {
        return key_without_colon(document, before);
    }
    let message = match error.info() {
        info if info.contains("quoted scalar") => return None,
        info if info.contains("flow") => "a `[` or `{` that is not closed where the text ends",
        _ => "the text ends in the middle of a value",
    };
    if !after.trim().is_empty() {
        return None;
    }
    let end = document.text.trim_end().len();
    let found = Diagnostic::new(Code::Syntax, message);
    let found = found.with_label(place(document, end, end), "the text ends here");
    Some(found.with_help("write the rest of it; if the file was longer, its save broke off"))
}

fn key_without_colon(document: &Document<'_>, before: &str) -> Option<Diagnostic> {
    let (start, line) = lines(before)
        .filter(|(_, line)| !line.trim().is_empty())
        .last()?;
    let length = line.len();
    let line = line.trim_start().trim_start_matches("- ");
    let start = start + length - line.len();
    let found = Diagnostic::new(Code::Syntax, format!("`{line}` has no `:`"));
    let found = found.with_label(place(document, start, start + line.len()), "");
    let key = line.split_whitespace().next()?;
    Some(found.with_help(format!(
        "write `{key}: …`, or indent it if it goes on the line before"
    )))
}

/// The lines of a text without their ends, and where each starts.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut start = 0;
    text.split_inclusive('\n').map(move |line| {
        let at = start;
        start += line.len();
        (at, line.trim_end())
    })
}

/// The place of bytes of a document.
fn place(document: &Document<'_>, start: usize, end: usize) -> Span {
    let before = document.text.get(..start).unwrap_or_default();
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let last = before.rsplit('\n').next().unwrap_or_default();
    Span {
        start: document.offset + start,
        end: document.offset + end,
        line: document
            .line
            .saturating_add(number(before.matches('\n').count())),
        column: number(last.chars().count()).saturating_add(1),
    }
}
