//! An index over the paths of routes, so that a search need not look at every route.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::matcher::path::PathMatch;

/// Which routes may take a path. Routes are numbered in the order of their list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PathIndex {
    /// By the whole path.
    exact: HashMap<Arc<str>, Vec<usize>>,
    /// By what the path begins with, by the length of that.
    prefixes: BTreeMap<usize, HashMap<Arc<str>, Vec<usize>>>,
    /// Those that must be asked for every path: patterns, and where letter case does not count.
    others: Vec<usize>,
}

impl PathIndex {
    /// An index over paths in the order of their routes.
    pub fn new<'a>(paths: impl IntoIterator<Item = &'a PathMatch>) -> Self {
        let mut index = Self::default();
        for (number, path) in paths.into_iter().enumerate() {
            index.places(path).push(number);
        }
        index
    }

    /// Where a route with this path belongs.
    fn places(&mut self, path: &PathMatch) -> &mut Vec<usize> {
        match path {
            PathMatch::Exact {
                path,
                ignore_case: false,
            } => self.exact.entry(Arc::clone(path)).or_default(),
            // A path of segments begins with its text; the rest is asked of the route.
            PathMatch::Prefix {
                prefix,
                ignore_case: false,
            }
            | PathMatch::Segments {
                prefix,
                ignore_case: false,
            } => {
                let same_length = self.prefixes.entry(prefix.len()).or_default();
                same_length.entry(Arc::clone(prefix)).or_default()
            }
            PathMatch::Prefix { .. }
            | PathMatch::Exact { .. }
            | PathMatch::Segments { .. }
            | PathMatch::Regex(_)
            | PathMatch::Connect => &mut self.others,
        }
    }

    /// The first route, in the order of the list, of those that may take `path` and that `takes`
    /// says do.
    pub fn first(&self, path: &str, takes: impl Fn(usize) -> bool) -> Option<usize> {
        let mut best = None;
        let mut look = |candidates: &[usize]| {
            let earlier = candidates
                .iter()
                .take_while(|number| best.is_none_or(|best| **number < best));
            best = earlier.copied().find(|number| takes(*number)).or(best);
        };
        if let Some(candidates) = self.exact.get(path) {
            look(candidates);
        }
        for (length, prefixes) in self.prefixes.range(..=path.len()) {
            let candidates = path.get(..*length).and_then(|start| prefixes.get(start));
            if let Some(candidates) = candidates {
                look(candidates);
            }
        }
        look(&self.others);
        best
    }
}
