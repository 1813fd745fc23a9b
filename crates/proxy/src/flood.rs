//! Floods: what a caller's HTTP/2 connection is ended for, because it costs us more than the
//! caller.

/// What there was too much of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flood {
    /// Frames of requests without payload, in a row.
    Empty,
    /// PRIORITY frames.
    Priority,
    /// `WINDOW_UPDATE` frames.
    WindowUpdate,
    /// Frames about the connection alone: PING, SETTINGS, GOAWAY, and those of types that nobody
    /// knows.
    Control,
    /// Streams that the caller reset before they were answered.
    Reset,
}

impl Flood {
    /// All of them.
    pub(crate) const ALL: [Self; 5] = [
        Self::Empty,
        Self::Priority,
        Self::WindowUpdate,
        Self::Control,
        Self::Reset,
    ];

    /// Envoy's name of the statistic that counts it.
    pub(crate) const fn metric(self) -> &'static str {
        match self {
            Self::Empty => "inbound_empty_frames_flood",
            Self::Priority => "inbound_priority_frames_flood",
            Self::WindowUpdate => "inbound_window_update_frames_flood",
            Self::Control => "outbound_control_flood",
            Self::Reset => "downstream_rq_too_many_premature_resets",
        }
    }

    /// Envoy's response code details of the requests that end with the connection.
    pub(crate) const fn details(self) -> &'static str {
        match self {
            Self::Empty => "codec_error:Too_many_consecutive_frames_with_an_empty_payload",
            Self::Priority => "codec_error:Too_many_PRIORITY_frames",
            Self::WindowUpdate => "codec_error:Too_many_WINDOW_UPDATE_frames",
            Self::Control => "codec_error:Too_many_control_frames",
            Self::Reset => "too_many_premature_resets",
        }
    }

    /// What the caller is told, in the debug data of its GOAWAY frame.
    pub(crate) const fn reason(self) -> &'static str {
        match self {
            Self::Empty => "too many frames without payload in a row",
            Self::Priority => "too many PRIORITY frames",
            Self::WindowUpdate => "too many WINDOW_UPDATE frames",
            Self::Control => "too many PING, SETTINGS or unknown frames",
            Self::Reset => "too many streams were reset",
        }
    }
}
