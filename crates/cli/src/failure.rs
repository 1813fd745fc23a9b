//! A failure with an exit code of its own.

use std::fmt;

/// A command line that is not understood (sysexits' `EX_USAGE`).
pub(crate) const USAGE: u8 = 64;
/// Input that cannot be used (sysexits' `EX_DATAERR`).
pub(crate) const BAD_INPUT: u8 = 65;

/// A failure that ends the program with `code`. Its text is printed as it is.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The exit code.
    pub(crate) code: u8,
    /// What is printed on standard error; empty when everything is said.
    pub(crate) text: String,
}

impl Failure {
    /// Bad input, with the text that says where and what.
    pub(crate) fn bad_input(text: impl Into<String>) -> Self {
        Self {
            code: BAD_INPUT,
            text: text.into(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Failure {}
