//! Standard output and standard error, as results: a closed pipe is an error, not a panic.

use std::fmt;
use std::io::Write as _;

use anyhow::Result;
use owo_colors::{AnsiColors, OwoColorize as _};
use serde_json::Value;

use crate::args::Output;
use crate::yaml::to_yaml;

/// Signs at the start of a line, with the colour that they have on a terminal.
const SIGNS: [(&str, AnsiColors); 5] = [
    ("✓", AnsiColors::Green),
    ("✗", AnsiColors::Red),
    ("error:", AnsiColors::Red),
    ("warning:", AnsiColors::Yellow),
    ("! ", AnsiColors::Yellow),
];

/// The text with its first sign in colour. What it is written to strips that where no terminal is.
fn painted(text: &str) -> String {
    let found = SIGNS.iter().find_map(|(sign, colour)| {
        let rest = text.strip_prefix(sign)?;
        let sign = sign.color(*colour);
        Some(format!("{}{rest}", sign.bold()))
    });
    found.unwrap_or_else(|| text.to_owned())
}

/// Prints a line on standard output; colours only where a terminal takes them.
pub(crate) fn line(text: fmt::Arguments<'_>) -> Result<()> {
    let mut out = anstream::stdout().lock();
    writeln!(out, "{}", painted(&text.to_string()))?;
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
    let text = painted(&text.to_string());
    drop(writeln!(anstream::stderr().lock(), "{text}"));
}

/// Prints a value as JSON or YAML.
pub(crate) fn print_value(output: Output, value: &Value) -> Result<()> {
    if output == Output::Yaml {
        text(&to_yaml(value))
    } else {
        line(format_args!("{value:#}"))
    }
}
