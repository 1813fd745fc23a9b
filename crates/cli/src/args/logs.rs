//! `sealane logs`.

use clap::Args;

use super::ServerArgs;

/// `sealane logs`.
#[derive(Debug, Args)]
pub(crate) struct Logs {
    /// A pod or a workload by its name, or KIND/NAME: pod, deploy, sts, ds, rs, svc, workload
    #[arg(required_unless_present = "selector", value_name = "POD | KIND/NAME")]
    pub(crate) objects: Vec<String>,
    /// The pods with these labels, as in kubectl
    #[arg(
        short = 'l',
        long,
        conflicts_with = "objects",
        value_name = "KEY=VALUE,…"
    )]
    pub(crate) selector: Option<String>,
    /// Go on with the lines that follow
    #[arg(short, long)]
    pub(crate) follow: bool,
    /// Only the last lines of each pod; -1 for all that are kept
    #[arg(
        long,
        default_value_t = -1,
        allow_negative_numbers = true,
        value_name = "N"
    )]
    pub(crate) tail: i64,
    /// Only lines that are no older than this
    #[arg(long, value_name = "TIME", value_parser = super::duration)]
    pub(crate) since: Option<std::time::Duration>,
    /// The container: a pod has one log, whichever it is
    #[arg(short, long, value_name = "NAME")]
    pub(crate) container: Option<String>,
    /// Begin each line with its pod; by itself when there are several
    #[arg(long)]
    pub(crate) prefix: bool,
    /// Begin each line with its time
    #[arg(long)]
    pub(crate) timestamps: bool,
    /// The namespace of the pods
    #[arg(short, long, default_value = "default", value_name = "NS")]
    pub(crate) namespace: String,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}
