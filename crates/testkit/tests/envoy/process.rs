//! A stock Envoy process that serves a proxy's resources from a static bootstrap.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use sealane_mesh::network::Network;
use sealane_seam::{TcpTransport, Transport};
use sealane_xds::names::{VIRTUAL_INBOUND, VIRTUAL_OUTBOUND};
use sealane_xds::static_bootstrap::{Places, to_json};
use sealane_xds::{Resources, json};
use serde_json::Value;
use tempfile::TempDir;
use tokio::time::{interval, timeout};

/// Every listener of Envoy: a free port of loopback.
const FREE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
/// How long Envoy may take until it serves; it needs a second on an idle machine.
const START: Duration = Duration::from_mins(1);
/// How often it is asked whether it serves.
const PAUSE: Duration = Duration::from_millis(20);
/// How long one answer of its admin interface may take.
const ANSWER: Duration = Duration::from_secs(10);

/// The binary that `scripts/install-envoy` brings; nothing where there is none.
pub(crate) fn binary() -> Option<PathBuf> {
    let libraries = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.venv/lib");
    let versions = fs::read_dir(libraries).ok()?;
    let packages = versions.map(|version| version.map(|it| it.path().join("site-packages")));
    let binaries = packages.map(|folder| folder.map(|it| it.join("envoy/_bin/envoy")));
    binaries
        .filter_map(Result::ok)
        .find(|binary| binary.is_file())
}

/// A running Envoy. It is killed when this is dropped, by a panic too.
pub(crate) struct Envoy {
    process: Process,
    /// Where its listeners are on this machine, by name.
    listeners: BTreeMap<String, SocketAddr>,
}

impl Envoy {
    /// Serves `resources`; endpoints are where `network` has them. All its listeners accept when this returns.
    pub(crate) async fn start(
        binary: &Path,
        resources: &Resources,
        network: &Network,
    ) -> Result<Self> {
        let endpoint = |ip: &str, port| network.socket_of(SocketAddr::new(ip.parse().ok()?, port));
        let places = Places {
            admin: FREE,
            // What these two take is told apart by its original destination, which only a kernel knows.
            listener: &|it| {
                (![VIRTUAL_OUTBOUND, VIRTUAL_INBOUND].contains(&it.name.as_str())).then_some(FREE)
            },
            endpoint: &endpoint,
        };
        let bootstrap = json::pretty_text(&to_json(resources, &places));
        let mut process = Process::spawn(binary, &bootstrap)?;
        let serving = timeout(START, process.serving()).await;
        let listeners = match serving {
            Ok(listeners) => listeners,
            Err(_) => Err(anyhow::anyhow!("not ready within {} s", START.as_secs())),
        };
        let listeners = listeners.with_context(|| format!("Envoy: {}", process.log()))?;
        Ok(Self { process, listeners })
    }

    /// Where the listener is that takes connections to a mesh address.
    pub(crate) fn listener(&self, destination: SocketAddr) -> Result<SocketAddr> {
        let names = [destination.ip().to_string(), "0.0.0.0".to_owned()];
        let names = names.map(|ip| format!("{ip}_{}", destination.port()));
        let found = names.iter().find_map(|name| self.listeners.get(name));
        found.copied().with_context(|| {
            let log = self.process.log();
            format!(
                "no listener takes {destination}: {:?} {log}",
                self.listeners
            )
        })
    }
}

/// The process with its folder.
struct Process {
    child: Child,
    folder: TempDir,
}

impl Process {
    fn spawn(binary: &Path, bootstrap: &str) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("bootstrap.json");
        fs::write(&file, bootstrap)?;
        let log = File::create(folder.path().join("log"))?;
        let child = Command::new(binary)
            .args(["--concurrency", "1", "--log-level", "error"])
            .arg("--disable-hot-restart")
            .arg("--admin-address-path")
            .arg(folder.path().join("admin"))
            .arg("--config-path")
            .arg(&file)
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| binary.display().to_string())?;
        Ok(Self { child, folder })
    }

    /// What it has said.
    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Waits until it serves; yields where its listeners are.
    async fn serving(&mut self) -> Result<BTreeMap<String, SocketAddr>> {
        let mut again = interval(PAUSE);
        loop {
            again.tick().await;
            if let Some(status) = self.child.try_wait()? {
                bail!("it ended: {status}");
            }
            let Some(admin) = self.admin() else {
                continue;
            };
            if matches!(get(admin, "/ready").await, Ok((StatusCode::OK, _))) {
                let (status, body) = get(admin, "/listeners?format=json").await?;
                ensure!(status == StatusCode::OK, "its listeners: {status}");
                return listeners(&serde_json::from_slice(&body)?);
            }
        }
    }

    /// Where its admin interface is, once it has written that down.
    fn admin(&self) -> Option<SocketAddr> {
        let written = fs::read_to_string(self.folder.path().join("admin")).ok()?;
        written.trim().parse().ok()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // One that has ended by itself needs no end.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The bound addresses by the names of the listeners.
fn listeners(answer: &Value) -> Result<BTreeMap<String, SocketAddr>> {
    let listener = |status: &Value| {
        let socket = &status["local_address"]["socket_address"];
        let ip = socket["address"].as_str()?.parse().ok()?;
        let port = u16::try_from(socket["port_value"].as_u64()?).ok()?;
        let name = status["name"].as_str()?.to_owned();
        Some((name, SocketAddr::new(ip, port)))
    };
    let statuses = answer["listener_statuses"].as_array();
    let all: Option<_> = statuses.into_iter().flatten().map(listener).collect();
    all.with_context(|| format!("a listener without an address: {answer}"))
}

async fn get(admin: SocketAddr, path: &str) -> Result<(StatusCode, Bytes)> {
    let exchange = async {
        let connection = TcpTransport.connect(admin).await?;
        let (mut sender, driver) = http1::handshake(TokioIo::new(connection.io)).await?;
        let request = Request::get(path)
            .header(header::HOST, admin.to_string())
            .header(header::CONNECTION, "close")
            .body(Empty::<Bytes>::new())?;
        let answer = async {
            let answer = sender.send_request(request).await?;
            let status = answer.status();
            Ok((status, answer.into_body().collect().await?.to_bytes()))
        };
        let (answer, _) = tokio::join!(answer, driver);
        answer
    };
    timeout(ANSWER, exchange).await?
}
