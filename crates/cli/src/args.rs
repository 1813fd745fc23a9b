//! The command line: what may be said, and how it is explained.

mod change;
mod help;
mod logs;
mod objects;
mod test;
mod traffic;
mod up;

use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use self::change::{Describe, Mark, Scale, Wait};
pub(crate) use self::help::{Completion, Man, Version};
pub(crate) use self::logs::Logs;
pub(crate) use self::objects::{Apply, Delete, Diff, DryRun, Get, GetOutput, Kubeconfig};
pub(crate) use self::test::Test;
pub(crate) use self::traffic::{
    Curl, Shares, Traffic, TrafficCommand, TrafficConfig, TrafficMonitor, TrafficTest,
};
pub(crate) use self::up::{LogEncoding, Told, Up};

/// Istio's traffic management in one binary: run the mesh that your YAML describes.
#[derive(Debug, Parser)]
#[command(
    name = "sealane",
    version,
    disable_version_flag = true,
    max_term_width = 100
)]
pub(crate) struct Cli {
    /// Colours: always, never, or auto, on a terminal and without `NO_COLOR`
    #[arg(
        long,
        value_enum,
        global = true,
        default_value_t = Colours::Auto,
        value_name = "WHEN",
        hide_possible_values = true,
        display_order = 900
    )]
    pub(crate) color: Colours,
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
    Env(Env),
    /// Apply manifests to the running mesh, all as one change
    Apply(Apply),
    /// Delete objects from the running mesh
    Delete(Delete),
    /// Show objects of the running mesh
    Get(Get),
    /// Tell all about an object: what applies to it, and its rules in the order they are tried
    Describe(Describe),
    /// Set and remove labels of an object
    Label(Mark),
    /// Set and remove annotations of an object
    Annotate(Mark),
    /// Set how many pods a workload has
    Scale(Scale),
    /// Print what pods say: the output of processes, the requests that simulated pods answered
    Logs(Logs),
    /// Wait until a generation is live, or an object is gone or in some condition
    Wait(Wait),
    /// Compare manifests with what is live, line by line
    Diff(Diff),
    /// Print a kubeconfig for the running mesh, so that kubectl works against it
    Kubeconfig(Kubeconfig),
    /// Make one HTTP request from a workload of the running mesh
    Curl(Curl),
    /// Test, watch and explain how the running mesh splits traffic
    Traffic(Traffic),
    /// Run scenario files: manifests, calls, and what each call must show
    Test(Test),
    /// Print a script by which a shell completes this command
    Completion(Completion),
    /// Print the manual page, or write the pages of all commands
    Man(Man),
    /// Print the version
    Version(Version),
}

/// `sealane env`.
#[derive(Debug, Args)]
pub(crate) struct Env {
    /// The form of the answer: shell commands, yaml or json
    #[arg(short, long, value_enum, default_value_t = Output::Table)]
    pub(crate) output: Output,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Colours {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    /// Everywhere
    Always,
    /// Nowhere
    Never,
}

/// Which running mesh is meant.
#[derive(Debug, Clone, Args)]
pub(crate) struct ServerArgs {
    /// The admin address of the mesh, http://HOST:PORT; found by itself when one mesh runs
    #[arg(long, env = "SEALANE_SERVER", global = true, value_name = "URL")]
    pub(crate) server: Option<String>,
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
}
