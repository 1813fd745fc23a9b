//! Conditions on values, and patterns.

use std::sync::Arc;

use sealane_xds::matcher::string_matcher::MatchPattern;
use sealane_xds::matcher::{RegexMatchAndSubstitute, RegexMatcher, StringMatcher};

use crate::build::at::At;
use crate::matcher::pattern::Pattern;
use crate::matcher::string::{Place, StringMatch};
use crate::route::Substitution;

/// A condition on a value.
pub(super) fn string_match(at: &At<'_>, matcher: &StringMatcher) -> Option<StringMatch> {
    let (place, text) = match matcher.match_pattern.as_ref() {
        Some(MatchPattern::Exact(text)) => (Place::Whole, text),
        Some(MatchPattern::Prefix(text)) => (Place::Start, text),
        Some(MatchPattern::Suffix(text)) => (Place::End, text),
        Some(MatchPattern::Contains(text)) => (Place::Within, text),
        Some(MatchPattern::SafeRegex(regex)) => {
            return pattern(&at.field("safe_regex"), regex).map(StringMatch::Regex);
        }
        Some(MatchPattern::Custom(_)) => {
            at.field("custom").not_understood();
            return None;
        }
        None => return at.refuse("says nothing to match"),
    };
    Some(text_match(place, text, matcher.ignore_case))
}

/// A condition on the text of a value.
pub(super) fn text_match(place: Place, text: &str, ignore_case: bool) -> StringMatch {
    StringMatch::Text {
        place,
        text: Arc::from(text),
        ignore_case,
    }
}

/// A pattern.
pub(super) fn pattern(at: &At<'_>, regex: &RegexMatcher) -> Option<Pattern> {
    match Pattern::parse(&regex.regex) {
        Ok(pattern) => Some(pattern),
        Err(error) => at.field("regex").refuse(error),
    }
}

/// A pattern with what becomes of its matches.
pub(super) fn substitution(at: &At<'_>, rewrite: &RegexMatchAndSubstitute) -> Option<Substitution> {
    let Some(regex) = rewrite.pattern.as_ref() else {
        return at.field("pattern").refuse("is missing");
    };
    let pattern = pattern(&at.field("pattern"), regex)?;
    match Substitution::parse(pattern, &rewrite.substitution) {
        Ok(substitution) => Some(substitution),
        Err(problem) => at.field("substitution").refuse(problem),
    }
}
