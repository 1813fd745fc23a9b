//! `sealane completion`: the script by which a shell completes the command line.

use anyhow::Result;
use clap::CommandFactory as _;
use clap_complete::{Shell, generate};

use crate::args::{Cli, Completion};
use crate::print;

/// Prints the script.
pub(crate) fn run(args: &Completion) -> Result<()> {
    let mut script = Vec::new();
    generate(
        Shell::from(args.shell),
        &mut Cli::command(),
        "sealane",
        &mut script,
    );
    print::text(&String::from_utf8_lossy(&script))
}
