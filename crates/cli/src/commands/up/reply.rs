//! Why a proxy answered itself, and the command that helps.

use std::net::SocketAddr;

use sealane_proxy::telemetry::event::LocalReplyEvent;
use sealane_xds::names::ClusterName;

use crate::rules::short;

/// A reply of a proxy's own.
pub(super) struct Reply<'a> {
    /// What happened.
    pub(super) event: &'a LocalReplyEvent,
    /// Where on this machine the gateway is that replied.
    pub(super) edge: Option<SocketAddr>,
}

impl Reply<'_> {
    fn cluster(&self) -> Option<ClusterName> {
        ClusterName::parse(self.event.cluster.as_deref()?)
    }

    /// Why the proxy answered itself.
    pub(super) fn reason(&self) -> String {
        let event = self.event;
        let cluster = event.cluster.as_deref();
        match (event.details.as_ref(), cluster, self.cluster()) {
            ("route_not_found", ..) if !event.hosts_known.is_empty() => {
                let hosts = event.hosts_known.join(", ");
                format!(
                    "no virtual host for {:?}; hosts here: {hosts}",
                    event.authority
                )
            }
            ("route_not_found", ..) => "no route matches".to_owned(),
            ("cluster_not_found", _, Some(name)) => match &name.subset {
                Some(subset) => {
                    format!(
                        "no DestinationRule defines subset {subset} of {}",
                        short(&name.host)
                    )
                }
                None => format!(
                    "there is no service {}, port {}",
                    short(&name.host),
                    name.port
                ),
            },
            ("cluster_not_found", Some(cluster), None) => format!("there is no cluster {cluster}"),
            ("no_healthy_upstream", _, Some(name)) => {
                let subset = name
                    .subset
                    .map_or_else(String::new, |it| format!(" of subset {it}"));
                format!("no pod{subset} of {} is ready", short(&name.host))
            }
            ("fault_filter_abort", _, Some(name)) => {
                format!("a fault of the rule for {}", short(&name.host))
            }
            (details, Some(cluster), _) => format!("{details}, {cluster}"),
            (details, None, _) => details.to_owned(),
        }
    }

    /// What to type next.
    pub(super) fn command(&self) -> Option<String> {
        let event = self.event;
        let known = event.hosts_known.first().filter(|host| !host.contains('*'));
        match (event.details.as_ref(), known, self.cluster()) {
            ("route_not_found", Some(host), _) => {
                // The name that the caller used may lead nowhere.
                let edge = self.edge.map(|edge| edge.to_string());
                let place = edge.unwrap_or_else(|| event.authority.clone());
                let path = &event.path;
                Some(format!("curl -H 'Host: {host}' http://{place}{path}"))
            }
            ("route_not_found", None, _) => Some("sealane traffic config".to_owned()),
            ("cluster_not_found" | "no_healthy_upstream" | "fault_filter_abort", _, Some(name)) => {
                let host = name.host.strip_suffix(".svc.cluster.local")?;
                let (service, namespace) = host.split_once('.')?;
                let place = match namespace {
                    "default" => String::new(),
                    namespace => format!(" -n {namespace}"),
                };
                Some(format!("sealane describe svc {service}{place}"))
            }
            _ => None,
        }
    }
}
