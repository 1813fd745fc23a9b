//! One proxy between a caller and a workload, on a network in memory and one thread.

use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::SystemTime;

use sealane_proxy::proxy::{Kind, Outside, Proxy};
use sealane_proxy::worker::Worker;
use sealane_runtime::Runtime;
use sealane_runtime::endpoint::EndpointAddress;
use sealane_seam::{
    BoxFuture, BoxIo, LocalSpawner, MemoryTransport, Resolved, Resolver, SeededRandom, TokioClock,
    Transport,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::LocalSet;

use crate::meshes;

/// What the workload answers.
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\nok";
/// What the caller asks.
const REQUEST: &[u8] = b"GET /exact/0 HTTP/1.1\r\nhost: shop:9080\r\nuser-agent: bench\r\n\
accept: */*\r\n\r\n";

/// A caller's connection through its proxy, warm.
pub struct Proxied {
    runtime: tokio::runtime::Runtime,
    local: LocalSet,
    io: BoxIo,
}

struct NoNames;

impl Resolver for NoNames {
    fn resolve<'a>(&'a self, _host: &'a str) -> BoxFuture<'a, io::Result<Resolved>> {
        Box::pin(async { Err(io::ErrorKind::NotFound.into()) })
    }
}

impl Proxied {
    /// A mesh of `rules` rules, and a connection that has already carried requests.
    ///
    /// # Panics
    /// When the mesh does not answer.
    pub fn warm(rules: usize) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a thread has a runtime");
        let local = LocalSet::new();
        let io = local.block_on(&runtime, async {
            connect(meshes::runtime(&meshes::rules(rules)))
        });
        let mut proxied = Self { runtime, local, io };
        proxied.exchange(200);
        proxied
    }

    /// Sends `times` requests, one after the other, each answered before the next.
    ///
    /// # Panics
    /// When an answer is not the workload's.
    pub fn exchange(&mut self, times: usize) {
        let Self { runtime, local, io } = self;
        local.block_on(runtime, async {
            let mut answer = Vec::with_capacity(1024);
            for _ in 0..times {
                answer.clear();
                io.write_all(REQUEST).await.expect("the proxy reads");
                while !answer.ends_with(b"\r\n\r\nok") {
                    let read = io.read_buf(&mut answer).await;
                    assert!(read.is_ok_and(|read| read > 0), "the proxy answers");
                }
                assert!(answer.starts_with(b"HTTP/1.1 200"), "the workload answers");
            }
        });
    }
}

fn connect(runtime: Runtime) -> BoxIo {
    let network = MemoryTransport::new();
    for address in endpoints(&runtime) {
        serve(&network, address);
    }
    let destination = SocketAddr::from(([127, 20, 0, 1], meshes::PORT));
    let outside = Outside {
        clock: Arc::new(TokioClock::starting_at(SystemTime::UNIX_EPOCH)),
        random: Arc::new(SeededRandom::new(1)),
        workload: Arc::new(network.clone()),
        transport: Arc::new(network),
        resolver: Arc::new(NoNames),
    };
    let proxy = Proxy::new("client.default", Kind::Sidecar, outside);
    proxy.install(runtime);
    let worker = Worker::new(Arc::new(proxy), Rc::new(LocalSpawner));
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    let caller = SocketAddr::from(([127, 10, 0, 1], 40_000));
    // The task ends with the connection.
    drop(tokio::task::spawn_local(async move {
        worker
            .serve_captured(Box::new(theirs), destination, caller)
            .await;
    }));
    Box::new(ours)
}

fn endpoints(runtime: &Runtime) -> Vec<SocketAddr> {
    let clusters = runtime.clusters.values();
    let groups = clusters.flat_map(|cluster| &cluster.endpoints.localities);
    let endpoints = groups.flat_map(|group| &group.endpoints);
    let mut addresses: Vec<SocketAddr> = endpoints
        .filter_map(|endpoint| match &endpoint.address {
            EndpointAddress::Socket(address) => Some(*address),
            EndpointAddress::Name { .. } => None,
        })
        .collect();
    addresses.sort();
    addresses.dedup();
    addresses
}

/// A workload that reads a request's head and answers.
fn serve(network: &MemoryTransport, address: SocketAddr) {
    let bound = network.bind(address).expect("the address is free");
    let mut accept = bound.accept_here().expect("a thread accepts once");
    // The workload lives as long as the benchmark.
    drop(tokio::task::spawn_local(async move {
        let _bound = bound;
        while let Ok(connection) = accept.accept().await {
            drop(tokio::task::spawn_local(answer(connection.io)));
        }
    }));
}

async fn answer(mut io: BoxIo) {
    let mut head = Vec::with_capacity(4096);
    loop {
        match io.read_buf(&mut head).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        if head.ends_with(b"\r\n\r\n") {
            head.clear();
            if io.write_all(ANSWER).await.is_err() {
                return;
            }
        }
    }
}
