//! What counts as lost, and to which change.

use sealane_seam::{SeededRandom, TokioClock};
use tokio::time::advance;

use super::*;
use crate::options::Carrier;

const PATIENCE: Duration = Duration::from_secs(5);

fn toll() -> Toll {
    let clock = TokioClock::starting_at(SystemTime::UNIX_EPOCH + Duration::from_hours(1));
    let random = SeededRandom::new(1);
    Toll::new(&Options::new(
        Carrier::Memory,
        Arc::new(clock),
        Arc::new(random),
    ))
}

/// A request to `cluster` that began `age` ago.
fn request(toll: &Toll, cluster: &str, age: Duration) -> AccessRecord {
    let ends = ("1.2.3.4:80".parse().unwrap(), "5.6.7.8:9".parse().unwrap());
    let start = toll.clock.wall() - age;
    let mut record = AccessRecord::begin("client".into(), "0.0.0.0_80".into(), start, ends);
    record.status = 503;
    record.wanted_cluster = Some(cluster.into());
    record
}

fn failed(toll: &Toll, cluster: &str, flag: Flag, age: Duration) {
    let mut record = request(toll, cluster, age);
    record.flags.raise(flag);
    toll.write(record);
}

const NOW: Duration = Duration::ZERO;

#[tokio::test(start_paused = true)]
async fn what_breaks_while_things_change_is_lost() {
    let toll = toll();
    toll.begin();
    failed(
        &toll,
        "a",
        Flag::UpstreamConnectionTermination,
        Duration::from_mins(1),
    );
    failed(&toll, "b", Flag::NoCluster, NOW);
    failed(&toll, "c", Flag::UpstreamTimeout, NOW);
    failed(&toll, "d", Flag::FaultInjected, NOW);
    toll.write(request(&toll, "e", NOW));
    assert_eq!(toll.lost(), 2);
    toll.begin();
    assert_eq!(toll.lost(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_failed_before_is_not_the_changes_fault() {
    let toll = toll();
    failed(&toll, "a", Flag::NoHealthyUpstream, NOW);
    advance(RECENT).await;
    toll.begin();
    failed(&toll, "a", Flag::NoHealthyUpstream, NOW);
    failed(&toll, "b", Flag::NoHealthyUpstream, NOW);
    assert_eq!(toll.lost(), 1);
    toll.settle();
    advance(RECENT).await;
    toll.begin();
    failed(&toll, "a", Flag::NoHealthyUpstream, NOW);
    assert_eq!(toll.lost(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_was_in_flight_is_told_later() {
    let toll = toll();
    toll.begin();
    toll.settle();
    advance(Duration::from_secs(2)).await;
    failed(&toll, "a", Flag::UpstreamReset, Duration::from_secs(3));
    failed(&toll, "b", Flag::UpstreamReset, Duration::from_secs(1));
    assert_eq!((toll.lost(), toll.take_late(), toll.take_late()), (0, 1, 0));
    advance(PATIENCE).await;
    failed(&toll, "c", Flag::UpstreamReset, Duration::from_secs(30));
    assert_eq!(toll.take_late(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_failure_behind_the_callers_proxy_counts_once_and_only_if_no_retry_saves_it() {
    let toll = toll();
    toll.begin();
    for (id, status) in [("saved", 200), ("lost", 503)] {
        let id = Some(HeaderValue::from_static(id));
        let mut inside = request(&toll, "inbound|80||", NOW);
        inside.listener = VIRTUAL_INBOUND.into();
        inside.request_id.clone_from(&id);
        inside.flags.raise(Flag::UpstreamConnectionFailure);
        toll.write(inside);
        let mut caller = request(&toll, "a", NOW);
        caller.request_id = id;
        caller.status = status;
        toll.write(caller);
    }
    assert_eq!(toll.lost(), 1);
}
