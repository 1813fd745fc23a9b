//! The addresses that a proxy's listeners have taken. They outlive every swap: a listener that
//! changes keeps its socket.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use sealane_seam::{Bound, Transport};
use tokio::sync::watch;

/// Sockets by the address that the listener names.
pub(crate) type Taken = BTreeMap<SocketAddr, Arc<dyn Bound>>;

/// A proxy's sockets, shared by its threads, each of which accepts on all of them.
pub(crate) struct Sockets {
    taken: watch::Sender<Arc<Taken>>,
    /// Guards what is not accepted on any more; held to look at it, when listeners change.
    left: Mutex<Left>,
}

#[derive(Default)]
struct Left {
    /// Sockets that a thread may still hold, so that nobody else can take their address.
    released: BTreeMap<SocketAddr, Weak<dyn Bound>>,
    /// No socket is taken any more.
    closed: bool,
}

impl Sockets {
    pub(crate) fn new() -> Self {
        Self {
            taken: watch::Sender::default(),
            left: Mutex::default(),
        }
    }

    /// The sockets for `addresses`: those that there are, and new ones. Nobody accepts on the new
    /// ones before [`publish`](Self::publish); when one cannot be had, nothing has changed.
    pub(crate) fn prepare(
        &self,
        transport: &dyn Transport,
        addresses: impl Iterator<Item = SocketAddr>,
    ) -> Result<Taken, (SocketAddr, io::Error)> {
        let before = self.now();
        let left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let find = |address: SocketAddr| {
            let kept = before.get(&address).map(Arc::clone);
            let back = || left.released.get(&address).and_then(Weak::upgrade);
            let socket = kept
                .or_else(back)
                .map_or_else(|| transport.bind(address), Ok);
            let socket = socket.map_err(|error| (address, error))?;
            Ok((address, socket))
        };
        addresses.map(find).collect()
    }

    /// Every thread accepts on these, and on no others.
    pub(crate) fn publish(&self, taken: Taken) {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = if left.closed { Taken::new() } else { taken };
        left.released.retain(|_, socket| socket.strong_count() > 0);
        for (address, socket) in &*self.now() {
            if !taken.contains_key(address) {
                left.released.insert(*address, Arc::downgrade(socket));
            }
        }
        self.taken.send_replace(Arc::new(taken));
    }

    /// Lets go of all sockets, for good.
    pub(crate) fn close(&self) {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        left.closed = true;
        self.taken.send_replace(Arc::default());
    }

    /// The sockets now.
    pub(crate) fn now(&self) -> Arc<Taken> {
        Arc::clone(&self.taken.borrow())
    }

    /// The sockets and their changes.
    pub(crate) fn watch(&self) -> watch::Receiver<Arc<Taken>> {
        self.taken.subscribe()
    }
}

impl fmt::Debug for Sockets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.now().keys()).finish()
    }
}
