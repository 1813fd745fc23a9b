//! Copies of requests for other clusters: sent once, their answers thrown away.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use sealane_runtime::route::{Forward, Mirror};

use super::admit::append;
use super::answer::discard;
use super::message::UpstreamHead;
use super::replay::Replay;
use super::tries::{Answered, protocol};
use crate::body::Body;
use crate::connection::Downstream;
use crate::failure::Failure;
use crate::live::endpoint::Active;
use crate::live::outlier::Health;
use crate::live::split::Draw;
use crate::serving::Serving;
use crate::upstream::pool::Demand;
use crate::upstream::{Choice, Upstream};

/// The most that a copy may take where the route has no limit: nobody waits for it.
const LONGEST: Duration = Duration::from_mins(1);

/// Starts the copies that `action` asks for.
pub(crate) fn send(
    serving: &Serving,
    action: &Forward,
    downstream: &Rc<Downstream>,
    (head, version): (&UpstreamHead, http::Version),
    body: &Replay,
) {
    let worker = &downstream.worker;
    for mirror in &action.mirrors {
        if !drawn(downstream, mirror) || worker.mirrors.get() >= worker.proxy().settings().mirrors {
            continue;
        }
        let Some(upstream) = serving.upstream(&mirror.cluster).map(Arc::clone) else {
            continue;
        };
        let copy = Copy {
            downstream: Rc::clone(downstream),
            head: head.clone(),
            version,
            upstream,
            host_suffix: mirror.host_suffix,
        };
        let limit = action
            .timeout
            .filter(|limit| !limit.is_zero())
            .unwrap_or(LONGEST);
        let body = body.copy();
        worker.mirrors.set(worker.mirrors.get() + 1);
        let task = async move {
            let worker = Rc::clone(&copy.downstream.worker);
            let sent = async {
                match copy.send(body).await {
                    Ok(answered) => discard(answered).await,
                    Err(failure) => tracing::debug!(?failure, "mirror failed"),
                }
            };
            if tokio::time::timeout(limit, sent).await.is_err() {
                tracing::debug!("mirror timed out");
            }
            worker.mirrors.set(worker.mirrors.get() - 1);
        };
        worker.spawn("mirror", task);
    }
}

fn drawn(downstream: &Downstream, mirror: &Mirror) -> bool {
    let sequences = &downstream.worker.proxy().live().sequences;
    sequences.draw(&mirror.key, Draw::Mirror, mirror.share)
}

/// One copy.
struct Copy {
    downstream: Rc<Downstream>,
    head: UpstreamHead,
    version: http::Version,
    upstream: Arc<Upstream>,
    host_suffix: bool,
}

impl Copy {
    async fn send(&self, body: Body) -> Result<Answered, Failure> {
        let worker = &self.downstream.worker;
        let outside = worker.proxy().outside();
        let choice = Choice {
            original: self.downstream.addresses.local,
            hash: None,
            tried: &[],
            again: 0,
        };
        let host = self
            .upstream
            .choose(&choice, &*outside.random, outside.clock.now())
            .ok_or(Failure::NoHealthyUpstream)?;
        let active = Active::at(&host.live);
        let protocol = protocol(&self.upstream, self.version);
        let demand = Demand {
            upstream: &self.upstream,
            address: &host.endpoint.address,
            live: &host.live,
            protocol,
            side: self.downstream.side(),
        };
        let mut lease = worker.pools().lease(demand).await?;
        let mut head = self.head.clone();
        if self.host_suffix {
            head.authority = shadow(&head.authority);
        }
        // The copy's body comes when the original's does.
        head.headers.remove(http::header::EXPECT);
        // Envoy says that the copy comes from inside, and adds its own address.
        head.headers
            .insert("x-envoy-internal", http::HeaderValue::from_static("true"));
        append(
            &mut head.headers,
            "x-forwarded-for",
            &lease.local().ip().to_string(),
        );
        let unwritable = Failure::Reset(crate::failure::ResetReason::LocalReset);
        let request = head.into_engine(protocol, body).ok_or(unwritable)?;
        let sent = lease.send(request).await;
        let health = match &sent {
            Ok(response) => Health::Answered(response.status()),
            Err(_) => Health::Failed,
        };
        self.upstream.note(&host, health, outside.clock.now());
        let response = sent.map_err(|unanswered| Failure::Reset(unanswered.reason))?;
        Ok(Answered {
            response,
            lease,
            active,
        })
    }
}

/// The authority with `-shadow` after its host.
fn shadow(authority: &str) -> String {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => format!("{host}-shadow:{port}"),
        _ => format!("{authority}-shadow"),
    }
}
