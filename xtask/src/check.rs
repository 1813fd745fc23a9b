//! `cargo xtask check`: every step of CI, in the order in which they fail fastest.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::tidy;

/// One step: its name in the summary, and what does it.
struct Step {
    name: &'static str,
    run: fn(&Path) -> Result<bool>,
}

const STEPS: [Step; 5] = [
    Step {
        name: "fmt",
        run: |root| cargo(root, &["fmt", "--all", "--check"]),
    },
    Step {
        name: "tidy",
        run: run_tidy,
    },
    Step {
        name: "clippy",
        run: |root| {
            cargo(
                root,
                &[
                    "clippy",
                    "--workspace",
                    "--all-targets",
                    "--",
                    "-D",
                    "warnings",
                ],
            )
        },
    },
    Step {
        name: "test",
        run: |root| cargo(root, &["test", "--workspace"]),
    },
    Step {
        name: "doc",
        run: |root| cargo(root, &["doc", "--workspace", "--no-deps"]),
    },
];

/// Runs every step, also after one that failed, and ends with one line for each.
pub(crate) fn check(root: &Path) -> Result<bool> {
    let mut summary = Vec::new();
    let mut clean = true;
    for step in &STEPS {
        println!("--- {}", step.name);
        let start = Instant::now();
        let passed = (step.run)(root).with_context(|| format!("step {}", step.name))?;
        clean &= passed;
        summary.push(line(step.name, passed, start.elapsed()));
    }
    println!("\n{}", summary.join("\n"));
    println!(
        "{}",
        if clean {
            "check passed"
        } else {
            "check FAILED"
        }
    );
    Ok(clean)
}

fn line(name: &str, passed: bool, took: Duration) -> String {
    let word = if passed { "ok" } else { "FAIL" };
    format!("{word:4}  {name:6}  {:.1} s", took.as_secs_f64())
}

fn cargo(root: &Path, arguments: &[&str]) -> Result<bool> {
    let status = Command::new("cargo")
        .args(arguments)
        .current_dir(root)
        .env("RUSTDOCFLAGS", "-D warnings")
        .status()
        .context("cargo does not start")?;
    Ok(status.success())
}

fn run_tidy(root: &Path) -> Result<bool> {
    let report = tidy::tidy(root)?;
    print!("{report}");
    Ok(report.is_clean())
}
