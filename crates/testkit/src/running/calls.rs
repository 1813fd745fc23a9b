//! Makes an item's calls on a running mesh and collects what was seen of them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use sealane_world::workloads::WorldPod;
use sealane_world::world::World;

use sealane_xds::core::address::Address as Kind;
use sealane_xds::core::socket_address::PortSpecifier;
use sealane_xds::endpoint::lb_endpoint::HostIdentifier;
use sealane_xds::endpoint::{ClusterLoadAssignment, LbEndpoint};

use crate::client::{self, Answer};
use crate::evidence;
use crate::ground;
use crate::observed::Observed;
use crate::scenario::call::CallItem;
use crate::scenario::expect::Key;

use super::Running;

/// How long a proxy may take to write a call's line after the answer.
const LOGGING: Duration = Duration::from_millis(2500);
/// How often it is looked for.
const LOOK: Duration = Duration::from_millis(5);
/// How long copies may take to arrive after the answer.
const COPYING: Duration = Duration::from_millis(200);

impl Running {
    pub(super) async fn make(&mut self, item: &CallItem) -> Result<Vec<Observed>, String> {
        if item.server_name().is_some() {
            return Err("calls over TLS are not made yet".to_owned());
        }
        let world = self.mesh.world();
        let pods = ground::callers(&world, item.caller());
        let caller = *pods
            .first()
            .ok_or_else(|| format!("no workload is called {}", item.caller()))?;
        let proxy = format!("{}/{}", caller.namespace(), caller.name());
        drop((self.arrivals.take(), self.log.take(&proxy)));
        let answers = self.answers(item, &world, caller).await;
        let connected = answers
            .iter()
            .filter(|(_, answer)| answer.local.is_some())
            .count();
        self.settle(item, &proxy, connected).await;
        let (arrivals, lines) = (self.arrivals.take(), self.log.take(&proxy));
        let mut seen = evidence::assemble(answers, &arrivals, &lines);
        let clusters = self.candidates(&proxy, &world, &seen);
        for call in &mut seen {
            let cluster = call.log.as_ref().map(|log| log.cluster.as_str());
            call.candidates = cluster.and_then(|cluster| clusters.get(cluster).copied());
        }
        Ok(seen)
    }

    /// Makes the calls, as many at a time as the item says.
    async fn answers(
        &mut self,
        item: &CallItem,
        world: &World,
        caller: &WorldPod,
    ) -> Vec<(String, Answer)> {
        let first = self.made;
        self.made += u64::from(item.times);
        let at_a_time = usize::try_from(item.concurrency).unwrap_or(1).max(1);
        let this = &*self;
        let calls = (first..self.made).map(|number| async move {
            let mark = format!("c{number}");
            let answer = client::call(item, &mark, this.connect(item, world, caller)).await;
            (mark, answer)
        });
        stream::iter(calls)
            .buffer_unordered(at_a_time)
            .collect()
            .await
    }

    /// Waits until every call has its line, and copies have arrived where the item asks for them.
    async fn settle(&self, item: &CallItem, proxy: &str, lines: usize) {
        let mut waited = Duration::ZERO;
        while self.log.count(proxy) < lines && waited < LOGGING {
            tokio::time::sleep(LOOK).await;
            waited += LOOK;
        }
        if item
            .expect
            .iter()
            .any(|expectation| expectation.key == Key::Mirrored)
        {
            tokio::time::sleep(COPYING).await;
        }
    }

    /// To how many workloads the endpoints of each logged cluster belong.
    fn candidates(&self, proxy: &str, world: &World, seen: &[Observed]) -> BTreeMap<String, usize> {
        let Some(compiled) = self.mesh.control().compiled_for(proxy) else {
            return BTreeMap::new();
        };
        let clusters: BTreeSet<&str> = seen
            .iter()
            .filter_map(|call| call.log.as_ref())
            .map(|log| log.cluster.as_str())
            .collect();
        let count = |cluster: &&str| {
            let assignment = compiled.resources.endpoints.get(cluster)?;
            let addresses = addresses(assignment);
            let workloads: BTreeSet<String> = addresses
                .into_iter()
                .flat_map(|address| ground::behind(world, address))
                .collect();
            Some(((*cluster).to_owned(), workloads.len()))
        };
        clusters.iter().filter_map(count).collect()
    }
}

/// The addresses of an assignment's endpoints.
fn addresses(assignment: &ClusterLoadAssignment) -> Vec<SocketAddr> {
    let groups = assignment
        .endpoints
        .iter()
        .flat_map(|group| &group.lb_endpoints);
    groups.filter_map(address).collect()
}

fn address(endpoint: &LbEndpoint) -> Option<SocketAddr> {
    let HostIdentifier::Endpoint(endpoint) = endpoint.host_identifier.as_ref()? else {
        return None;
    };
    let Some(Kind::SocketAddress(socket)) = endpoint.address.as_ref()?.address.as_ref() else {
        return None;
    };
    let Some(PortSpecifier::PortValue(port)) = socket.port_specifier else {
        return None;
    };
    Some(SocketAddr::new(
        socket.address.parse().ok()?,
        u16::try_from(port).ok()?,
    ))
}
