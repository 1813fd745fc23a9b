//! The other side of a hop: connections to the workload.

use std::collections::BTreeMap;
use std::sync::Arc;

use sealane_runtime::cluster::Discovery;
use sealane_runtime::listener::{Direction, Network};
use sealane_runtime::route::Action;

use crate::build::{address, cluster, forward, listener, manager, route, runtime, table};
use crate::fixture::{Bench, get, run};

const POD: &str = "127.10.0.9:9080";

#[test]
fn an_inbound_connection_reaches_the_workload_at_its_own_address() {
    run(async {
        let mut listener = listener(Network::Http(Arc::new(manager())));
        listener.name = "virtualInbound".into();
        listener.address = address("0.0.0.0:15006");
        listener.direction = Direction::Inbound;
        listener.use_original_destination = true;
        let mut inbound = cluster("inbound|9080||", &[]);
        inbound.discovery = Discovery::OriginalDestination { port: None };
        let mut to_workload = route(
            "/",
            Action::Forward(Box::new(forward(&[("inbound|9080||", 1)]))),
        );
        to_workload.decorator = Some("ignored".into());
        let mut served = runtime(listener, table("*", vec![to_workload]), vec![inbound]);
        served.listeners.extend(BTreeMap::from([outbound()]));
        let bench = Bench::beside_workload(served);
        let seen = bench.echo(POD, "itself");
        let mut call = get("/");
        let operation = "reviews:9080/*".parse().unwrap();
        call.headers_mut()
            .insert("x-envoy-decorator-operation", operation);
        let answer = bench.call(POD, call).await;
        assert_eq!((answer.status.as_u16(), &*answer.body), (200, "itself"));
        assert_eq!(seen.header("x-envoy-decorator-operation"), None);
        let record = bench.record().await;
        assert_eq!(record.cluster.as_deref(), Some("inbound|9080||"));
        assert_eq!(record.upstream_host, Some(address(POD)));
        assert_eq!(record.downstream_local, address(POD));
    });
}

/// A listener that must not take inbound connections though its address fits.
fn outbound() -> (Arc<str>, Arc<sealane_runtime::listener::Listener>) {
    let mut other = listener(Network::Http(Arc::new(manager())));
    other.name = "0.0.0.0_9080".into();
    other.address = address("0.0.0.0:9080");
    (Arc::clone(&other.name), Arc::new(other))
}
