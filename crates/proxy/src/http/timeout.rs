//! How long a request may take.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::LocalBoxFuture;
use http::HeaderMap;
use http_body::{Body as HttpBody, Frame, SizeHint};
use sealane_runtime::route::Forward;
use tokio::time::Instant;

use super::message::Request;
use super::upload::Upload;
use crate::body::{Body, BodyError};
use crate::failure::Failure;

/// The time limits of one request.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    /// For everything, all tries included.
    pub(crate) total: Option<Duration>,
    /// For one try.
    pub(crate) per_try: Option<Duration>,
    /// When the request reached the router: what filters did before is not counted.
    pub(crate) from: Instant,
    upload: Rc<Upload>,
}

impl Limits {
    /// What the route and the caller say.
    pub(crate) fn of(
        action: &Forward,
        request: &Request,
        (upload, from): (&Rc<Upload>, Instant),
    ) -> Self {
        let total = match action.max_grpc_timeout {
            Some(most) if request.is_grpc() => Some(grpc_limit(&request.headers, most)),
            _ => action.timeout,
        };
        let total = total.filter(|limit| !limit.is_zero());
        let per_try = action
            .retry
            .as_ref()
            .and_then(|retry| retry.per_try_timeout);
        // Envoy ignores a time for one try that is not shorter than the time for all.
        let per_try = per_try.filter(|limit| total.is_none_or(|total| *limit < total));
        Self {
            total,
            per_try: per_try.filter(|limit| !limit.is_zero()),
            from,
            upload: Rc::clone(upload),
        }
    }

    /// The time that the upstream is told, in milliseconds.
    pub(crate) fn expected(&self) -> Option<u128> {
        self.per_try.or(self.total).map(|limit| limit.as_millis())
    }

    /// Does `work` within the time for everything.
    pub(crate) async fn within<T>(
        &self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let Some(limit) = self.total else {
            return work.await;
        };
        tokio::select! {
            biased;
            done = work => done,
            () = over(limit, Rc::clone(&self.upload), self.from) => Err(Failure::Timeout),
        }
    }

    /// Does `work` within the time for one try, which begins now.
    pub(crate) async fn within_try<T>(
        &self,
        now: Instant,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let Some(limit) = self.per_try else {
            return work.await;
        };
        tokio::select! {
            biased;
            done = work => done,
            () = over(limit, Rc::clone(&self.upload), now) => Err(Failure::PerTryTimeout),
        }
    }

    /// `body`, which must come to its end within the time for everything.
    pub(crate) fn body(&self, body: Body) -> Body {
        match self.total {
            None => body,
            Some(limit) => Body::layered(Timed {
                body,
                over: Box::pin(over(limit, Rc::clone(&self.upload), self.from)),
            }),
        }
    }
}

/// Waits until `limit` is over, counted from when the caller had sent everything, but not before
/// `from`.
async fn over(limit: Duration, upload: Rc<Upload>, from: Instant) {
    let complete = upload.complete().await;
    tokio::time::sleep_until(complete.max(from) + limit).await;
}

/// The limit that a gRPC caller asks for, at most `most`; zero is no limit.
fn grpc_limit(headers: &HeaderMap, most: Duration) -> Duration {
    let asked = headers
        .get("grpc-timeout")
        .and_then(|value| value.to_str().ok());
    let asked = asked.and_then(parsed).unwrap_or_default();
    if !most.is_zero() && (asked.is_zero() || asked > most) {
        most
    } else {
        asked
    }
}

/// gRPC's way to write a time, in milliseconds if they fit into eight digits.
pub(crate) fn grpc_timeout(millis: u128) -> String {
    const MOST: u128 = 99_999_999;
    let mut time = millis;
    for (unit, next) in [("m", 1000), ("S", 60), ("M", 60)] {
        if time <= MOST {
            return format!("{time}{unit}");
        }
        time /= next;
    }
    format!("{}H", time.min(MOST))
}

/// Up to eight digits and a unit.
fn parsed(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let count: u64 = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(count * 3600),
        "M" => Duration::from_secs(count * 60),
        "S" => Duration::from_secs(count),
        "m" => Duration::from_millis(count),
        "u" => Duration::from_micros(count),
        "n" => Duration::from_nanos(count),
        _ => return None,
    })
}

/// A body with a time limit.
struct Timed {
    body: Body,
    over: LocalBoxFuture<'static, ()>,
}

impl HttpBody for Timed {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if let Poll::Ready(next) = Pin::new(&mut self.body).poll_frame(cx) {
            return Poll::Ready(next);
        }
        self.over
            .as_mut()
            .poll(cx)
            .map(|()| Some(Err(BodyError::Timeout)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grpc_timeouts_have_a_unit() {
        assert_eq!(parsed("100m"), Some(Duration::from_millis(100)));
        assert_eq!(parsed("2S"), Some(Duration::from_secs(2)));
        assert_eq!(parsed("123456789S"), None);
        assert_eq!(parsed("5"), None);
        assert_eq!(parsed(""), None);
        assert_eq!(grpc_timeout(1500), "1500m");
        assert_eq!(grpc_timeout(100_000_000), "100000S");
        assert_eq!(parsed("é"), None);
    }
}
