//! Envoy's statistics of a proxy: names and values, as its admin interface and Prometheus have
//! them.

use std::fmt::Write as _;
use std::sync::Arc;

/// What a statistic is of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// A cluster, by name.
    Cluster(Arc<str>),
    /// A listener, by the name that Istio gives it.
    Listener(Arc<str>),
    /// The requests of a listener.
    Http(Arc<str>),
    /// HTTP/2 of the proxy.
    Http2,
    /// The proxy.
    Server,
}

/// How a value changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatKind {
    /// It grows.
    Counter,
    /// It grows and shrinks.
    Gauge,
}

/// One value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stat {
    /// What it is of.
    pub scope: Scope,
    /// What is counted, in Envoy's words: `upstream_rq_2xx`.
    pub metric: &'static str,
    /// How it changes.
    pub kind: StatKind,
    /// The value.
    pub value: u64,
}

impl Stat {
    /// Envoy's name: `cluster.outbound|80||a.b.svc.cluster.local.upstream_rq_total`.
    pub fn name(&self) -> String {
        let metric = self.metric;
        match &self.scope {
            Scope::Cluster(name) => format!("cluster.{name}.{metric}"),
            Scope::Listener(name) => format!("listener.{name}.{metric}"),
            Scope::Http(name) => format!("http.{name}.{metric}"),
            Scope::Http2 => format!("http2.{metric}"),
            Scope::Server => format!("server.{metric}"),
        }
    }

    /// The name and the labels that Prometheus gets, with the tags that Istio takes out of Envoy's
    /// names: `envoy_cluster_upstream_rq_xx{response_code_class="2xx",cluster_name="…"}`.
    pub fn prometheus(&self) -> (String, Vec<(&'static str, Arc<str>)>) {
        let (scope, tag) = match &self.scope {
            Scope::Cluster(name) => ("cluster", Some(("cluster_name", name))),
            Scope::Listener(name) => ("listener", Some(("listener_address", name))),
            Scope::Http(name) => ("http", Some(("http_conn_manager_prefix", name))),
            Scope::Http2 => ("http2", None),
            Scope::Server => ("server", None),
        };
        let mut labels = Vec::new();
        let mut name = format!("envoy_{scope}_");
        match self.metric.rsplit_once("_rq_") {
            Some((before, class)) if class.ends_with("xx") => {
                labels.push(("response_code_class", Arc::from(class)));
                name.push_str(before);
                name.push_str("_rq_xx");
            }
            _ => {
                let metric = self.metric.replace('.', "_");
                // Writing to a string cannot fail.
                write!(name, "{metric}").unwrap_or_default();
            }
        }
        labels.extend(tag.map(|(key, value)| (key, Arc::clone(value))));
        (name, labels)
    }

    /// What Prometheus says of it.
    pub(crate) fn help(&self) -> &'static str {
        match self.scope {
            Scope::Cluster(_) => "Envoy's statistic of a cluster.",
            Scope::Listener(_) => "Envoy's statistic of a listener.",
            Scope::Http(_) => "Envoy's statistic of a listener's requests.",
            Scope::Http2 => "Envoy's statistic of HTTP/2.",
            Scope::Server => "Envoy's statistic of a proxy.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_class_of_a_status_is_a_label() {
        let stat = Stat {
            scope: Scope::Cluster("c.d".into()),
            metric: "upstream_rq_5xx",
            kind: StatKind::Counter,
            value: 1,
        };
        assert_eq!(stat.name(), "cluster.c.d.upstream_rq_5xx");
        let labels = vec![
            ("response_code_class", Arc::from("5xx")),
            ("cluster_name", Arc::from("c.d")),
        ];
        let expected = ("envoy_cluster_upstream_rq_xx".to_owned(), labels);
        assert_eq!(stat.prometheus(), expected);
        let stat = Stat {
            metric: "circuit_breakers.default.cx_open",
            ..stat
        };
        let name = "envoy_cluster_circuit_breakers_default_cx_open";
        assert_eq!(stat.prometheus().0, name);
    }
}
