//! Import cycles between the modules of one crate. A module is a file.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};

use super::imports::{Imports, imports};
use super::report::Report;
use super::source::{Module, Source};

/// A chain of names that stand for each other is followed this far; a longer one is a loop.
const MAX_ALIASES: usize = 16;

/// The modules of one crate: which file each is, and what it takes from which others.
#[derive(Default)]
struct Graph {
    files: BTreeMap<Module, PathBuf>,
    /// To whom, and on which line it is first taken.
    edges: BTreeMap<Module, BTreeMap<Module, usize>>,
}

/// Reports one shortest cycle for every tangle of modules.
pub(super) fn check(sources: &[Source], report: &mut Report) {
    let packages: BTreeSet<&Path> = sources
        .iter()
        .map(|source| source.package.as_path())
        .collect();
    for package in packages {
        let graph = graph(sources.iter().filter(|source| source.package == package));
        let mut told = BTreeSet::new();
        for module in graph.files.keys() {
            if told.contains(module) {
                continue;
            }
            if let Some(cycle) = shortest_cycle(&graph, module) {
                tell(&graph, &cycle, report);
                told.extend(cycle);
            }
        }
    }
}

fn graph<'a>(sources: impl Iterator<Item = &'a Source>) -> Graph {
    let mut graph = Graph::default();
    let mut all: Vec<(Module, Imports)> = Vec::new();
    for source in sources {
        if let Some(module) = &source.module {
            graph.files.insert(module.clone(), source.path.clone());
            all.push((module.clone(), imports(module, &source.shipped)));
        }
    }
    let aliases: BTreeMap<&Module, &Module> = all
        .iter()
        .flat_map(|(_, imports)| &imports.passed_on)
        .filter(|(name, _)| !graph.files.contains_key(*name))
        .map(|(name, (target, _))| (name, target))
        .collect();
    for (module, imports) in &all {
        for (path, line) in &imports.used {
            let target = home(path, &graph.files, &aliases);
            if &target != module {
                let edges = graph.edges.entry(module.clone()).or_default();
                edges.entry(target).or_insert(*line);
            }
        }
    }
    graph
}

/// The file in which the thing at `path` is written, whatever names it is passed on by.
fn home(
    path: &Module,
    files: &BTreeMap<Module, PathBuf>,
    aliases: &BTreeMap<&Module, &Module>,
) -> Module {
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
    while !path.is_empty() && !files.contains_key(&path) {
        path.pop();
    }
    path
}

/// The shortest way from `start` back to itself, breadth first.
fn shortest_cycle(graph: &Graph, start: &Module) -> Option<Vec<Module>> {
    let mut came_from: BTreeMap<&Module, &Module> = BTreeMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(module) = queue.pop_front() {
        for next in graph.edges.get(module).into_iter().flat_map(BTreeMap::keys) {
            if next == start {
                let mut cycle = vec![module.clone()];
                let mut at = module;
                while let Some(before) = came_from.get(at) {
                    cycle.push((*before).clone());
                    at = before;
                }
                cycle.reverse();
                return Some(cycle);
            }
            if next != start && !came_from.contains_key(next) {
                came_from.insert(next, module);
                queue.push_back(next);
            }
        }
    }
    None
}

fn tell(graph: &Graph, cycle: &[Module], report: &mut Report) {
    let Some((first, path)) = cycle
        .first()
        .and_then(|first| graph.files.get_key_value(first))
    else {
        return;
    };
    let nexts = cycle.iter().skip(1).chain([first]);
    let steps = cycle.iter().zip(nexts).map(|(module, next)| {
        let line = graph.edges.get(module).and_then(|edges| edges.get(next));
        format!("{} (line {}) -> ", name(module), line.unwrap_or(&0))
    });
    let what = format!(
        "import cycle: {}{}: move what both need into a module below them",
        steps.collect::<String>(),
        name(first)
    );
    report.violation(path, 1, &what);
}

fn name(module: &Module) -> String {
    if module.is_empty() {
        "crate".to_owned()
    } else {
        module.join("::")
    }
}
