//! Prometheus' text format of metrics.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Error;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode_registry;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, MetricEncoder};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

use super::histogram::{BOUNDS, Distribution};
use super::labels::{Pairs, Written};
use super::series::RequestsNow;
use super::totals::Totals;
use crate::stats::{Stat, StatKind};

/// The media type of the text.
pub const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Istio's metrics and Envoy's statistics as Prometheus reads them.
///
/// # Errors
/// Writing to a string does not fail; the encoder could.
pub fn exposition(totals: Arc<Totals>, stats: Vec<Stat>) -> Result<String, Error> {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Istio(totals)));
    registry.register_collector(Box::new(Envoy(by_metric(stats))));
    let mut text = String::new();
    encode_registry(&mut text, &registry)?;
    Ok(text)
}

#[derive(Debug)]
struct Istio(Arc<Totals>);

/// The statistics of each metric.
#[derive(Debug)]
struct Envoy(BTreeMap<String, Vec<Stat>>);

/// The name and the labels of a sample.
type Sample = (String, Vec<(&'static str, Arc<str>)>);
/// A part of what a series of requests counts.
type Part = fn(&RequestsNow) -> &Distribution;

/// Samples of one metric go together, and equal ones of several proxies are one.
fn by_metric(stats: Vec<Stat>) -> BTreeMap<String, Vec<Stat>> {
    let mut sums: BTreeMap<Sample, Stat> = BTreeMap::new();
    for stat in stats {
        let (name, labels) = stat.prometheus();
        let value = stat.value;
        let sum = sums
            .entry((name, labels))
            .or_insert_with(|| Stat { value: 0, ..stat });
        sum.value += value;
    }
    let mut metrics: BTreeMap<String, Vec<Stat>> = BTreeMap::new();
    for ((name, _), stat) in sums {
        metrics.entry(name).or_default().push(stat);
    }
    metrics
}

impl Collector for Istio {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        let totals = &*self.0;
        let requests = totals.requests.iter().map(|(labels, now)| {
            let count = now.duration.count();
            (labels.pairs(), count)
        });
        let help = "Requests, by who called whom and how they ended.";
        counters(&mut encoder, ("istio_requests_total", help), requests)?;
        let parts: [(&str, &str, Part); 3] = [
            (
                "istio_request_duration_milliseconds",
                "Time from the first byte of a request to the last byte of its response.",
                |now| &now.duration,
            ),
            (
                "istio_request_bytes",
                "Bytes of the bodies of requests.",
                |now| &now.request_bytes,
            ),
            (
                "istio_response_bytes",
                "Bytes of the bodies of responses.",
                |now| &now.response_bytes,
            ),
        ];
        for (name, help, part) in parts {
            let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Histogram)?;
            for (labels, now) in &totals.requests {
                histogram(&mut metric, &labels.pairs(), part(now))?;
            }
        }
        self.messages(&mut encoder)?;
        self.connections(&mut encoder)?;
        let help = "What was not counted, because a proxy had too many series.";
        let uncounted = [(Vec::new(), totals.uncounted)];
        counters(
            &mut encoder,
            ("sealane_metrics_uncounted_total", help),
            uncounted.into_iter(),
        )
    }
}

impl Istio {
    fn messages(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), Error> {
        let metrics = [
            ("istio_request_messages_total", "Messages of gRPC requests."),
            (
                "istio_response_messages_total",
                "Messages of gRPC responses.",
            ),
        ];
        for (index, metric) in metrics.into_iter().enumerate() {
            let series = self.0.messages.iter();
            let values = series.filter_map(|(hop, now)| Some((hop.pairs(), *now.get(index)?)));
            counters(encoder, metric, values)?;
        }
        Ok(())
    }

    fn connections(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), Error> {
        let metrics = [
            (
                "istio_tcp_connections_opened_total",
                "TCP connections that were opened.",
            ),
            (
                "istio_tcp_connections_closed_total",
                "TCP connections that were closed.",
            ),
            (
                "istio_tcp_sent_bytes_total",
                "Bytes that were sent to callers over TCP.",
            ),
            (
                "istio_tcp_received_bytes_total",
                "Bytes that were received from callers over TCP.",
            ),
        ];
        for (index, metric) in metrics.into_iter().enumerate() {
            let series = self.0.connections.iter();
            let values =
                series.filter_map(|(labels, now)| Some((labels.pairs(), *now.get(index)?)));
            counters(encoder, metric, values)?;
        }
        Ok(())
    }
}

impl Collector for Envoy {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        for (name, stats) in &self.0 {
            let Some(first) = stats.first() else {
                continue;
            };
            let kind = match first.kind {
                StatKind::Counter => MetricType::Counter,
                StatKind::Gauge => MetricType::Gauge,
            };
            let mut metric = encoder.encode_descriptor(name, first.help(), None, kind)?;
            for stat in stats {
                sample(&mut metric, &stat.prometheus().1, stat.value)?;
            }
        }
        Ok(())
    }
}

fn counters<'a>(
    encoder: &mut DescriptorEncoder<'_>,
    (name, help): (&str, &str),
    values: impl Iterator<Item = (Pairs<'a>, u64)>,
) -> Result<(), Error> {
    let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
    for (labels, value) in values {
        sample(&mut metric, &labels, value)?;
    }
    Ok(())
}

/// One sample. It is encoded as a gauge, because the encoder would end a counter's name with
/// `_total`: the names here are whole, and Envoy's have no such end.
fn sample<L>(metric: &mut MetricEncoder<'_>, labels: &Vec<L>, value: u64) -> Result<(), Error>
where
    Vec<L>: EncodeLabelSet,
{
    let value = i64::try_from(value).unwrap_or(i64::MAX);
    if labels.is_empty() {
        return metric.encode_gauge(&value);
    }
    metric.encode_family(labels)?.encode_gauge(&value)
}

fn histogram(
    metric: &mut MetricEncoder<'_>,
    labels: &Vec<(&'static str, Cow<'_, str>)>,
    now: &Distribution,
) -> Result<(), Error> {
    let bounds = BOUNDS.into_iter().chain([f64::INFINITY]);
    let buckets: Vec<(f64, u64)> = bounds.zip(now.buckets).collect();
    #[expect(
        clippy::cast_precision_loss,
        reason = "the format has no whole numbers here; sums above 2^53 lose their last digits"
    )]
    let sum = now.sum as f64;
    let mut series = metric.encode_family(labels)?;
    series.encode_histogram::<Vec<(&str, &str)>>(sum, now.count(), &buckets, None)
}
