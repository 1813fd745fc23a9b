//! What is wrong with a scenario file, and where.

use std::fmt;

/// One mistake in a scenario file. Lines count from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The line of the file that the mistake stands on.
    pub line: usize,
    /// What is wrong, and what would be right.
    pub what: String,
}

impl Problem {
    /// A mistake at a line.
    pub fn at(line: usize, what: impl Into<String>) -> Self {
        Self {
            line,
            what: what.into(),
        }
    }
}

/// Everything that is wrong with one scenario file; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems {
    /// The file, as it was named by whoever read it.
    pub file: String,
    /// The mistakes in file order.
    pub list: Vec<Problem>,
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.list.iter().enumerate() {
            if i > 0 {
                writeln!(f)?;
            }
            write!(f, "{}:{}: {}", self.file, problem.line, problem.what)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
