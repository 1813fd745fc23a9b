//! Series: limited, summed up, written.

use super::exposition::exposition;
use super::labels::{CalledService, Reporter};
use super::series::SERIES;
use super::*;
use crate::telemetry::flag::Flags;
use crate::telemetry::hashed::Hashed;
use crate::telemetry::workload::Workload;

fn labels(status: u16, service: &str) -> RequestLabels {
    RequestLabels {
        hop: Hop {
            reporter: Reporter::Source,
            source: Hashed::new(Workload::unknown()),
            destination: Hashed::new(Workload::unknown()),
            service: Hashed::new(CalledService {
                host: Some(service.into()),
                name: Some(service.into()),
            }),
        },
        is_grpc: false,
        status,
        grpc_status: None,
        flags: Flags::none(),
    }
}

const TOOK: Took = Took {
    time: Duration::from_millis(7),
    received: 1,
    sent: 2,
};

fn text(all: &[&Metrics]) -> String {
    let mut totals = Totals::default();
    for metrics in all {
        totals.add(metrics);
    }
    exposition(Arc::new(totals), Vec::new()).unwrap()
}

#[test]
fn beyond_the_limit_nothing_begins_and_what_was_begun_goes_on() {
    let metrics = Metrics::default();
    for number in 0..SERIES + 3 {
        metrics.request(&labels(200, &number.to_string()), TOOK);
    }
    metrics.request(&labels(200, "0"), TOOK);
    let text = text(&[&metrics]);
    let series = text
        .lines()
        .filter(|line| line.starts_with("istio_requests_total{"));
    assert_eq!(series.count(), SERIES);
    assert!(text.contains("\nsealane_metrics_uncounted_total 3\n"));
    assert!(text.contains("destination_service=\"0\",destination_service_name=\"0\""));
    let first = text.lines().find(|line| {
        line.starts_with("istio_requests_total{") && line.contains("destination_service=\"0\"")
    });
    assert!(first.unwrap().ends_with(" 2"), "{first:?}");
}

#[test]
fn equal_series_of_two_proxies_are_one() {
    let (one, other) = (Metrics::default(), Metrics::default());
    one.request(&labels(200, "s"), TOOK);
    other.request(&labels(200, "s"), TOOK);
    other.request(&labels(404, "s"), TOOK);
    let text = text(&[&one, &other]);
    let mut counts: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("istio_requests_total{"))
        .filter_map(|line| line.rsplit(' ').next())
        .collect();
    counts.sort_unstable();
    assert_eq!(counts, ["1", "2"]);
    assert!(
        text.contains("# TYPE istio_requests_total counter\n"),
        "{text}"
    );
    assert!(text.contains("# TYPE istio_request_duration_milliseconds histogram\n"));
    assert!(!text.contains("# EOF"));
}

#[test]
fn series_are_written_in_the_same_order_every_time() {
    let metrics = Metrics::default();
    for number in 0..50 {
        metrics.request(&labels(200 + number, "s"), TOOK);
    }
    assert_eq!(text(&[&metrics]), text(&[&metrics]));
}
