//! Which requests a route takes.

use std::sync::Arc;

use sealane_xds::core::RuntimeFractionalPercent;
use sealane_xds::protobuf::BoolValue;
use sealane_xds::route;
use sealane_xds::route::header_matcher::HeaderMatchSpecifier;
use sealane_xds::route::query_parameter_matcher::QueryParameterMatchSpecifier;
use sealane_xds::route::route_match::PathSpecifier;

use crate::build::at::{At, fields};
use crate::build::scalar::{flag, runtime_fraction};
use crate::build::string::{pattern, string_match, text_match};
use crate::matcher::header::{HeaderCondition, HeaderField, HeaderMatch};
use crate::matcher::path::PathMatch;
use crate::matcher::query::{QueryCondition, QueryMatch};
use crate::matcher::route::RouteMatch;
use crate::matcher::string::{Place, StringMatch};

/// The conditions of a route.
pub(super) fn route_match(at: &At<'_>, message: Option<&route::RouteMatch>) -> Option<RouteMatch> {
    let Some(message) = message else {
        return at.refuse("is missing");
    };
    fields! { at, message, route::RouteMatch {
        read: [path_specifier, case_sensitive, headers, query_parameters, grpc, runtime_fraction],
        ignored: [],
        refused: [cookies, tls_context, dynamic_metadata, filter_state],
    } }
    let path = path(at, path_specifier.as_ref(), case_sensitive.as_ref());
    let headers = all(&at.field("headers"), headers, header_match);
    let query = all(&at.field("query_parameters"), query_parameters, query_match);
    let never = never(&at.field("runtime_fraction"), runtime_fraction.as_ref());
    Some(RouteMatch {
        path: path?,
        headers: headers?,
        query: query?,
        grpc: grpc.is_some(),
        never: never?,
    })
}

/// Reads every element, so that all problems are found; `None` if one is refused.
pub(super) fn all<M, T>(
    at: &At<'_>,
    messages: &[M],
    read: impl Fn(&At<'_>, &M) -> Option<T>,
) -> Option<Vec<T>> {
    let read: Vec<Option<T>> = messages
        .iter()
        .enumerate()
        .map(|(index, message)| read(&at.index(index), message))
        .collect();
    read.into_iter().collect()
}

fn path(
    at: &At<'_>,
    specifier: Option<&PathSpecifier>,
    case_sensitive: Option<&BoolValue>,
) -> Option<PathMatch> {
    let ignore_case = flag(case_sensitive) == Some(false);
    Some(match specifier {
        Some(PathSpecifier::Prefix(prefix)) => PathMatch::Prefix {
            prefix: Arc::from(prefix.as_str()),
            ignore_case,
        },
        Some(PathSpecifier::Path(path)) => PathMatch::Exact {
            path: Arc::from(path.as_str()),
            ignore_case,
        },
        Some(PathSpecifier::PathSeparatedPrefix(prefix)) => PathMatch::Segments {
            prefix: Arc::from(prefix.trim_end_matches('/')),
            ignore_case,
        },
        Some(PathSpecifier::SafeRegex(regex)) => {
            PathMatch::Regex(pattern(&at.field("safe_regex"), regex)?)
        }
        Some(PathSpecifier::ConnectMatcher(_)) => PathMatch::Connect,
        Some(PathSpecifier::PathMatchPolicy(_)) => {
            at.field("path_match_policy").not_understood();
            return None;
        }
        None => return at.refuse("says no path"),
    })
}

/// Whether a runtime fraction lets nothing through. A part of all requests would be a split that
/// falls through to the next route, which nothing of ours makes.
fn never(at: &At<'_>, share: Option<&RuntimeFractionalPercent>) -> Option<bool> {
    let share = runtime_fraction(at, share)?;
    if share.is_none() || share.is_all() {
        Some(share.is_none())
    } else {
        at.refuse("only 0 and 100 percent are understood")
    }
}

#[expect(deprecated, reason = "other control planes still write the old forms")]
fn header_match(at: &At<'_>, message: &route::HeaderMatcher) -> Option<HeaderMatch> {
    let Some(field) = HeaderField::parse(&message.name) else {
        return at.field("name").refuse("not a header name");
    };
    let text = |place, text: &str| HeaderCondition::Value(text_match(place, text, false));
    let condition = match message.header_match_specifier.as_ref() {
        None | Some(HeaderMatchSpecifier::PresentMatch(true)) => HeaderCondition::Present,
        Some(HeaderMatchSpecifier::PresentMatch(false)) => HeaderCondition::Absent,
        Some(HeaderMatchSpecifier::ExactMatch(value)) => text(Place::Whole, value),
        Some(HeaderMatchSpecifier::PrefixMatch(value)) => text(Place::Start, value),
        Some(HeaderMatchSpecifier::SuffixMatch(value)) => text(Place::End, value),
        Some(HeaderMatchSpecifier::ContainsMatch(value)) => text(Place::Within, value),
        Some(HeaderMatchSpecifier::SafeRegexMatch(regex)) => {
            let pattern = pattern(&at.field("safe_regex_match"), regex)?;
            HeaderCondition::Value(StringMatch::Regex(pattern))
        }
        Some(HeaderMatchSpecifier::StringMatch(matcher)) => {
            HeaderCondition::Value(string_match(&at.field("string_match"), matcher)?)
        }
        Some(HeaderMatchSpecifier::RangeMatch(range)) => {
            HeaderCondition::Number(range.start..range.end)
        }
    };
    Some(HeaderMatch {
        field,
        condition,
        invert: message.invert_match,
        missing_as_empty: message.treat_missing_header_as_empty,
    })
}

fn query_match(at: &At<'_>, message: &route::QueryParameterMatcher) -> Option<QueryMatch> {
    let condition = match message.query_parameter_match_specifier.as_ref() {
        None | Some(QueryParameterMatchSpecifier::PresentMatch(true)) => QueryCondition::Present,
        Some(QueryParameterMatchSpecifier::PresentMatch(false)) => QueryCondition::Absent,
        Some(QueryParameterMatchSpecifier::StringMatch(matcher)) => {
            QueryCondition::Value(string_match(&at.field("string_match"), matcher)?)
        }
    };
    Some(QueryMatch {
        name: Arc::from(message.name.as_str()),
        condition,
    })
}
