//! HTTP: from a request's head to the last byte of its answer.

pub(crate) mod admit;
pub(crate) mod answer;
pub(crate) mod cookie;
pub(crate) mod edit;
pub(crate) mod exchange;
pub(crate) mod expect;
pub(crate) mod forward;
mod grpc;
pub(crate) mod hop;
pub(crate) mod matched;
pub(crate) mod message;
pub(crate) mod mirror;
pub(crate) mod replay;
pub(crate) mod reply;
pub(crate) mod retry;
pub(crate) mod route;
pub(crate) mod serve;
pub(crate) mod sticky;
mod tally;
pub(crate) mod timeout;
pub(crate) mod tries;
pub(crate) mod tunnel;
pub(crate) mod upgrade;
pub(crate) mod upload;
pub(crate) mod watch;
