//! The Rust files of the workspace, each with its place in its crate.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use anyhow::{Context as _, Result, anyhow};
use proc_macro2::{TokenStream, TokenTree};

use super::files;
use super::metadata::Package;
use super::tokens::{self, Removed};

/// A path of modules from the crate's root, which is the empty one.
pub(super) type Module = Vec<String>;

/// One Rust file.
#[derive(Debug)]
pub(super) struct Source {
    /// Relative to the workspace.
    pub(super) path: PathBuf,
    /// The folder of the package it belongs to.
    pub(super) package: PathBuf,
    /// The module that it is; `None` for files outside `src`.
    pub(super) module: Option<Module>,
    pub(super) text: String,
    /// Every token, tests included.
    pub(super) all: Vec<TokenTree>,
    /// The tokens of what ships; empty for a file of tests.
    pub(super) shipped: Vec<TokenTree>,
    /// How many lines the tests in it take.
    pub(super) test_lines: usize,
}

impl Source {
    /// Whether nothing in the file is part of a product.
    pub(super) fn is_test(&self) -> bool {
        self.module.is_none()
    }
}

/// Reads and tokenises every `.rs` file below `root`, sorted by path.
pub(super) fn read_all(root: &Path, packages: &[Package]) -> Result<Vec<Source>> {
    let mut test_modules = BTreeSet::new();
    let mut sources = Vec::new();
    for path in files::with_extension(root, "rs")? {
        let (source, removed) = read(root, path, packages)?;
        if let Some(module) = &source.module {
            let inside = |name| {
                (
                    source.package.clone(),
                    [module.clone(), vec![name]].concat(),
                )
            };
            test_modules.extend(removed.modules.into_iter().map(inside));
        }
        sources.push(source);
    }
    for source in &mut sources {
        mark_tests(source, &test_modules);
    }
    Ok(sources)
}

/// Drops what ships from files that only a `#[cfg(test)] mod name;` reaches.
fn mark_tests(source: &mut Source, test_modules: &BTreeSet<(PathBuf, Module)>) {
    let Some(module) = &source.module else { return };
    let reached = |depth: usize| {
        let ancestor = module.iter().take(depth).cloned().collect();
        test_modules.contains(&(source.package.clone(), ancestor))
    };
    if (1..=module.len()).any(reached) {
        source.module = None;
        source.shipped.clear();
    }
}

fn read(root: &Path, path: PathBuf, packages: &[Package]) -> Result<(Source, Removed)> {
    let full = root.join(&path);
    let text =
        std::fs::read_to_string(&full).with_context(|| format!("reading {}", full.display()))?;
    let all: Vec<TokenTree> = TokenStream::from_str(&text)
        .map_err(|error| anyhow!("{}: no Rust: {error}", path.display()))?
        .into_iter()
        .collect();
    let owner = packages
        .iter()
        .filter(|package| path.starts_with(&package.dir));
    let package = owner
        .map(|package| package.dir.clone())
        .max()
        .unwrap_or_default();
    let module = path.strip_prefix(package.join("src")).ok().map(module_of);
    let mut removed = Removed::default();
    let shipped = if module.is_some() {
        tokens::without_tests(&all, &mut removed)
    } else {
        Vec::new()
    };
    let test_lines = removed.lines;
    Ok((
        Source {
            path,
            package,
            module,
            text,
            all,
            shipped,
            test_lines,
        },
        removed,
    ))
}

/// `route/fault.rs` is the module `route::fault`; `lib.rs` and `main.rs` are the root.
fn module_of(below_src: &Path) -> Module {
    let path = below_src.with_extension("");
    let mut module: Module = path
        .iter()
        .map(|part| part.to_string_lossy().into_owned())
        .collect();
    if matches!(
        module.last().map(String::as_str),
        Some("lib" | "main" | "mod")
    ) {
        module.pop();
    }
    module
}
