//! Injected faults: first the delay, then the abort, each with draws of its own.

use sealane_runtime::fault::{Abort, Fault};

use crate::failure::Failure;
use crate::live::split::{Draw, Sequences};
use crate::telemetry::flag::{Flag, Flags};

/// Does to a request what `fault` says.
pub(crate) async fn inject(
    fault: &Fault,
    sequences: &Sequences,
    flags: &mut Flags,
) -> Result<(), Failure> {
    if let Some((time, share)) = fault.delay
        && sequences.draw(&fault.key, Draw::Delay, share)
    {
        flags.raise(Flag::DelayInjected);
        tokio::time::sleep(time).await;
    }
    match fault.abort {
        Some((abort, share)) if sequences.draw(&fault.key, Draw::Abort, share) => {
            Err(match abort {
                Abort::Http(status) => Failure::FaultAbort(status),
                Abort::Grpc(status) => Failure::FaultAbortGrpc(status),
            })
        }
        _ => Ok(()),
    }
}
