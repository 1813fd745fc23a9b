//! Path normalisation before matching, as Envoy's `normalize_path` does it.

use std::borrow::Cow;

#[cfg(test)]
mod tests;

/// What a listener does with paths before it matches them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PathPolicy {
    /// Resolve dot segments, turn backslashes, decode what needs no encoding.
    pub normalize: bool,
    /// Merge repeated slashes.
    pub merge_slashes: bool,
}

/// A path that cannot be normalised: 400, `path_normalization_failed`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the path holds an encoded NUL")]
pub struct BadPath;

/// The path and query by which a request is matched, and which the upstream sees. A fragment is
/// always removed; the query stays as it is.
///
/// `path_and_query` begins with a slash.
pub fn normalize(path_and_query: &str, policy: PathPolicy) -> Result<Cow<'_, str>, BadPath> {
    let whole = path_and_query
        .split_once('#')
        .map_or(path_and_query, |(before, _)| before);
    let (path, query) = match whole.find('?') {
        Some(at) => whole.split_at(at),
        None => (whole, ""),
    };
    let mut changed = None;
    if policy.normalize && needs_work(path) {
        changed = Some(canonical(&without_dot_parameters(path))?);
    }
    if policy.merge_slashes {
        let current = changed.as_deref().unwrap_or(path);
        if current.contains("//") {
            changed = Some(merged(current));
        }
    }
    Ok(match changed {
        Some(path) => Cow::Owned(path + query),
        None => Cow::Borrowed(whole),
    })
}

/// Whether normalisation might change `path`. Most paths have nothing of what it looks at.
fn needs_work(path: &str) -> bool {
    path.bytes()
        .any(|byte| matches!(byte, b'.' | b'%' | b'\\') || must_encode(byte))
}

/// Bytes that are percent-encoded where they stand raw in a path.
fn must_encode(byte: u8) -> bool {
    !byte.is_ascii_graphic()
        || matches!(
            byte,
            b'"' | b'#' | b'<' | b'>' | b'?' | b'^' | b'`' | b'{' | b'|' | b'}'
        )
}

/// Bytes whose encoding means the same as they themselves.
fn needs_no_encoding(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~')
}

/// `path` without the parameters of its dot segments: `/a/..;x/b` is `/a/../b`. Only raw dots
/// count. Some upstreams would resolve such a segment, which must not lead around the matching.
fn without_dot_parameters(path: &str) -> Cow<'_, str> {
    if !path.contains(".;") {
        return Cow::Borrowed(path);
    }
    let segments = path
        .split('/')
        .map(|segment| match segment.split_once(';') {
            Some((dots @ ("." | ".."), _)) => dots,
            _ => segment,
        });
    Cow::Owned(segments.collect::<Vec<_>>().join("/"))
}

/// The canonical form of a path, as browsers and Envoy make it.
fn canonical(path: &str) -> Result<String, BadPath> {
    let mut out = String::with_capacity(path.len());
    let mut rest = path.as_bytes();
    if !matches!(rest, [b'/' | b'\\', ..]) {
        out.push('/');
    }
    loop {
        if let Some(dot) = dot_length(rest) {
            let after = rest.get(dot..).unwrap_or_default();
            rest = match (out.ends_with('/'), segment_end(after), dot_length(after)) {
                (true, Some(next), _) => next,
                (true, None, Some(second)) => {
                    match segment_end(after.get(second..).unwrap_or_default()) {
                        Some(next) => {
                            leave_segment(&mut out);
                            next
                        }
                        None => literal_dot(&mut out, after),
                    }
                }
                _ => literal_dot(&mut out, after),
            };
            continue;
        }
        let Some((&byte, after)) = rest.split_first() else {
            return Ok(out);
        };
        rest = after;
        match byte {
            b'\\' => out.push('/'),
            b'%' => rest = escape(&mut out, after)?,
            _ if must_encode(byte) => encode(&mut out, byte),
            _ => out.push(char::from(byte)),
        }
    }
}

fn literal_dot<'a>(out: &mut String, after: &'a [u8]) -> &'a [u8] {
    out.push('.');
    after
}

/// The length of a dot, raw or encoded, at the start of `text`.
fn dot_length(text: &[u8]) -> Option<usize> {
    match text {
        [b'.', ..] => Some(1),
        [b'%', b'2', b'e' | b'E', ..] => Some(3),
        _ => None,
    }
}

/// When a segment ends at the start of `text`: what comes after its slash.
fn segment_end(text: &[u8]) -> Option<&[u8]> {
    match text {
        [] => Some(text),
        [b'/' | b'\\', after @ ..] => Some(after),
        _ => None,
    }
}

/// Takes the last segment from a path that ends with a slash; the root stays.
fn leave_segment(out: &mut String) {
    let slash = out
        .get(..out.len().saturating_sub(1))
        .and_then(|parents| parents.rfind('/'))
        .unwrap_or(0);
    out.truncate(slash + 1);
}

/// After a percent sign: what stays of the encoding.
fn escape<'a>(out: &mut String, after: &'a [u8]) -> Result<&'a [u8], BadPath> {
    let digits = after
        .get(..2)
        .filter(|pair| pair.iter().all(u8::is_ascii_hexdigit));
    let Some(digits) = digits.and_then(|pair| std::str::from_utf8(pair).ok()) else {
        out.push('%');
        return Ok(after);
    };
    match u8::from_str_radix(digits, 16) {
        Ok(0) => return Err(BadPath),
        Ok(byte) if needs_no_encoding(byte) => out.push(char::from(byte)),
        _ => {
            out.push('%');
            out.push_str(digits);
        }
    }
    Ok(after.get(2..).unwrap_or_default())
}

fn encode(out: &mut String, byte: u8) {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F',
    ];
    out.push('%');
    for digit in [byte >> 4, byte & 15] {
        out.extend(DIGITS.get(usize::from(digit)));
    }
}

fn merged(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for char in path.chars() {
        if char != '/' || !out.ends_with('/') {
            out.push(char);
        }
    }
    out
}
