//! Documents of a text: what lies between lines that begin with `---`.
//!
//! The text is cut before YAML is parsed, so that a broken document does not take its neighbours
//! with it. YAML allows a marker at the start of a line nowhere inside a document.

/// One document of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Document<'a> {
    /// Its text, with its marker line.
    pub(super) text: &'a str,
    /// Where it starts in the file, in bytes.
    pub(super) offset: usize,
    /// The number of its first line, from 1.
    pub(super) line: u32,
}

/// Cuts a text into its documents; those without content are left out.
pub(super) fn documents(text: &str) -> Vec<Document<'_>> {
    let text_start = if text.starts_with('\u{feff}') {
        '\u{feff}'.len_utf8()
    } else {
        0
    };
    let mut out = Vec::new();
    let mut offset = text_start;
    let mut start = (text_start, 1);
    for (index, line) in text
        .get(text_start..)
        .unwrap_or_default()
        .split_inclusive('\n')
        .enumerate()
    {
        let number = u32::try_from(index).unwrap_or(u32::MAX).saturating_add(1);
        if is_marker(line) && offset > start.0 {
            push(&mut out, text, start, offset);
            start = (offset, number);
        }
        offset += line.len();
    }
    push(&mut out, text, start, text.len());
    out
}

fn push<'a>(out: &mut Vec<Document<'a>>, text: &'a str, start: (usize, u32), end: usize) {
    let (offset, line) = start;
    let Some(text) = text.get(offset..end) else {
        return;
    };
    if text.lines().any(has_content) {
        out.push(Document { text, offset, line });
    }
}

fn is_marker(line: &str) -> bool {
    let after = line
        .strip_prefix("---")
        .or_else(|| line.strip_prefix("..."));
    after.is_some_and(|after| after.is_empty() || after.starts_with([' ', '\t', '\r', '\n']))
}

/// Whether a line holds more than a marker, a directive, a comment or blanks.
fn has_content(line: &str) -> bool {
    let rest = if is_marker(line) {
        line.get(3..).unwrap_or_default()
    } else {
        line
    };
    let rest = rest.trim();
    !(rest.is_empty() || rest.starts_with('#') || line.starts_with('%'))
}

#[cfg(test)]
mod tests {
    use super::documents;

    fn cut(text: &str) -> Vec<(u32, &str)> {
        documents(text)
            .into_iter()
            .map(|d| (d.line, d.text))
            .collect()
    }

    #[test]
    fn documents_keep_their_lines() {
        assert_eq!(
            cut("a: 1\n---\nb: 2\n"),
            [(1, "a: 1\n"), (2, "---\nb: 2\n")]
        );
        assert_eq!(
            cut("--- {a: 1}\n--- # x\nb: 2"),
            [(1, "--- {a: 1}\n"), (2, "--- # x\nb: 2")]
        );
    }

    #[test]
    fn what_holds_nothing_is_left_out() {
        assert_eq!(cut(""), []);
        assert_eq!(cut("\u{feff}# only\n---\n\n---\r\n# x\n"), []);
        assert_eq!(cut("%YAML 1.1\n---\na: 1\n...\n"), [(2, "---\na: 1\n")]);
    }

    #[test]
    fn longer_dashes_and_indented_ones_are_text() {
        assert_eq!(cut("a: |\n  ---\n----\n"), [(1, "a: |\n  ---\n----\n")]);
    }

    #[test]
    fn the_byte_order_mark_is_no_part_of_a_document() {
        let documents = documents("\u{feff}a: 1");
        assert_eq!((documents[0].offset, documents[0].text), (3, "a: 1"));
    }
}
