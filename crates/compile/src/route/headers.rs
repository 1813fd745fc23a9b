//! Header operations of a rule or a destination.

use std::collections::BTreeMap;

use sealane_model::networking::http_route::{HeaderOperations, Headers};
use sealane_xds::core::header_value_option::HeaderAppendAction;
use sealane_xds::core::{HeaderValue, HeaderValueOption};

/// Header operations in Envoy's terms.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Operations {
    pub(crate) request_add: Vec<HeaderValueOption>,
    pub(crate) request_remove: Vec<String>,
    pub(crate) response_add: Vec<HeaderValueOption>,
    pub(crate) response_remove: Vec<String>,
    /// What the request's authority becomes; empty when it stays.
    pub(crate) authority: String,
}

/// Operations in order: all that set, then all that add, each sorted by name.
pub(crate) fn operations(headers: Option<&Headers>) -> Operations {
    let none = HeaderOperations::default();
    let request = headers
        .and_then(|headers| headers.request.as_ref())
        .unwrap_or(&none);
    let response = headers
        .and_then(|headers| headers.response.as_ref())
        .unwrap_or(&none);
    let authority = authority(&request.set).or_else(|| authority(&request.add));
    Operations {
        request_add: additions(request),
        request_remove: removals(request),
        response_add: additions(response),
        response_remove: removals(response),
        authority: authority.unwrap_or_default(),
    }
}

/// Pseudo headers and `host` are not for these lists.
fn is_internal(name: &str) -> bool {
    name.starts_with(':') || name.eq_ignore_ascii_case("host")
}

fn authority(headers: &BTreeMap<String, String>) -> Option<String> {
    let is_authority =
        |name: &str| name.eq_ignore_ascii_case(":authority") || name.eq_ignore_ascii_case("host");
    let mut found = headers
        .iter()
        .filter(|(name, value)| is_authority(name) && !value.is_empty());
    found.next_back().map(|(_, value)| value.clone())
}

fn additions(operations: &HeaderOperations) -> Vec<HeaderValueOption> {
    let set = operations
        .set
        .iter()
        .map(|header| (header, HeaderAppendAction::OverwriteIfExistsOrAdd));
    let add = operations
        .add
        .iter()
        .map(|header| (header, HeaderAppendAction::AppendIfExistsOrAdd));
    set.chain(add)
        .filter(|((name, _), _)| !is_internal(name))
        .map(|((name, value), action)| HeaderValueOption {
            header: Some(HeaderValue {
                key: name.clone(),
                value: value.clone(),
                ..HeaderValue::default()
            }),
            append_action: action as i32,
            ..HeaderValueOption::default()
        })
        .collect()
}

fn removals(operations: &HeaderOperations) -> Vec<String> {
    operations
        .remove
        .iter()
        .filter(|name| !is_internal(name))
        .cloned()
        .collect()
}
