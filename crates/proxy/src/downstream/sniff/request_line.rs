//! Whether a connection begins with an HTTP request. Pure.
//!
//! Envoy's HTTP inspector decides at the end of the first line, and so does this one. On purpose it
//! is broader: what a strict HTTP server refuses (HTTP/1.0, a path with blanks or non-ASCII bytes)
//! is HTTP here, so that it is refused instead of being passed around every route as opaque bytes.

/// What an HTTP/2 connection begins with.
pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// The longest method looked for. The longest registered ones have 17 letters.
const METHOD: usize = 32;

/// Which HTTP a connection speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// HTTP/1.0, or a version that nobody serves.
    Http10,
    Http11,
    /// HTTP/2 by prior knowledge.
    H2c,
}

impl Protocol {
    /// The names by which filter chains ask for it. HTTP/1.0 goes by both names, so that the chain
    /// of HTTP/1.1 takes it, and refuses it where it does not accept it.
    pub(crate) const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Http10 => &["http/1.0", "http/1.1"],
            Self::Http11 => &["http/1.1"],
            Self::H2c => &["h2c"],
        }
    }
}

/// What a connection begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    /// A request line, or the preface of HTTP/2.
    Is(Protocol),
    /// Something else.
    IsNot,
}

/// A first line under way.
#[derive(Debug, Default)]
pub(crate) struct RequestLine {
    /// Bytes looked at.
    looked: usize,
    /// The method has ended.
    in_target: bool,
}

impl RequestLine {
    /// Looks at a connection's first bytes; the next time they are the same and more.
    ///
    /// `None` when more are needed.
    pub(crate) fn look(&mut self, bytes: &[u8]) -> Option<Line> {
        if bytes.starts_with(PREFACE) {
            return Some(Line::Is(Protocol::H2c));
        }
        if PREFACE.starts_with(bytes) {
            return None;
        }
        for byte in bytes.iter().skip(self.looked) {
            match byte {
                b'\r' | b'\n' => {
                    let line = bytes.get(..self.looked).unwrap_or_default();
                    return Some(self.end(line));
                }
                b' ' if self.looked > 0 => self.in_target = true,
                b'\t' if self.in_target => {}
                0..=b' ' | 0x7F => return Some(Line::IsNot),
                _ if self.in_target => {}
                byte if is_token(*byte) && self.looked < METHOD => {}
                _ => return Some(Line::IsNot),
            }
            self.looked += 1;
        }
        None
    }

    /// What it is when no more bytes are looked at: a method with a target that does not end is a
    /// request that is too long, and HTTP says so best.
    pub(crate) const fn give_up(&self) -> Line {
        if self.in_target {
            Line::Is(Protocol::Http11)
        } else {
            Line::IsNot
        }
    }

    fn end(&self, line: &[u8]) -> Line {
        let protocol = self.in_target.then(|| version(line)).flatten();
        protocol.map_or(Line::IsNot, Line::Is)
    }
}

/// The version at the end of a request line.
fn version(line: &[u8]) -> Option<Protocol> {
    let (rest, version) = line.split_last_chunk::<8>()?;
    let [b'H', b'T', b'T', b'P', b'/', major, b'.', minor] = version else {
        return None;
    };
    let after_blank = rest.last() == Some(&b' ');
    if !after_blank || !major.is_ascii_digit() || !minor.is_ascii_digit() {
        return None;
    }
    Some(match (major, minor) {
        (b'1', b'1') => Protocol::Http11,
        _ => Protocol::Http10,
    })
}

/// What methods consist of, RFC 9110 5.6.2.
const fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Every byte alone, as the slowest caller sends them; the number of bytes it took.
    #[track_caller]
    fn check(bytes: &[u8], wanted: Option<Line>, took: usize) {
        let mut line = RequestLine::default();
        let found = (0..=bytes.len()).find_map(|n| line.look(&bytes[..n]).map(|found| (found, n)));
        assert_eq!(found, wanted.map(|wanted| (wanted, took)));
        let at_once = RequestLine::default().look(bytes);
        assert_eq!(at_once, wanted, "at once");
    }

    #[test]
    fn requests_are_known_by_their_first_line() {
        use Protocol::{H2c, Http10, Http11};
        let is = |protocol| Some(Line::Is(protocol));
        check(b"GET / HTTP/1.1\r\nhost: a\r\n", is(Http11), 15);
        check(b"GET / HTTP/1.1\n", is(Http11), 15);
        check(b"GET / HTTP/1.0\r\n", is(Http10), 15);
        check(b"GET / HTTP/1.2\r\n", is(Http10), 15);
        check(b"OPTIONS * HTTP/1.1\r\n", is(Http11), 19);
        check(b"CONNECT a:80 HTTP/1.1\r\n", is(Http11), 22);
        check(b"FOO / HTTP/1.1\r\n", is(Http11), 15);
        check(b"GET http://a/b HTTP/1.1\r\n", is(Http11), 24);
        check("GET /ü HTTP/1.1\r\n".as_bytes(), is(Http11), 17);
        check(b"GET /a b HTTP/1.1\r\n", is(Http11), 18);
        check(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", is(H2c), 24);
        check(b"PRI * HTTP/2.0\r\n\r\nSN", is(Http10), 20);
    }

    #[test]
    fn everything_else_is_not_http() {
        check(b"GET /\r\n", Some(Line::IsNot), 6);
        check(b"GET / http/1.1\r\n", Some(Line::IsNot), 15);
        check(b"GET /HTTP/1.1\r\n", Some(Line::IsNot), 14);
        check(b"HTTP/1.1 200 OK\r\n", Some(Line::IsNot), 5);
        check(b"hello world\n", Some(Line::IsNot), 12);
        check(b"hello\n", Some(Line::IsNot), 6);
        check(b"\r\nGET / HTTP/1.1\r\n", Some(Line::IsNot), 1);
        check(b"*1\r\n$4\r\nPING\r\n", Some(Line::IsNot), 3);
        check(b"\x16\x03\x01\x02\x00", Some(Line::IsNot), 1);
        check(b"{\"a\":1}", Some(Line::IsNot), 1);
        check(b" GET / HTTP/1.1\r\n", Some(Line::IsNot), 1);
        check(&[b'A'; 40], Some(Line::IsNot), 33);
        check(b"GET \0", Some(Line::IsNot), 5);
    }

    #[test]
    fn an_unfinished_line_waits() {
        check(b"", None, 0);
        check(b"G", None, 0);
        check(b"GET / HTTP/1.1", None, 0);
        check(b"PRI * HTTP/2.0\r\n\r\nS", None, 0);
        let mut line = RequestLine::default();
        assert_eq!(line.look(b"GET /long"), None);
        assert_eq!(line.give_up(), Line::Is(Protocol::Http11));
    }

    proptest! {
        #[test]
        fn the_answer_does_not_depend_on_how_the_bytes_arrive(
            bytes in prop_oneof![
                any::<Vec<u8>>(),
                "[A-Z]{1,8} /[a-z ]{0,9} HTTP/[0-9]\\.[0-9]\r\n.*".prop_map(String::into_bytes),
                "PRI \\* HTTP/2\\.0\r\n\r\n(SM\r\n\r\n)?".prop_map(String::into_bytes),
            ],
            cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..6),
        ) {
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            cuts.push(bytes.len());
            cuts.sort_unstable();
            let mut line = RequestLine::default();
            let found = cuts.iter().find_map(|cut| line.look(&bytes[..*cut]));
            prop_assert_eq!(found, RequestLine::default().look(&bytes));
        }
    }
}
