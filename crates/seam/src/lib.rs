//! The outside as traits: clock, randomness, resolver, transport, spawner and launcher, and their
//! real versions.
//!
//! Everything in Sealane that would otherwise ask the machine takes one of these as an argument,
//! so that tests can move time, join processes by memory and repeat a run. Only `cli`, `mesh` and
//! tests create the real ones. Deliberately absent: TLS (a transport carries bytes), HTTP, and any
//! policy about what to do when something fails.

pub mod clock;
pub mod descriptors;
pub mod memory;
pub mod process;
pub mod random;
pub mod resolver;
pub mod shell;
pub mod spawn;
pub mod tcp;
pub mod transport;

pub use clock::{Clock, TokioClock};
pub use descriptors::Descriptors;
pub use memory::MemoryTransport;
pub use process::{Group, Launched, Launcher, Program, Signal};
pub use random::{Random, SeededRandom, SystemRandom};
pub use resolver::{Resolved, Resolver};
pub use shell::Shell;
pub use spawn::{LocalSpawner, Spawner};
pub use tcp::{CountedTcp, TcpTransport};
pub use transport::{Accept, Bound, BoxFuture, BoxIo, Connection, Io, Transport};
