//! HTTP/2 by its frames.

use tokio::io::AsyncReadExt;

pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const PRIORITY: u8 = 2;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;
pub(crate) const UNKNOWN: u8 = 0xfa;

pub(crate) const ACK: u8 = 0x1;
pub(crate) const END_STREAM: u8 = 0x1;
pub(crate) const END_HEADERS: u8 = 0x4;
pub(crate) const PADDED: u8 = 0x8;

/// `GET / HTTP/2` of `reviews`, in HPACK.
pub(crate) const HEAD: &[u8] = b"\x82\x86\x84\x41\x07reviews";

/// A frame.
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let head = [length[1], length[2], length[3], kind, flags];
    [&head, &stream.to_be_bytes()[..], payload].concat()
}

/// A request without a body.
pub(crate) fn request(stream: u32) -> Vec<u8> {
    frame(HEADERS, END_HEADERS | END_STREAM, stream, HEAD)
}

/// The beginning of a request with a body.
pub(crate) fn upload(stream: u32) -> Vec<u8> {
    let head = [b"\x83", &HEAD[1..]].concat();
    frame(HEADERS, END_HEADERS, stream, &head)
}

/// Gives a stream up.
pub(crate) fn reset(stream: u32) -> Vec<u8> {
    frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes())
}

/// The number of the `n`th stream of a caller.
pub(crate) fn stream(n: usize) -> u32 {
    u32::try_from(2 * n + 1).unwrap()
}

/// A frame that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Read {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

impl Read {
    /// The last stream and the error code of a GOAWAY.
    pub(crate) fn go_away(&self) -> Option<(u32, u32)> {
        let number = |at: usize| u32::from_be_bytes(self.payload[at..at + 4].try_into().unwrap());
        (self.kind == GOAWAY).then(|| (number(0), number(4)))
    }
}

/// The next frame; `None` when the connection is closed.
pub(crate) async fn read(io: &mut (impl AsyncReadExt + Unpin)) -> Option<Read> {
    let mut head = [0; 9];
    io.read_exact(&mut head).await.ok()?;
    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
    let mut payload = vec![0; usize::try_from(length).unwrap()];
    io.read_exact(&mut payload).await.ok()?;
    Some(Read {
        kind: head[3],
        flags: head[4],
        stream: u32::from_be_bytes(head[5..].try_into().unwrap()),
        payload,
    })
}
