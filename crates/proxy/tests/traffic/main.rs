//! Traffic through a proxy: over pipes in memory, on a paused clock, by runtimes made by hand.

#![expect(
    clippy::unwrap_used,
    reason = "what cannot be set up has failed; helpers of tests are not known as tests"
)]

mod aborts;
mod build;
mod capture;
mod corners;
mod expect;
mod failures;
mod fixture;
mod floods;
mod forward;
mod frames;
mod gateway;
mod grpc;
mod http2;
mod inbound;
mod limits;
mod live;
mod metrics;
mod mirror;
mod retries;
mod rewrite;
mod sticky;
mod streaming;
mod tcp;
mod tls;
mod upgrade;
mod wire;
