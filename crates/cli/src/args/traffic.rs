//! Commands that make requests: `curl`, `traffic`.

use clap::{Args, Subcommand};

use super::{Output, ServerArgs};

/// `sealane curl`.
#[derive(Debug, Args)]
pub(crate) struct Curl {
    /// Where to, as the workload would write it: `http://reviews:9080/`
    #[arg(value_name = "URL")]
    pub(crate) url: String,
    /// The workload that calls: NAME or NAMESPACE/NAME
    #[arg(long, default_value = "client", value_name = "WORKLOAD")]
    pub(crate) from: String,
    /// A header, NAME: VALUE (repeatable)
    #[arg(short = 'H', long = "header", value_name = "HEADER")]
    pub(crate) headers: Vec<String>,
    /// The method; GET, or POST with a body
    #[arg(short = 'X', long = "request", value_name = "METHOD")]
    pub(crate) method: Option<String>,
    /// A body
    #[arg(short, long, value_name = "TEXT")]
    pub(crate) data: Option<String>,
    /// Show the head of the answer as well
    #[arg(short, long)]
    pub(crate) include: bool,
    /// Show only the head
    #[arg(short = 'I', long)]
    pub(crate) head: bool,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// `sealane traffic`.
#[derive(Debug, Args)]
pub(crate) struct Traffic {
    /// What to do with traffic.
    #[command(subcommand)]
    pub(crate) command: TrafficCommand,
}

/// The commands under `sealane traffic`.
#[derive(Debug, Subcommand)]
pub(crate) enum TrafficCommand {
    /// Call an URL many times and compare who answered with what is configured
    Test(TrafficTest),
}

/// `sealane traffic test`.
#[derive(Debug, Args)]
pub(crate) struct TrafficTest {
    /// Where to: a gateway's URL, or a service's as the workload would write it
    #[arg(value_name = "URL")]
    pub(crate) url: String,
    /// How many calls
    #[arg(short = 'n', long = "count", default_value_t = 100, value_name = "N")]
    pub(crate) count: u32,
    /// The workload that calls: NAME or NAMESPACE/NAME
    #[arg(long, default_value = "client", value_name = "WORKLOAD")]
    pub(crate) from: String,
    /// A header, NAME: VALUE (repeatable)
    #[arg(short = 'H', long = "header", value_name = "HEADER")]
    pub(crate) headers: Vec<String>,
    /// The form of the answer
    #[arg(short, long, value_enum, default_value_t = Output::Table)]
    pub(crate) output: Output,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}
