//! The developer tool: `check` runs what CI runs.

use std::process::{Command, ExitCode};

/// The steps of `check`, in the order in which they fail fastest.
const CHECKS: &[&[&str]] = &[
    &["fmt", "--all", "--check"],
    &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"],
    &["test", "--workspace"],
];

fn main() -> ExitCode {
    for step in CHECKS {
        let done = Command::new("cargo").args(*step).status();
        if !done.is_ok_and(|status| status.success()) {
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
