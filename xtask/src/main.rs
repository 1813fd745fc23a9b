//! The developer tool: what `cargo xtask` can do.
//!
//! `check` is what CI runs. It needs nothing beside cargo and its components.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool talks"
)]

mod bless;
mod check;
mod r#gen;
mod stress;
mod tidy;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};

const USAGE: &str = "\
usage: cargo xtask COMMAND

  check   format, lints, tidy, tests and docs: what CI runs
  tidy    the rules that no lint knows: layers, import cycles, file heads, sizes
  bless   write what documents show anew; read the difference before you commit it
  stress  the long forms of tests, with figures: stress change, scale, volume or life [SIZE]
  gen     take the descriptors of Envoy's messages from the envoy-types package
";

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the command that was asked for, and says whether all is well.
fn run() -> Result<bool> {
    let root = workspace_root()?;
    match std::env::args().nth(1).as_deref() {
        Some("check") => check::check(&root),
        Some("tidy") => {
            let report = tidy::tidy(&root)?;
            print!("{report}");
            Ok(report.is_clean())
        }
        Some("bless") => bless::bless(&root),
        Some("stress") => {
            let (name, size) = (std::env::args().nth(2), std::env::args().nth(3));
            stress::stress(&root, name.as_deref(), size.as_deref())
        }
        Some("gen") => r#gen::r#gen().map(|()| true),
        Some("-h" | "--help" | "help") => {
            print!("{USAGE}");
            Ok(true)
        }
        Some(other) => bail!("no command `{other}`\n\n{USAGE}"),
        None => bail!("no command given\n\n{USAGE}"),
    }
}

/// The folder of the workspace: the parent of this package's.
fn workspace_root() -> Result<PathBuf> {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map(Path::to_path_buf)
        .context("xtask does not lie in a workspace")
}
