//! `sealane version`.

use anyhow::Result;
use serde_json::json;

use crate::args::{Output, Version};
use crate::print::line;
use crate::yaml::to_yaml;

/// Prints the version of this program.
pub(crate) fn run(args: &Version) -> Result<()> {
    let version = env!("CARGO_PKG_VERSION");
    let value = json!({ "client": { "version": version } });
    match args.output {
        Output::Table | Output::Wide => line(format_args!("sealane {version}")),
        Output::Name => line(format_args!("{version}")),
        Output::Json => line(format_args!("{value:#}")),
        Output::Yaml => line(format_args!("{}", to_yaml(&value).trim_end())),
    }
}
