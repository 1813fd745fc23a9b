//! How a mesh is run.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use sealane_compile::MeshSettings;
use sealane_proxy::telemetry::access_log::{AccessLog, NoAccessLog};
use sealane_proxy::telemetry::event::{Events, NoEvents};
use sealane_seam::{Clock, Descriptors, Random};
use sealane_world::echo::{NoRecorder, Recorder};

use crate::processes::Launching;

/// Where the mesh's addresses are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    /// In memory, all on the thread of whoever starts the mesh.
    Memory,
    /// On loopback sockets, with this many traffic threads.
    Sockets {
        /// At least one is started.
        threads: usize,
    },
}

/// How a mesh is run.
#[derive(Clone)]
pub struct Options {
    /// Where the mesh's addresses are.
    pub carrier: Carrier,
    /// Istio's mesh-wide settings.
    pub settings: MeshSettings,
    /// Whether calls to workloads pass their inbound proxies.
    pub inbound: bool,
    /// The address of this machine that gateways listen on.
    pub bind: IpAddr,
    /// Gateway ports that are moved: a port of a gateway's Service to a port of this machine,
    /// 0 for a free one. The others are where the gateway's pod has them; `None` moves all to free
    /// ones.
    pub gateway_ports: Option<BTreeMap<u16, u16>>,
    /// How long requests in flight may take when something stops.
    pub drain_time: Duration,
    /// What tells the time.
    pub clock: Arc<dyn Clock>,
    /// Randomness for identifiers, jitter and balancing.
    pub random: Arc<dyn Random>,
    /// Takes a record of each request.
    pub access_log: Arc<dyn AccessLog>,
    /// Takes the replies that proxies make themselves.
    pub events: Arc<dyn Events>,
    /// The connections of this process; more than it says are turned away.
    pub descriptors: Arc<Descriptors>,
    /// Hears of everything that reaches a workload.
    pub recorder: Arc<dyn Recorder>,
    /// Whether what rules name and nothing declares is invented.
    pub invent: bool,
    /// Whether addresses that are not the mesh's are reached for real, and pods may stand for
    /// sockets of this machine.
    pub beyond: bool,
    /// What runs the commands of pods; without it they are simulated.
    pub launching: Option<Launching>,
}

impl Options {
    /// The defaults of `sealane up`, without logs; nothing is invented, no command runs,
    /// and nothing beyond the mesh is reached.
    pub fn new(carrier: Carrier, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self {
            carrier,
            settings: MeshSettings::default(),
            inbound: true,
            bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
            gateway_ports: Some(BTreeMap::new()),
            drain_time: Duration::from_secs(5),
            clock,
            random,
            access_log: Arc::new(NoAccessLog),
            events: Arc::new(NoEvents),
            descriptors: Descriptors::unlimited(),
            recorder: Arc::new(NoRecorder),
            invent: false,
            beyond: false,
            launching: None,
        }
    }
}
