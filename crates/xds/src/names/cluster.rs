//! Cluster names: `outbound|9080|v2|reviews.default.svc.cluster.local`.

use std::fmt;

/// The cluster of connections that go on to where they were meant to go.
pub const PASSTHROUGH_CLUSTER: &str = "PassthroughCluster";
/// The cluster without endpoints.
pub const BLACK_HOLE_CLUSTER: &str = "BlackHoleCluster";
/// As [`PASSTHROUGH_CLUSTER`], for connections that come in.
pub const INBOUND_PASSTHROUGH_CLUSTER: &str = "InboundPassthroughCluster";

/// Which way the traffic of a cluster goes, seen from the workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// Away from it: the port is the service's.
    Outbound,
    /// To it: the port is the workload's.
    Inbound,
}

impl Direction {
    /// The word in names.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Outbound => "outbound",
            Self::Inbound => "inbound",
        }
    }
}

/// The parts of a cluster's name, which `Display` puts together again:
/// `DIRECTION|PORT|SUBSET|HOST`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClusterName {
    /// Which way the traffic goes.
    pub direction: Direction,
    /// Port of the service (outbound) or of the workload (inbound).
    pub port: u16,
    /// Subset of the service; `None` for all of it.
    pub subset: Option<String>,
    /// Full host name of the service; empty for inbound clusters.
    pub host: String,
}

impl ClusterName {
    /// The cluster of a service's port, or of one subset of it. An empty subset is none.
    pub fn outbound(port: u16, subset: Option<&str>, host: impl Into<String>) -> Self {
        let subset = subset
            .filter(|subset| !subset.is_empty())
            .map(str::to_owned);
        Self {
            direction: Direction::Outbound,
            port,
            subset,
            host: host.into(),
        }
    }

    /// The cluster of a workload's own port: `inbound|9080||`.
    pub fn inbound(port: u16) -> Self {
        Self {
            direction: Direction::Inbound,
            port,
            subset: None,
            host: String::new(),
        }
    }

    /// Reads both forms, `outbound|9080|v2|host` and `outbound_.9080_.v2_.host`; `None` for any
    /// other name, which is one that Istio gives to a cluster of no service.
    pub fn parse(name: &str) -> Option<Self> {
        let separator = if name.contains('|') { "|" } else { "_." };
        let mut parts = name.splitn(4, separator);
        let direction = match parts.next()? {
            "outbound" => Direction::Outbound,
            "inbound" => Direction::Inbound,
            _ => return None,
        };
        let port = parts.next()?.parse().ok()?;
        let subset = Some(parts.next()?.to_owned()).filter(|subset| !subset.is_empty());
        let host = parts.next()?.to_owned();
        (!host.contains('|')).then_some(Self {
            direction,
            port,
            subset,
            host,
        })
    }

    /// The form that is a valid server name: `outbound_.9080_.v2_.host`.
    pub fn to_sni(&self) -> String {
        self.join("_.")
    }

    fn join(&self, separator: &str) -> String {
        let subset = self.subset.as_deref().unwrap_or_default();
        [
            self.direction.as_str(),
            &self.port.to_string(),
            subset,
            &self.host,
        ]
        .join(separator)
    }
}

impl fmt::Display for ClusterName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.join("|"))
    }
}
