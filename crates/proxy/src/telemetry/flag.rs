//! Envoy's response flags: why a request did not simply pass.

use std::fmt;

/// One response flag.
///
/// See [Envoy's list](https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage#response-flags).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flag {
    /// DC: the caller left.
    DownstreamDisconnect,
    /// DI: a delay was injected.
    DelayInjected,
    /// DPE: the caller's bytes are not HTTP.
    DownstreamProtocolError,
    /// DR: the caller reset its HTTP/2 stream.
    DownstreamRemoteReset,
    /// FI: an abort was injected.
    FaultInjected,
    /// LR: we reset the connection.
    LocalReset,
    /// NC: the route names a cluster that does not exist.
    NoCluster,
    /// NR: no route, or no filter chain.
    NoRoute,
    /// SI: the stream was idle for too long.
    StreamIdleTimeout,
    /// UC: the upstream closed the connection.
    UpstreamConnectionTermination,
    /// UF: no connection to the upstream could be made.
    UpstreamConnectionFailure,
    /// UH: the cluster has no healthy endpoint.
    NoHealthyUpstream,
    /// UO: a circuit breaker is open.
    UpstreamOverflow,
    /// UPE: the upstream's bytes are not HTTP.
    UpstreamProtocolError,
    /// UR: the upstream reset the stream.
    UpstreamReset,
    /// URX: the retries, or the connection attempts, are used up.
    RetryLimitExceeded,
    /// UT: the upstream took too long.
    UpstreamTimeout,
}

impl Flag {
    /// Envoy's abbreviation.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DownstreamDisconnect => "DC",
            Self::DelayInjected => "DI",
            Self::DownstreamProtocolError => "DPE",
            Self::DownstreamRemoteReset => "DR",
            Self::FaultInjected => "FI",
            Self::LocalReset => "LR",
            Self::NoCluster => "NC",
            Self::NoRoute => "NR",
            Self::StreamIdleTimeout => "SI",
            Self::UpstreamConnectionTermination => "UC",
            Self::UpstreamConnectionFailure => "UF",
            Self::NoHealthyUpstream => "UH",
            Self::UpstreamOverflow => "UO",
            Self::UpstreamProtocolError => "UPE",
            Self::UpstreamReset => "UR",
            Self::RetryLimitExceeded => "URX",
            Self::UpstreamTimeout => "UT",
        }
    }
}

/// The flags of one request, in the order in which they were raised, as Envoy prints them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Flags(Vec<Flag>);

impl Flags {
    /// No flags.
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// Raises `flag`; once is enough.
    pub fn raise(&mut self, flag: Flag) {
        if !self.0.contains(&flag) {
            self.0.push(flag);
        }
    }

    /// Whether `flag` was raised.
    pub fn contains(&self, flag: Flag) -> bool {
        self.0.contains(&flag)
    }

    /// The flags in order.
    pub fn iter(&self) -> impl Iterator<Item = Flag> + '_ {
        self.0.iter().copied()
    }

    /// Whether none was raised.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("-");
        }
        for (position, flag) in self.0.iter().enumerate() {
            let comma = if position == 0 { "" } else { "," };
            write!(f, "{comma}{}", flag.as_str())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_print_in_the_order_they_were_raised() {
        let mut flags = Flags::default();
        assert_eq!(flags.to_string(), "-");
        flags.raise(Flag::RetryLimitExceeded);
        flags.raise(Flag::UpstreamConnectionFailure);
        flags.raise(Flag::RetryLimitExceeded);
        assert_eq!(flags.to_string(), "URX,UF");
    }
}
