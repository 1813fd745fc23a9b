//! The heads of HTTP/2 frames in a stream of bytes, read as the bytes pass.

/// Bytes of a frame's head.
const HEAD: usize = 9;

/// A frame, of which the payload is not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) kind: u8,
    pub(super) flags: u8,
    pub(super) stream: u32,
    /// Bytes of its payload, without padding and what says how long that is.
    pub(super) payload: usize,
}

impl Frame {
    pub(super) const DATA: u8 = 0;
    pub(super) const HEADERS: u8 = 1;
    pub(super) const PRIORITY: u8 = 2;
    pub(super) const RST_STREAM: u8 = 3;
    pub(super) const GOAWAY: u8 = 7;
    pub(super) const WINDOW_UPDATE: u8 = 8;
    pub(super) const CONTINUATION: u8 = 9;
    /// Priorities as RFC 9218 has them.
    pub(super) const PRIORITY_UPDATE: u8 = 16;

    /// The flag of a frame that is its stream's last.
    const END_STREAM: u8 = 0x1;
    /// The flag of a frame that is padded.
    const PADDED: u8 = 0x8;
    /// The flag of a HEADERS frame that says a priority.
    const WITH_PRIORITY: u8 = 0x20;

    /// Whether its stream ends with it.
    pub(super) const fn ends_stream(self) -> bool {
        matches!(self.kind, Self::DATA | Self::HEADERS) && self.flags & Self::END_STREAM != 0
    }
}

/// Where in the stream of bytes we are.
#[derive(Debug)]
pub(super) struct Frames {
    /// Bytes before the next head.
    skip: usize,
    /// The head that is being read, and the length of the padding where there is one.
    head: [u8; HEAD + 1],
    filled: usize,
}

impl Frames {
    /// Frames that begin after `skip` bytes of something else.
    pub(super) const fn after(skip: usize) -> Self {
        Self {
            skip,
            head: [0; HEAD + 1],
            filled: 0,
        }
    }

    /// Whether one frame has ended, and the next has not begun.
    pub(super) const fn is_between(&self) -> bool {
        self.skip == 0 && self.filled == 0
    }

    /// The next frame of which `bytes` contain the end of the head; what follows it is left.
    /// `None` when they are used up.
    pub(super) fn next(&mut self, bytes: &mut &[u8]) -> Option<Frame> {
        let skipped = self.skip.min(bytes.len());
        bytes.split_off(..skipped)?;
        self.skip -= skipped;
        loop {
            let wanted = self.wanted();
            let room = self.head.get_mut(self.filled..wanted)?;
            let part = bytes.split_off(..room.len().min(bytes.len()))?;
            let (room, _) = room.split_at_mut_checked(part.len())?;
            room.copy_from_slice(part);
            self.filled += part.len();
            if self.filled < wanted {
                return None;
            }
            if self.filled == self.wanted() {
                return Some(self.take());
            }
        }
    }

    /// How many of `bytes` belong to the frame whose head was read last; they pass.
    pub(super) fn finish(&mut self, bytes: &[u8]) -> usize {
        let passed = self.skip.min(bytes.len());
        self.skip -= passed;
        passed
    }

    /// How many bytes of the head must be there, as far as it is known.
    const fn wanted(&self) -> usize {
        let [a, b, c, kind, flags, ..] = self.head;
        let may_be_padded = matches!(kind, Frame::DATA | Frame::HEADERS);
        let is_padded = may_be_padded && flags & Frame::PADDED != 0;
        if self.filled >= HEAD && is_padded && (a | b | c) != 0 {
            HEAD + 1
        } else {
            HEAD
        }
    }

    fn take(&mut self) -> Frame {
        let [a, b, c, kind, flags, stream @ .., padding] = self.head;
        let length = u32::from_be_bytes([0, a, b, c]);
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let mut payload = length;
        self.skip = length;
        if self.filled > HEAD {
            self.skip -= 1;
            payload = payload.saturating_sub(1 + usize::from(padding));
        }
        if kind == Frame::HEADERS && flags & Frame::WITH_PRIORITY != 0 {
            payload = payload.saturating_sub(5);
        }
        self.filled = 0;
        Frame {
            kind,
            flags,
            // The first bit is reserved.
            stream: u32::from_be_bytes(stream) & 0x7fff_ffff,
            payload,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bytes_of(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let head = [length[1], length[2], length[3], kind, flags];
        [&head, &stream.to_be_bytes()[..], payload].concat()
    }

    fn read(frames: &mut Frames, mut bytes: &[u8]) -> Vec<Frame> {
        let mut all = Vec::new();
        while let Some(frame) = frames.next(&mut bytes) {
            all.push(frame);
        }
        assert!(bytes.is_empty());
        all
    }

    #[test]
    fn padding_and_priority_are_no_payload() {
        for (kind, flags, payload, rest) in [
            (Frame::DATA, 0, &b"hello"[..], 5),
            (Frame::DATA, 0x8, b"\x02hello", 3),
            (Frame::DATA, 0x8, b"\x04\0\0\0\0", 0),
            (Frame::DATA, 0x8, b"\xff", 0),
            (Frame::DATA, 0x8, b"", 0),
            (Frame::HEADERS, 0x20, b"\0\0\0\0\x10\x82", 1),
            (Frame::HEADERS, 0x28, b"\x01\0\0\0\0\x10\x82\0", 1),
            (Frame::CONTINUATION, 0x28, b"\x01\x02", 2),
        ] {
            let bytes = bytes_of(kind, flags, 0x8000_0003, payload);
            let frame = Frame {
                kind,
                flags,
                stream: 3,
                payload: rest,
            };
            let twice = read(&mut Frames::after(0), &bytes.repeat(2));
            assert_eq!(twice, [frame, frame], "{payload:?}");
        }
    }

    proptest! {
        #[test]
        fn where_the_bytes_are_cut_makes_no_difference(
            sizes in proptest::collection::vec((0_u8..=20, any::<u8>(), 0_usize..40), 1..20),
            cuts in proptest::collection::vec(1_usize..30, 1..40),
        ) {
            let mut bytes = b"0123456789".to_vec();
            for (kind, flags, size) in sizes {
                bytes.extend(bytes_of(kind, flags, 1, &vec![7; size]));
            }
            let whole = read(&mut Frames::after(10), &bytes);
            let mut frames = Frames::after(10);
            let mut parts = Vec::new();
            let (mut rest, mut cuts) = (&bytes[..], cuts.iter().cycle());
            while !rest.is_empty() {
                let (part, after) = rest.split_at(rest.len().min(*cuts.next().unwrap()));
                parts.extend(read(&mut frames, part));
                rest = after;
            }
            prop_assert!(frames.is_between());
            prop_assert_eq!(parts, whole);
        }
    }
}
