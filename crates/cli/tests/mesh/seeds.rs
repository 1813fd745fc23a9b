//! Documents that people wrote about Istio's traffic management, as they stand, in
//! `testdata/seeds`, and the blocks that a reader copies out of them.

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
