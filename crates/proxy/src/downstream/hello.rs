//! What a TLS `ClientHello` says in the clear: the server name and the application protocols.

use std::sync::Arc;

const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;
const SERVER_NAME: u16 = 0;
const HOST_NAME: u8 = 0;
const ALPN: u16 = 16;
/// The most handshake bytes that are looked at, in records of any size.
const LONGEST: usize = 64 * 1024;

/// Whether bytes are something that is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Told<T> {
    /// More bytes are needed.
    NotYet,
    /// They are something else.
    No,
    /// They are it.
    Yes(T),
}

/// The first message of a TLS connection.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Hello {
    /// The server name, lower case.
    pub(crate) server_name: Option<Arc<str>>,
    /// The application protocols that are offered.
    pub(crate) alpn: Vec<Arc<str>>,
}

/// Whether `seen` begins a TLS connection.
pub(crate) fn parse(seen: &[u8]) -> Told<Hello> {
    match seen {
        [] | [HANDSHAKE] | [HANDSHAKE, 3] => return Told::NotYet,
        [HANDSHAKE, 3, ..] => {}
        _ => return Told::No,
    }
    let message = match handshake(seen) {
        Records::Complete(message) => message,
        Records::Incomplete => return Told::NotYet,
        Records::Other => return Told::No,
    };
    // A hello that cannot be read is still TLS.
    let hello = read(&mut Reader(&message)).unwrap_or_default();
    Told::Yes(hello)
}

enum Records {
    Complete(Vec<u8>),
    Incomplete,
    Other,
}

/// The first handshake message, put together from the records that carry it.
fn handshake(seen: &[u8]) -> Records {
    let mut records = Reader(seen);
    let mut message = Vec::new();
    loop {
        let mut head = Reader(&message);
        if let Some((kind, length)) = head.u8().zip(head.u24()) {
            if kind != CLIENT_HELLO || length > LONGEST {
                return Records::Other;
            }
            if let Some(body) = head.take(length) {
                return Records::Complete(body.to_vec());
            }
        }
        let (Some(kind), Some(_version), Some(length)) =
            (records.u8(), records.u16(), records.u16())
        else {
            return Records::Incomplete;
        };
        if kind != HANDSHAKE {
            return Records::Other;
        }
        let Some(fragment) = records.take(usize::from(length)) else {
            return Records::Incomplete;
        };
        message.extend_from_slice(fragment);
    }
}

/// The body of a `ClientHello`.
fn read(hello: &mut Reader<'_>) -> Option<Hello> {
    let mut found = Hello::default();
    hello.take(2 + 32)?;
    let session = hello.u8()?;
    hello.take(usize::from(session))?;
    let ciphers = hello.u16()?;
    hello.take(usize::from(ciphers))?;
    let compressions = hello.u8()?;
    hello.take(usize::from(compressions))?;
    let length = hello.u16()?;
    let mut extensions = Reader(hello.take(usize::from(length))?);
    while let Some((kind, length)) = extensions.u16().zip(extensions.u16()) {
        let mut extension = Reader(extensions.take(usize::from(length))?);
        match kind {
            SERVER_NAME => found.server_name = server_name(&mut extension),
            ALPN => found.alpn = alpn(&mut extension),
            _ => {}
        }
    }
    Some(found)
}

fn server_name(extension: &mut Reader<'_>) -> Option<Arc<str>> {
    let length = extension.u16()?;
    let mut names = Reader(extension.take(usize::from(length))?);
    while let Some((kind, length)) = names.u8().zip(names.u16()) {
        let name = names.take(usize::from(length))?;
        if kind == HOST_NAME {
            let name = std::str::from_utf8(name).ok()?;
            return Some(name.to_ascii_lowercase().into());
        }
    }
    None
}

fn alpn(extension: &mut Reader<'_>) -> Vec<Arc<str>> {
    let mut found = Vec::new();
    let Some(length) = extension.u16() else {
        return found;
    };
    let mut names = Reader(extension.take(usize::from(length)).unwrap_or_default());
    while let Some(length) = names.u8() {
        let Some(name) = names.take(usize::from(length)) else {
            break;
        };
        found.extend(std::str::from_utf8(name).map(Arc::from));
    }
    found
}

/// Reads numbers and slices from the front; `None` at the end.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (front, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(front)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn u16(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }

    fn u24(&mut self) -> Option<usize> {
        let high = self.u8()?;
        let low = self.u16()?;
        Some(usize::from(high) << 16 | usize::from(low))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A `ClientHello` for `name` that offers `protocols`, in records of at most `size` bytes.
    fn hello(name: &str, protocols: &[&str], size: usize) -> Vec<u8> {
        let with_length = |bytes: &[u8]| {
            let length = u16::try_from(bytes.len()).unwrap().to_be_bytes();
            [&length[..], bytes].concat()
        };
        let entry = [&[HOST_NAME][..], &with_length(name.as_bytes())].concat();
        let names = with_length(&with_length(&entry));
        let list: Vec<u8> = protocols
            .iter()
            .flat_map(|p| [&[u8::try_from(p.len()).unwrap()][..], p.as_bytes()].concat())
            .collect();
        let alpn = with_length(&with_length(&list));
        let extensions = [&[0, 0][..], &names, &[0, 16], &alpn].concat();
        let mut body = vec![3, 3];
        body.extend([7; 32]);
        body.extend([0, 0, 2, 0x13, 1, 1, 0]);
        body.extend(with_length(&extensions));
        let mut message = vec![CLIENT_HELLO, 0];
        message.extend(with_length(&body));
        let record = |part: &[u8]| [&[HANDSHAKE, 3, 1][..], &with_length(part)].concat();
        message.chunks(size).flat_map(record).collect()
    }

    #[test]
    fn name_and_protocols_are_read_across_records() {
        for size in [5, 40, 4096] {
            let bytes = hello("Sub.Example.com", &["h2", "http/1.1"], size);
            let Told::Yes(found) = parse(&bytes) else {
                panic!("not TLS");
            };
            assert_eq!(found.server_name.as_deref(), Some("sub.example.com"));
            assert_eq!(found.alpn, [Arc::from("h2"), Arc::from("http/1.1")]);
            for length in 0..bytes.len() {
                assert_eq!(parse(&bytes[..length]), Told::NotYet, "{length} bytes");
            }
        }
    }

    #[test]
    fn other_bytes_are_not_tls() {
        assert_eq!(parse(b"GET / HTTP/1.1"), Told::No);
        assert_eq!(parse(&[HANDSHAKE, 3, 1, 0, 4, 2, 0, 0, 0]), Told::No);
    }
}
