//! Scenario files: one Markdown file read into typed steps.
//!
//! The format is `scenarios/README.md`. Reading checks everything that can be known without a mesh: unknown
//! blocks, keys and units are problems with their line, all of them at once.

pub mod call;
pub mod expect;
pub mod markdown;
pub mod measure;
pub mod options;
pub mod pattern;
pub mod problem;
mod scalar;

use self::call::CallItem;
use self::markdown::Block;
use self::options::Options;
use self::problem::{Problem, Problems};
use self::scalar::Place;

/// A scenario file.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// The file, as its reader named it.
    pub file: String,
    /// What the `yaml options` blocks say.
    pub options: Options,
    /// What happens, in file order.
    pub steps: Vec<Step>,
}

/// One block that does something.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Objects to apply, as YAML documents.
    Manifests {
        /// The documents.
        text: String,
        /// The line of the file on which the text begins.
        line: usize,
    },
    /// Objects to remove.
    Delete(Vec<ObjectRef>),
    /// Calls to make, in order.
    Calls(Vec<CallItem>),
}

/// An object named as `KIND/NAME` or `KIND/NAMESPACE/NAME`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectRef {
    /// The kind as written; compare without regard to case.
    pub kind: String,
    /// The namespace, where the reference has one.
    pub namespace: Option<String>,
    /// The name.
    pub name: String,
    /// The line it is written on.
    pub line: usize,
}

impl Scenario {
    /// Reads the text of a scenario file; `file` is only for messages.
    pub fn read(file: &str, text: &str) -> Result<Self, Problems> {
        let mut problems = Vec::new();
        let mut scenario = Self {
            file: file.to_owned(),
            options: Options::default(),
            steps: Vec::new(),
        };
        match markdown::blocks(text) {
            Ok(blocks) => {
                for block in blocks {
                    scenario.add(block, &mut problems);
                }
            }
            Err(problem) => problems.push(problem),
        }
        if problems.is_empty() {
            return Ok(scenario);
        }
        problems.sort_by_key(|problem| problem.line);
        Err(Problems {
            file: file.to_owned(),
            list: problems,
        })
    }

    /// The call items in file order.
    pub fn items(&self) -> impl Iterator<Item = &CallItem> {
        self.steps.iter().flat_map(|step| match step {
            Step::Calls(items) => items.as_slice(),
            Step::Manifests { .. } | Step::Delete(_) => &[],
        })
    }

    fn add(&mut self, block: Block, problems: &mut Vec<Problem>) {
        let mut words = block.words.iter().map(String::as_str);
        let (what, mesh, more) = (words.next().unwrap_or_default(), words.next(), words.next());
        let known = matches!(what, "manifests" | "delete" | "calls" | "options");
        if !known || more.is_some() || !matches!(mesh, None | Some("sealane" | "istio")) {
            let line = block.line.saturating_sub(1);
            let shown = block.words.join(" ");
            problems.push(Problem::at(
                line,
                format!(
                    "unknown block `yaml {shown}`; known are manifests, delete, calls and options, \
                 each also followed by sealane or istio"
                ),
            ));
            return;
        }
        if mesh == Some("istio") {
            return; // What Istio does where Sealane differs on purpose: documentation.
        }
        if what == "manifests" {
            self.steps.push(Step::Manifests {
                text: block.text,
                line: block.line,
            });
            return;
        }
        let Some(node) = scalar::parse(&block, problems) else {
            return;
        };
        let mut place = Place {
            offset: block.line - 1,
            problems,
        };
        match what {
            "options" if self.steps.is_empty() => self.options.read(&node, &mut place),
            "options" => place.problem(&node, "options must stand before the first manifests"),
            "delete" => self
                .steps
                .push(Step::Delete(delete_refs(&node, &mut place))),
            _ => self.steps.push(Step::Calls(call::items(&node, &mut place))),
        }
    }
}

fn delete_refs(node: &sealane_model::tree::Node, place: &mut Place<'_>) -> Vec<ObjectRef> {
    let mut refs = Vec::new();
    for item in place.list(node, "a list of KIND/NAME or KIND/NAMESPACE/NAME") {
        let text = scalar::text(item).unwrap_or_default();
        let parts: Vec<&str> = text.split('/').collect();
        let (kind, namespace, name) = match *parts {
            [kind, name] => (kind, None, name),
            [kind, namespace, name] => (kind, Some(namespace.to_owned()), name),
            _ => {
                place.problem(item, "expected KIND/NAME or KIND/NAMESPACE/NAME");
                continue;
            }
        };
        let line = place.line(item);
        refs.push(ObjectRef {
            kind: kind.to_owned(),
            namespace,
            name: name.to_owned(),
            line,
        });
    }
    refs
}

#[cfg(test)]
mod tests;
