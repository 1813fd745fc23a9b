//! Limits of a proxy, with their defaults.

use std::time::Duration;

/// What a proxy does not do without end. The defaults are Sealane's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Bytes of a request's head.
    pub head_bytes: usize,
    /// Headers of a request.
    pub headers: usize,
    /// The time for a request's head to arrive, from its first byte.
    pub head_timeout: Duration,
    /// The time that a connection may take to say its first word to an HTTP chain.
    pub idle_timeout: Duration,
    /// Streams at a time on one HTTP/2 connection, unless the listener says less.
    pub streams: u32,
    /// Bytes in flight to us on one HTTP/2 stream.
    pub stream_window: u32,
    /// Bytes in flight to us on one HTTP/2 connection.
    pub connection_window: u32,
    /// Streams that a caller may reset before we looked at them.
    pub pending_resets: usize,
    /// Streams that a caller may make us reset.
    pub local_resets: usize,
    /// What else a caller may send on an HTTP/2 connection.
    pub frames: FrameLimits,
    /// Bytes that wait to be sent on one HTTP/2 stream.
    pub send_buffer: usize,
    /// Bytes that one HTTP/1 connection keeps in memory in each direction. A longer head has room
    /// of its own.
    pub connection_buffer: usize,
    /// How long a connection that we close waits for the caller to read its last answer.
    pub delayed_close: Duration,
    /// Bytes of an upstream's response head.
    pub response_head_bytes: usize,
    /// Headers of an upstream's response.
    pub response_headers: usize,
    /// Bytes of a request's body that are kept for retries and mirrors.
    pub replay_bytes: usize,
    /// Bytes of all requests' bodies that are kept.
    pub replay_bytes_of_all: usize,
    /// Idle connections kept per thread and endpoint.
    pub idle_connections: usize,
    /// Bytes of a connection that are looked at to tell what it is.
    pub sniff_bytes: usize,
    /// Mirrored requests in flight per thread.
    pub mirrors: usize,
    /// Connections to all sockets of a gateway at a time, per thread.
    pub connections: usize,
    /// Connections to one capture port at a time.
    pub capture_connections: usize,
    /// Destinations to which one capture connection keeps a connection.
    pub capture_kept: usize,
    /// Bytes in flight between a capture port and the listener that takes what it captured.
    pub capture_pipe: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            head_bytes: 60 * 1024,
            headers: 100,
            head_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_hours(1),
            streams: 100,
            stream_window: 256 * 1024,
            connection_window: 1024 * 1024,
            pending_resets: 200,
            local_resets: 200,
            frames: FrameLimits::default(),
            send_buffer: 256 * 1024,
            connection_buffer: 64 * 1024,
            delayed_close: Duration::from_secs(1),
            response_head_bytes: 60 * 1024,
            response_headers: 100,
            replay_bytes: 1024 * 1024,
            replay_bytes_of_all: 64 * 1024 * 1024,
            idle_connections: 1024,
            sniff_bytes: 64 * 1024,
            mirrors: 1024,
            connections: 10_000,
            capture_connections: 1024,
            capture_kept: 8,
            capture_pipe: 64 * 1024,
        }
    }
}

/// What a caller may send on an HTTP/2 connection that costs us more than the caller. Who sends more
/// is sent away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameLimits {
    /// DATA, HEADERS and CONTINUATION frames without payload, in a row. Envoy has 1; who flushes
    /// a stream in which nothing has come is no attacker.
    pub empty: u32,
    /// PRIORITY frames for each stream that was opened, and for one more.
    pub priority_per_stream: u32,
    /// `WINDOW_UPDATE` frames, in pairs, for each DATA frame that was sent; one pair for each stream
    /// and five frames come on top.
    pub window_updates_per_data: u32,
    /// PING, SETTINGS, GOAWAY and unknown frames at once. Each HEADERS and DATA frame that is sent
    /// allows one more.
    pub control: u32,
    /// The time that allows one more.
    pub control_interval: Duration,
    /// `RST_STREAM` frames at once. Each answer that is sent to its end allows one more.
    pub resets: u32,
    /// The time that allows one more.
    pub reset_interval: Duration,
}

impl Default for FrameLimits {
    fn default() -> Self {
        Self {
            empty: 10,
            priority_per_stream: 100,
            window_updates_per_data: 10,
            control: 1000,
            // 10 a second.
            control_interval: Duration::from_millis(100),
            resets: 200,
            // 33 a second.
            reset_interval: Duration::from_millis(30),
        }
    }
}
