//! The server's end, against messages written by hand.

use std::sync::Arc;

use sealane_xds::ResourceKind::{Cluster, Endpoint, Listener, Route};
use sealane_xds::{Resource, ResourceKind, Resources};

use crate::fixture::{cluster, endpoints, services};
use crate::message::{Request, Response};
use crate::session::{KindStatus, Rejection, ServerSession};

/// The first request of a kind.
fn subscribe(kind: ResourceKind, names: &[&str]) -> Request {
    Request {
        kind,
        version: String::new(),
        nonce: String::new(),
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        error: None,
    }
}

fn ack(response: &Response, names: &[&str]) -> Request {
    Request {
        version: response.version.clone(),
        nonce: response.nonce.clone(),
        ..subscribe(response.kind, names)
    }
}

fn nack(response: &Response, names: &[&str], reason: &str) -> Request {
    Request {
        version: String::new(),
        error: Some(reason.to_owned()),
        ..ack(response, names)
    }
}

/// `clusters a,b` for a response with two clusters.
fn shown(responses: &[Response]) -> Vec<String> {
    let one = |response: &Response| {
        let names: Vec<_> = response.resources.iter().map(Resource::name).collect();
        format!("{} {}", response.kind.plural(), names.join(","))
    };
    responses.iter().map(one).collect()
}

/// A session that serves generation 1, `resources`, with every kind subscribed and accepted,
/// endpoints and routes by these names.
fn connected(resources: Arc<Resources>, names: &[&str]) -> ServerSession {
    let mut server = ServerSession::new();
    server.publish(1, resources);
    for kind in [Cluster, Endpoint, Listener, Route] {
        let names = if kind.is_wildcard() { &[] } else { names };
        let response = server.receive(&subscribe(kind, names)).unwrap();
        assert_eq!(server.receive(&ack(&response, names)), None);
    }
    server
}

#[test]
fn a_request_before_the_first_generation_is_answered_with_it() {
    let mut server = ServerSession::new();
    assert_eq!(server.receive(&subscribe(Cluster, &[])), None);
    assert_eq!(server.status(Cluster), KindStatus::NotSent);
    assert_eq!(
        shown(&server.publish(1, services(&[("a", 1)]))),
        ["clusters a"]
    );
    assert_eq!(server.status(Cluster), KindStatus::Stale);
}

#[test]
fn an_empty_world_is_an_answer_too() {
    let mut server = ServerSession::new();
    server.receive(&subscribe(Cluster, &[]));
    server.receive(&subscribe(Listener, &[]));
    let responses = server.publish(1, Arc::default());
    assert_eq!(shown(&responses), ["clusters ", "listeners "]);
    for response in &responses {
        server.receive(&ack(response, &[]));
    }
    assert_eq!(server.live(), Some(1));
}

#[test]
fn clusters_come_before_endpoints_before_listeners_before_routes() {
    let mut server = connected(services(&[("a", 1)]), &["a", "b"]);
    let responses = server.publish(2, services(&[("a", 2), ("b", 2)]));
    assert_eq!(
        shown(&responses),
        [
            "clusters a,b",
            "endpoints a,b",
            "listeners a,b",
            "routes a,b"
        ]
    );
}

#[test]
fn only_what_changed_is_sent() {
    let names = ["a", "b"];
    let mut server = connected(services(&[("a", 1), ("b", 1)]), &names);
    let responses = server.publish(2, services(&[("a", 1), ("b", 2)]));
    assert_eq!(shown(&responses), ["endpoints b", "routes b"]);
    assert_eq!(server.live(), None);
    for response in &responses {
        server.receive(&ack(response, &names));
    }
    assert_eq!(server.live(), Some(2));
}

#[test]
fn a_generation_without_a_change_is_live_at_once() {
    let mut server = connected(services(&[("a", 1)]), &["a"]);
    assert_eq!(server.live(), Some(1));
    assert_eq!(server.publish(2, services(&[("a", 1)])), []);
    assert_eq!(server.live(), Some(2));
}

#[test]
fn a_changed_cluster_gets_its_endpoints_again() {
    let mut server = connected(services(&[("a", 1), ("b", 1)]), &["a", "b"]);
    let mut resources = Resources::clone(&services(&[("a", 1), ("b", 1)]));
    resources.insert(cluster("b", 7));
    let responses = server.publish(2, Arc::new(resources));
    assert_eq!(shown(&responses), ["clusters a,b", "endpoints b"]);
}

#[test]
fn a_cluster_that_went_is_left_out_of_the_list() {
    let mut server = connected(services(&[("a", 1), ("b", 1)]), &["a"]);
    assert_eq!(
        shown(&server.publish(2, services(&[("a", 1)]))),
        ["clusters a", "listeners a"]
    );
}

#[test]
fn a_stale_nonce_is_ignored_with_all_it_says() {
    let mut server = connected(services(&[("a", 1), ("b", 1)]), &["a"]);
    let first = server.publish(2, services(&[("a", 2), ("b", 1)]));
    let second = server.publish(3, services(&[("a", 3), ("b", 1)]));
    assert_eq!(shown(&second), ["endpoints a", "routes a"]);
    assert_eq!(server.receive(&ack(&first[0], &["a", "b"])), None);
    assert_eq!(server.receive(&nack(&first[0], &["a"], "no")), None);
    assert_eq!(server.status(Endpoint), KindStatus::Stale);
    // The answer to the latest response says it again, and now it counts.
    let response = server.receive(&ack(&second[0], &["a", "b"])).unwrap();
    assert_eq!(shown(&[response]), ["endpoints b"]);
}

#[test]
fn a_nack_is_kept_and_not_answered() {
    let mut server = connected(services(&[("a", 1)]), &["a"]);
    let responses = server.publish(2, services(&[("a", 2)]));
    let bad = responses.last().unwrap();
    assert_eq!(server.receive(&nack(bad, &["a"], "routes[0]: no")), None);
    let rejection = Rejection {
        generation: 2,
        reason: "routes[0]: no".to_owned(),
    };
    assert_eq!(
        server.status(Route),
        KindStatus::Rejected(rejection.clone())
    );
    assert_eq!(server.rejection(), Some(&rejection));
    assert_eq!(server.live(), None);
}

#[test]
fn after_a_nack_the_next_generation_sends_the_kind_whole() {
    let names = ["a", "b"];
    let mut server = connected(services(&[("a", 1), ("b", 1)]), &names);
    for response in server.publish(2, services(&[("a", 2), ("b", 1)])) {
        server.receive(&nack(&response, &names, "no"));
    }
    // Back to what the client had accepted: still it hears, or it would never be synced.
    let responses = server.publish(3, services(&[("a", 1), ("b", 1)]));
    assert_eq!(shown(&responses), ["endpoints a,b", "routes a,b"]);
    for response in &responses {
        server.receive(&ack(response, &names));
    }
    assert_eq!((server.live(), server.rejection()), (Some(3), None));
}

#[test]
fn names_that_are_added_are_sent_alone() {
    let mut server = connected(services(&[("a", 1), ("b", 1)]), &["a"]);
    let responses = server.publish(2, services(&[("a", 2), ("b", 2)]));
    let response = server.receive(&ack(&responses[0], &["a", "b"])).unwrap();
    assert_eq!(shown(&[response]), ["endpoints b"]);
}

#[test]
fn names_that_are_taken_away_get_no_answer_and_come_again_when_asked() {
    let mut server = connected(services(&[("a", 1), ("b", 1)]), &["a", "b"]);
    let responses = server.publish(2, services(&[("a", 2), ("b", 1)]));
    let fewer = ack(&responses[0], &["a"]);
    assert_eq!(server.receive(&fewer), None);
    assert_eq!(
        shown(&server.publish(3, services(&[("a", 2), ("b", 3)]))),
        ["routes b"]
    );
    let response = server.receive(&ack(&responses[0], &["a", "b"])).unwrap();
    assert_eq!(shown(&[response]), ["endpoints b"]);
}

#[test]
fn no_names_end_a_subscription_by_name() {
    let mut server = connected(services(&[("a", 1)]), &["a"]);
    let responses = server.publish(2, services(&[("a", 2)]));
    assert_eq!(server.receive(&ack(&responses[0], &[])), None);
    assert_eq!(server.status(Endpoint), KindStatus::NotSent);
    assert_eq!(
        shown(&server.publish(3, services(&[("a", 3)]))),
        ["routes a"]
    );
    // The cluster refers to endpoints that the client does not watch.
    assert_eq!(server.live(), None);
}

#[test]
fn a_change_of_the_subscription_is_no_ack() {
    let mut server = connected(services(&[("a", 1), ("b", 1)]), &["a", "b"]);
    let responses = server.publish(2, services(&[("a", 2), ("b", 1)]));
    let request = Request {
        version: "1/2".to_owned(),
        ..ack(&responses[0], &["a", "b"])
    };
    assert_eq!(server.receive(&request), None);
    assert_eq!(server.status(Endpoint), KindStatus::Stale);
}

#[test]
fn a_reconnect_is_answered_whole_whatever_version_it_names() {
    let mut server = ServerSession::new();
    server.publish(5, services(&[("a", 1)]));
    let request = Request {
        version: "4/9".to_owned(),
        ..subscribe(Endpoint, &["a"])
    };
    assert_eq!(shown(&[server.receive(&request).unwrap()]), ["endpoints a"]);
    // The nonce of another connection, in the first request of this one.
    let request = Request {
        nonce: "17".to_owned(),
        ..subscribe(Cluster, &[])
    };
    assert_eq!(shown(&[server.receive(&request).unwrap()]), ["clusters a"]);
}

#[test]
fn an_unknown_name_gets_an_empty_resource() {
    let mut server = ServerSession::new();
    server.publish(1, services(&[("a", 1)]));
    let response = server.receive(&subscribe(Endpoint, &["gone"])).unwrap();
    let Resource::Endpoint(assignment) = &response.resources[0] else {
        panic!("{response:?}")
    };
    assert_eq!(
        (assignment.cluster_name.as_str(), assignment.endpoints.len()),
        ("gone", 0)
    );
    assert_eq!(
        shown(&[server.receive(&subscribe(Route, &["80"])).unwrap()]),
        ["routes 80"]
    );
}

#[test]
fn live_waits_for_every_name_that_is_referred_to() {
    let mut server = ServerSession::new();
    let mut resources = Resources::default();
    resources.insert(cluster("a", 0));
    resources.insert(endpoints("a", 0));
    server.publish(1, Arc::new(resources));
    for (kind, names) in [(Cluster, &[][..]), (Listener, &[]), (Endpoint, &["a"])] {
        assert_eq!(server.live(), None);
        let response = server.receive(&subscribe(kind, names)).unwrap();
        server.receive(&ack(&response, names));
    }
    assert_eq!(server.live(), Some(1));
}
