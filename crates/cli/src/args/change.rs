//! Commands that look at one object or change a part of it: `describe`, `label`, `annotate`,
//! `scale`, `wait`.

use std::time::Duration;

use clap::Args;

use super::{Output, ServerArgs, duration};

/// `sealane describe`.
#[derive(Debug, Args)]
pub(crate) struct Describe {
    /// KIND [NAME…], or KIND/NAME…; kinds are those of get, and workload
    #[arg(required = true, value_name = "KIND NAME | KIND/NAME")]
    pub(crate) objects: Vec<String>,
    /// The namespace of the objects
    #[arg(short, long, default_value = "default", value_name = "NS")]
    pub(crate) namespace: String,
    /// The workload whose calls the rules are shown for: NAME or NAMESPACE/NAME
    #[arg(long, default_value = "client", value_name = "WORKLOAD")]
    pub(crate) from: String,
    /// The form of the answer
    #[arg(short, long, value_enum, default_value_t = Output::Table)]
    pub(crate) output: Output,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// `sealane label` and `sealane annotate`.
#[derive(Debug, Args)]
pub(crate) struct Mark {
    /// KIND NAME or KIND/NAME, then KEY=VALUE to set and KEY- to remove
    #[arg(required = true, value_name = "KIND NAME KEY=VALUE KEY-")]
    pub(crate) words: Vec<String>,
    /// The namespace of the object
    #[arg(short, long, default_value = "default", value_name = "NS")]
    pub(crate) namespace: String,
    /// Replace values that are there
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// The form of the answer: what was done, or the object as it is then
    #[arg(short, long, value_enum, default_value_t = Output::Table)]
    pub(crate) output: Output,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// `sealane scale`.
#[derive(Debug, Args)]
pub(crate) struct Scale {
    /// KIND NAME…, or KIND/NAME…
    #[arg(required = true, value_name = "KIND NAME | KIND/NAME")]
    pub(crate) objects: Vec<String>,
    /// How many pods there shall be
    #[arg(long, value_name = "N")]
    pub(crate) replicas: u32,
    /// The form of the answer: what was done, or the object as it is then
    #[arg(short, long, value_enum, default_value_t = Output::Table)]
    pub(crate) output: Output,
    /// The namespace of the objects
    #[arg(short, long, default_value = "default", value_name = "NS")]
    pub(crate) namespace: String,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// `sealane wait`.
#[derive(Debug, Args)]
pub(crate) struct Wait {
    /// KIND NAME…, or KIND/NAME…, together with --for
    #[arg(value_name = "KIND NAME | KIND/NAME", requires = "condition")]
    pub(crate) objects: Vec<String>,
    /// Wait until this generation is live on every proxy
    #[arg(long, value_name = "N", required_unless_present = "condition")]
    pub(crate) generation: Option<u64>,
    /// Wait for this: delete, condition=NAME, condition=NAME=VALUE
    #[arg(
        long = "for",
        value_name = "WHAT",
        conflicts_with = "generation",
        requires = "objects"
    )]
    pub(crate) condition: Option<String>,
    /// How long to wait
    #[arg(long, default_value = "30s", value_name = "TIME", value_parser = duration)]
    pub(crate) timeout: Duration,
    /// The namespace of the objects
    #[arg(short, long, default_value = "default", value_name = "NS")]
    pub(crate) namespace: String,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}
