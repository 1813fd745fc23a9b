//! Documents that people wrote about Istio's traffic management, as they stand, in
//! `testdata/seeds`; and what a reader copies out of them: blocks of YAML, and lines for a shell.

use std::fs;
use std::path::{Path, PathBuf};

/// The documents.
pub(crate) const SEEDS: [&str; 5] = ["blog", "httpbin", "movie", "notes-app", "task-manager"];

/// What stands between two fences.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// The word behind the opening fence.
    pub(crate) language: String,
    /// The blanks before that fence.
    indent: usize,
    /// The lines between, as they are.
    pub(crate) text: String,
}

/// A line for a shell, and where it begins in its document.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// The number of the line, from 1.
    pub(crate) at: usize,
    /// The words, with the lines that it goes on in.
    pub(crate) text: String,
}

/// A file in the folder of the documents.
pub(crate) fn path(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/seeds");
    folder.join(name)
}

/// The text of a document.
pub(crate) fn seed(name: &str) -> String {
    fs::read_to_string(path(&format!("{name}.md"))).unwrap()
}

/// All blocks of a document.
pub(crate) fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for line in text.lines() {
        let fence = line.trim_start().strip_prefix("```");
        match (fence, open.as_mut()) {
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(language), None) => {
                open = Some(Block {
                    language: language.trim().to_owned(),
                    indent: line.len() - line.trim_start().len(),
                    text: String::new(),
                });
            }
            (None, Some(block)) => block.text.extend([line, "\n"]),
            (None, None) => {}
        }
    }
    blocks
}

/// The blocks of YAML.
pub(crate) fn yaml(text: &str) -> Vec<Block> {
    let mut blocks = blocks(text);
    blocks.retain(|block| block.language == "yaml");
    blocks
}

impl Block {
    /// The lines as a browser shows them: without the blanks that the fence has, too.
    pub(crate) fn rendered(&self) -> String {
        let shown = |line: &str| {
            let blanks = line.len() - line.trim_start().len();
            line.split_at(blanks.min(self.indent)).1.to_owned() + "\n"
        };
        self.text.lines().map(shown).collect()
    }
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
