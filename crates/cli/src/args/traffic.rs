//! Commands that make requests, or tell of those that were made: `curl`, `traffic`.

use std::time::Duration;

use clap::{Args, Subcommand};

use super::{Output, ServerArgs, duration};

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
    /// Show who answers the mesh's requests, and how, as they come
    Monitor(TrafficMonitor),
    /// Show the rules that proxies serve, in the order in which they try them
    Config(TrafficConfig),
}

/// `sealane traffic test`.
#[derive(Debug, Args)]
pub(crate) struct TrafficTest {
    /// Where to: a gateway's URL, or a service's as the workload would write it
    #[arg(value_name = "URL")]
    pub(crate) url: String,
    /// How many calls
    #[arg(short = 'n', long = "count", default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) count: u32,
    /// How many calls at a time
    #[arg(short = 'c', long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) concurrency: u16,
    /// Calls a second, at most; as fast as it goes by default
    #[arg(long, value_name = "N", value_parser = positive)]
    pub(crate) qps: Option<f64>,
    /// What a call may take
    #[arg(long, default_value = "10s", value_name = "TIME", value_parser = duration)]
    pub(crate) timeout: Duration,
    /// The workload that calls: NAME or NAMESPACE/NAME
    #[arg(long, default_value = "client", value_name = "WORKLOAD")]
    pub(crate) from: String,
    /// The namespace of the workload that calls
    #[arg(long, value_name = "NS")]
    pub(crate) namespace: Option<String>,
    /// A header, NAME: VALUE (repeatable)
    #[arg(short = 'H', long = "header", value_name = "HEADER")]
    pub(crate) headers: Vec<String>,
    /// The method; GET, or POST with a body
    #[arg(short = 'X', long = "request", value_name = "METHOD")]
    pub(crate) method: Option<String>,
    /// A body
    #[arg(short, long, value_name = "TEXT")]
    pub(crate) data: Option<String>,
    /// The shares to expect instead of those configured: v1=50,v2=50, by version or workload
    #[arg(long, value_name = "NAME=SHARE,…", value_parser = shares)]
    pub(crate) expect: Option<Shares>,
    /// The form of the answer
    #[arg(short, long, value_enum, default_value_t = Output::Table)]
    pub(crate) output: Output,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// `sealane traffic monitor`.
#[derive(Debug, Args)]
pub(crate) struct TrafficMonitor {
    /// Only requests for these hosts
    #[arg(value_name = "HOST")]
    pub(crate) hosts: Vec<String>,
    /// The time between two looks
    #[arg(long, default_value = "1s", value_name = "TIME", value_parser = duration)]
    pub(crate) interval: Duration,
    /// How often to look; until it is stopped by default
    #[arg(long, value_name = "N")]
    pub(crate) count: Option<u64>,
    /// The form of the answer; json is one object a line
    #[arg(short, long, value_enum, default_value_t = Output::Table)]
    pub(crate) output: Output,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// `sealane traffic config`.
#[derive(Debug, Args)]
pub(crate) struct TrafficConfig {
    /// The host; all that a VirtualService is about by default
    #[arg(value_name = "HOST")]
    pub(crate) host: Option<String>,
    /// The workload whose calls the rules are shown for: NAME or NAMESPACE/NAME
    #[arg(long, default_value = "client", value_name = "WORKLOAD")]
    pub(crate) from: String,
    /// The form of the answer
    #[arg(short, long, value_enum, default_value_t = Output::Table)]
    pub(crate) output: Output,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// Shares by the name of a version or a workload. They are weights: 1 and 1 is half each.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Shares(pub(crate) Vec<(String, f64)>);

/// `v1=50,v2=50`.
fn shares(text: &str) -> Result<Shares, String> {
    let wanted = "want NAME=SHARE,NAME=SHARE, such as v1=50,v2=50";
    let share = |part: &str| {
        let (name, share) = part.split_once('=').ok_or(wanted)?;
        let share = share.trim_end_matches('%').trim();
        let share: f64 = share.parse().map_err(|_ignored| wanted)?;
        if name.trim().is_empty() || !share.is_finite() || share < 0.0 {
            return Err(wanted);
        }
        Ok((name.trim().to_owned(), share))
    };
    let shares: Vec<_> = text.split(',').map(share).collect::<Result<_, _>>()?;
    let total: f64 = shares.iter().map(|(_, share)| share).sum();
    if total > 0.0 {
        Ok(Shares(shares))
    } else {
        Err("the shares add up to nothing".to_owned())
    }
}

fn positive(text: &str) -> Result<f64, String> {
    let number: Option<f64> = text.parse().ok();
    let number = number.filter(|number| number.is_finite() && *number > 0.0);
    number.ok_or_else(|| "want a number above 0".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expected_shares_are_weights_by_name() {
        let fifty = Shares(vec![("v1".to_owned(), 50.0), ("v2".to_owned(), 50.0)]);
        assert_eq!(shares("v1=50,v2=50"), Ok(fifty.clone()));
        assert_eq!(shares("v1=50%, v2=50%"), Ok(fifty));
        for wrong in ["", "v1", "v1=x", "v1=-1", "v1=0,v2=0", "=3", "v1=NaN"] {
            assert!(shares(wrong).is_err(), "{wrong}");
        }
    }
}
