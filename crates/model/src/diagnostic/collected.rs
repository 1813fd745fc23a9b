//! A list of diagnostics that does not grow without limit.

use crate::diagnostic::{Code, Diagnostic, Severity};

/// Diagnostics up to a limit. Those beyond it are counted, and the worst of them is remembered,
/// so that no error is lost.
#[derive(Debug)]
pub(crate) struct Collected {
    list: Vec<Diagnostic>,
    limit: usize,
    untold: usize,
    worst: Severity,
}

impl Collected {
    /// An empty list with a limit.
    pub(crate) const fn new(limit: usize) -> Self {
        Self {
            list: Vec::new(),
            limit,
            untold: 0,
            worst: Severity::Info,
        }
    }

    /// Adds one, or counts it.
    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        if self.is_full() {
            self.untold += 1;
            self.worst = self.worst.max(diagnostic.severity);
        } else {
            self.list.push(diagnostic);
        }
    }

    /// Whether the next one will only be counted.
    pub(crate) fn is_full(&self) -> bool {
        self.list.len() >= self.limit
    }

    /// The list, with a last entry that says how many are missing.
    pub(crate) fn into_vec(mut self) -> Vec<Diagnostic> {
        if self.untold > 0 {
            let message = format!("{} more problems are not shown", self.untold);
            let mut rest = Diagnostic::new(Code::Untold, message);
            rest.severity = self.worst;
            self.list.push(rest);
        }
        self.list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_beyond_the_limit_is_not_lost() {
        let mut collected = Collected::new(2);
        for code in [
            Code::Deprecated,
            Code::Deprecated,
            Code::Deprecated,
            Code::Syntax,
        ] {
            collected.push(Diagnostic::new(code, "x"));
        }
        let list = collected.into_vec();
        assert_eq!(list.len(), 3);
        assert!(list[2].is_error());
        assert_eq!(list[2].message, "2 more problems are not shown");
    }
}
