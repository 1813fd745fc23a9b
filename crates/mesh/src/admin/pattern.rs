//! Regular expressions that somebody asks with.

use regex::{Regex, RegexBuilder};

use super::Problem;

/// The compiled size of a pattern, in bytes.
const SIZE: usize = 1024 * 1024;

/// The pattern of the parameter called `name`.
pub(super) fn pattern(name: &str, pattern: &str) -> Result<Regex, Problem> {
    let built = RegexBuilder::new(pattern).size_limit(SIZE).build();
    built.map_err(|error| {
        let text = format!("{name}={pattern} is no regular expression: {error}");
        Problem::bad_request(text)
    })
}
