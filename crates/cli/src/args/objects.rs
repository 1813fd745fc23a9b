//! Commands about objects, with kubectl's words: `apply`, `delete`, `get`, `diff`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum};

use super::{Output, ServerArgs};
use crate::jsonpath::Template;

/// `sealane apply`.
#[derive(Debug, Args)]
pub(crate) struct Apply {
    /// Files and folders with manifests; - reads standard input
    #[arg(short, long = "filename", required = true, value_name = "FILE|DIR|-")]
    pub(crate) filename: Vec<PathBuf>,
    /// The namespace of objects that name none
    #[arg(short, long, default_value = "default", value_name = "NS")]
    pub(crate) namespace: String,
    /// Read folders with all that is below them; always so, kubectl's flag is accepted
    #[arg(short = 'R', long)]
    pub(crate) recursive: bool,
    /// Return when every proxy serves the change; always so, the flag is accepted
    #[arg(long)]
    pub(crate) wait: bool,
    /// Change nothing: read the manifests here, or have the mesh say what would become of them
    #[arg(long, value_enum, default_value_t = DryRun::None, value_name = "WHERE")]
    pub(crate) dry_run: DryRun,
    /// The form of the answer
    #[arg(short, long, value_enum, default_value_t = Output::Table)]
    pub(crate) output: Output,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// Where a change is only tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DryRun {
    /// Nowhere: it is made
    None,
    /// Here, by reading the manifests
    Client,
    /// In the mesh, which checks it and changes nothing
    Server,
}

/// `sealane diff`.
#[derive(Debug, Args)]
pub(crate) struct Diff {
    /// Files and folders with manifests; - reads standard input
    #[arg(short, long = "filename", required = true, value_name = "FILE|DIR|-")]
    pub(crate) filename: Vec<PathBuf>,
    /// The namespace of objects that name none
    #[arg(short, long, default_value = "default", value_name = "NS")]
    pub(crate) namespace: String,
    /// Read folders with all that is below them; always so, kubectl's flag is accepted
    #[arg(short = 'R', long)]
    pub(crate) recursive: bool,
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
    /// An object that is not there is no error
    #[arg(long)]
    pub(crate) ignore_not_found: bool,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// `sealane get`.
#[derive(Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "kubectl's flags are switches"
)]
pub(crate) struct Get {
    /// Kinds, separated by commas (vs,dr,gw,svc,pods,workloads,all …), or KIND/NAME
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
    /// The form of the answer: table, wide, yaml, json, name, or jsonpath=TEMPLATE
    #[arg(short, long, default_value = "table", value_name = "FORM")]
    pub(crate) output: GetOutput,
    /// Go on, and show each change as it comes
    #[arg(short, long)]
    pub(crate) watch: bool,
    /// Only objects with these labels: a=b, a!=b, a, !a, separated by commas
    #[arg(short = 'l', long, value_name = "LABELS")]
    pub(crate) selector: Option<String>,
    /// Only objects with these fields: metadata.name=x, metadata.namespace=x
    #[arg(long, value_name = "FIELDS")]
    pub(crate) field_selector: Option<String>,
    /// Show these labels as columns (repeatable, or separated by commas)
    #[arg(short = 'L', long, value_delimiter = ',', value_name = "LABEL")]
    pub(crate) label_columns: Vec<String>,
    /// Show all labels as the last column
    #[arg(long)]
    pub(crate) show_labels: bool,
    /// Leave the row of headers out
    #[arg(long)]
    pub(crate) no_headers: bool,
    /// An object that is not there is no error
    #[arg(long)]
    pub(crate) ignore_not_found: bool,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// The form of an answer of `get`.
#[derive(Debug, Clone)]
pub(crate) enum GetOutput {
    /// One of the usual forms.
    Form(Output),
    /// What a template makes of the objects.
    JsonPath(Template),
}

impl GetOutput {
    /// Whether it is that form.
    pub(crate) fn is(&self, form: Output) -> bool {
        matches!(self, Self::Form(own) if *own == form)
    }
}

impl FromStr for GetOutput {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(template) = text.strip_prefix("jsonpath=") {
            return Template::parse(template).map(Self::JsonPath);
        }
        let form = Output::from_str(text, true);
        form.map(Self::Form).map_err(|_ignored| {
            "want table, wide, yaml, json, name, or jsonpath=TEMPLATE".to_owned()
        })
    }
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
