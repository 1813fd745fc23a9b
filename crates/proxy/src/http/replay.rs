//! A request's body that can be sent again, and copied for mirrors, while it streams.
//!
//! What has passed is kept, up to a limit. The first reader to reach the end of what is kept pulls
//! the caller's body on; copies only ever read what has passed, and so never slow it down.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body as HttpBody, Frame, SizeHint};

use crate::body::{Body, BodyError};
use crate::budget::{Budget, Taken};

/// What keeping a part costs beside its bytes. A body of one byte a part would take many times its
/// length otherwise.
const PART: usize = 64;

/// The body of a request, for one try or several.
pub(crate) struct Replay {
    shared: Option<Rc<Tape>>,
    /// Held by whoever may still pull the body on.
    alive: Rc<()>,
}

type Tape = RefCell<Recording>;

struct Recording {
    source: Body,
    /// The first parts that have passed; all of them, unless some were lost.
    kept: Vec<Bytes>,
    /// How many parts have passed.
    passed: usize,
    trailers: Option<HeaderMap>,
    bytes: usize,
    limit: usize,
    /// What the kept parts take of the memory that all requests share.
    taken: Taken,
    end: End,
    /// Whether what passes is kept.
    keeping: bool,
    /// How many parts the reader has read that pulls the body on.
    read: usize,
    /// Copies that are being read.
    copies: usize,
    /// Those of them that wait for more.
    waiting: Vec<Waker>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Open,
    Reached,
    Broken,
}

impl Replay {
    /// A body of which at most `limit` bytes are kept, and no more than `budget` has left.
    pub(crate) fn new(source: Body, limit: usize, budget: &Arc<Budget>) -> Self {
        let recording = Recording {
            kept: Vec::new(),
            passed: 0,
            keeping: true,
            read: 0,
            trailers: None,
            bytes: 0,
            limit,
            taken: Taken::nothing_of(Arc::clone(budget)),
            end: End::Open,
            copies: 0,
            waiting: Vec::new(),
            source,
        };
        let shared = match recording.source {
            Body::Empty => None,
            _ => Some(Rc::new(RefCell::new(recording))),
        };
        Self {
            shared,
            alive: Rc::new(()),
        }
    }

    /// Whether the body can be sent from its beginning.
    pub(crate) fn can_start(&self) -> bool {
        self.shared.as_ref().is_none_or(|tape| {
            let tape = tape.borrow();
            tape.kept.len() == tape.passed && tape.end != End::Broken
        })
    }

    /// The body from its beginning.
    pub(crate) fn reader(&self) -> Body {
        match &self.shared {
            None => Body::Empty,
            Some(tape) => {
                tape.borrow_mut().read = 0;
                Body::layered(Reader {
                    tape: Rc::clone(tape),
                    position: Position::default(),
                    role: Role::Main {
                        _alive: Rc::clone(&self.alive),
                    },
                })
            }
        }
    }

    /// A copy, which breaks off when more has passed than is kept.
    pub(crate) fn copy(&self) -> Body {
        match &self.shared {
            None => Body::Empty,
            Some(tape) => {
                tape.borrow_mut().copies += 1;
                Body::layered(Reader {
                    tape: Rc::clone(tape),
                    position: Position::default(),
                    role: Role::Copy {
                        main: Rc::downgrade(&self.alive),
                    },
                })
            }
        }
    }

    /// There will be no other try: what passes from now on is kept for copies only.
    pub(crate) fn commit(&self) {
        let Some(tape) = &self.shared else { return };
        let mut tape = tape.borrow_mut();
        if tape.copies == 0 {
            tape.keeping = false;
            if tape.read == tape.passed {
                tape.forget();
            }
        }
    }
}

impl Drop for Replay {
    fn drop(&mut self) {
        if let Some(tape) = &self.shared {
            tape.borrow_mut().wake();
        }
    }
}

impl Recording {
    fn poll_source(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let polled = Pin::new(&mut self.source).poll_frame(cx);
        if let Poll::Ready(next) = &polled {
            match next {
                None => self.end = End::Reached,
                Some(Err(_)) => self.end = End::Broken,
                Some(Ok(frame)) => {
                    self.keep(frame);
                    if self.source.is_end_stream() {
                        self.end = End::Reached;
                    }
                }
            }
            self.wake();
        }
        polled
    }

    /// Copies look again: something has passed, or nobody is left who pulls the body on.
    fn wake(&mut self) {
        self.waiting.drain(..).for_each(Waker::wake);
    }

    fn forget(&mut self) {
        self.kept = Vec::new();
        self.taken.give_back();
    }

    fn keep(&mut self, frame: &Frame<Bytes>) {
        if let Some(data) = frame.data_ref() {
            let cost = data.len().saturating_add(PART);
            self.bytes = self.bytes.saturating_add(cost);
            if self.keeping && (self.bytes > self.limit || !self.taken.more(cost)) {
                // Whoever pulls the body on has read everything, or it would not be here.
                self.keeping = false;
                self.forget();
            }
            if self.keeping {
                self.kept.push(data.clone());
            }
            self.passed += 1;
        } else if let Some(trailers) = frame.trailers_ref() {
            self.trailers = Some(trailers.clone());
        }
    }
}

/// How far a reader is.
#[derive(Default)]
struct Position {
    next: usize,
    trailers: bool,
}

enum Role {
    /// Pulls the body on.
    Main { _alive: Rc<()> },
    /// Reads what the others have pulled.
    Copy { main: Weak<()> },
}

struct Reader {
    tape: Rc<Tape>,
    position: Position,
    role: Role,
}

impl HttpBody for Reader {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = &mut *self;
        let mut tape = this.tape.borrow_mut();
        if let Some(data) = tape.kept.get(this.position.next).cloned() {
            this.position.next += 1;
            if let Role::Main { .. } = this.role {
                tape.read = this.position.next;
            }
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        if this.position.next < tape.passed {
            return Poll::Ready(Some(Err(BodyError::Lagged)));
        }
        match (tape.end, &this.role) {
            (End::Broken, _) => Poll::Ready(Some(Err(BodyError::Abandoned))),
            (End::Reached, _) => {
                let first = !std::mem::replace(&mut this.position.trailers, true);
                let trailers = tape.trailers.clone().filter(|_| first);
                Poll::Ready(trailers.map(|trailers| Ok(Frame::trailers(trailers))))
            }
            (End::Open, Role::Copy { main }) => {
                if main.strong_count() == 0 {
                    return Poll::Ready(Some(Err(BodyError::Abandoned)));
                }
                tape.waiting.push(cx.waker().clone());
                Poll::Pending
            }
            (End::Open, Role::Main { .. }) => {
                let polled = tape.poll_source(cx);
                if let Poll::Ready(Some(Ok(frame))) = &polled {
                    if frame.is_data() {
                        this.position.next = tape.passed;
                        tape.read = tape.passed;
                    } else {
                        this.position.trailers = true;
                    }
                }
                polled
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        let tape = self.tape.borrow();
        let trailers = tape.trailers.is_none() || self.position.trailers;
        tape.end == End::Reached && self.position.next >= tape.passed && trailers
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let mut tape = self.tape.borrow_mut();
        if let Role::Copy { .. } = self.role {
            tape.copies -= 1;
        }
        tape.wake();
    }
}

#[cfg(test)]
mod tests;
