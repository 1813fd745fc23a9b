//! What the CRDs and Istio's webhook say about single values, as data: ranges of numbers, lengths
//! of texts and lists, and which durations may be zero.

use crate::diagnostic::{Code, Diagnostic};
use crate::duration::Duration;
use crate::schema::{Field, Type};
use crate::tree::{Content, Node};

/// A limit of one field. Of lists and maps, `Number` and `Text` limit each element.
#[derive(Debug, Clone, Copy)]
enum Limit {
    /// Least and greatest number.
    Number(f64, f64),
    /// The greatest number of bytes.
    Text(usize),
    /// The least and greatest number of elements.
    Items(usize, usize),
}

use Limit::{Items, Number, Text};

const PORT: Limit = Number(1.0, 65535.0);
/// 0 is the same as absent, or checked elsewhere.
const PORT_OR_ZERO: Limit = Number(0.0, 65535.0);
const PERCENT: Limit = Number(0.0, 100.0);
const NOT_NEGATIVE: Limit = Number(0.0, i32::MAX as f64);

/// Object type, field, limit.
const LIMITS: &[(&str, &str, Limit)] = &[
    ("PortSelector", "number", PORT),
    ("Port", "number", PORT_OR_ZERO),
    ("Port", "targetPort", Number(0.0, 0.0)),
    ("SidecarPort", "number", PORT_OR_ZERO),
    ("SidecarPort", "targetPort", Number(0.0, 0.0)),
    ("ServicePort", "number", PORT),
    ("ServicePort", "targetPort", PORT),
    ("ServicePort", "name", Text(256)),
    ("ServicePort", "protocol", Text(256)),
    ("Service.Port", "port", PORT),
    ("Service.Port", "nodePort", PORT_OR_ZERO),
    ("ContainerPort", "containerPort", PORT),
    ("EndpointPort", "port", PORT),
    ("HTTPMatchRequest", "port", PORT_OR_ZERO),
    ("TLSMatchAttributes", "port", PORT_OR_ZERO),
    ("L4MatchAttributes", "port", PORT_OR_ZERO),
    ("HTTPRedirect", "port", PORT_OR_ZERO),
    ("TrafficPolicy.TunnelSettings", "targetPort", PORT),
    ("WorkloadEntry", "ports", PORT),
    ("WorkloadEntry", "address", Text(256)),
    ("WorkloadEntry", "network", Text(2048)),
    ("WorkloadEntry", "locality", Text(2048)),
    ("WorkloadEntry", "serviceAccount", Text(253)),
    ("ServiceEntry", "hosts", Items(1, 256)),
    ("ServiceEntry", "addresses", Items(0, 256)),
    ("ServiceEntry", "addresses", Text(64)),
    ("ServiceEntry", "ports", Items(0, 256)),
    ("ServiceEntry", "endpoints", Items(0, 4096)),
    ("TrafficPolicy", "portLevelSettings", Items(0, 4096)),
    ("WorkloadSelector", "labels", Items(0, 256)),
    ("WorkloadSelector", "matchLabels", Items(0, 4096)),
    ("ServerTLSSettings", "credentialNames", Items(1, 2)),
    ("ServerTLSSettings", "tlsCertificates", Items(1, 2)),
    ("RouteDestination", "weight", NOT_NEGATIVE),
    ("HTTPRouteDestination", "weight", NOT_NEGATIVE),
    ("HTTPRetry", "attempts", NOT_NEGATIVE),
    ("HTTPRoute", "mirrorPercent", PERCENT),
    ("Percent", "value", PERCENT),
    ("Delay", "percent", PERCENT),
    ("HTTPDirectResponse", "status", Number(200.0, 600.0)),
    ("Abort", "httpStatus", Number(200.0, 600.0)),
    ("HTTPRedirect", "redirectCode", Number(0.0, 399.0)),
    ("TCPSettings", "maxConnections", NOT_NEGATIVE),
    ("HTTPSettings", "http1MaxPendingRequests", NOT_NEGATIVE),
    ("HTTPSettings", "http2MaxRequests", NOT_NEGATIVE),
    ("HTTPSettings", "maxRequestsPerConnection", NOT_NEGATIVE),
    ("HTTPSettings", "maxRetries", NOT_NEGATIVE),
    ("HTTPSettings", "maxConcurrentStreams", NOT_NEGATIVE),
    ("OutlierDetection", "maxEjectionPercent", PERCENT),
    ("OutlierDetection", "minHealthPercent", PERCENT),
    (
        "OutlierDetection",
        "outlierDetectionHttpErrorCodes",
        Number(100.0, 599.0),
    ),
    ("TrafficPolicy.RetryBudget", "percent", PERCENT),
    ("WarmupConfiguration", "minimumPercent", PERCENT),
    (
        "LocalityLoadBalancerSetting.Distribute",
        "to",
        Number(1.0, 100.0),
    ),
    (
        "ZoneAwareLoadBalancerSetting",
        "minClusterSize",
        Number(1.0, 1.8e19),
    ),
    ("WorkloadSpec", "replicas", NOT_NEGATIVE),
];

/// Durations that may be zero or shorter than 1 ms; all others are at least 1 ms and whole ms.
const ANY_DURATION: &[(&str, &str)] = &[
    ("TCPSettings", "idleTimeout"),
    ("HTTPCookie", "ttl"),
    ("TrafficPolicy.RetryBudget", "budgetInterval"),
];

/// The limits that a value breaks. Values of another type are reported elsewhere.
pub(super) fn check(object: &str, field: &Field, node: &Node) -> Vec<Diagnostic> {
    let limits = LIMITS
        .iter()
        .filter(|(o, f, _)| *o == object && *f == field.name);
    let mut broken: Vec<Diagnostic> = limits
        .flat_map(|(_, _, limit)| {
            elements(node, limit)
                .into_iter()
                .filter_map(|n| one(n, limit))
        })
        .collect();
    let any = ANY_DURATION.contains(&(object, field.name));
    if matches!((field.ty)(), Type::Duration) && !any {
        broken.extend(duration(node));
    }
    broken
}

fn elements<'a>(node: &'a Node, limit: &Limit) -> Vec<&'a Node> {
    match (&node.content, limit) {
        (Content::List(items), Number(..) | Text(_)) => items.iter().collect(),
        (Content::Map(entries), Number(..) | Text(_)) => {
            entries.iter().map(|entry| &entry.value).collect()
        }
        _ => vec![node],
    }
}

fn one(node: &Node, limit: &Limit) -> Option<Diagnostic> {
    let (message, label) = match (limit, &node.content) {
        (Number(min, max), Content::Number(number, text)) => {
            let value = number.as_f64()?;
            if (*min..=*max).contains(&value) {
                return None;
            }
            let label = if *max < *min + 1.0 {
                "must be left out".to_owned()
            } else {
                format!("must be from {min} to {max}")
            };
            (format!("{text} is out of range"), label)
        }
        (Text(max), Content::String(text)) if text.len() > *max => (
            format!("{} bytes are too long", text.len()),
            format!("must be at most {max} bytes"),
        ),
        (Items(min, max), Content::List(_) | Content::Map(_)) => {
            let count = node.items().len() + node.entries().len();
            if (*min..=*max).contains(&count) {
                return None;
            }
            let label = format!("must have from {min} to {max} elements");
            (
                format!(
                    "{count} elements are too {}",
                    if count < *min { "few" } else { "many" }
                ),
                label,
            )
        }
        _ => return None,
    };
    Some(Diagnostic::new(Code::OutOfRange, message).with_label(node.span, label))
}

fn duration(node: &Node) -> Option<Diagnostic> {
    let text = node.text()?;
    let duration = Duration::parse(text)?.std();
    let label = if duration.as_millis() == 0 {
        "must be at least 1ms"
    } else if duration.subsec_nanos() % 1_000_000 != 0 {
        "must be whole milliseconds"
    } else {
        return None;
    };
    let message = format!("the duration {text} is not allowed here");
    let help = "write at least `1ms`, or leave the field out";
    let diagnostic = Diagnostic::new(Code::OutOfRange, message);
    Some(diagnostic.with_label(node.span, label).with_help(help))
}
