//! Runs every command of the README and of the examples' READMEs, and compares what it prints with
//! what the document shows. A document that lies fails the build.

#![expect(clippy::print_stderr, reason = "a test that skips something says so")]

mod document;
mod shape;
mod shell;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use document::Block;
use shell::Shell;

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

/// Plays the blocks of one document in their order, in one shell.
fn check(document: &str) -> Result<()> {
    let path = root()?.join(document);
    let text = std::fs::read_to_string(&path).with_context(|| format!("reading {document}"))?;
    let mut shell = Shell::new(&root()?)?;
    for block in document::blocks(&text) {
        match block {
            Block::Command(command) => shell
                .run(&command.text, &command.output)
                .with_context(|| format!("{document}:{}: {}", command.line, command.text))?,
            Block::FromUp { line, output } => shell
                .expect_from_up(&output)
                .with_context(|| format!("{document}:{line}: what `up` prints"))?,
        }
    }
    shell.stop()
}

fn root() -> Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    root.map(Path::to_path_buf)
        .context("the crate does not lie in its workspace")
}
