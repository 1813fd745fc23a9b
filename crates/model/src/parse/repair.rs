//! Malformed YAML: what is wrong in plain words, and how to write it.
//!
//! Where the intention is clear, the document is also mended in memory (by edits that keep every
//! byte in its place), so that its other mistakes are found in the same run. A mended document
//! still gives no object.

use saphyr_parser::ScanError;

use crate::diagnostic::{Code, Diagnostic};
use crate::parse::place::Places;
use crate::parse::read::MAX_DEPTH;
use crate::parse::split::Document;
use crate::parse::spoiled::broken_off;
use crate::span::Span;

/// A diagnostic for malformed YAML, and the mended text where there is one.
pub(super) struct Repair {
    pub(super) diagnostic: Diagnostic,
    pub(super) mended: Option<String>,
}

/// Explains a syntax error.
pub(super) fn explain(document: &Document<'_>, places: &Places, error: &ScanError) -> Repair {
    let span = places.point(error.marker());
    if let Some(repair) = mapping_then_item(document, error, span) {
        return repair;
    }
    if error.info().contains("recursion limit") {
        let message = format!("nested deeper than {MAX_DEPTH}");
        let diagnostic = Diagnostic::new(Code::Budget, message).with_label(span, "");
        return Repair {
            diagnostic,
            mended: None,
        };
    }
    let at = span.start.saturating_sub(document.offset);
    if let Some(diagnostic) = broken_off(document, error, at) {
        return Repair {
            diagnostic,
            mended: None,
        };
    }
    let (message, help) = plain_words(document, error);
    let mut diagnostic = Diagnostic::new(Code::Syntax, message).with_label(span, "");
    diagnostic.help = help.or_else(|| helm(document));
    Repair {
        diagnostic,
        mended: None,
    }
}

fn helm(document: &Document<'_>) -> Option<String> {
    document.text.contains("{{").then(|| {
        "this looks like a Helm template; render it first: `helm template … | sealane up -`"
            .to_owned()
    })
}

/// A message and a repair for what the YAML parser says.
fn plain_words(document: &Document<'_>, error: &ScanError) -> (String, Option<String>) {
    let info = error.info();
    let line = document
        .text
        .lines()
        .nth(error.marker().line().saturating_sub(1));
    let value = line
        .map(str::trim)
        .unwrap_or_default()
        .trim_start_matches("- ");
    let value = value.split_once(": ").map_or(value, |(_, value)| value);
    let known: [(&str, &str, String); 9] = [
        (
            "tabs disallowed",
            "a tab in the indentation",
            "indent with spaces".to_owned(),
        ),
        (
            "mapping values are not allowed",
            "a `:` where no key can be",
            "align the key with the keys beside it, or quote the value before it".to_owned(),
        ),
        (
            "while parsing a block mapping",
            "this line does not belong to the mapping around it",
            "align it with the keys of the mapping that it belongs to".to_owned(),
        ),
        (
            "block collection",
            "this line does not belong to the list around it",
            "begin it with `- `, or align it with the key that it belongs to".to_owned(),
        ),
        (
            "unknown anchor",
            "`*` begins an alias of YAML",
            format!("quote it: \"{value}\""),
        ),
        (
            "anchor or alias",
            "`*` begins an alias of YAML",
            format!("quote it: \"{value}\""),
        ),
        (
            "unexpected character",
            "a text cannot begin like this",
            format!("quote it: \"{value}\""),
        ),
        (
            "illegal placement of ':'",
            "a `:` inside an unfinished `[` or `{`",
            "close the bracket before this line".to_owned(),
        ),
        (
            "quoted scalar",
            "a quoted text does not end",
            "close the quote where the text ends".to_owned(),
        ),
    ];
    for (part, message, help) in known {
        if info.contains(part) {
            return (message.to_owned(), helm(document).or(Some(help)));
        }
    }
    (info.to_owned(), None)
}

/// A line of a document.
struct Line<'a> {
    start: usize,
    indent: usize,
    text: &'a str,
}

fn lines(text: &str) -> Vec<Line<'_>> {
    let mut start = 0;
    let mut out = Vec::new();
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim_start_matches(' ');
        out.push(Line {
            start,
            indent: line.len() - trimmed.len(),
            text: trimmed.trim_end(),
        });
        start += line.len();
    }
    out
}

/// The key of a line `key:` or `key: value`.
fn key(text: &str) -> Option<&str> {
    let (key, rest) = text.split_once(':')?;
    let plain = key
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/'));
    (plain && !key.is_empty() && (rest.is_empty() || rest.starts_with(' '))).then_some(key)
}

/// A list whose first element lacks its dash, so that the next element's dash has no list:
///
/// ```yaml
/// servers:
///   hosts: ["*"]
/// - port: {}
/// ```
fn mapping_then_item(document: &Document<'_>, error: &ScanError, span: Span) -> Option<Repair> {
    let lines = lines(document.text);
    let at = error.marker().line().checked_sub(1)?;
    let item = lines.get(at)?;
    let second = key(item.text.strip_prefix("- ")?)?;
    // Upwards: lines deeper than the dash are the mapping; the first that is not is the key
    // that should hold the list.
    let above: Vec<usize> = (0..at).rev().filter(|i| !is_blank(&lines[*i])).collect();
    let depth = above
        .iter()
        .take_while(|i| lines[**i].indent > item.indent)
        .count();
    let first = &lines[*above.get(depth.checked_sub(1)?)?];
    let parent = &lines[*above.get(depth)?];
    let parent_key = key(parent.text)?;
    let first_key = key(first.text)?;
    if parent.indent > item.indent || !parent.text.ends_with(':') || first.indent < item.indent + 2
    {
        return None;
    }
    let mended = mend(document.text, first, item);
    let dash = Span {
        start: document.offset + item.start + item.indent,
        ..span
    };
    let dash = Span {
        end: dash.start + 2 + second.len(),
        column: u32::try_from(item.indent).ok()?.saturating_add(1),
        ..dash
    };
    let first_line = document
        .line
        .saturating_add(u32::try_from(above[depth - 1]).ok()?);
    let first_span = Span {
        start: document.offset + first.start + first.indent,
        end: document.offset + first.start + first.indent + first_key.len(),
        line: first_line,
        column: u32::try_from(first.indent).ok()?.saturating_add(1),
    };
    let pad = " ".repeat(item.indent);
    let message = format!("`{parent_key}` begins as a mapping and goes on as a list");
    let help = format!(
        "make it one list element: the dash before its first key, the other keys below that\n\
         {pad}- {first_key}: …\n{pad}  {second}: …"
    );
    let diagnostic = Diagnostic::new(Code::Syntax, message)
        .with_label(dash, "a list element, but no list was begun")
        .with_label(first_span, "the dash belongs here")
        .with_help(help);
    Some(Repair { diagnostic, mended })
}

fn is_blank(line: &Line<'_>) -> bool {
    line.text.is_empty() || line.text.starts_with('#')
}

/// Moves the dash from `item` to `first`, which keeps every other byte in its place.
fn mend(text: &str, first: &Line<'_>, item: &Line<'_>) -> Option<String> {
    let mut bytes = text.as_bytes().to_vec();
    let new_dash = first.start + item.indent;
    bytes
        .get_mut(new_dash..new_dash + 2)?
        .copy_from_slice(b"- ");
    let old_dash = item.start + item.indent;
    bytes
        .get_mut(old_dash..old_dash + 2)?
        .copy_from_slice(b"  ");
    // The keys of the mapping must stand where those of the element do.
    (first.indent == item.indent + 2).then_some(())?;
    String::from_utf8(bytes).ok()
}
