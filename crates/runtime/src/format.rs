//! Envoy's format strings: text with `%…%` operators.

use std::sync::Arc;

use thiserror::Error;

#[cfg(test)]
mod tests;

/// A compiled format string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Format {
    /// Its pieces, in order.
    pub pieces: Vec<Piece>,
}

/// A piece of a format string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Text as it is.
    Text(Arc<str>),
    /// `%NAME(arguments):length%`.
    Operator {
        /// The operator: `REQ`, `DOWNSTREAM_REMOTE_ADDRESS`.
        name: Arc<str>,
        /// What stands in its parentheses.
        arguments: Option<Arc<str>>,
        /// The most characters of the value.
        length: Option<usize>,
    },
}

/// Why a format string is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FormatError {
    /// A percent sign begins no operator; a percent sign as text is written twice.
    #[error("`%` at byte {at} begins no operator; write `%%` for a percent sign")]
    Stray {
        /// Where it stands.
        at: usize,
    },
    /// There is no such operator.
    #[error("`%{0}%` is no operator")]
    Unknown(String),
    /// The operator needs arguments in parentheses.
    #[error("`%{0}%` needs arguments in parentheses")]
    NoArguments(String),
}

/// Operators that stand alone. Those whose subject a request does not have give no value.
const PLAIN: &[&str] = &[
    "ACCESS_LOG_TYPE",
    "BYTES_RECEIVED",
    "BYTES_RETRANSMITTED",
    "BYTES_SENT",
    "CONNECTION_ID",
    "CONNECTION_TERMINATION_DETAILS",
    "DOWNSTREAM_DIRECT_LOCAL_ADDRESS",
    "DOWNSTREAM_DIRECT_REMOTE_ADDRESS",
    "DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT",
    "DOWNSTREAM_DIRECT_REMOTE_PORT",
    "DOWNSTREAM_HANDSHAKE_DURATION",
    "DOWNSTREAM_HEADER_BYTES_RECEIVED",
    "DOWNSTREAM_HEADER_BYTES_SENT",
    "DOWNSTREAM_LOCAL_ADDRESS",
    "DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT",
    "DOWNSTREAM_LOCAL_DNS_SAN",
    "DOWNSTREAM_LOCAL_PORT",
    "DOWNSTREAM_LOCAL_SUBJECT",
    "DOWNSTREAM_LOCAL_URI_SAN",
    "DOWNSTREAM_PEER_CERT",
    "DOWNSTREAM_PEER_CERT_V_END",
    "DOWNSTREAM_PEER_CERT_V_START",
    "DOWNSTREAM_PEER_FINGERPRINT_1",
    "DOWNSTREAM_PEER_FINGERPRINT_256",
    "DOWNSTREAM_PEER_ISSUER",
    "DOWNSTREAM_PEER_SERIAL",
    "DOWNSTREAM_PEER_SUBJECT",
    "DOWNSTREAM_PEER_URI_SAN",
    "DOWNSTREAM_REMOTE_ADDRESS",
    "DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT",
    "DOWNSTREAM_REMOTE_PORT",
    "DOWNSTREAM_TLS_CIPHER",
    "DOWNSTREAM_TLS_SESSION_ID",
    "DOWNSTREAM_TLS_VERSION",
    "DOWNSTREAM_TRANSPORT_FAILURE_REASON",
    "DOWNSTREAM_WIRE_BYTES_RECEIVED",
    "DOWNSTREAM_WIRE_BYTES_SENT",
    "DURATION",
    "FILTER_CHAIN_NAME",
    "GRPC_STATUS_NUMBER",
    "HOSTNAME",
    "LOCAL_REPLY_BODY",
    "PROTOCOL",
    "REQUESTED_SERVER_NAME",
    "REQUEST_DURATION",
    "REQUEST_TX_DURATION",
    "RESPONSE_CODE",
    "RESPONSE_CODE_DETAILS",
    "RESPONSE_DURATION",
    "RESPONSE_FLAGS",
    "RESPONSE_FLAGS_LONG",
    "RESPONSE_TX_DURATION",
    "ROUNDTRIP_DURATION",
    "ROUTE_NAME",
    "STREAM_ID",
    "TLS_JA3_FINGERPRINT",
    "TLS_JA4_FINGERPRINT",
    "TRACE_ID",
    "UNIQUE_ID",
    "UPSTREAM_CLUSTER",
    "UPSTREAM_CLUSTER_RAW",
    "UPSTREAM_CONNECTION_ID",
    "UPSTREAM_CONNECTION_POOL_READY_DURATION",
    "UPSTREAM_HEADER_BYTES_RECEIVED",
    "UPSTREAM_HEADER_BYTES_SENT",
    "UPSTREAM_HOST",
    "UPSTREAM_HOSTS_ATTEMPTED",
    "UPSTREAM_HOST_NAME",
    "UPSTREAM_HOST_NAME_WITHOUT_PORT",
    "UPSTREAM_LOCAL_ADDRESS",
    "UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT",
    "UPSTREAM_LOCAL_PORT",
    "UPSTREAM_PEER_CERT",
    "UPSTREAM_PEER_ISSUER",
    "UPSTREAM_PEER_SUBJECT",
    "UPSTREAM_PEER_URI_SAN",
    "UPSTREAM_PROTOCOL",
    "UPSTREAM_REMOTE_ADDRESS",
    "UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT",
    "UPSTREAM_REMOTE_PORT",
    "UPSTREAM_REQUEST_ATTEMPT_COUNT",
    "UPSTREAM_TLS_CIPHER",
    "UPSTREAM_TLS_SESSION_ID",
    "UPSTREAM_TLS_VERSION",
    "UPSTREAM_TRANSPORT_FAILURE_REASON",
    "UPSTREAM_WIRE_BYTES_RECEIVED",
    "UPSTREAM_WIRE_BYTES_SENT",
    "VIRTUAL_CLUSTER_NAME",
    "VIRTUAL_HOST_NAME",
];

/// Operators that take arguments, which these need.
const WITH_ARGUMENTS: &[&str] = &[
    "CLUSTER_METADATA",
    "COMMON_DURATION",
    "DYNAMIC_METADATA",
    "ENVIRONMENT",
    "FILTER_STATE",
    "METADATA",
    "PATH",
    "QUERY_PARAM",
    "REQ",
    "RESP",
    "TRAILER",
    "UPSTREAM_FILTER_STATE",
    "UPSTREAM_METADATA",
];

/// Operators that may take arguments.
const WITH_OR_WITHOUT: &[&str] = &[
    "DOWNSTREAM_PEER_CERT_V_END",
    "DOWNSTREAM_PEER_CERT_V_START",
    "EMIT_TIME",
    "GRPC_STATUS",
    "QUERY_PARAMS",
    "START_TIME",
    "START_TIME_LOCAL",
];

impl Format {
    /// Compiles a format string.
    pub fn parse(source: &str) -> Result<Self, FormatError> {
        let mut pieces = Vec::new();
        let mut text = String::new();
        let mut rest = source;
        while let Some((before, after)) = rest.split_once('%') {
            text.push_str(before);
            if let Some(after) = after.strip_prefix('%') {
                text.push('%');
                rest = after;
                continue;
            }
            let at = source.len() - after.len() - 1;
            let (operator, after) = operator(after).ok_or(FormatError::Stray { at })?;
            check(&operator)?;
            if !text.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut text).into()));
            }
            pieces.push(operator);
            rest = after;
        }
        text.push_str(rest);
        if !text.is_empty() {
            pieces.push(Piece::Text(text.into()));
        }
        Ok(Self { pieces })
    }

    /// The text, looked up operator by operator; one without a value becomes `absent` (nothing in
    /// headers, `-` in logs).
    pub fn render(
        &self,
        absent: &str,
        mut value: impl FnMut(&str, Option<&str>) -> Option<String>,
    ) -> String {
        let mut out = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Operator {
                    name,
                    arguments,
                    length,
                } => match value(name, arguments.as_deref()) {
                    Some(value) => out.extend(value.chars().take(length.unwrap_or(usize::MAX))),
                    None => out.push_str(absent),
                },
            }
        }
        out
    }

    /// The text when the format is nothing else.
    pub fn as_text(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [] => Some(""),
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }
}

/// The operator at the start of `source`, whose percent sign has been read, and what follows it.
fn operator(source: &str) -> Option<(Piece, &str)> {
    let is_name = |char: char| char.is_ascii_uppercase() || char.is_ascii_digit() || char == '_';
    let end = source.find(|char| !is_name(char))?;
    let (name, mut rest) = source.split_at(end);
    if name.is_empty() {
        return None;
    }
    let mut arguments = None;
    if let Some(inside) = rest.strip_prefix('(') {
        let (text, after) = inside.split_once(')')?;
        arguments = Some(text.into());
        rest = after;
    }
    let mut length = None;
    if let Some(after) = rest.strip_prefix(':') {
        let (digits, _) = after.split_once('%')?;
        length = Some(digits.parse().ok()?);
        rest = after.strip_prefix(digits)?;
    }
    let operator = Piece::Operator {
        name: name.into(),
        arguments,
        length,
    };
    Some((operator, rest.strip_prefix('%')?))
}

fn check(operator: &Piece) -> Result<(), FormatError> {
    let Piece::Operator {
        name, arguments, ..
    } = operator
    else {
        return Ok(());
    };
    let name: &str = name;
    if WITH_OR_WITHOUT.contains(&name) {
        return Ok(());
    }
    match (WITH_ARGUMENTS.contains(&name), arguments) {
        (true, Some(_)) => Ok(()),
        (true, None) => Err(FormatError::NoArguments(name.to_owned())),
        (false, None) if PLAIN.contains(&name) => Ok(()),
        (false, _) => Err(FormatError::Unknown(name.to_owned())),
    }
}
