//! Traffic: serves by a runtime that `ads` keeps current.
//!
//! A [`Proxy`](proxy::Proxy) is what its threads share; each thread has a
//! [`Worker`](worker::Worker), which is handed connections and serves them to their end. The path
//! of a request is `http/serve.rs` → `http/forward.rs` → `http/tries.rs`; what it leaves behind is
//! an [`AccessRecord`](telemetry::record::AccessRecord). Deliberately absent: Istio (xDS is all a
//! proxy is told), threads and sockets (they are handed in through `sealane_seam`).

#![warn(clippy::indexing_slicing)]

pub mod budget;
pub mod downstream;
pub mod inspect;
pub mod proxy;
pub mod settings;
pub mod stats;
pub mod swap;
pub mod telemetry;
pub mod worker;

mod activity;
mod body;
mod connection;
mod failure;
mod filter;
mod flood;
mod guarded;
mod http;
mod live;
mod observed;
mod serving;
mod sockets;
mod splice;
mod tcp;
mod tls;
mod upstream;
