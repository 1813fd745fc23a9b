//! Import cycles between the modules of one crate.
//!
//! A module and all that lies inside it are one subject told in several files: a parent may call
//! its child, and a child may name its parent's types. Between siblings, whatever they hold, there
//! is one direction. So the modules of a crate form layers, and so do those of each folder.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};

use super::imports::{Imports, imports};
use super::report::Report;
use super::source::{Module, Source};

/// A chain of names that stand for each other is followed this far; a longer one is a loop.
const MAX_ALIASES: usize = 16;

/// Where an import is written.
type Place = (PathBuf, usize);

/// What each of some siblings takes from which others, and where it first does.
type Siblings = BTreeMap<Module, BTreeMap<Module, Place>>;

/// Reports one shortest cycle for every tangle of modules.
pub(super) fn check(sources: &[Source], report: &mut Report) {
    let packages: BTreeSet<&Path> = sources
        .iter()
        .map(|source| source.package.as_path())
        .collect();
    for package in packages {
        let of_package = sources.iter().filter(|source| source.package == package);
        for siblings in levels(of_package).values() {
            check_siblings(siblings, report);
        }
    }
}

/// The imports of one crate, each told as one between two siblings, by their parent.
fn levels<'a>(sources: impl Iterator<Item = &'a Source>) -> BTreeMap<Module, Siblings> {
    let mut files = BTreeSet::new();
    let mut all: Vec<(&Source, &Module, Imports)> = Vec::new();
    for source in sources {
        if let Some(module) = &source.module {
            files.insert(module.clone());
            all.push((source, module, imports(module, &source.shipped)));
        }
    }
    let aliases: BTreeMap<&Module, &Module> = all
        .iter()
        .flat_map(|(_, _, imports)| &imports.passed_on)
        .filter(|(name, _)| !files.contains(*name))
        .map(|(name, (target, _))| (name, target))
        .collect();
    let mut levels: BTreeMap<Module, Siblings> = BTreeMap::new();
    for (source, module, imports) in &all {
        for (path, line) in &imports.used {
            let target = home(path, &files, &aliases);
            if let Some((parent, from, to)) = siblings(module, &target) {
                let edges = levels.entry(parent).or_default().entry(from).or_default();
                edges
                    .entry(to)
                    .or_insert_with(|| (source.path.clone(), *line));
            }
        }
    }
    levels
}

/// The file in which the thing at `path` is written, whatever names it is passed on by.
fn home(path: &Module, files: &BTreeSet<Module>, aliases: &BTreeMap<&Module, &Module>) -> Module {
    let mut path = path.clone();
    for _ in 0..MAX_ALIASES {
        let alias = (1..=path.len()).find_map(|length| {
            let (head, tail) = path.split_at(length);
            aliases
                .get(&head.to_vec())
                .map(|target| [target.as_slice(), tail].concat())
        });
        match alias {
            Some(longer) => path = longer,
            None => break,
        }
    }
    while !path.is_empty() && !files.contains(&path) {
        path.pop();
    }
    path
}

/// The nearest common parent of two modules, and its two children that hold one each; `None` if
/// one of the modules holds the other.
fn siblings(from: &Module, to: &Module) -> Option<(Module, Module, Module)> {
    let common = from.iter().zip(to).take_while(|(a, b)| a == b).count();
    let child = |module: &Module| module.get(..=common).map(<[String]>::to_vec);
    Some((from.get(..common)?.to_vec(), child(from)?, child(to)?))
}

fn check_siblings(siblings: &Siblings, report: &mut Report) {
    let mut told = BTreeSet::new();
    for module in siblings.keys() {
        if told.contains(module) {
            continue;
        }
        if let Some(cycle) = shortest_cycle(siblings, module) {
            tell(siblings, &cycle, report);
            told.extend(cycle);
        }
    }
}

/// The shortest way from `start` back to itself, breadth first.
fn shortest_cycle(siblings: &Siblings, start: &Module) -> Option<Vec<Module>> {
    let mut came_from: BTreeMap<&Module, &Module> = BTreeMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(module) = queue.pop_front() {
        for next in siblings.get(module).into_iter().flat_map(BTreeMap::keys) {
            if next == start {
                return Some(way_back(&came_from, module));
            }
            if !came_from.contains_key(next) {
                came_from.insert(next, module);
                queue.push_back(next);
            }
        }
    }
    None
}

/// The way by which the search came to `module`, from its start.
fn way_back(came_from: &BTreeMap<&Module, &Module>, module: &Module) -> Vec<Module> {
    let mut way = vec![module.clone()];
    let mut at = module;
    while let Some(before) = came_from.get(at) {
        way.push((*before).clone());
        at = before;
    }
    way.reverse();
    way
}

fn tell(siblings: &Siblings, cycle: &[Module], report: &mut Report) {
    let nexts = cycle.iter().cycle().skip(1);
    let steps: Vec<(&Module, &Place)> = cycle
        .iter()
        .zip(nexts)
        .filter_map(|(module, next)| Some((module, siblings.get(module)?.get(next)?)))
        .collect();
    let Some((first, (path, line))) = steps.first() else {
        return;
    };
    let mut what = String::from("import cycle: ");
    for (module, (path, line)) in &steps {
        what.extend([&module.join("::"), " (", &path.display().to_string(), ":"]);
        what.extend([&line.to_string(), ") -> "]);
    }
    what.extend([
        &first.join("::"),
        ": move what both need into a module below them",
    ]);
    report.violation(path, *line, &what);
}
