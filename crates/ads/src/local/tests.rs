//! The carrier: transactions, the newest only, ACK and NACK, across tasks and threads.

use std::sync::Arc;
use std::time::Duration;

use sealane_xds::ResourceKind;
use tokio::time::timeout;

use super::*;
use crate::fixture::{cluster, services};
use crate::session::{KindStatus, Rejection};

/// Long enough for anything that comes, under a paused clock.
const SOON: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn a_generation_comes_as_one_update_and_is_live_once_acked() {
    let publisher = Publisher::new();
    let mut proxy = publisher.subscribe();
    let resources = services(&[("a", 1), ("b", 1)]);
    publisher.publish(1, Arc::clone(&resources));
    let update = proxy.next().await.unwrap();
    assert_eq!((update.generation, &*update.resources), (1, &*resources));
    assert!(timeout(SOON, publisher.live(1)).await.is_err());
    proxy.ack(&update);
    assert_eq!(publisher.live(1).await, Ok(()));
    let status = publisher.status();
    assert_eq!(status.kinds[&ResourceKind::Route], KindStatus::Synced);
    assert!(timeout(SOON, proxy.next()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_refused_generation_is_reported_and_the_last_good_one_stays_live() {
    let publisher = Publisher::new();
    let mut proxy = publisher.subscribe();
    publisher.publish(1, services(&[("a", 1)]));
    let update = proxy.next().await.unwrap();
    proxy.ack(&update);
    publisher.publish(2, services(&[("a", 2)]));
    let update = proxy.next().await.unwrap();
    proxy.nack(&update, "routes[0].match: no");
    let rejection = Rejection {
        generation: 2,
        reason: "routes[0].match: no".to_owned(),
    };
    assert_eq!(
        publisher.live(2).await,
        Err(NotLive::Rejected(rejection.clone()))
    );
    let status = publisher.status();
    assert_eq!((status.live, status.rejected), (Some(1), Some(rejection)));

    publisher.publish(3, services(&[("a", 1)]));
    let update = proxy.next().await.unwrap();
    proxy.ack(&update);
    assert_eq!(publisher.live(3).await, Ok(()));
    assert_eq!(publisher.live(2).await, Ok(()));
    assert_eq!(publisher.status().rejected, None);
}

#[tokio::test(start_paused = true)]
async fn a_slow_proxy_gets_the_newest_only() {
    let publisher = Publisher::new();
    let mut proxy = publisher.subscribe();
    for generation in 1..=50 {
        publisher.publish(
            generation,
            services(&[("a", u32::try_from(generation).unwrap())]),
        );
    }
    let update = proxy.next().await.unwrap();
    assert_eq!(update.generation, 50);
    proxy.ack(&update);
    assert_eq!(publisher.live(7).await, Ok(()));
    assert!(timeout(SOON, proxy.next()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn an_answer_to_a_superseded_update_counts_for_nothing() {
    let publisher = Publisher::new();
    let mut proxy = publisher.subscribe();
    publisher.publish(1, services(&[("a", 1)]));
    let old = proxy.next().await.unwrap();
    publisher.publish(2, services(&[("a", 2)]));
    let new = proxy.next().await.unwrap();
    proxy.ack(&old);
    assert_eq!(publisher.status().live, None);
    proxy.nack(&old, "too late");
    assert_eq!(publisher.status().rejected, None);
    proxy.ack(&new);
    assert_eq!(publisher.live(2).await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn an_older_generation_that_comes_late_is_ignored() {
    let publisher = Publisher::new();
    let mut proxy = publisher.subscribe();
    publisher.publish(2, services(&[("a", 2)]));
    publisher.publish(1, services(&[("a", 1)]));
    let update = proxy.next().await.unwrap();
    assert_eq!(
        (update.generation, publisher.status().published),
        (2, Some(2))
    );
}

#[tokio::test(start_paused = true)]
async fn a_generation_that_changes_nothing_is_live_without_an_update() {
    let publisher = Publisher::new();
    let mut proxy = publisher.subscribe();
    publisher.publish(1, services(&[("a", 1)]));
    let update = proxy.next().await.unwrap();
    proxy.ack(&update);
    publisher.publish(2, services(&[("a", 1)]));
    assert!(timeout(SOON, proxy.next()).await.is_err());
    assert_eq!(publisher.live(2).await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn an_update_holds_all_however_little_changed() {
    let publisher = Publisher::new();
    let mut proxy = publisher.subscribe();
    publisher.publish(1, services(&[("a", 1), ("b", 1)]));
    let update = proxy.next().await.unwrap();
    proxy.ack(&update);
    let resources = services(&[("a", 1), ("b", 2), ("c", 1)]);
    publisher.publish(2, Arc::clone(&resources));
    assert_eq!(*proxy.next().await.unwrap().resources, *resources);
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_missing_comes_empty() {
    let publisher = Publisher::new();
    let mut proxy = publisher.subscribe();
    publisher.publish(1, Arc::new([cluster("a", 1).into()].into_iter().collect()));
    let update = proxy.next().await.unwrap();
    assert!(update.resources.endpoints["a"].endpoints.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_proxy_that_connects_again_starts_from_the_newest() {
    let publisher = Publisher::new();
    publisher.publish(1, services(&[("a", 1)]));
    assert!(!publisher.status().connected);
    let mut first = publisher.subscribe();
    let update = first.next().await.unwrap();
    first.ack(&update);
    let mut second = publisher.subscribe();
    first.nack(&update, "of the old connection");
    drop(first);
    let status = publisher.status();
    assert_eq!(
        (status.connected, status.live, status.rejected),
        (true, None, None)
    );
    let update = second.next().await.unwrap();
    second.ack(&update);
    assert_eq!(publisher.live(1).await, Ok(()));
    drop(second);
    assert!(!publisher.status().connected);
}

#[tokio::test(start_paused = true)]
async fn a_subscriber_ends_with_its_publisher_after_the_last_generation() {
    let publisher = Publisher::new();
    let mut proxy = publisher.subscribe();
    publisher.publish(1, services(&[("a", 1)]));
    drop(publisher);
    assert_eq!(proxy.next().await.unwrap().generation, 1);
    assert!(proxy.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_fleet_is_live_when_all_that_are_connected_are() {
    let fleet = Fleet::new();
    fleet.publish("asleep", 1, services(&[("a", 1)]));
    let (mut one, mut two) = (fleet.subscribe("one"), fleet.subscribe("two"));
    for proxy in ["one", "two"] {
        fleet.publish(proxy, 1, services(&[("a", 1)]));
    }
    let update = one.next().await.unwrap();
    one.ack(&update);
    assert!(timeout(SOON, fleet.live(1)).await.is_err());
    let update = two.next().await.unwrap();
    two.nack(&update, "no");
    let refused = fleet.live(1).await.unwrap_err();
    assert_eq!(refused.keys().collect::<Vec<_>>(), ["two"]);
    drop(two);
    assert_eq!(fleet.live(1).await, Ok(()));
    assert_eq!(fleet.statuses().len(), 3);
    fleet.remove("one");
    assert!(one.next().await.is_none());
}

/// The proxies of the test below.
const NAMES: [&str; 3] = ["one", "two", "three"];

/// A proxy that refuses every second generation.
async fn refuse_odd(mut proxy: Subscriber) {
    while let Some(update) = proxy.next().await {
        if update.generation % 2 == 1 {
            proxy.nack(&update, "odd");
        } else {
            proxy.ack(&update);
        }
    }
}

/// Publishes these generations for every proxy.
async fn publish_all(fleet: Arc<Fleet>, generations: impl Iterator<Item = u64>) {
    for generation in generations {
        let resources = services(&[("a", u32::try_from(generation).unwrap())]);
        for name in NAMES {
            fleet.publish(name, generation, Arc::clone(&resources));
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn threads_may_publish_and_subscribe_as_they_like() {
    let fleet = Arc::new(Fleet::new());
    let proxies = NAMES.map(|name| tokio::spawn(refuse_odd(fleet.subscribe(name))));
    let publishers = [1, 2].map(|first| {
        let generations = (first..=200).step_by(2);
        tokio::spawn(publish_all(Arc::clone(&fleet), generations))
    });
    for publisher in publishers {
        publisher.await.unwrap();
    }
    assert_eq!(fleet.live(200).await, Ok(()));
    for name in NAMES {
        fleet.remove(name);
    }
    for proxy in proxies {
        proxy.await.unwrap();
    }
}
