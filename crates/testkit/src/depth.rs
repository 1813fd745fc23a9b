//! The depths that a scenario is played at, and what each of them has to say about an item.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use crate::judge::Check;
use crate::scenario::expect::Key;

/// How much of the mesh takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Depth {
    /// The resources that `compile` makes of the manifests.
    Compile,
    /// The runtime built from those resources, serialised in between, and its pure decisions.
    Decide,
    /// Control, proxies and workloads in memory, with a paused clock.
    Serve,
    /// The same over loopback sockets in real time.
    Sockets,
}

impl Depth {
    /// All depths, the shallowest first.
    pub const ALL: [Self; 4] = [Self::Compile, Self::Decide, Self::Serve, Self::Sockets];

    /// The name on the command line and in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Compile => "compile",
            Self::Decide => "decide",
            Self::Serve => "serve",
            Self::Sockets => "sockets",
        }
    }
}

impl fmt::Display for Depth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that names no depth.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no depth; the depths are compile, decide, serve and sockets")]
pub struct UnknownDepth(String);

impl FromStr for Depth {
    type Err = UnknownDepth;

    fn from_str(text: &str) -> Result<Self, UnknownDepth> {
        let depth = Self::ALL.into_iter().find(|depth| depth.name() == text);
        depth.ok_or_else(|| UnknownDepth(text.to_owned()))
    }
}

/// What one depth found out about one call item.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Verdict {
    /// What was checked.
    pub checks: Vec<Check>,
    /// Keys that this depth cannot check, and why.
    pub unchecked: Vec<(&'static str, String)>,
}

/// What one depth found out about one scenario.
#[derive(Debug, Clone, PartialEq)]
pub struct Played {
    /// The depth.
    pub depth: Depth,
    /// One verdict for each call item in file order; fewer when the play ended early.
    pub verdicts: Vec<Verdict>,
    /// Why the play ended early.
    pub error: Option<String>,
}

impl Played {
    /// Whether it ended early or a check failed.
    pub fn failed(&self) -> bool {
        let wrong = |verdict: &Verdict| verdict.checks.iter().any(|check| !check.ok);
        self.error.is_some() || self.verdicts.iter().any(wrong)
    }

    /// Whether calls took too long, and nothing else is wrong.
    pub fn missed_time_only(&self) -> bool {
        let checks = self.verdicts.iter().flat_map(|verdict| &verdict.checks);
        let mut failed = checks.filter(|check| !check.ok);
        self.failed() && self.error.is_none() && failed.all(|check| check.key == Key::Took.name())
    }
}
