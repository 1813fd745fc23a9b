//! `sealane up`.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::duration;

/// `sealane up`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags are switches")]
pub(crate) struct Up {
    /// Files and folders with manifests; - reads standard input
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// The namespace of objects that name none
    #[arg(short, long, default_value = "default", value_name = "NS")]
    pub(crate) namespace: String,
    /// Start nothing for hosts that rules name and nothing declares
    #[arg(long)]
    pub(crate) no_invent: bool,
    /// Run the commands of `sealane.dev/command` annotations in the files named here
    #[arg(long)]
    pub(crate) allow_commands: bool,
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
    /// The address that the admin API listens on; beyond loopback it wants a token
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST), value_name = "IP")]
    pub(crate) admin_bind: IpAddr,
    /// A file with the token that the admin API wants; made up where one is wanted and none is given
    #[arg(long, value_name = "FILE")]
    pub(crate) admin_token_file: Option<PathBuf>,
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
    /// Say only what is wrong
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// What is said: text for people, or json for programs, one event a line
    #[arg(short, long, value_enum, default_value_t = Told::Text)]
    pub(crate) output: Told,
}

/// The form in which `up` tells what happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Told {
    /// Text for people
    #[value(alias = "table")]
    Text,
    /// One JSON object a line: started, generation, refused, reply, output, process, warning,
    /// crowded, stopped
    Json,
}

/// The form of the access log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogEncoding {
    /// Istio's default text format
    Text,
    /// One JSON object a line
    Json,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gateway_port_is_a_pair() {
        assert_eq!(gateway_port("80=18080"), Ok((80, 18080)));
        assert_eq!(gateway_port("80=auto"), Ok((80, 0)));
        assert!(gateway_port("80").is_err());
    }
}
