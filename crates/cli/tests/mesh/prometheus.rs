//! The same questions, asked of a real Prometheus (Debian package `prometheus`) that scrapes the
//! mesh; skipped where there is none.

use std::fmt::Write as _;
use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::manifests::{behaving, service};
use crate::metrics::flagger_success_rate;
use crate::run::{Up, until};
use crate::wire::{Wire, captured};

/// A running Prometheus, killed when it is dropped.
struct Prometheus {
    process: Child,
    address: SocketAddr,
    _folder: TempDir,
}

impl Prometheus {
    /// One that scrapes `admin` every second; `None` where there is no Prometheus.
    fn scraping(admin: SocketAddr) -> Option<Self> {
        let folder = TempDir::new().unwrap();
        let config = folder.path().join("prometheus.yml");
        let text = format!(
            "global: {{scrape_interval: 1s}}
scrape_configs:
- job_name: mesh
  metrics_path: /stats/prometheus
  static_configs: [{{targets: ['{admin}']}}]
"
        );
        fs::write(&config, text).unwrap();
        // It cannot take a free port by itself.
        let free = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let process = Command::new("prometheus")
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().display()))
            .arg(format!("--web.listen-address={address}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let prometheus = Self {
            process: process.ok()?,
            address,
            _folder: folder,
        };
        until("Prometheus answers", || TcpStream::connect(address).ok());
        Some(prometheus)
    }

    /// The one number that a query gives, when it gives one.
    fn ask(&self, query: &str) -> Option<f64> {
        let mut encoded = String::new();
        for byte in query.bytes() {
            write!(encoded, "%{byte:02X}").unwrap();
        }
        let target = format!("/api/v1/query?query={encoded}");
        let answer = Wire::to(self.address).get(&target, &[("host", "localhost")]);
        // While it starts, it says so in words.
        let answer: Value = serde_json::from_str(&answer.body).ok()?;
        let samples = answer["data"]["result"].as_array()?;
        let [sample] = samples.as_slice() else {
            return None;
        };
        sample["value"][1].as_str()?.parse().ok()
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

#[test]
fn a_real_prometheus_gives_flagger_the_share_that_succeeded() {
    let annotations = r#"{sealane.dev/status-sequence: "200,500,200,500,200,200,200,200,200,200"}"#;
    let shop = behaving("default", ("shop", "v1"), 1, annotations);
    let up = Up::of(&(service("default", "shop") + &shop));
    // The first two begin both series: how a series grows is told from its first scrape on.
    let client = up.capture("client");
    for _ in 0..2 {
        captured(client, "http://shop:8000/", &[]);
    }
    until("both are counted", || {
        let exposed = Wire::to(up.admin()).get("/stats/prometheus", &[("host", "localhost")]);
        let is_failure = |line: &str| {
            line.starts_with("istio_requests_total{reporter=\"destination\"")
                && line.contains("response_code=\"500\"")
        };
        exposed.body.lines().any(is_failure).then_some(())
    });
    let Some(prometheus) = Prometheus::scraping(up.admin()) else {
        println!("skipped: no prometheus here");
        return;
    };
    let seen = r#"min(count_over_time(istio_requests_total{reporter="destination"}[5m]))"#;
    let both = r#"sum(istio_requests_total{reporter="destination"})"#;
    until("Prometheus has seen both series", || {
        (prometheus.ask(both)? > 1.5 && prometheus.ask(seen)? > 1.5).then_some(())
    });
    for _ in 0..8 {
        captured(client, "http://shop:8000/", &[]);
    }
    until("Prometheus has seen all requests", || {
        (prometheus.ask(both)? > 9.5).then_some(())
    });
    let query = flagger_success_rate("shop-v1").replace("[1m]", "[5m]");
    let rate = prometheus.ask(&query).unwrap();
    // One of eight failed. Prometheus extrapolates each series on its own, so the share is not
    // exact; one failure more or less would be 12.5 off.
    assert!((rate - 87.5).abs() < 4.0, "{rate}");
}
