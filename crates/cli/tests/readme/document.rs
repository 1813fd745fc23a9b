//! The commands of a Markdown document, and what it says that they print.
//!
//! They stand in blocks marked `console`. A line that begins with `$ ` is a command, the lines below
//! it are its output. A block without a command shows what the running `sealane up` prints next.

/// One thing to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Block {
    /// Run a command.
    Command(Command),
    /// Wait until the mesh says something.
    FromUp {
        /// Where the block begins, from 1.
        line: usize,
        /// What it says.
        output: Vec<String>,
    },
}

/// A command and its output.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Command {
    /// Where it stands, from 1.
    pub(crate) line: usize,
    /// As one would type it.
    pub(crate) text: String,
    /// The lines that it prints.
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
                blocks.push(Block::FromUp {
                    line: at + 2,
                    output: Vec::new(),
                });
            }
        } else if inside {
            read_line(at + 1, line, &mut blocks);
        }
    }
    blocks.retain(|block| !matches!(block, Block::FromUp { output, .. } if output.is_empty()));
    blocks
}

fn read_line(at: usize, line: &str, blocks: &mut Vec<Block>) {
    if let Some(command) = line.strip_prefix("$ ") {
        let text = command.to_owned();
        blocks.push(Block::Command(Command {
            line: at,
            text,
            output: Vec::new(),
        }));
    } else if let Some(Block::Command(Command { output, .. }) | Block::FromUp { output, .. }) =
        blocks.last_mut()
    {
        output.push(line.to_owned());
    }
}

#[test]
fn commands_have_the_lines_below_them() {
    let text =
        "```console\n$ a b\none\n\ntwo\n$ c\n```\n```yaml\n$ no\n```\n```console\nup says\n```\n";
    let command = |line, text: &str, output: &[&str]| {
        let output = output.iter().map(ToString::to_string).collect();
        Block::Command(Command {
            line,
            text: text.to_owned(),
            output,
        })
    };
    let expected = [
        command(2, "a b", &["one", "", "two"]),
        command(6, "c", &[]),
        Block::FromUp {
            line: 12,
            output: vec!["up says".to_owned()],
        },
    ];
    assert_eq!(blocks(text), expected);
}
