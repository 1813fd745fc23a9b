//! `sealane traffic test`: many calls, who answered, and whether that is what is configured.

use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::{Result, bail};
use serde_json::{Value, json};

use super::call::Calls;
use super::expect::{Expected, Who, configured, said};
use super::judge::judge;
use super::seen::{NO_WORKLOAD, Seen};
use super::show::{Report, as_json, show, verdict};
use crate::args::{Output, TrafficTest};
use crate::client::Admin;
use crate::columns::text;
use crate::commands::curl::{Outgoing, capture_of};
use crate::discover;
use crate::print::print_value;
use crate::rules::percents;

/// Makes the calls and says whether the shares are as configured, or as expected.
pub(crate) async fn run(args: &TrafficTest) -> Result<ExitCode> {
    let admin = discover::admin(&args.server)?;
    let from = caller(args);
    let outgoing = Outgoing::new(&args.url, &args.headers)?
        .saying(args.method.as_deref(), args.data.as_deref())?;
    let (address, origin_form) = entry(&admin, &from, &outgoing).await?;
    let plan = plan(&admin, args, &from, &outgoing).await;
    let before = generation(&admin).await;
    let calls = Calls {
        args,
        address,
        outgoing: &outgoing,
        origin_form,
    };
    let seen = calls.make().await?;
    if seen.answered() == 0
        && let Some(why) = seen.errors.keys().next()
    {
        bail!("no call to {address} was answered: {why}\n  is a gateway there? sealane get gw");
    }
    let planned = plan.as_ref().map(configured).unwrap_or_default();
    let expected = match &args.expect {
        Some(shares) => said(shares, &planned),
        None => planned,
    };
    let mut found = judge(&expected, &seen);
    found
        .problems
        .extend(unanswered(plan.as_ref(), &expected, &seen));
    found.problems.extend(failures(&seen));
    let after = generation(&admin).await;
    if before != after {
        found.problems.push(format!(
            "the configuration changed meanwhile: generation {before} → {after}; test again"
        ));
    }
    let report = Report {
        args,
        expected: &expected,
        seen: &seen,
        verdict: &found,
        rule: plan
            .as_ref()
            .map(|plan| text(plan, "/rule"))
            .unwrap_or_default(),
    };
    match args.output {
        Output::Json | Output::Yaml => print_value(args.output, &as_json(&report))?,
        Output::Table | Output::Wide | Output::Name => {
            show(&report)?;
            verdict(&report)?;
        }
    }
    Ok(if found.problems.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The workload that calls, with its namespace where one is said.
fn caller(args: &TrafficTest) -> String {
    match &args.namespace {
        Some(namespace) if !args.from.contains('/') => format!("{namespace}/{}", args.from),
        _ => args.from.clone(),
    }
}

async fn generation(admin: &Admin) -> u64 {
    let answer = admin
        .get("/sealane/v1/generation")
        .await
        .unwrap_or_default();
    answer
        .get("generation")
        .and_then(Value::as_u64)
        .unwrap_or(0)
}

/// Where to connect: the URL's own socket when that is a gateway of the mesh, else the capture
/// port of the calling workload.
async fn entry(admin: &Admin, from: &str, outgoing: &Outgoing) -> Result<(SocketAddr, bool)> {
    if let Some(socket) = outgoing.socket().filter(|socket| socket.ip().is_loopback()) {
        return Ok((socket, true));
    }
    let capture = capture_of(admin, from).await?;
    Ok((capture.parse()?, false))
}

/// What the mesh's own matcher says about such a request; `None` when it cannot tell.
async fn plan(admin: &Admin, args: &TrafficTest, from: &str, outgoing: &Outgoing) -> Option<Value> {
    let body = json!({
        "from": from,
        "url": outgoing.url(),
        "headers": args.headers,
        "method": outgoing.method().as_str(),
    });
    let body = ("application/json", body.to_string().into());
    let path = "/sealane/v1/decide";
    admin.call(http::Method::POST, path, Some(body)).await.ok()
}

/// Why no workload answers some of the calls, or all of them, in words.
fn unanswered(plan: Option<&Value>, expected: &[Expected], seen: &Seen) -> Option<String> {
    let aborted = plan
        .and_then(|plan| plan.get("aborted")?.as_f64())
        .unwrap_or(0.0);
    let is_nowhere = |part: &&Expected| match &part.who {
        Who::Workload { workload, .. } => workload == NO_WORKLOAD,
        Who::Named(_) => false,
    };
    let nowhere = expected.iter().find(is_nowhere).filter(|_| aborted == 0.0);
    if let Some(part) = nowhere {
        let share = percents(part.share * 100.0);
        return Some(format!(
            "{share} of the calls lead to no workload; sealane curl says why"
        ));
    }
    let reached = seen.by_workload.keys();
    if !expected.is_empty() || reached.into_iter().any(|(_, name)| name != NO_WORKLOAD) {
        return None;
    }
    let outcome = plan.map(|plan| text(plan, "/outcome")).unwrap_or_default();
    outcome.ends_with("NR").then_some(outcome)
}

/// Calls that came to nothing.
fn failures(seen: &Seen) -> Vec<String> {
    let errors = seen.errors.iter();
    errors
        .map(|(why, count)| {
            let calls = if *count == 1 { "call" } else { "calls" };
            format!("{count} {calls}: {why}")
        })
        .collect()
}
