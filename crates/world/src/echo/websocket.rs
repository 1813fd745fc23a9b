//! The protocol of RFC 6455: what a caller says comes back.

mod digest;

use std::io;

use http::header::{CONNECTION, HeaderName, HeaderValue, UPGRADE};
use http::request::Parts;
use http::{Response, StatusCode};
use http_body_util::Full;
use sealane_model::base64;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::echo::streams::Reply;

const KEY: HeaderName = HeaderName::from_static("sec-websocket-key");
const ACCEPT: HeaderName = HeaderName::from_static("sec-websocket-accept");
/// What the protocol adds to the key.
const MAGIC: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// Bytes of a frame, at most.
const FRAME: u64 = 1024 * 1024;

const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xA;

/// The answer to a caller that asks for a WebSocket; `None` for others.
pub(super) fn accept(head: &Parts) -> Option<Response<Reply>> {
    let upgrade = head.headers.get(UPGRADE)?;
    if !upgrade.as_bytes().eq_ignore_ascii_case(b"websocket") {
        return None;
    }
    let key = head.headers.get(KEY)?.to_str().ok()?;
    let accept = base64::encode(&digest::sha1(format!("{key}{MAGIC}").as_bytes()));
    let mut response = Response::new(Reply::Whole(Full::default()));
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(ACCEPT, HeaderValue::try_from(accept).ok()?);
    Some(response)
}

/// Says everything back, until the caller closes.
pub(super) async fn echo(mut io: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<()> {
    loop {
        let (first, payload) = frame(&mut io).await?;
        let answer = match first & 0x0F {
            PING => first & 0xF0 | PONG,
            PONG => continue,
            _ => first,
        };
        write(&mut io, answer, &payload).await?;
        if first & 0x0F == CLOSE {
            return io.shutdown().await;
        }
    }
}

/// Reads a frame: its first byte, and its payload without the mask.
async fn frame(io: &mut (impl AsyncRead + Unpin)) -> io::Result<(u8, Vec<u8>)> {
    let (first, second) = (io.read_u8().await?, io.read_u8().await?);
    let length = match second & 0x7F {
        126 => u64::from(io.read_u16().await?),
        127 => io.read_u64().await?,
        length => u64::from(length),
    };
    if second & 0x80 == 0 {
        return Err(bad("a frame without a mask"));
    }
    if length > FRAME {
        return Err(bad("a frame that is too long"));
    }
    let mut mask = [0; 4];
    io.read_exact(&mut mask).await?;
    let length = usize::try_from(length).map_err(io::Error::other)?;
    let mut payload = vec![0; length];
    io.read_exact(&mut payload).await?;
    for (byte, mask) in payload.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
    Ok((first, payload))
}

/// Writes a frame as servers do, without a mask.
async fn write(io: &mut (impl AsyncWrite + Unpin), first: u8, payload: &[u8]) -> io::Result<()> {
    let mut head = vec![first];
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(length @ ..126), _) => head.push(length),
        (_, Ok(length)) => {
            head.push(126);
            head.extend(length.to_be_bytes());
        }
        (_, Err(_)) => {
            let length = u64::try_from(payload.len()).map_err(io::Error::other)?;
            head.push(127);
            head.extend(length.to_be_bytes());
        }
    }
    io.write_all(&head).await?;
    io.write_all(payload).await?;
    io.flush().await
}

fn bad(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    #[test]
    fn the_key_of_the_rfc_is_accepted_as_there() {
        let ask = |upgrade: &str| {
            let request = Request::get("/").header("upgrade", upgrade);
            let request = request.header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
            accept(&request.body(()).unwrap().into_parts().0)
        };
        let answer = ask("WebSocket").unwrap();
        assert_eq!(answer.status(), StatusCode::SWITCHING_PROTOCOLS);
        assert_eq!(answer.headers()[ACCEPT], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert!(ask("h2c").is_none());
    }

    #[tokio::test]
    async fn frames_come_back_without_their_mask_and_a_ping_is_a_pong() {
        let (mut ours, theirs) = tokio::io::duplex(1024);
        let serving = tokio::spawn(echo(theirs));
        // "Hi", a ping and a close, masked with 1, 2, 3, 4.
        let said = [0x81, 0x82, 1, 2, 3, 4, b'H' ^ 1, b'i' ^ 2];
        ours.write_all(&said).await.unwrap();
        ours.write_all(&[0x89, 0x80, 1, 2, 3, 4]).await.unwrap();
        ours.write_all(&[0x88, 0x80, 1, 2, 3, 4]).await.unwrap();
        let mut back = Vec::new();
        ours.read_to_end(&mut back).await.unwrap();
        assert_eq!(back, [0x81, 2, b'H', b'i', 0x8A, 0, 0x88, 0]);
        serving.await.unwrap().unwrap();
    }
}
