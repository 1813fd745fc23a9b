//! The caller: a fixed number of requests over a fixed number of kept connections.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Result, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

const REQUEST: &[u8] =
    b"GET /anything HTTP/1.1\r\nhost: shop.example.com\r\nuser-agent: load\r\naccept: */*\r\n\r\n";
const GOOD: &[u8] = b"HTTP/1.1 200 ";
/// How long a round may take before it is given up.
const LIMIT: Duration = Duration::from_mins(5);

/// How much is asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    /// Requests in all.
    pub(crate) requests: usize,
    /// Connections at a time.
    pub(crate) connections: usize,
}

impl Load {
    /// Asks, and says how long it took. Every answer must be a 200.
    pub(crate) async fn run(&self, address: SocketAddr) -> Result<Duration> {
        let began = Instant::now();
        let mut callers = JoinSet::new();
        for number in 0..self.connections {
            let share = self.requests / self.connections;
            let rest = usize::from(number < self.requests % self.connections);
            callers.spawn(call(address, share + rest));
        }
        let all = async {
            while let Some(called) = callers.join_next().await {
                called??;
            }
            Ok(began.elapsed())
        };
        timeout(LIMIT, all).await?
    }
}

async fn call(address: SocketAddr, times: usize) -> Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut answer = Vec::with_capacity(4096);
    for _ in 0..times {
        answer.clear();
        stream.write_all(REQUEST).await?;
        while !answer.ends_with(b"hello, world") {
            let read = stream.read_buf(&mut answer).await?;
            // Another answer would end otherwise, and be waited for in vain.
            let is_good = read > 0 && (answer.len() < GOOD.len() || answer.starts_with(GOOD));
            ensure!(is_good, "{}", String::from_utf8_lossy(&answer));
        }
    }
    Ok(())
}
