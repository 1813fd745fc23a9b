//! Listener filters: what is looked at before a chain is chosen.

use std::ops::Range;

use crate::build::at::At;
use crate::listener::{Inspect, InspectOff};
use sealane_xds::any;
use sealane_xds::http_inspector::HttpInspector;
use sealane_xds::listener::listener_filter_chain_match_predicate::Rule;
use sealane_xds::listener::{ListenerFilter, ListenerFilterChainMatchPredicate, listener_filter};
use sealane_xds::original_dst::OriginalDst;
use sealane_xds::tls_inspector::TlsInspector;

/// What listener filters look at, and where they do not.
pub(super) fn inspected(at: &At<'_>, filters: &[ListenerFilter]) -> (Inspect, InspectOff) {
    let mut inspect = Inspect::default();
    let mut inspect_off = InspectOff::default();
    for (index, filter) in filters.iter().enumerate() {
        let at = at.index(index);
        let off = off_ports(
            &at.field("filter_disabled"),
            filter.filter_disabled.as_ref(),
        );
        match listener_filter(&at, filter) {
            Some(ListenerFilterKind::Http) => {
                inspect.http = true;
                inspect_off.http = off;
            }
            Some(ListenerFilterKind::Tls) => {
                inspect.tls = true;
                inspect_off.tls = off;
            }
            // The original destination of a connection is always known here.
            Some(ListenerFilterKind::OriginalDestination) | None => {}
        }
    }
    (inspect, inspect_off)
}

enum ListenerFilterKind {
    Http,
    Tls,
    OriginalDestination,
}

/// The destination ports at which a listener filter is off. Other conditions are refused.
fn off_ports(at: &At<'_>, message: Option<&ListenerFilterChainMatchPredicate>) -> Vec<Range<u32>> {
    match message.and_then(|predicate| predicate.rule.as_ref()) {
        None => Vec::new(),
        Some(Rule::DestinationPortRange(range)) => {
            let end = |port: i32| u32::try_from(port).unwrap_or(0);
            std::iter::once(end(range.start)..end(range.end)).collect()
        }
        Some(Rule::OrMatch(any)) => {
            let rules = any.rules.iter();
            rules.flat_map(|rule| off_ports(at, Some(rule))).collect()
        }
        Some(Rule::AndMatch(_) | Rule::NotMatch(_) | Rule::AnyMatch(_)) => {
            at.not_understood();
            Vec::new()
        }
    }
}

/// What a listener filter looks at; `None` when it is refused.
fn listener_filter(at: &At<'_>, message: &ListenerFilter) -> Option<ListenerFilterKind> {
    let Some(listener_filter::ConfigType::TypedConfig(config)) = message.config_type.as_ref()
    else {
        return at.refuse(format_args!(
            "`{}` has no typed configuration",
            message.name
        ));
    };
    if any::is::<HttpInspector>(config) {
        Some(ListenerFilterKind::Http)
    } else if any::is::<TlsInspector>(config) {
        Some(ListenerFilterKind::Tls)
    } else if any::is::<OriginalDst>(config) {
        Some(ListenerFilterKind::OriginalDestination)
    } else {
        at.refuse(format_args!("`{}` is not understood", config.type_url))
    }
}
