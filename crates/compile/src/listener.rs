//! Listeners: what a sidecar catches of its workload's calls, what it catches of calls to it, and
//! what a gateway serves.

pub(crate) mod chains;
mod entry;
pub(crate) mod gateway;
mod http;
pub(crate) mod inbound;
pub(crate) mod outbound;
mod own;
mod server_tls;
mod tcp;
mod tcp_rules;
