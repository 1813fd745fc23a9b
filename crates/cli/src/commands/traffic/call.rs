//! Many calls: so many at a time, so many a second, each with its time limit.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use futures_util::future::join_all;
use http::Request;
use http_body_util::Full;
use tokio::time::{Instant, sleep_until, timeout};

use super::seen::Seen;
use crate::args::TrafficTest;
use crate::client::{Answer, Link};
use crate::commands::curl::Outgoing;
use crate::progress::Progress;

/// The calls to make.
pub(super) struct Calls<'a> {
    pub(super) args: &'a TrafficTest,
    pub(super) address: SocketAddr,
    pub(super) outgoing: &'a Outgoing,
    /// To a gateway, which is called as a server is; a capture port is called as a proxy is.
    pub(super) origin_form: bool,
}

impl Calls<'_> {
    /// Makes them all.
    pub(super) async fn make(&self) -> Result<Seen> {
        // A mistake in the request is said once, before anything is called.
        drop(self.request(self.outgoing)?);
        let (seen, next) = (RefCell::new(Seen::default()), Cell::new(0));
        let progress = RefCell::new(Progress::of(self.args.count));
        let began = Instant::now();
        let workers = (0..self.args.concurrency.max(1)).map(|_| async {
            let mut link = None;
            while let Some(number) = self.take(&next) {
                if let Some(qps) = self.args.qps {
                    sleep_until(began + Duration::from_secs_f64(f64::from(number) / qps)).await;
                }
                self.one(&mut link, &seen).await;
                progress.borrow_mut().at(number + 1);
            }
        });
        join_all(workers).await;
        let mut seen = seen.into_inner();
        seen.total = began.elapsed();
        seen.latencies.sort();
        Ok(seen)
    }

    /// The number of the next call; `None` when all are made.
    fn take(&self, next: &Cell<u32>) -> Option<u32> {
        let number = next.get();
        next.set(number + 1);
        (number < self.args.count).then_some(number)
    }

    async fn one(&self, link: &mut Option<Link>, seen: &RefCell<Seen>) {
        let began = Instant::now();
        let outcome = timeout(self.args.timeout, self.send(link)).await;
        let took = began.elapsed();
        let mut seen = seen.borrow_mut();
        match outcome {
            Ok(Ok(answer)) => {
                if closes(&answer) {
                    *link = None;
                }
                seen.count(&answer, took);
            }
            Ok(Err(error)) => {
                *link = None;
                seen.fail(&format!("{error:#}"));
            }
            Err(_elapsed) => {
                *link = None;
                seen.fail(&format!(
                    "no answer within {} s",
                    self.args.timeout.as_secs_f64()
                ));
            }
        }
    }

    async fn send(&self, link: &mut Option<Link>) -> Result<Answer> {
        let mut open = match link.take() {
            Some(open) => open,
            None => Link::open(self.address).await?,
        };
        let answer = open.send(self.request(&self.outgoing.again())?).await?;
        *link = Some(open);
        Ok(answer)
    }

    fn request(&self, outgoing: &Outgoing) -> Result<Request<Full<Bytes>>> {
        if self.origin_form {
            outgoing.build_origin_form()
        } else {
            outgoing.build()
        }
    }
}

fn closes(answer: &Answer) -> bool {
    let connection = answer.headers.get("connection");
    connection.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"close"))
}
