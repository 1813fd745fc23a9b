//! What one traffic thread holds: echo workloads, and proxies' shares of the thread.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use sealane_world::change::PodName;
use sealane_world::echo::Echo;

use crate::seat::Seat;

/// Everything on one traffic thread that is not `Send`.
///
/// The cells are borrowed for look-ups only, never over an await.
#[derive(Default)]
pub struct Room {
    /// The echo workloads that run here.
    pub echoes: RefCell<BTreeMap<PodName, Echo>>,
    /// The pods whose proxies serve here. A gateway has a seat on every thread.
    pub seats: RefCell<BTreeMap<PodName, Rc<Seat>>>,
}

/// The thread for what belongs to a pod. Equal names are on equal threads, whatever else runs.
pub fn thread_of(pod: &PodName, threads: usize) -> usize {
    let (namespace, name) = pod;
    let bytes = namespace.bytes().chain([b'/']).chain(name.bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let threads = u64::try_from(threads.max(1)).unwrap_or(1);
    usize::try_from((hash >> 32) % threads).unwrap_or(0)
}
