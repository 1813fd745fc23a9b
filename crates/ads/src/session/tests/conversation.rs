//! Both ends over two queues, with everything that can come in between.

use std::collections::VecDeque;
use std::sync::Arc;

use proptest::prelude::*;
use sealane_xds::Resources;

use crate::fixture::services;
use crate::message::{Request, Response};
use crate::session::{ClientSession, ServerSession, Verdict};

/// A connection with messages on their way in both directions.
#[derive(Default)]
struct Wire {
    server: ServerSession,
    client: ClientSession,
    up: VecDeque<Request>,
    down: VecDeque<Response>,
}

impl Wire {
    fn connected() -> Self {
        let mut wire = Self::default();
        wire.up.extend(wire.client.connect());
        wire
    }

    fn deliver_up(&mut self) -> bool {
        let request = self.up.pop_front();
        self.down.extend(
            request
                .iter()
                .filter_map(|request| self.server.receive(request)),
        );
        request.is_some()
    }

    fn deliver_down(&mut self) -> bool {
        let response = self.down.pop_front();
        let any = response.is_some();
        self.up.extend(self.client.receive(response));
        any
    }

    /// The connection breaks: what is on its way is lost, a new server session begins.
    fn reconnect(&mut self, newest: Option<(u64, Arc<Resources>)>) {
        self.up.clear();
        self.down.clear();
        self.server = ServerSession::new();
        if let Some((generation, resources)) = newest {
            self.server.publish(generation, resources);
        }
        self.up.extend(self.client.connect());
    }

    fn answer(&mut self, verdict: Verdict<'_>) {
        if self.client.is_complete() {
            self.up.extend(self.client.answer(verdict));
        }
    }

    /// Delivers everything; the client accepts whatever is complete.
    fn settle(&mut self) {
        while self.deliver_up() || self.deliver_down() || self.client.is_complete() {
            if self.up.is_empty() && self.down.is_empty() {
                self.answer(Verdict::Accept);
            }
        }
    }
}

#[test]
fn a_client_gathers_all_and_answers_once() {
    let mut wire = Wire::connected();
    let resources = services(&[("a", 1), ("b", 1)]);
    wire.server.publish(1, Arc::clone(&resources));
    while wire.deliver_up() || wire.deliver_down() {
        assert_eq!(wire.server.live(), None);
    }
    assert!(wire.client.is_complete());
    assert_eq!(*wire.client.received(), *resources);
    let answers = wire.client.answer(Verdict::Accept);
    assert_eq!(answers.len(), 4, "{answers:?}");
    wire.up.extend(answers);
    wire.settle();
    assert_eq!(wire.server.live(), Some(1));
}

#[test]
fn a_refusal_names_every_kind_of_the_generation() {
    let mut wire = Wire::connected();
    wire.server.publish(1, services(&[("a", 1)]));
    wire.settle();
    wire.down
        .extend(wire.server.publish(2, services(&[("a", 2)])));
    while wire.deliver_down() || wire.deliver_up() {}
    let answers = wire.client.answer(Verdict::Reject("routes[0]: no"));
    let errors: Vec<_> = answers
        .iter()
        .map(|answer| answer.error.as_deref())
        .collect();
    assert_eq!(errors, [Some("routes[0]: no"); 2]);
    wire.up.extend(answers);
    while wire.deliver_up() {}
    assert_eq!(wire.server.rejection().unwrap().generation, 2);
    assert!(!wire.client.is_complete());
}

#[test]
fn a_refusal_that_comes_late_does_not_speak_of_what_was_published_since() {
    let mut wire = Wire::connected();
    wire.server.publish(1, services(&[("a", 1)]));
    while wire.deliver_up() || wire.deliver_down() {}
    wire.answer(Verdict::Reject("no"));
    // Only endpoints and routes are others: the kinds that are the same were refused with them.
    wire.down
        .extend(wire.server.publish(2, services(&[("a", 2)])));
    wire.settle();
    assert_eq!(wire.server.live(), Some(2));
    // A refusal of the newest one stands.
    wire.down
        .extend(wire.server.publish(3, services(&[("a", 3)])));
    while wire.deliver_down() || wire.deliver_up() {}
    wire.answer(Verdict::Reject("no"));
    wire.settle();
    assert_eq!(wire.server.live(), None);
    assert_eq!(wire.server.rejection().unwrap().generation, 3);
}

#[test]
fn what_is_not_referred_to_any_more_is_not_in_what_was_received() {
    let mut wire = Wire::connected();
    wire.server.publish(1, services(&[("a", 1), ("b", 1)]));
    wire.settle();
    let fewer = services(&[("a", 1)]);
    wire.down.extend(wire.server.publish(2, Arc::clone(&fewer)));
    wire.settle();
    assert_eq!(*wire.client.received(), *fewer);
    assert_eq!(wire.server.live(), Some(2));
}

#[test]
fn a_reconnect_keeps_what_was_received_until_all_is_there_again() {
    let mut wire = Wire::connected();
    let resources = services(&[("a", 1)]);
    wire.server.publish(1, Arc::clone(&resources));
    wire.settle();
    wire.reconnect(Some((1, Arc::clone(&resources))));
    assert!(!wire.client.is_complete());
    assert_eq!(*wire.client.received(), *resources);
    wire.settle();
    assert_eq!(wire.server.live(), Some(1));
}

/// Something that happens between two messages.
#[derive(Debug, Clone)]
enum Event {
    Publish(Vec<(usize, u32)>),
    Up,
    Down,
    Accept,
    Reject,
    Reconnect,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let world = proptest::collection::vec((0..4_usize, 0..3_u32), 0..5);
    let event = prop_oneof![
        3 => world.prop_map(Event::Publish),
        8 => Just(Event::Up),
        8 => Just(Event::Down),
        2 => Just(Event::Accept),
        2 => Just(Event::Reject),
        1 => Just(Event::Reconnect),
    ];
    proptest::collection::vec(event, 0..60)
}

proptest! {
    #[test]
    fn any_interleaving_ends_with_the_newest_generation_live(events in events()) {
        let mut wire = Wire::connected();
        let mut newest = None;
        let mut generation = 0;
        for event in events {
            match event {
                Event::Publish(world) => {
                    generation += 1;
                    let world: Vec<_> =
                        world.iter().map(|(name, revision)| (["a", "b", "c", "d"][*name], *revision)).collect();
                    let resources = services(&world);
                    newest = Some((generation, Arc::clone(&resources)));
                    wire.down.extend(wire.server.publish(generation, resources));
                }
                Event::Up => drop(wire.deliver_up()),
                Event::Down => drop(wire.deliver_down()),
                Event::Accept => wire.answer(Verdict::Accept),
                Event::Reject => wire.answer(Verdict::Reject("no")),
                Event::Reconnect => wire.reconnect(newest.clone()),
            }
        }
        // One more, as a refused generation is not sent again by itself.
        let last = services(&[("a", 9), ("d", 9)]);
        wire.down.extend(wire.server.publish(generation + 1, Arc::clone(&last)));
        wire.settle();
        prop_assert_eq!(wire.server.live(), Some(generation + 1));
        prop_assert_eq!(&*wire.client.received(), &*last);
    }
}
