//! The access log: Istio's default text format, and JSON with Istio's keys.

use std::fmt::{self, Display, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;

use http::{HeaderValue, Method, Version};
use serde_json::{Value, json};

use super::record::AccessRecord;
use super::time::Rfc3339;

/// Takes finished requests. Called on the traffic threads, so it must not block: whoever implements
/// it drops what does not fit, and counts that.
pub trait AccessLog: Send + Sync + 'static {
    /// Whether anybody reads records; when not, none are made.
    fn wanted(&self) -> bool;

    /// A request or connection has ended.
    fn write(&self, record: AccessRecord);
}

/// No access log.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoAccessLog;

impl AccessLog for NoAccessLog {
    fn wanted(&self) -> bool {
        false
    }

    fn write(&self, _record: AccessRecord) {}
}

impl AccessRecord {
    /// The record as a line of Istio's default text format, with its line feed.
    ///
    /// <https://istio.io/latest/docs/tasks/observability/logs/access-log/#default-access-log-format>
    pub fn to_text(&self) -> String {
        let mut line = String::with_capacity(400);
        // Writing to a string cannot fail.
        self.write_text(&mut line).unwrap_or_default();
        line
    }

    fn write_text(&self, out: &mut String) -> fmt::Result {
        write!(out, "[{}] ", Rfc3339(self.start))?;
        let (method, path) = (self.method.as_ref(), self.path.as_deref());
        write!(out, "\"{} {} ", Dash(method), Dash(path))?;
        write!(out, "{}\" {} ", self.protocol_name(), self.status)?;
        write!(out, "{} {} ", self.flags, or_dash(&self.details))?;
        write!(out, "{} ", Dash(self.termination_details))?;
        write!(out, "\"{}\" ", Dash(self.transport_failure.as_deref()))?;
        write!(out, "{} {} ", self.bytes_received, self.bytes_sent)?;
        write!(out, "{} ", self.duration.as_millis())?;
        write!(out, "{} ", Dash(self.upstream_service_time))?;
        write!(out, "\"{}\" ", header(self.forwarded_for.as_ref()))?;
        write!(out, "\"{}\" ", header(self.user_agent.as_ref()))?;
        write!(out, "\"{}\" ", header(self.request_id.as_ref()))?;
        write!(out, "\"{}\" ", Dash(self.authority.as_deref()))?;
        write!(out, "\"{}\" ", Dash(self.upstream_host))?;
        write!(out, "{} ", Dash(self.cluster.as_deref()))?;
        write!(out, "{} ", Dash(self.upstream_local))?;
        let (local, remote) = (self.downstream_local, self.downstream_remote);
        write!(out, "{local} {remote} ")?;
        let (server, route) = (self.server_name.as_deref(), self.route.as_deref());
        writeln!(out, "{} {}", Dash(server), Dash(route))
    }

    /// The record as one JSON object with Istio's keys, Sealane's own after them; absent values
    /// are `null`. A line without its line feed.
    pub fn to_json(&self) -> String {
        let text = |value: &str| match value {
            "" | "-" => Value::Null,
            value => Value::from(value),
        };
        let shared = |value: &Option<Arc<str>>| json!(value.as_deref());
        let header = |value: &Option<HeaderValue>| json!(value.as_ref().map(lossy));
        let address = |value: Option<SocketAddr>| json!(value.map(|address| address.to_string()));
        let flags = self.flags.to_string();
        let service_time = self.upstream_service_time.map(|time| time.to_string());
        let millis = u64::try_from(self.duration.as_millis()).unwrap_or(u64::MAX);
        let members = [
            ("start_time", json!(Rfc3339(self.start).to_string())),
            ("route_name", shared(&self.route)),
            ("method", json!(self.method.as_ref().map(Method::as_str))),
            ("path", json!(self.path)),
            ("protocol", text(self.protocol_name())),
            ("response_code", json!(self.status)),
            ("response_flags", json!(flags)),
            ("response_code_details", text(&self.details)),
            (
                "connection_termination_details",
                json!(self.termination_details),
            ),
            ("bytes_received", json!(self.bytes_received)),
            ("bytes_sent", json!(self.bytes_sent)),
            ("duration", json!(millis)),
            ("upstream_service_time", json!(service_time)),
            ("x_forwarded_for", header(&self.forwarded_for)),
            ("user_agent", header(&self.user_agent)),
            ("request_id", header(&self.request_id)),
            ("authority", json!(self.authority)),
            ("upstream_host", address(self.upstream_host)),
            ("upstream_cluster", shared(&self.cluster)),
            ("upstream_local_address", address(self.upstream_local)),
            (
                "downstream_local_address",
                address(Some(self.downstream_local)),
            ),
            (
                "downstream_remote_address",
                address(Some(self.downstream_remote)),
            ),
            ("requested_server_name", shared(&self.server_name)),
            (
                "upstream_transport_failure_reason",
                json!(self.transport_failure),
            ),
            ("proxy", json!(&*self.proxy)),
            ("listener", json!(&*self.listener)),
            ("rule", json!(self.origin.as_ref().map(|origin| &*origin.0))),
            ("attempts", json!(self.attempts)),
        ];
        // Written by hand, because a JSON map would sort the keys: ours come last.
        let members: Vec<String> = members
            .into_iter()
            .map(|(key, value)| format!("{}:{value}", Value::from(key)))
            .collect();
        format!("{{{}}}", members.join(","))
    }

    /// The caller's HTTP version as Envoy writes it.
    pub(crate) fn protocol_name(&self) -> &'static str {
        match self.protocol {
            Some(Version::HTTP_10) => "HTTP/1.0",
            Some(Version::HTTP_2) => "HTTP/2",
            Some(_) => "HTTP/1.1",
            None => "-",
        }
    }
}

/// A value, or `-`.
struct Dash<T>(Option<T>);

impl<T: Display> Display for Dash<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(value) => value.fmt(f),
            None => f.write_str("-"),
        }
    }
}

fn or_dash(text: &str) -> &str {
    if text.is_empty() { "-" } else { text }
}

fn header(value: Option<&HeaderValue>) -> String {
    value.map_or_else(|| "-".to_owned(), lossy)
}

fn lossy(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use crate::telemetry::flag::Flag;

    use super::*;

    #[test]
    fn json_has_istios_keys_first_and_null_for_what_is_absent() {
        let ends = ("1.2.3.4:80".parse().unwrap(), "5.6.7.8:9".parse().unwrap());
        let start = UNIX_EPOCH + Duration::from_millis(7);
        let mut record = AccessRecord::begin("client".into(), "l".into(), start, ends);
        record.flags.raise(Flag::NoRoute);
        record.status = 404;
        record.path = Some("/\"quoted\"".to_owned());
        let json = record.to_json();
        let value: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(value["path"], "/\"quoted\"");
        assert_eq!(value["response_flags"], "NR");
        assert_eq!(value["response_code"], 404);
        assert_eq!(value["upstream_host"], Value::Null);
        assert_eq!(value["downstream_local_address"], "1.2.3.4:80");
        let begin = "{\"start_time\":\"1970-01-01T00:00:00.007Z\",\"route_name\":null,";
        assert!(json.starts_with(begin), "{json}");
        assert!(json.ends_with("\"attempts\":0}"), "{json}");
    }
}
