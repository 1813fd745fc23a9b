//! Routes: the HTTP rules of VirtualServices, the default route of a service, and the virtual
//! hosts and route configurations that hold them.

pub(crate) mod action;
pub(crate) mod catch_all;
mod cors;
mod domains;
mod fault;
pub(crate) mod gateway;
mod hash;
mod headers;
pub(crate) mod inbound;
pub(crate) mod matches;
mod mirror;
mod redirect;
mod retry;
pub(crate) mod sidecar;
mod timeout;
mod translate;
mod virtual_hosts;
