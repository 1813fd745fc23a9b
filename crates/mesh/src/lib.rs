//! Assembly: control, proxies and world in one process, behind one admin API.
//!
//! What `sealane up` starts is what the scenario runner starts: the same assembly, over loopback
//! sockets and real time or over memory and a paused clock. Deliberately absent: decisions about
//! routing (they are `compile`'s and `runtime`'s) and printing (that is `cli`'s).

pub mod placed;
pub mod threads;
