//! The index gives the route that a search from the top gives.

use std::sync::Arc;

use http::{HeaderMap, Method, StatusCode};
use proptest::prelude::*;

use super::*;
use crate::matcher::header::{HeaderCondition, HeaderField, HeaderMatch};
use crate::matcher::path::PathMatch;
use crate::matcher::pattern::Pattern;
use crate::matcher::route::RouteMatch;
use crate::route::{Action, DirectResponse};

fn route(number: usize, path: PathMatch, needs_header: bool) -> Arc<Route> {
    let header = HeaderMatch {
        field: HeaderField::parse("x-a").unwrap(),
        condition: HeaderCondition::Present,
        invert: false,
        missing_as_empty: false,
    };
    Arc::new(Route {
        name: number.to_string().into(),
        origin: None,
        matches: RouteMatch {
            path,
            headers: needs_header.then_some(header).into_iter().collect(),
            ..RouteMatch::default()
        },
        action: Action::Direct(DirectResponse {
            status: StatusCode::OK,
            body: bytes::Bytes::new(),
        }),
        headers: HeaderOps::default(),
        fault: None,
        cors: None,
        decorator: None,
    })
}

fn path() -> impl Strategy<Value = PathMatch> {
    let text = "(/[ab]{0,2}){1,3}";
    (0..4_u8, text, any::<bool>()).prop_map(|(kind, text, ignore_case)| match kind {
        0 => PathMatch::Exact {
            path: text.into(),
            ignore_case,
        },
        1 => PathMatch::Prefix {
            prefix: text.into(),
            ignore_case,
        },
        2 => PathMatch::Segments {
            prefix: text.trim_end_matches('/').into(),
            ignore_case,
        },
        _ => PathMatch::Regex(Pattern::parse(&format!("{text}.*")).unwrap()),
    })
}

proptest! {
    #[test]
    fn the_index_agrees_with_a_search_from_the_top(
        routes in prop::collection::vec((path(), any::<bool>()), INDEXED..40),
        asked in prop::collection::vec(("(/[abA]{0,2}){1,3}(\\?x)?", any::<bool>()), 8),
    ) {
        let routes: Routes = routes
            .into_iter()
            .enumerate()
            .map(|(number, (path, needs_header))| route(number, path, needs_header))
            .collect();
        prop_assert!(routes.index.is_some());
        for (path, with_header) in asked {
            let mut headers = HeaderMap::new();
            if with_header {
                headers.insert("x-a", "1".parse().unwrap());
            }
            let head = RequestHead {
                method: &Method::GET,
                scheme: "http",
                authority: "a",
                path_and_query: &path,
                headers: &headers,
            };
            let found = routes.first_match(&head).map(|route| &route.name);
            let expected = routes.iter().find(|route| route.matches.takes(&head));
            prop_assert_eq!(found, expected.map(|route| &route.name), "{}", path);
        }
    }
}

#[test]
fn a_short_list_has_no_index() {
    let path = || PathMatch::Prefix {
        prefix: "/".into(),
        ignore_case: false,
    };
    let routes: Routes = (0..INDEXED - 1)
        .map(|number| route(number, path(), false))
        .collect();
    assert!(routes.index.is_none());
    assert_eq!(routes.len(), INDEXED - 1);
}

/// Operations that tell their level by the name that they remove.
fn level(name: &'static str) -> HeaderOps {
    let mut level = HeaderOps::default();
    level
        .request
        .remove
        .push(http::HeaderName::from_static(name));
    level
}

#[test]
fn the_levels_of_headers_go_from_the_destination_outwards_or_back() {
    let all = PathMatch::Prefix {
        prefix: "/".into(),
        ignore_case: false,
    };
    let of_route = Route {
        headers: level("route"),
        ..(*route(0, all, false)).clone()
    };
    let host = VirtualHost {
        name: "a".into(),
        domains: Vec::new(),
        routes: [Arc::new(of_route.clone())].into_iter().collect(),
        require_tls: false,
        attempt_count: false,
        headers: level("host"),
    };
    let part = Part {
        cluster: "c".into(),
        weight: 1,
        headers: level("part"),
        host_rewrite: None,
    };
    let mut table = RouteTable {
        name: "80".into(),
        virtual_hosts: Vec::new(),
        domains: DomainIndex::default(),
        ignore_port: false,
        headers: level("table"),
        specific_headers_last: false,
    };
    let names = |table: &RouteTable, part| -> Vec<String> {
        let levels = table.header_levels(&host, &of_route, part);
        let removed = levels.flat_map(|level| &level.request.remove);
        removed.map(ToString::to_string).collect()
    };
    let outwards = ["part", "route", "host", "table"];
    assert_eq!(names(&table, Some(&part)), outwards);
    assert_eq!(names(&table, None), outwards[1..]);
    table.specific_headers_last = true;
    let inwards = ["table", "host", "route", "part"];
    assert_eq!(names(&table, Some(&part)), inwards);
}
