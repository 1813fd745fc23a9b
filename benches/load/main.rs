//! Sealane and a stock Envoy in turn, as whole processes, on the same split.
//!
//! Both send nine in ten requests to one origin and one in ten to another. Machines are shared and
//! noisy, so what counts is processor time, not time; the two run in turn, and the ratio of each
//! pair is what is to be quoted.

mod driver;
mod envoy;
mod origin;
mod peer;
mod sealane;
mod table;

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Parser;

use crate::driver::Load;
use crate::origin::Origin;
use crate::peer::{Figures, Peer};

/// Measures what a proxied request costs Sealane and Envoy.
#[derive(Debug, Parser)]
struct Options {
    /// The sealane binary
    #[arg(long, default_value = "target/release/sealane", value_name = "FILE")]
    sealane: PathBuf,
    /// The Envoy binary; without it only Sealane is measured
    #[arg(long, value_name = "FILE")]
    envoy: Option<PathBuf>,
    /// Requests of one round
    #[arg(long, default_value_t = 100_000, value_name = "N")]
    requests: usize,
    /// Connections at a time
    #[arg(long, default_value_t = 32, value_name = "N")]
    connections: usize,
    /// Rounds of each
    #[arg(long, default_value_t = 5, value_name = "N")]
    rounds: usize,
    /// Threads of each proxy that carry traffic
    #[arg(long, default_value_t = 1, value_name = "N")]
    threads: usize,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(measure(&options))
}

async fn measure(options: &Options) -> Result<()> {
    let origins = [Origin::start().await?, Origin::start().await?];
    let ports = origins.each_ref().map(Origin::port);
    let mut peers = vec![sealane::start(&options.sealane, ports, options.threads).await?];
    if let Some(binary) = &options.envoy {
        peers.push(envoy::start(binary, ports, options.threads).await?);
    }
    let load = Load {
        requests: options.requests,
        connections: options.connections,
    };
    let mut rounds: Vec<Vec<Figures>> = Vec::new();
    for round in 0..=options.rounds {
        let mut figures = Vec::new();
        for peer in &peers {
            figures.push(one(peer, &load, &origins).await?);
        }
        // The first round warms both.
        if round > 0 {
            rounds.push(figures);
        }
    }
    let names: Vec<&str> = peers.iter().map(Peer::name).collect();
    table::print(&names, &rounds, options.requests)
}

async fn one(peer: &Peer, load: &Load, origins: &[Origin; 2]) -> Result<Figures> {
    let served = || origins.each_ref().map(Origin::served);
    let (before, cpu) = (served(), peer.cpu()?);
    let took = load
        .run(peer.address())
        .await
        .with_context(|| peer.name().to_owned())?;
    let after = served();
    Ok(Figures {
        cpu: peer.cpu()?.saturating_sub(cpu),
        took,
        resident: peer.resident()?,
        second: after[1] - before[1],
    })
}
