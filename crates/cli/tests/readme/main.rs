//! Runs every command of the README, of the examples' READMEs and of the golden documents in
//! `tests/golden` (one for each family of commands, and one for their errors), and compares what it prints with
//! what the document shows. A document that lies fails the build.

#![expect(clippy::print_stderr, reason = "a test that skips something says so")]

mod document;
mod shape;
mod shell;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use shell::{Outcome, Purpose, Shell};

#[test]
fn the_readme_shows_what_happens() -> Result<()> {
    check("README.md")
}

#[test]
fn the_bookinfo_example_shows_what_happens() -> Result<()> {
    check("examples/bookinfo/README.md")
}

#[test]
fn the_movie_example_shows_what_happens() -> Result<()> {
    check("examples/movie/README.md")
}

#[test]
fn the_notes_example_shows_what_happens() -> Result<()> {
    check("examples/notes-app/README.md")
}

#[test]
fn the_task_manager_example_shows_what_happens() -> Result<()> {
    check("examples/task-manager/README.md")
}

#[test]
fn the_httpbin_example_shows_what_happens() -> Result<()> {
    check("examples/httpbin/README.md")
}

#[test]
fn the_blog_example_shows_what_happens() -> Result<()> {
    check("examples/blog/README.md")
}

#[test]
fn the_commands_about_objects_print_what_they_printed() -> Result<()> {
    check("crates/cli/tests/golden/objects.md")
}

#[test]
fn the_commands_about_traffic_print_what_they_printed() -> Result<()> {
    check("crates/cli/tests/golden/traffic.md")
}

#[test]
fn the_errors_say_what_they_said() -> Result<()> {
    check("crates/cli/tests/golden/errors.md")
}

#[test]
fn the_help_says_what_it_said() -> Result<()> {
    check("crates/cli/tests/golden/help.md")
}

#[test]
fn the_terminal_of_up_tells_what_it_told() -> Result<()> {
    check("crates/cli/tests/golden/terminal.md")
}

/// Plays the blocks of one document in their order, in one shell. With `SEALANE_BLESS` set, what
/// differs is written into the document.
fn check(document: &str) -> Result<()> {
    let path = root()?.join(document);
    let mut text = std::fs::read_to_string(&path).with_context(|| format!("reading {document}"))?;
    let purpose = match std::env::var_os("SEALANE_BLESS") {
        Some(_) => Purpose::Write,
        None => Purpose::Compare,
    };
    let mut shell = Shell::new(&root()?, purpose)?;
    let mut corrections = Vec::new();
    for block in document::blocks(&text) {
        if block.needs("kubectl") && !shell.has("kubectl") {
            // What follows builds on what it does.
            eprintln!(
                "skipped from {document}:{} on: there is no kubectl here",
                block.at
            );
            break;
        }
        let (outcome, what) = match &block.command {
            Some(command) => (shell.run(command, &block.output), command.as_str()),
            None => (shell.hear_up(&block.output), "what `up` says then"),
        };
        match outcome.with_context(|| format!("{document}:{}: {what}", block.at))? {
            Outcome::AsShown => {}
            Outcome::Otherwise(seen) if purpose == Purpose::Write => {
                corrections.push((block, seen));
            }
            Outcome::Otherwise(seen) => bail!(
                "{document}:{}: {what}\nprints\n{}\n`cargo xtask bless` writes it down",
                block.at,
                seen.join("\n")
            ),
        }
    }
    shell.stop()?;
    for (block, seen) in corrections.iter().rev() {
        text = block.replace(&text, seen);
        std::fs::write(&path, &text)?;
    }
    Ok(())
}

fn root() -> Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    root.map(Path::to_path_buf)
        .context("the crate does not lie in its workspace")
}
