//! Everything that can go wrong with a request, and what the caller, the log and the retry policy
//! are told of it: one enum, one match.

use std::borrow::Cow;

use http::StatusCode;

use crate::telemetry::flag::Flag;

/// Why a request got no answer from an upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The request breaks HTTP's rules, or asks for what is not served.
    Refused(Refusal),
    /// No virtual host or no route takes the request.
    NoRoute,
    /// The route names a cluster that does not exist, and wants this status then.
    ClusterNotFound(StatusCode),
    /// The cluster has no endpoint that may be used.
    NoHealthyUpstream,
    /// No connection could be made.
    Connect(ConnectFailure),
    /// The connection or the stream ended before the answer began.
    Reset(ResetReason),
    /// A circuit breaker is open.
    Overflow,
    /// The route's time is over.
    Timeout,
    /// The time for the last try is over.
    PerTryTimeout,
    /// Nothing passed for too long; `arrived` when the whole request had.
    StreamIdle { arrived: bool },
    /// The request did not arrive in time.
    RequestTimeout,
    /// A fault filter aborts the request with this status.
    FaultAbort(StatusCode),
    /// A fault filter aborts the request with this gRPC status.
    FaultAbortGrpc(u32),
}

/// What we do not serve, whatever the routes say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// No authority.
    MissingHost,
    /// More than one `host`, or one that is no authority.
    BadHost,
    /// HTTP/1.0, where it is not accepted.
    LowVersion,
    /// What the codec should have refused: a method that HTTP does not know, a path with bytes
    /// that do not belong there, a length said twice.
    Malformed,
    /// `transfer-encoding` with anything but one `chunked`.
    TransferEncoding,
    /// `connection` names a header that others decide by.
    ConnectionHeader,
    /// Content-Length and Transfer-Encoding together.
    Framing,
    /// A path that is none: `*`.
    AbsolutePath,
    /// A path that cannot be normalised.
    PathNormalization,
    /// An upgrade that is not served.
    Upgrade,
    /// CONNECT.
    Connect,
    /// `expect` with anything but `100-continue`.
    Expectation,
    /// More headers than are taken.
    TooManyHeaders,
}

/// How a connection could not be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ConnectFailure {
    /// The other side, or the network, refused; with the reason as Envoy writes it.
    Remote(Cow<'static, str>),
    /// It took longer than the cluster's connect timeout.
    Timeout,
}

/// How a request was cut off before its answer began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ResetReason {
    /// The connection was closed or reset.
    ConnectionTermination,
    /// The HTTP/2 stream was reset.
    RemoteReset,
    /// The HTTP/2 stream was refused: the upstream did nothing with it.
    RefusedStream,
    /// The upstream's bytes are not HTTP.
    ProtocolError,
    /// We gave up, for a reason of our own (the caller's body broke off).
    LocalReset,
}

/// Who is to blame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blame {
    Downstream,
    Upstream,
    /// The configuration, or we.
    Us,
}

/// What a failure means, for everybody who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Meaning {
    pub(crate) status: StatusCode,
    pub(crate) flag: Option<Flag>,
    /// Envoy's response code details.
    pub(crate) details: Cow<'static, str>,
    pub(crate) body: Cow<'static, str>,
    pub(crate) blame: Blame,
    /// Whether another try could end otherwise; the policy decides whether there is one.
    pub(crate) retriable: bool,
}

impl Meaning {
    const fn new(status: StatusCode, flag: Option<Flag>, details: &'static str) -> Self {
        Self {
            status,
            flag,
            details: Cow::Borrowed(details),
            body: Cow::Borrowed(""),
            blame: Blame::Us,
            retriable: false,
        }
    }

    const fn blame(mut self, blame: Blame) -> Self {
        self.blame = blame;
        self
    }

    fn body(mut self, body: impl Into<Cow<'static, str>>) -> Self {
        self.body = body.into();
        self
    }

    const fn retriable(mut self) -> Self {
        self.retriable = true;
        self
    }
}

impl Failure {
    /// Status, flag, details, body, blame, and whether another try makes sense. `retried` says
    /// that there were several tries, which Envoy mentions in the body.
    pub(crate) fn meaning(&self, retried: bool) -> Meaning {
        use StatusCode as S;
        match self {
            Self::Refused(refusal) => refusal.meaning(),
            Self::NoRoute => Meaning::new(S::NOT_FOUND, Some(Flag::NoRoute), "route_not_found"),
            Self::ClusterNotFound(status) => {
                Meaning::new(*status, Some(Flag::NoCluster), "cluster_not_found")
            }
            Self::NoHealthyUpstream => {
                let flag = Some(Flag::NoHealthyUpstream);
                Meaning::new(S::SERVICE_UNAVAILABLE, flag, "no_healthy_upstream")
                    .body("no healthy upstream")
                    .blame(Blame::Upstream)
            }
            Self::Connect(failure) => failure.meaning(retried),
            Self::Reset(reason) => reason.meaning(retried),
            Self::Overflow => before_headers(Flag::UpstreamOverflow, "overflow", retried),
            Self::Timeout => {
                let flag = Some(Flag::UpstreamTimeout);
                Meaning::new(S::GATEWAY_TIMEOUT, flag, "response_timeout")
                    .body("upstream request timeout")
                    .blame(Blame::Upstream)
            }
            Self::PerTryTimeout => {
                let flag = Some(Flag::UpstreamTimeout);
                Meaning::new(S::GATEWAY_TIMEOUT, flag, "upstream_per_try_timeout")
                    .body("upstream request timeout")
                    .blame(Blame::Upstream)
                    .retriable()
            }
            Self::StreamIdle { arrived } => {
                let status = if *arrived {
                    S::GATEWAY_TIMEOUT
                } else {
                    S::REQUEST_TIMEOUT
                };
                let flag = Some(Flag::StreamIdleTimeout);
                Meaning::new(status, flag, "stream_idle_timeout").body("stream timeout")
            }
            Self::RequestTimeout => {
                Meaning::new(S::REQUEST_TIMEOUT, None, "request_overall_timeout")
                    .body("request timeout")
                    .blame(Blame::Downstream)
            }
            Self::FaultAbort(status) => {
                let flag = Some(Flag::FaultInjected);
                Meaning::new(*status, flag, "fault_filter_abort").body("fault filter abort")
            }
            Self::FaultAbortGrpc(_) => {
                let flag = Some(Flag::FaultInjected);
                Meaning::new(S::OK, flag, "fault_filter_abort").body("fault filter abort")
            }
        }
    }
}

impl Refusal {
    fn meaning(self) -> Meaning {
        use StatusCode as S;
        let protocol_error = Some(Flag::DownstreamProtocolError);
        let meaning = match self {
            Self::MissingHost => Meaning::new(S::BAD_REQUEST, None, "missing_host_header"),
            Self::BadHost => Meaning::new(S::BAD_REQUEST, protocol_error, "http.invalid_authority")
                .body("Bad Request"),
            Self::LowVersion => Meaning::new(S::UPGRADE_REQUIRED, protocol_error, "low_version"),
            Self::Malformed => Meaning::new(S::BAD_REQUEST, protocol_error, "http1.codec_error")
                .body("Bad Request"),
            Self::TransferEncoding => {
                let details = "http1.invalid_transfer_encoding";
                Meaning::new(S::NOT_IMPLEMENTED, protocol_error, details).body("Not Implemented")
            }
            Self::ConnectionHeader => {
                let details = "http1.connection_header_rejected";
                Meaning::new(S::BAD_REQUEST, protocol_error, details).body("Bad Request")
            }
            Self::Framing => {
                let details = "http1.content_length_and_chunked_not_allowed";
                Meaning::new(S::BAD_REQUEST, protocol_error, details).body("Bad Request")
            }
            Self::AbsolutePath => Meaning::new(S::NOT_FOUND, None, "absolute_path_rejected"),
            Self::PathNormalization => {
                Meaning::new(S::BAD_REQUEST, None, "path_normalization_failed")
            }
            Self::Upgrade => Meaning::new(S::FORBIDDEN, None, "upgrade_failed"),
            Self::Connect => Meaning::new(S::NOT_FOUND, Some(Flag::NoRoute), "route_not_found"),
            Self::Expectation => Meaning::new(S::EXPECTATION_FAILED, None, "expectation_failed"),
            Self::TooManyHeaders => {
                let status = S::REQUEST_HEADER_FIELDS_TOO_LARGE;
                Meaning::new(status, protocol_error, "http2.too_many_headers")
            }
        };
        meaning.blame(Blame::Downstream)
    }
}

impl ConnectFailure {
    /// The reason that the log calls the transport failure.
    pub(crate) const fn transport_failure(&self) -> Option<&Cow<'static, str>> {
        match self {
            Self::Remote(reason) => Some(reason),
            Self::Timeout => None,
        }
    }

    fn meaning(&self, retried: bool) -> Meaning {
        let flag = Flag::UpstreamConnectionFailure;
        match self {
            Self::Remote(reason) => {
                let mut meaning = before_headers(flag, "remote connection failure", retried);
                meaning.details = Cow::Owned(format!(
                    "upstream_reset_before_response_started{{remote_connection_failure|{reason}}}"
                ));
                meaning.retriable()
            }
            Self::Timeout => before_headers(flag, "connection timeout", retried).retriable(),
        }
    }
}

impl ResetReason {
    fn meaning(self, retried: bool) -> Meaning {
        match self {
            Self::ConnectionTermination => {
                let flag = Flag::UpstreamConnectionTermination;
                before_headers(flag, "connection termination", retried).retriable()
            }
            Self::RemoteReset => {
                before_headers(Flag::UpstreamReset, "remote reset", retried).retriable()
            }
            Self::RefusedStream => {
                let flag = Flag::UpstreamReset;
                before_headers(flag, "remote refused stream reset", retried).retriable()
            }
            Self::ProtocolError => {
                let flag = Flag::UpstreamProtocolError;
                let mut meaning = before_headers(flag, "protocol error", retried);
                meaning.status = StatusCode::BAD_GATEWAY;
                meaning.retriable()
            }
            Self::LocalReset => {
                before_headers(Flag::LocalReset, "local reset", retried).blame(Blame::Downstream)
            }
        }
    }
}

/// Envoy's answer when an upstream failed before it began to answer.
fn before_headers(flag: Flag, reason: &str, retried: bool) -> Meaning {
    let latest = if retried {
        "retried and the latest "
    } else {
        ""
    };
    let details = format!(
        "upstream_reset_before_response_started{{{}}}",
        reason.replace(' ', "_")
    );
    let body = format!(
        "upstream connect error or disconnect/reset before headers. {latest}reset reason: {reason}"
    );
    let mut meaning = Meaning::new(StatusCode::SERVICE_UNAVAILABLE, Some(flag), "");
    meaning.details = Cow::Owned(details);
    meaning.body(body).blame(Blame::Upstream)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_connection_says_what_envoy_says() {
        let reason = Cow::Borrowed("delayed_connect_error:_Connection_refused");
        let failure = Failure::Connect(ConnectFailure::Remote(reason));
        let meaning = failure.meaning(true);
        assert_eq!(meaning.status, 503);
        assert_eq!(
            meaning.details,
            "upstream_reset_before_response_started{remote_connection_failure|\
             delayed_connect_error:_Connection_refused}"
        );
        assert_eq!(
            meaning.body,
            "upstream connect error or disconnect/reset before headers. retried and the latest \
             reset reason: remote connection failure"
        );
        assert_eq!((meaning.blame, meaning.retriable), (Blame::Upstream, true));
    }

    #[test]
    fn a_garbled_answer_is_a_502() {
        let meaning = Failure::Reset(ResetReason::ProtocolError).meaning(false);
        assert_eq!(
            (meaning.status, meaning.flag.unwrap().as_str()),
            (StatusCode::BAD_GATEWAY, "UPE")
        );
        assert_eq!(
            meaning.body,
            "upstream connect error or disconnect/reset before headers. reset reason: protocol error"
        );
    }
}
