//! Follows one call through a runtime and collects every way that it can go.

mod ends;
mod head;

use http::header::LOCATION;
use http::{HeaderMap, HeaderValue};
use sealane_runtime::Runtime;
use sealane_runtime::cors::CorsOutcome;
use sealane_runtime::decide::{Decision, decide};
use sealane_runtime::fault::{Abort, Fault};
use sealane_runtime::listener::{ConnectionInfo, HttpFilter, HttpManager, Network};
use sealane_runtime::route::{Action, Forward, HostRewrite, Route};
use sealane_runtime::split::{Fraction, Part, Split};

use crate::scenario::call::CallItem;

use super::outcome::{Copied, Decided, End, Outcome};

pub use self::ends::Directory;
use self::head::Head;

/// Follows calls that come over one kind of connection.
#[derive(Clone, Copy)]
pub struct Explorer<'a> {
    runtime: &'a Runtime,
    directory: &'a dyn Directory,
    info: &'a ConnectionInfo,
}

/// One way through a route: a destination, and what remains of its share.
struct Way<'a> {
    part: Option<&'a Part>,
    cluster: String,
    share: f64,
}

impl<'a> Explorer<'a> {
    /// For calls over `info`.
    pub fn new(
        runtime: &'a Runtime,
        directory: &'a dyn Directory,
        info: &'a ConnectionInfo,
    ) -> Self {
        Self {
            runtime,
            directory,
            info,
        }
    }

    /// Everything that can come of the item's call.
    pub fn explore(&self, item: &CallItem) -> Result<Decided, String> {
        let listener = self.runtime.listener_for(self.info.destination);
        let chain = listener.and_then(|listener| Runtime::choose_chain(listener, self.info));
        match chain.as_ref().map(|chain| &chain.network) {
            Some(Network::Http(manager)) => self.http(manager, item),
            Some(Network::Tcp(proxy)) => Ok(self.tcp(&proxy.split)),
            None => Ok(decided("-", vec![own(1.0, "-", "none", "NR", None)])),
        }
    }

    fn tcp(&self, split: &Split) -> Decided {
        let outcomes = split.parts.iter().map(|part| {
            let end = self.tcp_end(&part.cluster);
            Outcome {
                end,
                ..own(share_of(part, split), &part.cluster, "", "-", None)
            }
        });
        decided("-", outcomes.collect())
    }

    fn http(&self, manager: &HttpManager, item: &CallItem) -> Result<Decided, String> {
        let head = Head::of(item, manager.paths)?;
        let table = self
            .runtime
            .table(manager)
            .ok_or("the route table is not known")?;
        let missing = || decided("-", vec![own(1.0, "-", "404", "NR", Some(""))]);
        Ok(match decide(table, &head.borrow()) {
            Decision::Route { route, .. } => self.route(manager, &route, &head),
            Decision::NoVirtualHost | Decision::NoRoute(_) => missing(),
            Decision::RequireTls(_) => decided("-", vec![own(1.0, "-", "301", "-", Some(""))]),
        })
    }

    fn route(&self, manager: &HttpManager, route: &Route, head: &Head) -> Decided {
        let mut ways = self.ways(&route.action);
        let mut outcomes = Vec::new();
        for filter in &manager.filters {
            outcomes.extend(
                ways.iter_mut()
                    .flat_map(|way| meet(*filter, way, route, head)),
            );
        }
        let copies = self.copies(&route.action, ways.iter().map(|way| way.share).sum());
        outcomes.extend(ways.iter().map(|way| self.end(way, route, head)));
        outcomes.retain(|outcome| outcome.share > 0.0);
        let name = if route.name.is_empty() {
            "-"
        } else {
            &route.name
        };
        Decided {
            copies,
            ..decided(name, outcomes)
        }
    }

    /// The destinations of an action; one without a cluster where it has none.
    fn ways<'r>(&self, action: &'r Action) -> Vec<Way<'r>> {
        let Action::Forward(forward) = action else {
            return vec![Way {
                part: None,
                cluster: "-".to_owned(),
                share: 1.0,
            }];
        };
        let split = &forward.split;
        let way = |part: &'r Part| Way {
            part: Some(part),
            cluster: self.logged(&part.cluster),
            share: share_of(part, split),
        };
        split.parts.iter().map(way).collect()
    }

    fn end(&self, way: &Way<'_>, route: &Route, head: &Head) -> Outcome {
        match (&route.action, way.part) {
            (Action::Forward(forward), Some(part)) => {
                let seen = (path(route, forward, head), host(forward, part, head));
                let end = self.http_end(part, head, seen);
                Outcome {
                    end,
                    ..own(way.share, &way.cluster, "", "-", None)
                }
            }
            (Action::Direct(response), _) => {
                let body = std::str::from_utf8(&response.body).ok();
                let body = if head.is_head() { Some("") } else { body };
                own(
                    way.share,
                    "-",
                    &response.status.as_u16().to_string(),
                    "-",
                    body,
                )
            }
            (Action::Redirect(redirect), _) => {
                let location = redirect.location(&route.matches, &head.borrow());
                let status = redirect.status.as_u16().to_string();
                let mut answer = own(way.share, "-", &status, "-", Some(""));
                let location = HeaderValue::from_str(&location).ok();
                answer.headers = location.map(|value| HeaderMap::from_iter([(LOCATION, value)]));
                answer
            }
            // `ways` gives every forward its part.
            (Action::Forward(_), None) => own(way.share, "-", "503", "-", None),
        }
    }

    fn copies(&self, action: &Action, forwarded: f64) -> Vec<Copied> {
        let Action::Forward(forward) = action else {
            return Vec::new();
        };
        let copy = |mirror: &sealane_runtime::route::Mirror| Copied {
            share: forwarded * value(mirror.share),
            workloads: self.workloads(&mirror.cluster),
        };
        forward.mirrors.iter().map(copy).collect()
    }
}

/// What a filter takes of a way.
fn meet(filter: HttpFilter, way: &mut Way<'_>, route: &Route, head: &Head) -> Vec<Outcome> {
    match filter {
        HttpFilter::Fault => match &route.fault {
            Some(fault) => abort(way, fault, head),
            None => Vec::new(),
        },
        HttpFilter::Cors => {
            let outcome = route
                .cors
                .as_ref()
                .map(|cors| cors.evaluate(&head.borrow()));
            let Some(CorsOutcome::Preflight(headers)) = outcome else {
                return Vec::new();
            };
            let share = std::mem::take(&mut way.share);
            let mut answer = own(share, &way.cluster, "200", "-", Some(""));
            answer.headers = Some(headers);
            vec![answer]
        }
        HttpFilter::GrpcStats => Vec::new(),
    }
}

/// What a fault takes of a way.
fn abort(way: &mut Way<'_>, fault: &Fault, head: &Head) -> Vec<Outcome> {
    let Some((kind, fraction)) = fault.abort else {
        return Vec::new();
    };
    let aborted = way.share * value(fraction);
    way.share -= aborted;
    let delayed = fault.delay.map_or(0.0, |(_, fraction)| value(fraction));
    let status = match kind {
        Abort::Http(status) => head.status_of_reply(status.as_u16()),
        Abort::Grpc(_) => "200".to_owned(),
    };
    let body = if head.is_grpc() || head.is_head() {
        ""
    } else {
        "fault filter abort"
    };
    let body = if matches!(kind, Abort::Grpc(_)) {
        None
    } else {
        Some(body)
    };
    vec![
        own(aborted * (1.0 - delayed), &way.cluster, &status, "FI", body),
        own(aborted * delayed, &way.cluster, &status, "DI,FI", body),
    ]
}

/// The path that the workload sees.
fn path(route: &Route, forward: &Forward, head: &Head) -> String {
    let path = head.path_and_query();
    forward
        .rewrite
        .apply(&route.matches.path, path)
        .unwrap_or_else(|| path.to_owned())
}

/// The host that the workload sees; nothing where the endpoint has to be known first.
fn host(forward: &Forward, part: &Part, head: &Head) -> Option<String> {
    let by_endpoint =
        part.host_rewrite.is_none() && matches!(forward.host_rewrite, Some(HostRewrite::Endpoint));
    if by_endpoint {
        return None;
    }
    let host = forward.authority(part, head.borrow().headers);
    Some(host.map_or_else(|| head.authority().to_owned(), |host| host.to_string()))
}

fn decided(route: &str, outcomes: Vec<Outcome>) -> Decided {
    Decided {
        route: route.to_owned(),
        outcomes,
        copies: Vec::new(),
    }
}

fn own(share: f64, cluster: &str, status: &str, flags: &str, body: Option<&str>) -> Outcome {
    let (status, flags) = (status.to_owned(), flags.to_owned());
    let end = End::Own {
        status,
        flags,
        body: body.map(str::to_owned),
    };
    Outcome {
        share,
        cluster: cluster.to_owned(),
        end,
        headers: None,
    }
}

#[expect(clippy::cast_precision_loss, reason = "weights are far below 2^52")]
fn share_of(part: &Part, split: &Split) -> f64 {
    part.weight as f64 / split.total.max(1) as f64
}

fn value(fraction: Fraction) -> f64 {
    (f64::from(fraction.numerator) / f64::from(fraction.denominator.max(1))).min(1.0)
}
