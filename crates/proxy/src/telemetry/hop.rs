//! Who called whom: a proxy's own workload, and who is at the other end.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use sealane_runtime::listener::Direction;
use sealane_xds::names::BLACK_HOLE_CLUSTER;

use super::hashed::Hashed;
use super::metrics::labels::{CalledService, Hop, Reporter};
use super::workload::{NoWorkloads, Workload, Workloads};

/// Who a proxy is, and who it knows.
pub(crate) struct Who {
    /// Where the proxy's own workload is.
    address: Option<IpAddr>,
    workloads: Arc<dyn Workloads>,
    unknown: Hashed<Workload>,
    pub(crate) no_service: Hashed<CalledService>,
    pub(crate) black_hole: Hashed<CalledService>,
}

/// Whose connection it is that a hop is counted of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ends {
    /// Which way it goes.
    pub(crate) direction: Direction,
    /// Who called us.
    pub(crate) caller: IpAddr,
}

/// Who was called.
pub(crate) struct Called<'a> {
    /// The endpoint; `None` when none was chosen.
    pub(crate) address: Option<SocketAddr>,
    /// The workload there, as the endpoint's metadata has it.
    pub(crate) workload: Option<&'a Hashed<Workload>>,
    pub(crate) service: Hashed<CalledService>,
}

impl Default for Who {
    fn default() -> Self {
        let black_hole = CalledService {
            host: None,
            name: Some(Arc::from(BLACK_HOLE_CLUSTER)),
        };
        Self {
            address: None,
            workloads: Arc::new(NoWorkloads),
            unknown: Hashed::new(Workload::unknown()),
            no_service: Hashed::new(CalledService::default()),
            black_hole: Hashed::new(black_hole),
        }
    }
}

impl Who {
    /// A proxy whose workload is at `address`.
    pub(crate) fn at(address: IpAddr, workloads: Arc<dyn Workloads>) -> Self {
        Self {
            address: Some(address),
            workloads,
            ..Self::default()
        }
    }

    /// The hop to whom was `called`, on a connection with these `ends`.
    pub(crate) fn hop(&self, ends: Ends, called: Called<'_>) -> Hop {
        let own = self.known(self.address);
        let (reporter, source, destination) = match ends.direction {
            Direction::Inbound => {
                let caller = self.known(Some(ends.caller));
                (Reporter::Destination, caller, own)
            }
            Direction::Outbound | Direction::Unspecified => {
                (Reporter::Source, own, self.called(&called))
            }
        };
        Hop {
            reporter,
            source: source.unwrap_or_else(|| self.unknown.clone()),
            destination: destination.unwrap_or_else(|| self.unknown.clone()),
            service: called.service,
        }
    }

    /// Whoever knows addresses knows more of a workload than an endpoint's metadata says.
    fn called(&self, called: &Called<'_>) -> Option<Hashed<Workload>> {
        let there = self.known(called.address.map(|address| address.ip()));
        there.or_else(|| {
            called
                .workload
                .filter(|_| called.address.is_some())
                .cloned()
        })
    }

    fn known(&self, address: Option<IpAddr>) -> Option<Hashed<Workload>> {
        self.workloads.at(address?)
    }
}

impl fmt::Debug for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Who")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}
