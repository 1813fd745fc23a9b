//! `sealane traffic test`: many calls, who answered, and whether that is what is configured.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::{Value, json};

use crate::args::{Output, TrafficTest};
use crate::client::{Admin, Answer, Link};
use crate::columns::text;
use crate::commands::curl::{Outgoing, capture_of};
use crate::commands::get::print_value;
use crate::output::bar;
use crate::{discover, print};

/// How far an exact count may be from its share: below two in any window of calls.
const EXACT: f64 = 2.0;
/// How many standard deviations a random count may be from its share.
const DEVIATIONS: f64 = 4.0;

/// What stands for the workload of a call that none answered, here and in what the mesh foresees.
const NO_WORKLOAD: &str = "(no workload)";

/// What a share is expected to be, and of whom.
struct Expected {
    version: String,
    workload: String,
    /// Between 0 and 1.
    share: f64,
    /// Whether the share is drawn exactly, or left to a balancer or to chance.
    exact: bool,
}

/// What came back.
#[derive(Default)]
struct Seen {
    /// Calls by version and workload that answered.
    by_workload: BTreeMap<(String, String), u32>,
    by_status: BTreeMap<String, u32>,
    latencies: Vec<Duration>,
    total: Duration,
}

/// Makes the calls and says whether the shares are as configured.
pub(crate) async fn run(args: &TrafficTest) -> Result<ExitCode> {
    let admin = discover::admin(&args.server)?;
    let (address, through_gateway) = entry(&admin, args).await?;
    let outgoing = Outgoing::new(&args.url, &args.headers)?;
    let plan = plan(&admin, args).await;
    let seen = call(args, address, &outgoing, through_gateway).await?;
    let expected = plan.as_ref().map(expectations).unwrap_or_default();
    let mut problems = judge(args.count, &expected, &seen);
    problems.extend(unanswered(plan.as_ref(), &expected, &seen));
    match args.output {
        Output::Json | Output::Yaml => {
            print_value(args.output, &as_json(args, &expected, &seen, &problems))?;
        }
        Output::Table | Output::Wide | Output::Name => {
            show(args, &expected, &seen)?;
            verdict(plan.as_ref(), &expected, &problems)?;
        }
    }
    Ok(if problems.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Where to connect: the URL's own socket when that is a gateway of the mesh, else the capture
/// port of the calling workload.
async fn entry(admin: &Admin, args: &TrafficTest) -> Result<(SocketAddr, bool)> {
    let authority = Outgoing::new(&args.url, &[])?.socket();
    if let Some(socket) = authority.filter(|socket| socket.ip().is_loopback()) {
        return Ok((socket, true));
    }
    let capture = capture_of(admin, &args.from).await?;
    Ok((capture.parse()?, false))
}

/// What the mesh's own matcher says about such a request; `None` when it cannot tell.
async fn plan(admin: &Admin, args: &TrafficTest) -> Option<Value> {
    let body = json!({"from": args.from, "url": args.url, "headers": args.headers});
    let body = ("application/json", body.to_string().into());
    let path = "/sealane/v1/decide";
    admin.call(http::Method::POST, path, Some(body)).await.ok()
}

fn expectations(plan: &Value) -> Vec<Expected> {
    let parts = plan.get("workloads").and_then(Value::as_array);
    let parts = parts.into_iter().flatten();
    let parts = parts.map(|part| Expected {
        version: text(part, "/version"),
        workload: text(part, "/workload"),
        share: part.get("share").and_then(Value::as_f64).unwrap_or(0.0),
        exact: part.get("exact").and_then(Value::as_bool).unwrap_or(false),
    });
    parts.collect()
}

async fn call(
    args: &TrafficTest,
    address: SocketAddr,
    outgoing: &Outgoing,
    origin_form: bool,
) -> Result<Seen> {
    let mut seen = Seen::default();
    let mut link = Link::open(address).await?;
    let started = Instant::now();
    for _ in 0..args.count {
        let request = if origin_form {
            outgoing.build_origin_form()?
        } else {
            outgoing.build()?
        };
        let sent = Instant::now();
        let answer = link.send(request).await;
        seen.latencies.push(sent.elapsed());
        match answer {
            Ok(answer) => {
                if closes(&answer) {
                    link = Link::open(address).await?;
                }
                seen.count(&answer);
            }
            Err(_broken) => {
                *seen.by_status.entry("no answer".to_owned()).or_default() += 1;
                link = Link::open(address).await?;
            }
        }
    }
    seen.total = started.elapsed();
    seen.latencies.sort();
    Ok(seen)
}

fn closes(answer: &Answer) -> bool {
    let connection = answer.headers.get("connection");
    connection.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"close"))
}

impl Seen {
    fn count(&mut self, answer: &Answer) {
        let status = answer.status.as_u16().to_string();
        *self.by_status.entry(status).or_default() += 1;
        let header = |name: &str| {
            let value = answer.headers.get(name)?;
            Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        let workload = header("x-echo-workload").unwrap_or_else(|| NO_WORKLOAD.to_owned());
        let version = header("x-echo-version").unwrap_or_default();
        *self.by_workload.entry((version, workload)).or_default() += 1;
    }

    fn of(&self, version: &str, workload: &str) -> u32 {
        let key = (version.to_owned(), workload.to_owned());
        self.by_workload.get(&key).copied().unwrap_or(0)
    }

    fn percentile(&self, percent: usize) -> f64 {
        let index = (self.latencies.len() * percent / 100).min(self.latencies.len().max(1) - 1);
        self.latencies.get(index).map_or(0.0, Duration::as_secs_f64) * 1000.0
    }
}

/// What is not as configured, in words; empty when all is.
fn judge(count: u32, expected: &[Expected], seen: &Seen) -> Vec<String> {
    let count = f64::from(count);
    let mut problems = Vec::new();
    for part in expected {
        let got = f64::from(seen.of(&part.version, &part.workload));
        let wanted = count * part.share;
        let spread = if part.exact {
            EXACT
        } else {
            DEVIATIONS * (wanted * (1.0 - part.share)).sqrt() + 1.0
        };
        if (got - wanted).abs() >= spread {
            let share = part.share * 100.0;
            problems.push(format!(
                "{}: expected {share:.0} %, seen {got} of {count}",
                part.workload
            ));
        }
    }
    problems
}

/// Why no workload answers some of the calls, or all of them, in words.
fn unanswered(plan: Option<&Value>, expected: &[Expected], seen: &Seen) -> Option<String> {
    let nowhere = expected.iter().find(|part| part.workload == NO_WORKLOAD);
    if let Some(part) = nowhere {
        let share = part.share * 100.0;
        return Some(format!(
            "{share:.0} % of the calls lead to no workload; sealane curl says why"
        ));
    }
    let reached = seen.by_workload.keys();
    if !expected.is_empty() || reached.into_iter().any(|(_, name)| name != NO_WORKLOAD) {
        return None;
    }
    let outcome = plan.map(|plan| text(plan, "/outcome")).unwrap_or_default();
    outcome.ends_with("NR").then_some(outcome)
}

fn show(args: &TrafficTest, expected: &[Expected], seen: &Seen) -> Result<()> {
    let statuses = seen.by_status.iter();
    let statuses: Vec<_> = statuses
        .map(|(status, count)| format!("{count} × {status}"))
        .collect();
    let statuses = statuses.join(" · ");
    let seconds = seen.total.as_secs_f64();
    print::line(format_args!(
        "  {} calls in {seconds:.1} s · {statuses}\n",
        args.count
    ))?;
    let mut rows: BTreeMap<(String, String), Option<f64>> = BTreeMap::new();
    rows.extend(seen.by_workload.keys().map(|key| (key.clone(), None)));
    for part in expected {
        rows.insert(
            (part.version.clone(), part.workload.clone()),
            Some(part.share),
        );
    }
    let width = rows.keys().map(|(_, workload)| workload.len()).max();
    let width = width.unwrap_or(0).max("workload".len());
    print::line(format_args!(
        "  {:<8} {:<width$}  {:>8}  {:>7}",
        "version", "workload", "expected", "seen"
    ))?;
    for ((version, workload), share) in rows {
        let got = seen.of(&version, &workload);
        let share = share.map_or_else(|| "-".to_owned(), |share| format!("{:.0} %", share * 100.0));
        let bar = bar(f64::from(got) / f64::from(args.count.max(1)), 40);
        let line = format!("  {version:<8} {workload:<width$}  {share:>8}  {got:>7}  {bar}");
        print::line(format_args!("{}", line.trim_end()))?;
    }
    print::line(format_args!(
        "\n  latency  p50 {:.1} ms  p95 {:.1} ms  p99 {:.1} ms",
        seen.percentile(50),
        seen.percentile(95),
        seen.percentile(99)
    ))
}

fn verdict(plan: Option<&Value>, expected: &[Expected], problems: &[String]) -> Result<()> {
    for problem in problems {
        print::line(format_args!("✗ {problem}"))?;
    }
    if problems.is_empty() && !expected.is_empty() {
        let rule = plan.map(|plan| text(plan, "/rule")).unwrap_or_default();
        let rule = if rule.is_empty() {
            rule
        } else {
            format!(" ({rule})")
        };
        print::line(format_args!("✓ as configured{rule}"))?;
    }
    Ok(())
}

fn as_json(args: &TrafficTest, expected: &[Expected], seen: &Seen, problems: &[String]) -> Value {
    let expected: Vec<_> = expected
        .iter()
        .map(
            |part| json!({"version": part.version, "workload": part.workload, "share": part.share}),
        )
        .collect();
    let found: Vec<_> = seen
        .by_workload
        .iter()
        .map(|((version, workload), count)| json!({"version": version, "workload": workload, "count": count}))
        .collect();
    json!({
        "calls": args.count,
        "seconds": seen.total.as_secs_f64(),
        "statuses": seen.by_status,
        "expected": expected,
        "seen": found,
        "latencyMs": {"p50": seen.percentile(50), "p95": seen.percentile(95), "p99": seen.percentile(99)},
        "ok": problems.is_empty(),
        "problems": problems,
    })
}
