//! Diagnostics as rustc shows them: the message, the place, the source line with a caret, help.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet};

use crate::diagnostic::{Diagnostic, Label, Severity};
use crate::span::Span;

/// Whether escape codes for colours are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Plain text.
    Plain,
    /// With colours.
    Coloured,
}

/// Writes diagnostics with an empty line between them. `source` gives the text
/// of a file by the name in the diagnostic; without it the place is shown alone.
pub fn render<'a>(
    diagnostics: &[Diagnostic],
    source: impl Fn(&str) -> Option<&'a str>,
    style: Style,
) -> String {
    let renderer = match style {
        Style::Plain => Renderer::plain(),
        Style::Coloured => Renderer::styled(),
    };
    let renderer = renderer.decor_style(DecorStyle::Ascii).term_width(120);
    let mut out = String::new();
    for (position, diagnostic) in diagnostics.iter().enumerate() {
        if position > 0 {
            out.push('\n');
        }
        let text = diagnostic.file.as_deref().and_then(&source);
        out.push_str(&renderer.render(&[report(diagnostic, text)]));
        out.push('\n');
    }
    out
}

fn report<'a>(diagnostic: &'a Diagnostic, text: Option<&'a str>) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
    };
    let title = level
        .primary_title(diagnostic.message.as_str())
        .id(diagnostic.code.info().id);
    let group = title.elements(place(diagnostic, text));
    let group = if diagnostic.labels.is_empty() {
        match about(diagnostic) {
            Some(about) => group.element(Level::NOTE.message(about)),
            None => group,
        }
    } else {
        group
    };
    let help = diagnostic
        .help
        .as_deref()
        .unwrap_or_else(|| diagnostic.code.info().help);
    group.element(Level::HELP.message(help))
}

/// Which object and field, for a diagnostic without a place.
fn about(diagnostic: &Diagnostic) -> Option<String> {
    match (&diagnostic.object, diagnostic.path.is_root()) {
        (Some(object), true) => Some(format!("in {object}")),
        (Some(object), false) => Some(format!("in {object}, {}", diagnostic.path)),
        (None, true) => None,
        (None, false) => Some(format!("in {}", diagnostic.path)),
    }
}

fn place<'a>(diagnostic: &'a Diagnostic, text: Option<&'a str>) -> Option<Element<'a>> {
    let file = diagnostic.file.as_deref()?;
    let snippet = text.and_then(|text| snippet(&diagnostic.labels, file, text));
    if let Some(snippet) = snippet {
        return Some(snippet.into());
    }
    let span = diagnostic.span();
    let origin = Origin::path(file);
    if span.is_none() {
        return Some(origin.into());
    }
    Some(
        origin
            .line(span.line as usize)
            .char_column(span.column as usize)
            .into(),
    )
}

/// The lines from the first label to the last, with the labels.
fn snippet<'a>(
    labels: &'a [Label],
    file: &'a str,
    text: &'a str,
) -> Option<Snippet<'a, annotate_snippets::Annotation<'a>>> {
    let start = labels
        .iter()
        .map(|label| line_start(text, label.span.start))
        .min()?;
    let end = labels
        .iter()
        .map(|label| line_end(text, label.span.start))
        .max()?;
    let first_line = labels.iter().map(|label| label.span.line).min()?;
    let window = text.get(start..end)?;
    let mut snippet = Snippet::source(window)
        .path(file)
        .line_start(first_line as usize);
    for (position, label) in labels.iter().enumerate() {
        let kind = if position == 0 {
            AnnotationKind::Primary
        } else {
            AnnotationKind::Context
        };
        let range = within_line(text, label.span, start)?;
        let annotation = kind.span(range);
        snippet = snippet.annotation(if label.text.is_empty() {
            annotation
        } else {
            annotation.label(label.text.as_str())
        });
    }
    Some(snippet)
}

fn line_start(text: &str, at: usize) -> usize {
    let before = text.as_bytes().get(..at).unwrap_or_default();
    before
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |position| position + 1)
}

fn line_end(text: &str, at: usize) -> usize {
    let after = text.as_bytes().get(at..).unwrap_or_default();
    at + after
        .iter()
        .position(|byte| *byte == b'\n')
        .unwrap_or(after.len())
}

/// The part of a span that is on its first line, counted from the start of the window; `None`
/// when the text is not the one the span is of.
fn within_line(text: &str, span: Span, window: usize) -> Option<std::ops::Range<usize>> {
    let end = span.end.min(line_end(text, span.start)).max(span.start);
    text.get(span.start..end)?;
    Some(span.start - window..end - window)
}
