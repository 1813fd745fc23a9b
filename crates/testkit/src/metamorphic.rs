//! Changes of a manifest's text that change nothing of what it says.

/// The same documents in reverse order.
pub fn reversed(manifests: &str) -> String {
    let mut documents = documents(manifests);
    documents.reverse();
    documents.join("---\n")
}

/// The same documents with comments: before each document, behind it, and before every line that begins a key,
/// except in documents with block or folded text, where a `#` may be text.
pub fn commented(manifests: &str) -> String {
    let commented: Vec<String> = documents(manifests)
        .iter()
        .map(|document| {
            let plain = !document.lines().any(has_block_text);
            let lines = document.lines().map(|line| {
                let indent = line.len() - line.trim_start().len();
                let begins = line
                    .trim_start()
                    .starts_with(|c: char| c.is_ascii_alphabetic());
                let comment = plain && begins && line.contains(": ");
                let remark = if comment {
                    format!("{}# remark\n", " ".repeat(indent))
                } else {
                    String::new()
                };
                format!("{remark}{line}\n")
            });
            format!("# before\n{}# behind\n", lines.collect::<String>())
        })
        .collect();
    commented.join("---\n")
}

/// Every occurrence of some words becomes another word: hosts, labels and namespaces by other names. A word is
/// bounded by anything but letters, digits, `-` and `_`.
pub fn renamed(text: &str, names: &[(&str, &str)]) -> String {
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    let mut out = String::new();
    let mut word = String::new();
    let flush = |word: &mut String, out: &mut String| {
        let name = names.iter().find(|(before, _)| before == word);
        out.push_str(name.map_or(word.as_str(), |(_, after)| after));
        word.clear();
    };
    for c in text.chars() {
        if is_word(c) {
            word.push(c);
        } else {
            flush(&mut word, &mut out);
            out.push(c);
        }
    }
    flush(&mut word, &mut out);
    out
}

fn documents(manifests: &str) -> Vec<String> {
    let mut documents = vec![String::new()];
    for line in manifests.lines() {
        if line.starts_with("---") {
            documents.push(String::new());
        } else if let Some(document) = documents.last_mut() {
            document.push_str(line);
            document.push('\n');
        }
    }
    documents
}

fn has_block_text(line: &str) -> bool {
    let line = line.trim_end();
    [": |", ": >", "- |", "- >"].iter().any(|mark| {
        line.rsplit_once(mark)
            .is_some_and(|(_, rest)| rest.chars().all(|c| "+-0123456789".contains(c)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_change_places() {
        assert_eq!(reversed("a: 1\n---\nb: 2\n"), "b: 2\n---\na: 1\n");
    }

    #[test]
    fn comments_stand_where_they_are_comments() {
        let text = commented("a:\n  b: 1\n---\nc: |\n  d: 2\n");
        assert_eq!(
            text,
            "# before\na:\n  # remark\n  b: 1\n# behind\n---\n# before\nc: |\n  d: 2\n# behind\n"
        );
    }

    #[test]
    fn only_whole_words_are_renamed() {
        assert_eq!(
            renamed("v1 v10 reviews-v1 (v1)|v1|a.v1", &[("v1", "x")]),
            "x v10 reviews-v1 (x)|x|a.x"
        );
    }
}
