//! What becomes of two connections after an upgrade: one tunnel.

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;

use crate::live::endpoint::Active;
use crate::splice::{Limits, Passed, splice};
use crate::upstream::pool::Lease;

/// A tunnel that opens when both sides have upgraded.
pub(crate) struct Tunnel {
    pub(crate) downstream: OnUpgrade,
    pub(crate) upstream: OnUpgrade,
    /// The upstream's connection and its place in the limits, until the end.
    pub(crate) held: (Lease, Active),
    pub(crate) limits: Limits,
}

impl Tunnel {
    /// Runs until both sides have ended.
    pub(crate) async fn run(self, passed: &Passed) {
        let (downstream, upstream) = tokio::join!(self.downstream, self.upstream);
        match (downstream, upstream) {
            (Ok(downstream), Ok(upstream)) => {
                let (downstream, upstream) = (TokioIo::new(downstream), TokioIo::new(upstream));
                let over = splice(downstream, upstream, passed, self.limits).await;
                tracing::debug!(?over, "tunnel ended");
            }
            (Err(error), _) | (_, Err(error)) => tracing::debug!(%error, "no upgrade"),
        }
        drop(self.held);
    }
}
