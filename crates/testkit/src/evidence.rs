//! Puts together what the caller, the workloads and the caller's access log say of an item's calls.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use sealane_world::echo::{Arrival, Arrived};
use serde_json::Value;

use crate::client::{self, Answer, MARK};
use crate::observed::{Logged, Observed, Seen};

/// A line of an access log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// The caller's end of its connection.
    pub remote: SocketAddr,
    /// What it says.
    pub logged: Logged,
}

/// One request or line that reached a workload.
#[derive(Debug, Clone, PartialEq)]
struct Hit {
    workload: String,
    pod: String,
    seen: Seen,
    copy: bool,
}

/// What was seen of each call. `answers` has one entry for each call, with its mark.
pub fn assemble(
    answers: Vec<(String, Answer)>,
    arrivals: &[Arrival],
    lines: &[LogLine],
) -> Vec<Observed> {
    let (mut marked, mut loose) = sorted(arrivals);
    let mut lines = lines.to_vec();
    let mut calls: Vec<Observed> = Vec::new();
    for (mark, answer) in answers {
        let hits = marked.remove(&mark).unwrap_or_default();
        let log = answer.local.and_then(|local| take_line(&mut lines, local));
        calls.push(one(answer, hits, log));
    }
    // A connection whose own address no proxy logged (an address from a header, for example): in order.
    let mut rest = lines.into_iter();
    for call in calls.iter_mut().filter(|call| call.log.is_none()) {
        call.log = rest.next().map(|line| line.logged);
    }
    for call in &mut calls {
        take_loose(call, &mut loose);
    }
    // Connections that reached a workload and were answered to nobody still count as attempts.
    if let Some(first) = calls.first_mut() {
        first.attempts = first
            .attempts
            .saturating_add(u32::try_from(loose.len()).unwrap_or(u32::MAX));
    }
    calls
}

/// Hits of HTTP calls by their mark, and all others in order.
fn sorted(arrivals: &[Arrival]) -> (BTreeMap<String, Vec<Hit>>, Vec<Hit>) {
    let (mut marked, mut loose) = (BTreeMap::<String, Vec<Hit>>::new(), Vec::new());
    for arrival in arrivals {
        let hit = hit(arrival);
        match hit.seen.headers.get(MARK).cloned() {
            Some(mark) => marked.entry(mark).or_default().push(hit),
            None => loose.push(hit),
        }
    }
    (marked, loose)
}

fn hit(arrival: &Arrival) -> Hit {
    let mut seen = Seen::default();
    match &arrival.what {
        Arrived::Request {
            target,
            host,
            headers,
            ..
        } => {
            client::join(headers, &mut seen.headers);
            seen.path.clone_from(target);
            seen.host.clone_from(host);
        }
        Arrived::Line(_) => {}
    }
    // Envoy's copies carry both beside the original; a gateway or a caller may have set one of them itself.
    let internal = seen
        .headers
        .get("x-envoy-internal")
        .is_some_and(|value| value == "true");
    let copy = internal && seen.headers.contains_key("x-forwarded-for");
    let (workload, pod) = (
        arrival.reached.workload.clone(),
        arrival.reached.pod.clone(),
    );
    Hit {
        workload,
        pod,
        seen,
        copy,
    }
}

fn one(answer: Answer, hits: Vec<Hit>, log: Option<Logged>) -> Observed {
    let (workload, pod) = who(&answer);
    let (copies, attempts): (Vec<Hit>, Vec<Hit>) = hits.into_iter().partition(|hit| hit.copy);
    let is_final = |hit: &&Hit| {
        Some(&hit.workload) == workload.as_ref()
            && (pod.is_none() || Some(&hit.pod) == pod.as_ref())
    };
    let seen = attempts
        .iter()
        .rev()
        .find(is_final)
        .or_else(|| attempts.last());
    Observed {
        seen: seen.map(|hit| hit.seen.clone()),
        status: answer.status,
        error: answer.error,
        headers: answer.headers,
        body: answer.body,
        took: answer.took,
        attempts: u32::try_from(attempts.len()).unwrap_or(u32::MAX),
        mirrored: copies.into_iter().map(|hit| hit.workload).collect(),
        workload,
        pod,
        log,
        candidates: None,
    }
}

/// Who answered: by the echo's headers, by its JSON where the headers were taken away, by its line on TCP.
fn who(answer: &Answer) -> (Option<String>, Option<String>) {
    if answer.status.is_none() {
        return (
            answer
                .body
                .split_once(' ')
                .map(|(workload, _)| workload.to_owned()),
            None,
        );
    }
    let pod = answer.headers.get("x-echo-pod").cloned();
    if let Some(workload) = answer.headers.get("x-echo-workload") {
        return (Some(workload.clone()), pod);
    }
    let body = serde_json::from_str::<Value>(&answer.body).unwrap_or(Value::Null);
    let text = |key: &str| body.get(key).and_then(Value::as_str).map(str::to_owned);
    (text("workload"), pod.or_else(|| text("pod")))
}

/// The line of a call. Ports tell connections apart; a capture port may show another address.
fn take_line(lines: &mut Vec<LogLine>, local: SocketAddr) -> Option<Logged> {
    let at = lines
        .iter()
        .rposition(|line| line.remote.port() == local.port())?;
    Some(lines.remove(at).logged)
}

/// A TCP call has no mark: the next line that reached the workload that answered is its own.
fn take_loose(call: &mut Observed, loose: &mut Vec<Hit>) {
    if call.status.is_some() {
        return;
    }
    let Some(at) = loose
        .iter()
        .position(|hit| Some(&hit.workload) == call.workload.as_ref())
    else {
        return;
    };
    let hit = loose.remove(at);
    call.pod = Some(hit.pod);
    call.seen = Some(hit.seen);
    call.attempts = call.attempts.saturating_add(1);
}

#[cfg(test)]
mod tests;
