//! What metrics want to know of a request beside its record.

use std::rc::Rc;
use std::sync::Arc;

use http::StatusCode;
use sealane_runtime::listener::Direction;

use super::grpc::Call;
use super::matched::Matched;
use super::message::Response;
use super::reply::grpc_status;
use crate::body::Body;
use crate::connection::Downstream;
use crate::proxy::Kind;
use crate::telemetry::flag::Flag;
use crate::telemetry::hashed::Hashed;
use crate::telemetry::hop::{Called, Ends};
use crate::telemetry::metrics::Took;
use crate::telemetry::metrics::labels::{CalledService, RequestLabels, status_label};
use crate::telemetry::record::AccessRecord;
use crate::telemetry::workload::Workload;
use crate::upstream::balance::Host;

/// The route that Istio gives to what nothing else takes, where nothing unknown may be called.
const BLOCK_ALL: &str = "block_all";

/// What is remembered of a request for metrics.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    matched: Option<Rc<Matched>>,
    /// Who was called last, as the endpoint's metadata has it.
    workload: Option<Hashed<Workload>>,
    /// The call, when it is gRPC.
    call: Option<Call>,
}

impl Tally {
    /// Of a request that is gRPC, or is not.
    pub(crate) fn new(is_grpc: bool) -> Self {
        Self {
            call: is_grpc.then(Call::default),
            ..Self::default()
        }
    }

    /// Whether the request is gRPC.
    pub(crate) const fn is_grpc(&self) -> bool {
        self.call.is_some()
    }

    /// The request has a route.
    pub(crate) fn matched(&mut self, matched: &Rc<Matched>) {
        self.matched = Some(Rc::clone(matched));
    }

    /// The request is tried at an endpoint.
    pub(crate) fn tried(&mut self, host: &Host) {
        self.workload.clone_from(&host.workload);
    }

    /// The request's body, watched when it is gRPC.
    pub(crate) fn request(&self, body: Body) -> Body {
        match &self.call {
            Some(call) => call.request(body),
            None => body,
        }
    }

    /// The response, watched when it is gRPC.
    pub(crate) fn response(&self, response: Response) -> Response {
        match &self.call {
            Some(call) => call.response(response),
            None => response,
        }
    }

    /// The request has ended: it is counted.
    pub(crate) fn report(&self, downstream: &Downstream, record: &AccessRecord) {
        let proxy = downstream.worker.proxy();
        downstream.taken.answered(record.status);
        let upstream = self
            .matched
            .as_ref()
            .and_then(|matched| matched.upstream.as_ref());
        if record.flags.contains(Flag::UpstreamTimeout)
            && let Some(upstream) = upstream
        {
            upstream.live.traffic.timeouts.add(1);
        }
        let service = self.service(downstream, record);
        let called = Called {
            address: record.upstream_host,
            workload: self.workload.as_ref(),
            service,
        };
        let ends = Ends {
            direction: downstream.direction,
            caller: downstream.addresses.remote.ip(),
        };
        let hop = proxy.who().hop(ends, called);
        if let Some(call) = &self.call {
            let messages = call.messages();
            if messages != [0, 0] {
                proxy.metrics().messages(&hop, messages);
            }
        }
        let labels = RequestLabels {
            hop,
            is_grpc: self.is_grpc(),
            status: status_label(record.status),
            grpc_status: self.grpc_status(record.status),
            flags: record.flags.clone(),
        };
        let took = Took {
            time: record.duration,
            received: record.bytes_received,
            sent: record.bytes_sent,
        };
        proxy.metrics().request(&labels, took);
    }

    /// The call's own status, else the one that its HTTP status stands for.
    fn grpc_status(&self, status: u16) -> Option<u8> {
        let call = self.call.as_ref()?;
        call.status().or_else(|| {
            let status = StatusCode::from_u16(status).ok()?;
            u8::try_from(grpc_status(status)).ok()
        })
    }

    /// What was called: the cluster's service, else the host as the rules name it. What a caller
    /// made up is no label.
    fn service(&self, downstream: &Downstream, record: &AccessRecord) -> Hashed<CalledService> {
        let who = downstream.worker.proxy().who();
        if record.route.as_deref() == Some(BLOCK_ALL) {
            return who.black_hole.clone();
        }
        let Some(matched) = &self.matched else {
            return who.no_service.clone();
        };
        let upstream = matched.upstream.as_ref();
        if let Some(service) = upstream.and_then(|upstream| upstream.service.as_ref()) {
            return service.clone();
        }
        let is_edge = downstream.worker.proxy().kind() == Kind::Gateway;
        if is_edge || downstream.direction == Direction::Inbound {
            return who.no_service.clone();
        }
        let host = record.authority.as_deref();
        let host = host.and_then(|authority| declared(matched, authority));
        host.map_or_else(
            || who.no_service.clone(),
            |host| {
                Hashed::new(CalledService {
                    host: Some(Arc::clone(host)),
                    name: Some(Arc::clone(host)),
                })
            },
        )
    }
}

/// The domain of the virtual host that is the authority, with its port or without.
fn declared<'a>(matched: &'a Matched, authority: &str) -> Option<&'a Arc<str>> {
    let domains = &matched.virtual_host.domains;
    let same = |text: &str| {
        domains
            .iter()
            .find(|domain| domain.eq_ignore_ascii_case(text))
    };
    same(authority).or_else(|| same(authority.rsplit_once(':')?.0))
}
