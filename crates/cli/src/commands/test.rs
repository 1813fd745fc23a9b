//! `sealane test`: scenario files.

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::args::Test;

/// Plays the files.
pub(crate) fn run(_args: &Test) -> Result<ExitCode> {
    bail!("not built yet")
}
