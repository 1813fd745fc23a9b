//! Commands about objects: `apply`, `delete`, `get`.

use std::path::PathBuf;

use clap::Args;

use super::{Output, ServerArgs};

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
