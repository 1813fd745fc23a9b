//! What one module takes from others of its crate: every `crate::…`, `super::…`, `self::…` and
//! `child::…` path in it, imported or written out.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Delimiter, TokenTree};

use super::source::Module;
use super::tokens::{group, inside, is_sign, is_word, line};

/// The paths of one file, each from the root of the crate.
#[derive(Debug, Default)]
pub(super) struct Imports {
    /// What is used, with the line.
    pub(super) used: Vec<(Module, usize)>,
    /// The names that the file gives to what it imports, under which others may take it from here.
    pub(super) passed_on: BTreeMap<Module, (Module, usize)>,
}

/// Collects the paths in `tokens`, which are those of the file that is `module`.
pub(super) fn imports(module: &Module, tokens: &[TokenTree]) -> Imports {
    let mut scan = Scan {
        children: BTreeSet::new(),
        words: BTreeSet::new(),
        found: Imports::default(),
    };
    scan.collect_children(tokens);
    scan.walk(module, tokens);
    scan.use_own_exports();
    scan.found
}

struct Scan {
    /// Modules that the file declares: `mod NAME;`.
    children: BTreeSet<String>,
    /// Words outside `use` items: a name among them is used here, and not only passed on.
    words: BTreeSet<String>,
    found: Imports,
}

impl Scan {
    fn collect_children(&mut self, tokens: &[TokenTree]) {
        for (at, token) in tokens.iter().enumerate() {
            if let (true, Some(TokenTree::Ident(name))) =
                (is_word(Some(token), "mod"), tokens.get(at + 1))
                && is_sign(tokens.get(at + 2), ';')
            {
                self.children.insert(name.to_string());
            }
        }
    }

    fn walk(&mut self, here: &Module, tokens: &[TokenTree]) {
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            at += 1;
            match token {
                // The path in `pub(in crate::a)` takes nothing from `a`.
                TokenTree::Ident(word) if word == "pub" => {
                    at += usize::from(group(tokens.get(at), Delimiter::Parenthesis).is_some());
                    if is_word(tokens.get(at), "use") {
                        at = self.use_item(here, tokens, at + 1, true);
                    }
                }
                // `impl Trait + use<'a>` is no import.
                TokenTree::Ident(word) if word == "use" && !is_sign(tokens.get(at), '<') => {
                    at = self.use_item(here, tokens, at, false);
                }
                TokenTree::Ident(word) if word == "mod" => {
                    if let (Some(TokenTree::Ident(name)), Some(body)) =
                        (tokens.get(at), group(tokens.get(at + 1), Delimiter::Brace))
                    {
                        self.walk(&child(here, &name.to_string()), &inside(body));
                        at += 2;
                    }
                }
                TokenTree::Ident(word) => {
                    self.words.insert(word.to_string());
                    if starts_a_path(tokens, at - 1) {
                        at = self.path(here, tokens, at - 1);
                    }
                }
                TokenTree::Group(group) => self.walk(here, &inside(group)),
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
    }

    /// A path written out, from `at`; the index behind it.
    fn path(&mut self, here: &Module, tokens: &[TokenTree], mut at: usize) -> usize {
        let first_line = tokens.get(at).map_or(0, line);
        let mut path = Vec::new();
        while let Some(TokenTree::Ident(word)) = tokens.get(at) {
            path.push(word.to_string());
            at += 1;
            if !is_path_sign(tokens, at) {
                break;
            }
            at += 2;
        }
        if let Some(absolute) = self.absolute(here, &path) {
            self.found.used.push((absolute, first_line));
        }
        at
    }

    /// A `use` item whose tree begins at `at`; the index behind its semicolon.
    fn use_item(&mut self, here: &Module, tokens: &[TokenTree], at: usize, public: bool) -> usize {
        let rest = tokens.get(at..).unwrap_or_default();
        let length = rest
            .iter()
            .take_while(|token| !is_sign(Some(token), ';'))
            .count();
        let mut leaves = Vec::new();
        use_tree(&[], rest.get(..length).unwrap_or_default(), &mut leaves);
        for Leaf { path, name, line } in leaves {
            let Some(target) = self.absolute(here, &path) else {
                continue;
            };
            if !(public && target.starts_with(here)) {
                self.found.used.push((target.clone(), line));
            }
            self.found
                .passed_on
                .insert(child(here, &name), (target, line));
        }
        at + length + 1
    }

    /// Passing a child's name on is no use of it, unless the file also does something with it.
    fn use_own_exports(&mut self) {
        for (name, (target, line)) in &self.found.passed_on {
            if name.last().is_some_and(|name| self.words.contains(name)) {
                self.found.used.push((target.clone(), *line));
            }
        }
    }

    /// The path from the root of the crate, or `None` if it leads to another crate.
    fn absolute(&self, here: &Module, path: &[String]) -> Option<Module> {
        let (first, rest) = path.split_first()?;
        let mut base = match first.as_str() {
            "crate" => Vec::new(),
            "self" => here.clone(),
            "super" => parent(here),
            name if self.children.contains(name) => child(here, name),
            _ => return None,
        };
        for word in rest {
            if word == "super" {
                base = parent(&base);
            } else if word != "self" {
                base.push(word.clone());
            }
        }
        Some(base)
    }
}

/// One name that a `use` item brings in.
struct Leaf {
    path: Vec<String>,
    name: String,
    line: usize,
}

/// Takes a use tree apart: `a::{b, c as d, e::*}`.
fn use_tree(prefix: &[String], tokens: &[TokenTree], leaves: &mut Vec<Leaf>) {
    for branch in tokens.split(|token| is_sign(Some(token), ',')) {
        let mut path = prefix.to_vec();
        let mut alias = None;
        let mut nested = false;
        let mut words = branch.iter();
        while let Some(token) = words.next() {
            match token {
                TokenTree::Ident(word) if word == "as" => {
                    alias = words.next().map(ToString::to_string);
                }
                TokenTree::Ident(word) => path.push(word.to_string()),
                TokenTree::Group(group) => {
                    use_tree(&path, &inside(group), leaves);
                    nested = true;
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
        if let (false, Some(last), Some(token)) = (nested, path.last().cloned(), branch.first()) {
            leaves.push(Leaf {
                name: alias.unwrap_or(last),
                line: line(token),
                path,
            });
        }
    }
}

/// Whether the word at `at` is the first of several that `::` joins.
fn starts_a_path(tokens: &[TokenTree], at: usize) -> bool {
    let continues = at
        .checked_sub(2)
        .is_some_and(|before| is_path_sign(tokens, before));
    is_path_sign(tokens, at + 1) && !continues
}

fn is_path_sign(tokens: &[TokenTree], at: usize) -> bool {
    is_sign(tokens.get(at), ':') && is_sign(tokens.get(at + 1), ':')
}

fn child(module: &Module, name: &str) -> Module {
    let mut child = module.clone();
    child.push(name.to_owned());
    child
}

fn parent(module: &Module) -> Module {
    let mut parent = module.clone();
    parent.pop();
    parent
}
