//! The commands of a Markdown document, and what it says that they print.
//!
//! They stand in blocks marked `console`. A line that begins with `$ ` is a command, the lines below
//! it are its output. A block without a command shows what the running `sealane up` prints next.

/// One thing to do, and what is to be seen then.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// The command, as one would type it; without one, the running mesh says something.
    pub(crate) command: Option<String>,
    /// Where the output begins, as an index of lines.
    pub(crate) at: usize,
    /// The lines of the output.
    pub(crate) output: Vec<String>,
}

/// The `console` blocks of a document, command by command.
pub(crate) fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut inside = false;
    for (at, line) in text.lines().enumerate() {
        if line.starts_with("```") {
            inside = line == "```console";
            if inside {
                blocks.push(Block::new(None, at + 1));
            }
        } else if inside {
            read_line(at, line, &mut blocks);
        }
    }
    blocks.retain(|block| block.command.is_some() || !block.output.is_empty());
    blocks
}

fn read_line(at: usize, line: &str, blocks: &mut Vec<Block>) {
    if let Some(command) = line.strip_prefix("$ ") {
        blocks.push(Block::new(Some(command.to_owned()), at + 1));
    } else if let Some(block) = blocks.last_mut() {
        block.output.push(line.to_owned());
    }
}

impl Block {
    fn new(command: Option<String>, at: usize) -> Self {
        Self {
            command,
            at,
            output: Vec::new(),
        }
    }

    /// Whether its command calls this program.
    pub(crate) fn needs(&self, program: &str) -> bool {
        let command = self.command.as_deref().unwrap_or_default();
        command.split_whitespace().any(|word| word == program)
    }

    /// Writes other output in its place.
    pub(crate) fn replace(&self, text: &str, output: &[String]) -> String {
        let mut lines: Vec<&str> = text.lines().collect();
        let output = output.iter().map(String::as_str);
        lines.splice(self.at..self.at + self.output.len(), output);
        lines.join("\n") + "\n"
    }
}

#[cfg(test)]
mod tests {
    use super::{Block, blocks};

    const TEXT: &str =
        "```console\n$ a b\none\n\ntwo\n$ c\n```\n```yaml\n$ no\n```\n```console\nup says\n```\n";

    fn block(command: Option<&str>, at: usize, output: &[&str]) -> Block {
        let output = output.iter().map(ToString::to_string).collect();
        Block {
            command: command.map(ToOwned::to_owned),
            at,
            output,
        }
    }

    #[test]
    fn commands_have_the_lines_below_them() {
        let expected = [
            block(Some("a b"), 2, &["one", "", "two"]),
            block(Some("c"), 6, &[]),
            block(None, 11, &["up says"]),
        ];
        assert_eq!(blocks(TEXT), expected);
    }

    #[test]
    fn only_the_output_of_a_block_is_replaced() {
        let other = ["three".to_owned()];
        let replaced = blocks(TEXT)[0].replace(TEXT, &other);
        assert_eq!(replaced, TEXT.replace("one\n\ntwo", "three"));
    }
}
