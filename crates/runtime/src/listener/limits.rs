//! Limits of an HTTP connection manager. `None` is what the resource does not say: there the
//! proxy's own default holds. Zero turns a time limit off.

use std::time::Duration;

/// What the connections and requests of one HTTP chain may take.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HttpLimits {
    /// Bytes of a request's head.
    pub head_bytes: Option<u32>,
    /// Headers of a request.
    pub headers: Option<u32>,
    /// The time for a request's head to arrive.
    pub head_timeout: Option<Duration>,
    /// A connection takes no new requests after this.
    pub connection_duration: Option<Duration>,
    /// How long a closed connection waits for the caller to have read the answer.
    pub delayed_close: Option<Duration>,
    /// Bytes in flight to us on one HTTP/2 stream.
    pub stream_window: Option<u32>,
    /// Bytes in flight to us on one HTTP/2 connection.
    pub connection_window: Option<u32>,
    /// Frames of a caller's HTTP/2 connection.
    pub frames: FrameLimits,
}

/// What a caller may send on an HTTP/2 connection beside its requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FrameLimits {
    /// Frames of a request without payload, in a row.
    pub empty: Option<u32>,
    /// PRIORITY frames for each stream that it has opened.
    pub priority_per_stream: Option<u32>,
    /// `WINDOW_UPDATE` frames for each DATA frame that it was sent.
    pub window_updates_per_data: Option<u32>,
    /// Frames that are about the connection alone, at once.
    pub control: Option<u32>,
}
