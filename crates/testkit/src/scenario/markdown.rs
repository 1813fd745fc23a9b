//! The Markdown layer: the fenced blocks whose information string begins with `yaml`.

use super::problem::Problem;

/// A fenced block meant for the runner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The words after `yaml`, such as `calls sealane`.
    pub words: Vec<String>,
    /// The line of the first line of text, counted from 1.
    pub line: usize,
    /// The text between the fences.
    pub text: String,
}

struct Fence {
    mark: char,
    length: usize,
    line: usize,
    block: Option<Block>,
}

/// The blocks of a Markdown text in file order. A fence without words after `yaml`, or of another
/// language, is prose; whatever stands inside it is not looked at.
pub fn blocks(text: &str) -> Result<Vec<Block>, Problem> {
    let mut found = Vec::new();
    let mut open: Option<Fence> = None;
    for (at, line) in text.lines().enumerate() {
        match open.take() {
            None => open = opening(line, at + 1),
            Some(fence) if closes(line, &fence) => found.extend(fence.block),
            Some(mut fence) => {
                if let Some(block) = &mut fence.block {
                    block.text.push_str(line);
                    block.text.push('\n');
                }
                open = Some(fence);
            }
        }
    }
    match open {
        Some(fence) => Err(Problem::at(fence.line, "this fenced block is never closed")),
        None => Ok(found),
    }
}

fn run_of(line: &str) -> Option<(char, usize)> {
    let mark = line.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let length = line.chars().take_while(|c| *c == mark).count();
    (length >= 3).then_some((mark, length))
}

fn opening(line: &str, number: usize) -> Option<Fence> {
    let (mark, length) = run_of(line)?;
    let info = line.trim_start_matches(mark);
    if info.contains('`') && mark == '`' {
        return None; // CommonMark: this is inline code.
    }
    let mut words = info.split_whitespace().map(str::to_owned);
    let is_yaml = words.next().as_deref() == Some("yaml");
    let words: Vec<String> = words.collect();
    let block = (is_yaml && !words.is_empty()).then(|| Block {
        words,
        line: number + 1,
        text: String::new(),
    });
    Some(Fence {
        mark,
        length,
        line: number,
        block,
    })
}

fn closes(line: &str, fence: &Fence) -> bool {
    run_of(line).is_some_and(|(mark, length)| {
        mark == fence.mark
            && length >= fence.length
            && line.trim_start_matches(mark).trim().is_empty()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_keep_words_lines_and_text() {
        let text = "# t\n\n```yaml calls sealane\n- a\n- b\n```\n~~~ yaml options\nx: 1\n~~~\n";
        let found = blocks(text).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].words, ["calls", "sealane"]);
        assert_eq!((found[0].line, found[0].text.as_str()), (4, "- a\n- b\n"));
        assert_eq!((found[1].line, found[1].text.as_str()), (8, "x: 1\n"));
    }

    #[test]
    fn a_fence_inside_another_one_is_prose() {
        let text = "````md\n```yaml calls\n- a\n```\n````\n```yaml\nx: 1\n```\n";
        assert_eq!(blocks(text).unwrap(), []);
    }

    #[test]
    fn an_unclosed_fence_is_named_with_its_line() {
        assert_eq!(blocks("a\n```yaml calls\n- a\n").unwrap_err().line, 2);
    }
}
