//! Listener names: `0.0.0.0_9080`.

use std::fmt;

/// The sidecar's listener that redirected outbound connections arrive at.
pub const VIRTUAL_OUTBOUND: &str = "virtualOutbound";
/// The sidecar's listener that redirected inbound connections arrive at.
pub const VIRTUAL_INBOUND: &str = "virtualInbound";

/// The parts of a listener's name, which `Display` puts together again: `ADDRESS_PORT`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListenerName {
    /// The address, as written: no brackets around IPv6.
    pub address: String,
    /// The port.
    pub port: u16,
}

impl ListenerName {
    /// The name of the listener at this address.
    pub fn new(address: impl Into<String>, port: u16) -> Self {
        Self {
            address: address.into(),
            port,
        }
    }

    /// Reads `ADDRESS_PORT`; `None` for names such as [`VIRTUAL_OUTBOUND`].
    pub fn parse(name: &str) -> Option<Self> {
        let (address, port) = name.rsplit_once('_')?;
        Some(Self::new(address, port.parse().ok()?))
    }
}

impl fmt::Display for ListenerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", self.address, self.port)
    }
}
