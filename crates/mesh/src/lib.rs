//! Assembly: control, proxies and world in one process, behind one admin API.
//!
//! What `sealane up` starts is what the scenario runner starts: the same assembly, over loopback
//! sockets and real time or over memory and a paused clock. Deliberately absent: decisions about
//! routing (they are `compile`'s and `runtime`'s) and printing (that is `cli`'s).

pub mod admin;
pub mod api;
mod beyond;
mod blame;
pub mod closed;
pub mod describe;
pub mod echoes;
mod exposed;
mod externals;
pub mod foresee;
pub mod known;
mod leaving;
mod led;
pub mod logs;
pub mod machine;
pub mod mesh;
pub mod names;
pub mod network;
pub mod options;
pub mod placed;
mod plain_text;
pub mod processes;
pub mod replies;
pub mod room;
pub mod roster;
pub mod seat;
pub mod seats;
pub mod served;
pub mod staff;
pub mod tally;
pub mod task;
pub mod threads;
pub mod toll;
pub mod virtual_ip;

pub use mesh::Mesh;
pub use options::{Carrier, Options};
