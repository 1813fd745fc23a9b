//! The retries of one request, as its route's policy has them.

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use sealane_runtime::retry::TryFailure;
use sealane_runtime::route::RetryPolicy;
use sealane_seam::Random;

use crate::failure::{Failure, ResetReason};

/// How a try ended.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Ended<'a> {
    /// With an answer.
    Answered(StatusCode, &'a HeaderMap),
    /// Without one; `sent` when the upstream may have seen something of the request.
    Failed { failure: &'a Failure, sent: bool },
}

/// What to do after a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// Take the outcome as it is.
    Accept,
    /// It would be tried again, but the retries are used up.
    Exhausted,
    /// Try again after a pause.
    After(Duration),
}

/// The retries of one request.
#[derive(Debug)]
pub(crate) struct Retries<'a> {
    policy: Option<&'a RetryPolicy>,
    used: u32,
}

impl<'a> Retries<'a> {
    pub(crate) const fn new(policy: Option<&'a RetryPolicy>) -> Self {
        Self { policy, used: 0 }
    }

    /// What to do after a try that ended so.
    pub(crate) fn next(&mut self, ended: Ended<'_>, random: &dyn Random) -> Next {
        let Some(policy) = self.policy else {
            return Next::Accept;
        };
        let again = match ended {
            Ended::Answered(status, headers) => policy.retries_answer(status, headers),
            Ended::Failed { failure, sent } => {
                kind(failure, sent).is_some_and(|kind| policy.retries_failure(kind))
            }
        };
        if !again {
            return Next::Accept;
        }
        if self.used >= policy.retries {
            return Next::Exhausted;
        }
        let pause = policy.pause(self.used, random.next_u64());
        self.used += 1;
        Next::After(pause)
    }
}

/// What the policy calls a failure; `None` when no policy tries it again.
fn kind(failure: &Failure, sent: bool) -> Option<TryFailure> {
    if !failure.meaning(false).retriable {
        return None;
    }
    Some(match failure {
        Failure::Connect(_) => TryFailure::Connect,
        Failure::Reset(ResetReason::RefusedStream) => TryFailure::Refused,
        Failure::PerTryTimeout => TryFailure::PerTryTimeout { sent },
        _ => TryFailure::Reset { sent },
    })
}
