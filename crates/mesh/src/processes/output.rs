//! What a process writes, line by line.

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

/// Bytes of a line, at most: a longer one is cut in pieces.
const LONGEST: usize = 16 * 1024;

/// Reads lines until the end, and hands each on without its end.
pub(super) async fn lines(output: impl AsyncRead + Unpin, mut take: impl FnMut(&str)) {
    let mut output = BufReader::new(output);
    let mut line: Vec<u8> = Vec::new();
    while let Ok(bytes) = output.fill_buf().await {
        if bytes.is_empty() {
            break;
        }
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let room = LONGEST.saturating_sub(line.len());
        let length = end.unwrap_or(bytes.len()).min(room);
        line.extend(bytes.iter().take(length));
        let is_whole = end == Some(length);
        output.consume(length + usize::from(is_whole));
        if is_whole || line.len() >= LONGEST {
            hand_on(&line, &mut take);
            line.clear();
        }
    }
    if !line.is_empty() {
        hand_on(&line, &mut take);
    }
}

fn hand_on(line: &[u8], take: &mut impl FnMut(&str)) {
    let text = String::from_utf8_lossy(line);
    take(text.trim_end_matches('\r'));
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn check(bytes: &[u8], expected: &[&str]) {
        let mut found = Vec::new();
        lines(bytes, |line| found.push(line.to_owned())).await;
        assert_eq!(found, expected);
    }

    #[tokio::test]
    async fn lines_have_any_end_and_any_bytes() {
        check(b"a\nb\r\n\nc", &["a", "b", "", "c"]).await;
        check(b"", &[]).await;
        check(b"a\xff\n", &["a\u{fffd}"]).await;
    }

    #[tokio::test]
    async fn a_line_without_end_is_cut() {
        let long = "x".repeat(LONGEST + 1);
        check(long.as_bytes(), &[&"x".repeat(LONGEST), "x"]).await;
    }
}
