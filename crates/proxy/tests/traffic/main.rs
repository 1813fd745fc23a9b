//! Traffic through a proxy: over pipes in memory, on a paused clock, by runtimes made by hand.

#![expect(
    clippy::unwrap_used,
    reason = "what cannot be set up has failed; helpers of tests are not known as tests"
)]

mod build;
mod capture;
mod corners;
mod failures;
mod fixture;
mod forward;
mod gateway;
mod http2;
mod inbound;
mod live;
mod metrics;
mod mirror;
mod retries;
mod rewrite;
mod sticky;
mod tcp;
mod upgrade;
