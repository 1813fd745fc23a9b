//! A connection of text lines: each is answered with `WORKLOAD LINE`.

use std::io;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::echo::arrival::Arrived;
use crate::echo::live::Live;
use crate::echo::phase::Phase;
use crate::echo::sniff::Rewound;

/// Bytes of a line, at most; a longer one closes the connection.
const LONGEST: usize = 64 * 1024;

/// Answers line by line until the caller ends, or until the pod drains and no line is begun. What
/// follows the last line end is a line too.
pub(super) async fn serve(
    live: &Live,
    port: u16,
    mut io: Rewound,
    mut phase: Phase,
) -> io::Result<()> {
    let mut buffer = BytesMut::new();
    loop {
        let begun = !buffer.is_empty();
        let ended = tokio::select! {
            biased;
            read = io.read_buf(&mut buffer) => read? == 0,
            () = phase.draining(), if !begun => return io.shutdown().await,
        };
        while let Some(end) = buffer.iter().position(|byte| *byte == b'\n') {
            let line = buffer.split_to(end + 1);
            if !answer(live, port, &line, &mut io).await? {
                return Ok(());
            }
        }
        if ended {
            if !buffer.is_empty() {
                answer(live, port, &buffer, &mut io).await?;
            }
            return io.shutdown().await;
        }
        if buffer.len() > LONGEST {
            return Err(io::Error::other("a line is longer than 64 KiB"));
        }
    }
}

/// Answers one line; false when the connection shall be closed instead.
async fn answer(live: &Live, port: u16, line: &[u8], io: &mut Rewound) -> io::Result<bool> {
    let played = live.played();
    let text = String::from_utf8_lossy(line);
    let text = text.trim_end_matches(['\r', '\n']);
    live.record(&played.identity, port, Arrived::Line(text.to_owned()));
    if played.behaviour.reset {
        return Ok(false);
    }
    if !played.behaviour.delay.is_zero() {
        tokio::time::sleep(played.behaviour.delay).await;
    }
    let answer = format!("{} {text}\n", played.identity.workload);
    io.write_all(answer.as_bytes()).await?;
    io.flush().await?;
    Ok(true)
}
