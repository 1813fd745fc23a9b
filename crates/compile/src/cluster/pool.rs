//! Connection limits, time limits and the HTTP version.

use std::time::Duration as Std;

use sealane_model::duration::Duration;
use sealane_model::networking::connection_pool::{
    ConnectionPoolSettings, H2UpgradePolicy, HttpSettings, TcpKeepalive, TcpSettings,
};
use sealane_model::networking::traffic_policy::RetryBudget;
use sealane_xds::cluster::circuit_breakers::{Thresholds, thresholds};
use sealane_xds::cluster::{CircuitBreakers, UpstreamConnectionOptions};
use sealane_xds::core::{KeepaliveSettings, TcpKeepalive as XdsKeepalive};
use sealane_xds::protobuf::UInt32Value;
use sealane_xds::types::Percent;

use crate::cluster::upstream::Upstream;
use crate::mesh::MeshSettings;
use crate::message;
use crate::protocol::Protocol;

/// Upgrades to HTTP/2 where the settings (or else the mesh) say so.
pub(super) fn upgrade(
    upstream: &mut Upstream,
    protocol: Protocol,
    settings: Option<&ConnectionPoolSettings>,
    mesh: &MeshSettings,
) {
    let http = settings.and_then(|settings| settings.http.as_ref());
    if http.is_some_and(|http| http.use_client_protocol == Some(true)) {
        return;
    }
    let upgrades = match http
        .and_then(|http| http.h2_upgrade_policy)
        .unwrap_or_default()
    {
        H2UpgradePolicy::Upgrade => true,
        H2UpgradePolicy::DoNotUpgrade => false,
        H2UpgradePolicy::Default => {
            protocol.is_http() && mesh.h2_upgrade_policy == H2UpgradePolicy::Upgrade
        }
    };
    if upgrades {
        upstream.use_http2();
    }
}

/// Limits of connections, requests and retries, and time limits.
pub(super) fn apply(
    upstream: &mut Upstream,
    settings: Option<&ConnectionPoolSettings>,
    budget: Option<&RetryBudget>,
    mesh: &MeshSettings,
) {
    let none = ConnectionPoolSettings::default();
    let settings = settings.unwrap_or(&none);
    let no_tcp = TcpSettings::default();
    let tcp = settings.tcp.as_ref().unwrap_or(&no_tcp);
    let no_http = HttpSettings::default();
    let http = settings.http.as_ref().unwrap_or(&no_http);
    let connect = tcp
        .connect_timeout
        .map_or(mesh.connect_timeout, Duration::std);
    upstream.cluster.connect_timeout = Some(message::duration(connect));
    upstream.cluster.circuit_breakers = Some(CircuitBreakers {
        thresholds: vec![Thresholds {
            max_connections: Some(limit(tcp.max_connections)),
            max_pending_requests: Some(limit(http.http1_max_pending_requests)),
            max_requests: Some(limit(http.http2_max_requests)),
            max_retries: Some(limit(http.max_retries)),
            retry_budget: budget.map(retry_budget),
            ..Thresholds::default()
        }],
        ..CircuitBreakers::default()
    });
    keepalive(
        upstream,
        tcp.tcp_keepalive.as_ref().or(mesh.tcp_keepalive.as_ref()),
    );
    http_limits(upstream, tcp, http);
    if http.use_client_protocol == Some(true) {
        upstream.use_downstream();
    }
}

/// Zero means that nothing is said.
fn positive(value: Option<i32>) -> Option<u32> {
    value
        .and_then(|value| u32::try_from(value).ok())
        .filter(|value| *value > 0)
}

fn limit(value: Option<i32>) -> UInt32Value {
    message::u32_value(positive(value).unwrap_or(u32::MAX))
}

fn retry_budget(budget: &RetryBudget) -> thresholds::RetryBudget {
    let concurrency = budget
        .min_retry_concurrency
        .filter(|value| *value > 0)
        .unwrap_or(3);
    thresholds::RetryBudget {
        budget_percent: Some(Percent {
            value: budget.percent.unwrap_or(20.0),
        }),
        budget_interval: budget
            .budget_interval
            .map(|time| message::duration(time.std())),
        min_retry_concurrency: Some(message::u32_value(concurrency)),
    }
}

fn keepalive(upstream: &mut Upstream, settings: Option<&TcpKeepalive>) {
    let Some(settings) = settings else { return };
    let seconds = |time: Option<Duration>| {
        let seconds = time?.std().as_secs();
        u32::try_from(seconds).ok().map(message::u32_value)
    };
    upstream.cluster.upstream_connection_options = Some(UpstreamConnectionOptions {
        tcp_keepalive: Some(XdsKeepalive {
            keepalive_probes: settings
                .probes
                .filter(|probes| *probes > 0)
                .map(message::u32_value),
            keepalive_time: seconds(settings.time),
            keepalive_interval: seconds(settings.interval),
        }),
        ..UpstreamConnectionOptions::default()
    });
}

fn http_limits(upstream: &mut Upstream, tcp: &TcpSettings, http: &HttpSettings) {
    let idle = http.idle_timeout.or(tcp.idle_timeout).map(Duration::std);
    let longest = tcp.max_connection_duration.map(Duration::std);
    let requests = positive(http.max_requests_per_connection);
    let streams = positive(http.max_concurrent_streams);
    let keep_alive = http.http2_keep_alive.as_ref();
    let some = idle.is_some() || longest.is_some() || requests.is_some();
    if !some && streams.is_none() && keep_alive.is_none() {
        return;
    }
    let time = |value: Option<Std>| value.map(message::duration);
    let common = upstream
        .http()
        .common_http_protocol_options
        .get_or_insert_default();
    common.idle_timeout = time(idle);
    common.max_connection_duration = time(longest);
    common.max_requests_per_connection = requests.map(message::u32_value);
    let Some(http2) = upstream.http2() else {
        return;
    };
    http2.max_concurrent_streams = streams.map(message::u32_value);
    http2.connection_keepalive = keep_alive.map(|settings| KeepaliveSettings {
        interval: time(settings.interval.map(Duration::std)),
        timeout: time(settings.timeout.map(Duration::std)),
        ..KeepaliveSettings::default()
    });
}
