//! A TLS `ClientHello`, read for its names only. Pure; RFC 8446 4.1.2 and 5.1, RFC 6066 3, RFC 7301.

/// The record that carries handshakes.
const HANDSHAKE: u8 = 22;
/// The handshake message that opens a connection.
const CLIENT_HELLO: u8 = 1;
/// Bytes of a handshake message's head: type, length.
const MESSAGE_HEAD: usize = 4;
/// Bytes in a record, at most.
const RECORD: usize = 1 << 14;
const SERVER_NAME: u16 = 0;
const ALPN: u16 = 16;
/// The only kind of server name there is.
const HOST_NAME: u8 = 0;

/// Whether bytes begin with a `ClientHello`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Hello {
    /// So far they do. Less than so many bytes in all will not decide it.
    More(usize),
    /// They do not.
    IsNot,
    /// They do, and all of it is there.
    Is(ClientHello),
}

/// The names in a `ClientHello`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ClientHello {
    /// The server name, lower case. One that could not stand in a log line counts as none.
    pub(crate) server_name: Option<String>,
    /// The protocols offered, most wanted first.
    pub(crate) alpn: Vec<String>,
}

/// Reads the `ClientHello` at the beginning of `bytes`, which may be spread over several records.
pub(crate) fn client_hello(bytes: &[u8]) -> Hello {
    let mut reader = Reader(bytes);
    let mut message = Vec::new();
    loop {
        match reader.record() {
            Record::IsNot => return Hello::IsNot,
            Record::More(missing) => return Hello::More(bytes.len() + missing),
            Record::Is(fragment) => message.extend_from_slice(fragment),
        }
        match message_length(&message) {
            Length::IsNot => return Hello::IsNot,
            // Another record's head, and a byte in it.
            Length::Unknown => {}
            Length::Is(length) if message.len() < length => {}
            Length::Is(length) => {
                let body = message.get(MESSAGE_HEAD..length).unwrap_or_default();
                return parse(body).map_or(Hello::IsNot, Hello::Is);
            }
        }
    }
}

enum Length {
    IsNot,
    Unknown,
    /// With its head.
    Is(usize),
}

fn message_length(message: &[u8]) -> Length {
    let mut reader = Reader(message);
    if reader.u8().is_some_and(|kind| kind != CLIENT_HELLO) {
        return Length::IsNot;
    }
    let (Some(high), Some(low)) = (reader.u8(), reader.u16()) else {
        return Length::Unknown;
    };
    let length = (usize::from(high) << 16) | usize::from(low);
    Length::Is(MESSAGE_HEAD + length)
}

/// The body of a `ClientHello`; `None` when it is none.
fn parse(body: &[u8]) -> Option<ClientHello> {
    let mut reader = Reader(body);
    reader.take(2)?;
    let random = 32;
    reader.take(random)?;
    let session = reader.list8()?;
    let suites = reader.list16()?;
    let compressions = reader.list8()?;
    let is_sound = session.0.len() <= 32
        && !suites.0.is_empty()
        && suites.0.len().is_multiple_of(2)
        && !compressions.0.is_empty();
    if !is_sound {
        return None;
    }
    let mut hello = ClientHello::default();
    if reader.0.is_empty() {
        // Before TLS 1.2 extensions were optional.
        return Some(hello);
    }
    let mut extensions = reader.list16()?;
    if !reader.0.is_empty() {
        return None;
    }
    let mut seen = (false, false);
    while !extensions.0.is_empty() {
        let kind = extensions.u16()?;
        let content = extensions.list16()?;
        match kind {
            SERVER_NAME if seen.0 => return None,
            ALPN if seen.1 => return None,
            SERVER_NAME => {
                seen.0 = true;
                hello.server_name = printable(server_name(content)?);
            }
            ALPN => {
                seen.1 = true;
                hello.alpn = alpn(content)?;
            }
            _other => {}
        }
    }
    Some(hello)
}

/// The name in a server name extension, empty when it has none of the kind that there is; `None`
/// when the extension is broken.
fn server_name(mut content: Reader<'_>) -> Option<&[u8]> {
    let mut names = content.list16()?;
    if names.0.is_empty() || !content.0.is_empty() {
        return None;
    }
    let mut found: &[u8] = &[];
    while !names.0.is_empty() {
        let kind = names.u8()?;
        let name = names.list16()?;
        if kind != HOST_NAME {
            continue;
        }
        if !found.is_empty() || name.0.is_empty() || name.0.len() > 255 {
            return None;
        }
        found = name.0;
    }
    Some(found)
}

/// A name as text, lower case, when it may stand in a log line.
fn printable(name: &[u8]) -> Option<String> {
    let printable = !name.is_empty() && name.iter().all(u8::is_ascii_graphic);
    printable.then(|| String::from_utf8_lossy(name).to_ascii_lowercase())
}

/// The names in an ALPN extension; `None` when the extension is broken.
fn alpn(mut content: Reader<'_>) -> Option<Vec<String>> {
    let mut names = content.list16()?;
    if names.0.is_empty() || !content.0.is_empty() {
        return None;
    }
    let mut found = Vec::new();
    while !names.0.is_empty() {
        let name = names.list8()?;
        if name.0.is_empty() {
            return None;
        }
        found.push(String::from_utf8_lossy(name.0).into_owned());
    }
    Some(found)
}

/// A record's content, if it is there.
enum Record<'a> {
    IsNot,
    /// So many bytes are missing, at least.
    More(usize),
    Is(&'a [u8]),
}

/// Takes bytes from the front.
#[derive(Clone, Copy)]
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn u8(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn u16(&mut self) -> Option<u16> {
        let (first, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u16::from_be_bytes(*first))
    }

    /// A list whose length stands before it in a byte.
    fn list8(&mut self) -> Option<Self> {
        let length = self.u8()?;
        self.take(length.into()).map(Reader)
    }

    /// A list whose length stands before it in two bytes.
    fn list16(&mut self) -> Option<Self> {
        let length = self.u16()?;
        self.take(length.into()).map(Reader)
    }

    /// The next record, which must be of a handshake. Wrong bytes are noticed as soon as they are
    /// there.
    fn record(&mut self) -> Record<'a> {
        let mut ahead = *self;
        if ahead.u8().is_some_and(|kind| kind != HANDSHAKE) {
            return Record::IsNot;
        }
        if ahead.u8().is_some_and(|major| major != 3) {
            return Record::IsNot;
        }
        let (Some(_minor), Some(length)) = (ahead.u8(), ahead.u16()) else {
            // Each byte of the head may show that it is none.
            return Record::More(1);
        };
        let length = usize::from(length);
        if length == 0 || length > RECORD {
            return Record::IsNot;
        }
        let Some(fragment) = ahead.take(length) else {
            return Record::More(length - ahead.0.len());
        };
        *self = ahead;
        Record::Is(fragment)
    }
}

#[cfg(test)]
pub(crate) mod tests;
