//! What a reader of a document copies out of it: files to create, and lines for a shell.

use std::path::Path;

use crate::seeds::blocks;

/// A line for a shell, and where it begins in its document.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// The number of the line, from 1.
    pub(crate) at: usize,
    /// The words, with the lines that it goes on in.
    pub(crate) text: String,
}

/// Whether a name is that of a manifest.
pub(crate) fn is_yaml(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|end| end == "yaml")
}

/// The files that a document tells to create, with the blocks below these words.
pub(crate) fn files(text: &str) -> Vec<(String, String)> {
    let mut blocks = blocks(text).into_iter();
    let (mut named, mut inside) = (None, false);
    let mut files = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            inside = !inside;
            if inside {
                let block = blocks.next().unwrap();
                files.extend(named.take().map(|name| (name, block.text)));
            }
        } else if !inside && line.contains("Create ") {
            let mut quoted = line.split('`').skip(1).step_by(2);
            let name = quoted.find(|word| is_yaml(word));
            named = name.map(str::to_owned);
        }
    }
    files
}

/// The lines of the blocks for a shell, and those that other blocks name for one.
pub(crate) fn lines(text: &str) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let (mut language, mut goes_on) = (None, false);
    for (index, line) in text.lines().enumerate() {
        if let Some(fence) = line.trim_start().strip_prefix("```") {
            language = language.is_none().then(|| fence.trim());
            continue;
        }
        let Some(language) = language else { continue };
        // A pipeline of CI lists its commands.
        let words = line.trim().trim_start_matches("- ");
        let is_for_shell = language == "bash" || words.starts_with("kubectl ");
        if !is_for_shell || words.is_empty() || words.starts_with('#') {
            continue;
        }
        let (words, more) = match words.strip_suffix('\\') {
            Some(words) => (words, true),
            None => (words, false),
        };
        match lines.last_mut().filter(|_| goes_on) {
            Some(last) => last.text.push_str(words),
            None => lines.push(Line {
                at: index + 1,
                text: words.to_owned(),
            }),
        }
        goes_on = more;
    }
    lines
}
