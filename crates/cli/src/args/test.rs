//! `sealane test`.

use std::path::PathBuf;

use clap::Args;

use super::Output;

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
