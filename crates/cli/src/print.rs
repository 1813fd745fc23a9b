//! Standard output and standard error, as results: a closed pipe is an error, not a panic.

use std::fmt;
use std::io::Write as _;

use anyhow::Result;

/// Prints a line on standard output; colours only where a terminal takes them.
pub(crate) fn line(text: fmt::Arguments<'_>) -> Result<()> {
    let mut out = anstream::stdout().lock();
    writeln!(out, "{text}")?;
    Ok(out.flush()?)
}

/// Prints text on standard output as it is.
pub(crate) fn text(text: &str) -> Result<()> {
    let mut out = anstream::stdout().lock();
    write!(out, "{text}")?;
    Ok(out.flush()?)
}

/// Prints a line on standard error. Where that fails there is nobody to tell.
pub(crate) fn note(text: fmt::Arguments<'_>) {
    drop(writeln!(anstream::stderr().lock(), "{text}"));
}
