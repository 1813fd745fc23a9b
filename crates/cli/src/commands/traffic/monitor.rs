//! `sealane traffic monitor`: who answers the mesh's requests, look by look.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};

use crate::args::{Output, TrafficMonitor};
use crate::client::Admin;
use crate::columns::text;
use crate::output::bar;
use crate::rules::{percents, short};
use crate::{discover, print, yaml};

/// The counts of one workload under one rule.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Count {
    requests: u64,
    errors: u64,
    total_ms: f64,
}

/// Host, rule, version, workload.
type Name = [String; 4];

/// Looks until it is stopped.
pub(crate) async fn run(args: &TrafficMonitor) -> Result<()> {
    let admin = discover::admin(&args.server)?;
    let interval = args.interval.max(Duration::from_millis(10));
    let mut ticks = tokio::time::interval(interval);
    ticks.tick().await;
    let mut before = look(&admin, &args.hosts).await?;
    let refreshes = std::io::stdout().is_terminal() && args.output == Output::Table;
    let mut lines = 0;
    let mut looks = 0;
    while args.count.is_none_or(|count| looks < count) {
        ticks.tick().await;
        let now = look(&admin, &args.hosts).await?;
        let rows = since(&before, &now);
        before = now;
        looks += 1;
        match args.output {
            Output::Json => print::line(format_args!("{}", as_json(&rows, interval)))?,
            Output::Yaml => {
                let shown = yaml::to_yaml(&as_json(&rows, interval));
                print::text(&format!("---\n{shown}"))?;
            }
            Output::Table | Output::Wide | Output::Name => {
                let text = picture(&rows, interval);
                if refreshes && lines > 0 {
                    print::text(&format!("\x1b[{lines}A\x1b[J"))?;
                }
                print::text(&text)?;
                lines = text.lines().count();
            }
        }
    }
    Ok(())
}

async fn look(admin: &Admin, hosts: &[String]) -> Result<BTreeMap<Name, Count>> {
    let rows = admin.get("/sealane/v1/traffic").await?;
    let mut counts: BTreeMap<Name, Count> = BTreeMap::new();
    for row in rows.as_array().into_iter().flatten() {
        let host = text(row, "/host");
        if !hosts.is_empty() && !hosts.iter().any(|it| *it == host || *it == short(&host)) {
            continue;
        }
        let number = |name: &str| row.get(name).and_then(Value::as_u64).unwrap_or(0);
        let name = [
            host,
            text(row, "/rule"),
            text(row, "/version"),
            text(row, "/workload"),
        ];
        let count = counts.entry(name).or_default();
        count.requests += number("requests");
        count.errors += number("errors");
        count.total_ms += row.get("totalMs").and_then(Value::as_f64).unwrap_or(0.0);
    }
    Ok(counts)
}

/// What came between two looks.
fn since(before: &BTreeMap<Name, Count>, now: &BTreeMap<Name, Count>) -> Vec<(Name, Count)> {
    let rows = now.iter().map(|(name, now)| {
        let before = before.get(name).copied().unwrap_or_default();
        let count = Count {
            requests: now.requests.saturating_sub(before.requests),
            errors: now.errors.saturating_sub(before.errors),
            total_ms: (now.total_ms - before.total_ms).max(0.0),
        };
        (name.clone(), count)
    });
    rows.filter(|(_, count)| count.requests > 0).collect()
}

/// The requests of each rule, of which the rows are shares.
fn totals(rows: &[(Name, Count)]) -> BTreeMap<(&String, &String), u64> {
    let mut totals = BTreeMap::new();
    for ([host, rule, ..], count) in rows {
        *totals.entry((host, rule)).or_default() += count.requests;
    }
    totals
}

/// `part / total`, for counts that a second holds.
fn ratio(part: u64, total: u64) -> f64 {
    let small = |number: u64| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
    small(part) / small(total.max(1))
}

fn per_second(count: u64, interval: Duration) -> f64 {
    ratio(count, 1) / interval.as_secs_f64()
}

/// An answer without a workload is the proxy's own.
fn answerer(workload: &str) -> &str {
    if workload.is_empty() {
        "(the proxy)"
    } else {
        workload
    }
}

fn picture(rows: &[(Name, Count)], interval: Duration) -> String {
    let clock = clock();
    if rows.is_empty() {
        return format!("{clock}  no requests\n");
    }
    let requests: u64 = rows.iter().map(|(_, count)| count.requests).sum();
    let errors: u64 = rows.iter().map(|(_, count)| count.errors).sum();
    let mut out = format!(
        "{clock}  {:.1} requests/s · {} errors\n",
        per_second(requests, interval),
        percents(ratio(errors, requests) * 100.0)
    );
    let totals = totals(rows);
    let width = rows
        .iter()
        .map(|([.., workload], _)| answerer(workload).len())
        .max();
    let width = width.unwrap_or(0);
    let mut last = None;
    for (name, count) in rows {
        let [host, rule, version, workload] = name;
        if last != Some((host, rule)) {
            last = Some((host, rule));
            let title = format!("  {}   {rule}", short(host));
            out.push_str(title.trim_end());
            out.push('\n');
        }
        let share = ratio(
            count.requests,
            totals.get(&(host, rule)).copied().unwrap_or(1),
        );
        let line = format!(
            "    {version:<8} {:<width$}  {:>8}  {:>7.1}/s  {:>7} errors  {:>7.1} ms  {}",
            answerer(workload),
            percents(share * 100.0),
            per_second(count.requests, interval),
            percents(ratio(count.errors, count.requests) * 100.0),
            count.total_ms / ratio(count.requests, 1).max(1.0),
            bar(share, 20)
        );
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// The time of day, UTC.
fn clock() -> String {
    let seconds = crate::time::now_seconds() % 86_400;
    format!(
        "{:02}:{:02}:{:02}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
}

fn as_json(rows: &[(Name, Count)], interval: Duration) -> Value {
    let totals = totals(rows);
    let shown: Vec<Value> = rows
        .iter()
        .map(|([host, rule, version, workload], count)| {
            let total = totals.get(&(host, rule)).copied().unwrap_or(1);
            json!({
                "host": host,
                "rule": rule,
                "version": version,
                "workload": workload,
                "requests": count.requests,
                "errors": count.errors,
                "share": ratio(count.requests, total),
                "meanMs": count.total_ms / ratio(count.requests, 1).max(1.0),
            })
        })
        .collect();
    json!({
        "at": crate::time::now_seconds(),
        "seconds": interval.as_secs_f64(),
        "rows": shown,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(version: &str) -> Name {
        ["h", "r", version, "w"].map(str::to_owned)
    }

    #[test]
    fn only_what_came_between_two_looks_is_shown() {
        let count = |requests, errors| Count {
            requests,
            errors,
            total_ms: 0.0,
        };
        let before = BTreeMap::from([(name("v1"), count(90, 0)), (name("v2"), count(10, 0))]);
        let now = BTreeMap::from([(name("v1"), count(180, 1)), (name("v2"), count(10, 0))]);
        assert_eq!(since(&before, &now), [(name("v1"), count(90, 1))]);
        assert_eq!(since(&now, &now), []);
    }
}
