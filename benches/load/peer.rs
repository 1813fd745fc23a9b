//! A proxy as a process, and what the system says of it.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tempfile::TempDir;
use tokio::net::TcpStream;

/// How long a process may take until it accepts.
const START: Duration = Duration::from_secs(30);
/// How often it is asked.
const PAUSE: Duration = Duration::from_millis(20);

/// A running proxy. It is killed when this is dropped.
pub(crate) struct Peer {
    name: &'static str,
    child: Child,
    address: SocketAddr,
    /// Its configuration, as long as it runs.
    _folder: TempDir,
}

/// What one round cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Figures {
    /// Processor time of the process.
    pub(crate) cpu: Duration,
    /// How long the round took.
    pub(crate) took: Duration,
    /// Resident memory at its end, in bytes.
    pub(crate) resident: u64,
    /// Requests that the second origin had.
    pub(crate) second: u64,
}

impl Peer {
    /// Starts `command`, whose configuration is in `folder`, and waits until it accepts.
    pub(crate) async fn start(
        name: &'static str,
        command: &mut Command,
        folder: TempDir,
        address: SocketAddr,
    ) -> Result<Self> {
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("{}", command.get_program().display()))?;
        let mut peer = Self {
            name,
            child,
            address,
            _folder: folder,
        };
        let accepting = async {
            while TcpStream::connect(address).await.is_err() {
                if let Some(status) = peer.child.try_wait()? {
                    bail!("{name} ended: {status}");
                }
                tokio::time::sleep(PAUSE).await;
            }
            Ok(())
        };
        tokio::time::timeout(START, accepting).await??;
        Ok(peer)
    }

    pub(crate) const fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Processor time of all its threads so far, as the scheduler counts it.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        let mut nanos = 0;
        for task in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let Ok(text) = fs::read_to_string(task?.path().join("schedstat")) else {
                // A thread that ended between the listing and the look.
                continue;
            };
            let on_cpu = text.split(' ').next().unwrap_or_default();
            nanos += on_cpu.parse::<u64>()?;
        }
        Ok(Duration::from_nanos(nanos))
    }

    /// Resident memory, in bytes.
    pub(crate) fn resident(&self) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().split(' ').next());
        Ok(kib.context("no VmRSS")?.parse::<u64>()? * 1024)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A port of loopback that is free now.
pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
