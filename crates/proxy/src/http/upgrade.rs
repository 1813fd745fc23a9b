//! Upgrades: asking the upstream, and passing its 101 on.

use http::header::{CONNECTION, HeaderMap, HeaderValue, UPGRADE};
use http::{Response as EngineResponse, StatusCode};

use super::answer;
use super::exchange::Exchange;
use super::message::{Response, Upgrade};
use super::timeout::Limits;
use super::tries::Answered;
use super::tunnel::Tunnel;
use crate::body::Body;
use crate::splice;

impl Upgrade {
    /// Asks for the upgrade, or grants it.
    pub(crate) fn announce(&self, headers: &mut HeaderMap) {
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        if let Ok(name) = HeaderValue::from_str(&self.name) {
            headers.insert(UPGRADE, name);
        }
    }
}

/// The caller's answer: 101 and a tunnel, or what the upstream said instead.
pub(crate) fn pass_on(
    upgrade: Upgrade,
    answered: Answered,
    exchange: &mut Exchange,
    limits: &Limits,
) -> Response {
    if answered.response.status() != StatusCode::SWITCHING_PROTOCOLS {
        let response = answer::pass_on(answered, exchange, limits);
        exchange.record.details = "websocket_handshake_unsuccessful".into();
        return response;
    }
    let Answered {
        mut response,
        lease,
        active,
    } = answered;
    let upstream = hyper::upgrade::on(&mut response);
    let (mut parts, _body) = response.into_parts();
    crate::http::hop::strip_response(&mut parts.headers, false);
    exchange.record.details = "via_upstream".into();
    let mut response: Response = EngineResponse::from_parts(parts, Body::Empty);
    upgrade.announce(response.headers_mut());
    exchange.tunnel(Tunnel {
        downstream: upgrade.on,
        upstream,
        held: (lease, active),
        limits: splice::Limits {
            idle: exchange.stream_idle_timeout(),
            total: None,
        },
    });
    response
}
