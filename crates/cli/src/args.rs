//! The command line: what may be said, and how it is explained.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Istio's traffic management in one binary: run the mesh that your YAML describes.
#[derive(Debug, Parser)]
#[command(
    name = "sealane",
    version,
    disable_version_flag = true,
    max_term_width = 100
)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the mesh that manifests describe, on this machine
    Up(Up),
    /// Print the addresses of the running mesh's gateways, for scripts
    Env(ServerArgs),
    /// Apply manifests to the running mesh, all as one change
    Apply(Apply),
    /// Delete objects from the running mesh
    Delete(Delete),
    /// Show objects of the running mesh
    Get(Get),
    /// Print a kubeconfig for the running mesh, so that kubectl works against it
    Kubeconfig(Kubeconfig),
    /// Make one HTTP request from a workload of the running mesh
    Curl(Curl),
    /// Test how the running mesh splits traffic
    Traffic(Traffic),
    /// Run scenario files: manifests, calls, and what each call must show
    Test(Test),
    /// Print the version
    Version(Version),
}

/// Which running mesh is meant.
#[derive(Debug, Clone, Args)]
pub(crate) struct ServerArgs {
    /// The admin address of the mesh, http://HOST:PORT; found by itself when one mesh runs
    #[arg(long, env = "SEALANE_SERVER", global = true, value_name = "URL")]
    pub(crate) server: Option<String>,
}

/// `sealane up`.
#[derive(Debug, Args)]
pub(crate) struct Up {
    /// Files and folders with manifests; - reads standard input
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// The namespace of objects that name none
    #[arg(short, long, default_value = "default", value_name = "NS")]
    pub(crate) namespace: String,
    /// Write the access log to a file, or to standard output with -
    #[arg(long, value_name = "FILE|-")]
    pub(crate) access_log: Option<String>,
    /// The form of the access log
    #[arg(long, value_enum, default_value_t = LogEncoding::Text)]
    pub(crate) access_log_encoding: LogEncoding,
    /// Call workloads directly, without their inbound proxies
    #[arg(long)]
    pub(crate) no_inbound: bool,
    /// The address that gateways listen on
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST), value_name = "IP")]
    pub(crate) bind: IpAddr,
    /// Move a gateway port: 80=18080, or 80=auto for a free one (repeatable)
    #[arg(long, value_name = "PORT=PORT|auto", value_parser = gateway_port)]
    pub(crate) gateway_port: Vec<(u16, u16)>,
    /// The port of the admin API; 0 takes a free one
    #[arg(long, default_value_t = 15000, value_name = "PORT")]
    pub(crate) admin_port: u16,
    /// How long requests in flight may take when the mesh stops
    #[arg(long, default_value = "5s", value_name = "TIME", value_parser = duration)]
    pub(crate) drain_time: Duration,
    /// Threads that carry traffic; one per core by default
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<usize>,
    /// Refuse to start when any object is in error, instead of leaving it out
    #[arg(long)]
    pub(crate) strict: bool,
    /// Do not watch the files for changes
    #[arg(long)]
    pub(crate) no_watch: bool,
}

/// The form of the access log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogEncoding {
    /// Istio's default text format
    Text,
    /// One JSON object a line
    Json,
}

/// `sealane apply`.
#[derive(Debug, Args)]
pub(crate) struct Apply {
    /// Files and folders with manifests; - reads standard input
    #[arg(short, long = "filename", required = true, value_name = "FILE|DIR|-")]
    pub(crate) filename: Vec<PathBuf>,
    /// The namespace of objects that name none
    #[arg(short, long, default_value = "default", value_name = "NS")]
    pub(crate) namespace: String,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// `sealane delete`.
#[derive(Debug, Args)]
pub(crate) struct Delete {
    /// KIND NAME…, or KIND/NAME…
    #[arg(value_name = "KIND NAME | KIND/NAME")]
    pub(crate) objects: Vec<String>,
    /// Delete what these files declare
    #[arg(short, long = "filename", value_name = "FILE|DIR|-")]
    pub(crate) filename: Vec<PathBuf>,
    /// The namespace of the objects
    #[arg(short, long, default_value = "default", value_name = "NS")]
    pub(crate) namespace: String,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// `sealane get`.
#[derive(Debug, Args)]
pub(crate) struct Get {
    /// Kinds, separated by commas (vs,dr,gw,svc,pods,workloads,gateways …), or KIND/NAME
    #[arg(required = true, value_name = "KINDS | KIND/NAME")]
    pub(crate) kinds: String,
    /// Names of objects of that kind
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<String>,
    /// The namespace
    #[arg(short, long, default_value = "default", value_name = "NS")]
    pub(crate) namespace: String,
    /// All namespaces
    #[arg(short = 'A', long)]
    pub(crate) all_namespaces: bool,
    /// The form of the answer
    #[arg(short, long, value_enum, default_value_t = Output::Table)]
    pub(crate) output: Output,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// `sealane kubeconfig`.
#[derive(Debug, Args)]
pub(crate) struct Kubeconfig {
    /// What cluster, user and context are called
    #[arg(long, default_value = "sealane", value_name = "NAME")]
    pub(crate) name: String,
    /// The namespace of commands that name none
    #[arg(short, long, default_value = "default", value_name = "NS")]
    pub(crate) namespace: String,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// Aligned columns
    #[value(alias = "short", alias = "log", alias = "text")]
    Table,
    /// Aligned columns, more of them
    Wide,
    /// YAML
    Yaml,
    /// JSON
    Json,
    /// KIND/NAME, one a line
    Name,
}

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

/// `sealane test`.
#[derive(Debug, Args)]
pub(crate) struct Test {
    /// Scenario files and folders with them
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// How deep to test (repeatable, or separated by commas); all by default
    #[arg(long, value_delimiter = ',', value_name = "DEPTH")]
    pub(crate) depth: Vec<String>,
    /// Golden files to compare with at compile: AREA/NAME.STEP.PROXY.json below this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) golden: Option<PathBuf>,
    /// The file with the differences from golden files that have a reason
    #[arg(long, value_name = "FILE", requires = "golden")]
    pub(crate) differences: Option<PathBuf>,
    /// The form of the answer
    #[arg(short, long, value_enum, default_value_t = Output::Table)]
    pub(crate) output: Output,
}

/// `sealane version`.
#[derive(Debug, Args)]
pub(crate) struct Version {
    /// The form of the answer
    #[arg(short, long, value_enum, default_value_t = Output::Table)]
    pub(crate) output: Output,
}

/// `80=18080` or `80=auto`, where `auto` is port 0.
fn gateway_port(text: &str) -> Result<(u16, u16), String> {
    let wanted = "want PORT=PORT or PORT=auto, such as 80=18080";
    let (from, to) = text.split_once('=').ok_or(wanted)?;
    let from = from.parse().map_err(|_ignored| wanted)?;
    let to = match to {
        "auto" => 0,
        port => port.parse().map_err(|_ignored| wanted)?,
    };
    Ok((from, to))
}

/// A duration as Go writes it: `5s`, `1m30s`, `250ms`.
fn duration(text: &str) -> Result<Duration, String> {
    let wanted = "want a duration such as 5s, 1m30s or 250ms";
    let parsed = sealane_model::duration::Duration::parse(text);
    parsed
        .map(|parsed| parsed.0)
        .ok_or_else(|| wanted.to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_gateway_port_is_a_pair() {
        assert_eq!(gateway_port("80=18080"), Ok((80, 18080)));
        assert_eq!(gateway_port("80=auto"), Ok((80, 0)));
        assert!(gateway_port("80").is_err());
    }
}
