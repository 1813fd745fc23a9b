//! The rules that proxies serve, as lines for people: used by `describe` and `traffic config`.

use serde_json::Value;

use crate::columns::text;

/// The lines of the rules of a host, in their order, aligned.
pub(crate) fn lines(rules: &[Value]) -> Vec<String> {
    let rows: Vec<[String; 4]> = rules.iter().map(row).collect();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let (number, matches, target) = (width(0), width(1), width(2));
    let mut lines = Vec::new();
    for (row, rule) in rows.iter().zip(rules) {
        let [no, asks, to, from] = row;
        let line = format!("{no:>number$}  {asks:<matches$}  → {to:<target$}  {from}");
        lines.push(line.trim_end().to_owned());
        let indent = " ".repeat(number + matches + 6);
        let problems = array(rule, "/shares").iter().filter_map(problem);
        lines.extend(problems.map(|problem| format!("{indent}! {problem}")));
        let also = array(rule, "/also").iter().filter_map(Value::as_str);
        lines.extend(also.map(|also| format!("{indent}{also}")));
    }
    lines
}

/// A list in a value.
pub(crate) fn array<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    let list = value.pointer(pointer).and_then(Value::as_array);
    list.map_or(&[], Vec::as_slice)
}

fn row(rule: &Value) -> [String; 4] {
    let number = rule.get("number").and_then(Value::as_u64).unwrap_or(0);
    let action = text(rule, "/action");
    let target = if action.is_empty() {
        shares(rule)
    } else {
        action
    };
    [
        number.to_string(),
        text(rule, "/matches"),
        target,
        origin(rule),
    ]
}

/// `reviews:9080  v1 90 %  v2 10 %`.
fn shares(rule: &Value) -> String {
    let shares = array(rule, "/shares");
    let mut parts = Vec::new();
    let mut last = String::new();
    for share in shares {
        let port = share.get("port").and_then(Value::as_u64).unwrap_or(0);
        let host = short(&text(share, "/host"));
        let host = if port == 0 {
            host
        } else {
            format!("{host}:{port}")
        };
        if host != last {
            parts.push(host.clone());
            last = host;
        }
        let subset = text(share, "/subset");
        let percent = share.get("share").and_then(Value::as_f64).unwrap_or(0.0) * 100.0;
        match (subset.is_empty(), shares.len() > 1) {
            (true, false) => {}
            (false, false) => parts.push(subset),
            (true, true) => parts.push(percents(percent)),
            (false, true) => parts.push(format!("{subset} {}", percents(percent))),
        }
    }
    if rule.get("random").and_then(Value::as_bool) == Some(true) && shares.len() > 1 {
        parts.push("(random)".to_owned());
    }
    parts.join("  ")
}

/// `90 %`, `33.33 %`.
pub(crate) fn percents(percent: f64) -> String {
    format!("{} %", (percent * 100.0).round() / 100.0)
}

/// A Service of namespace `default` by its name, of another by name and namespace.
pub(crate) fn short(host: &str) -> String {
    match host.strip_suffix(".svc.cluster.local") {
        Some(host) => host.strip_suffix(".default").unwrap_or(host).to_owned(),
        None => host.to_owned(),
    }
}

/// Whether a host is served by a gateway.
pub(crate) fn is_at_gateway(host: &Value) -> bool {
    let gateway = host.get("gateway").and_then(Value::as_bool);
    gateway.unwrap_or(false)
}

/// The name that callers call a host by. A gateway takes nothing but the whole one.
pub(crate) fn called(host: &Value) -> String {
    let whole = text(host, "/host");
    if is_at_gateway(host) {
        whole
    } else {
        short(&whole)
    }
}

/// `VirtualService default/reviews  virtual-services.yaml:12`; a host without rules of its own
/// says so.
fn origin(rule: &Value) -> String {
    let (kind, name) = (text(rule, "/kind"), text(rule, "/name"));
    match kind.as_str() {
        "VirtualService" => {
            let namespace = text(rule, "/namespace");
            format!("{kind} {namespace}/{name}  {}", text(rule, "/place"))
        }
        _ => "no VirtualService".to_owned(),
    }
}

fn problem(share: &Value) -> Option<String> {
    let problem = text(share, "/problem");
    let percent = share.get("share").and_then(Value::as_f64).unwrap_or(0.0) * 100.0;
    (!problem.is_empty()).then(|| format!("{}: {problem}", percents(percent)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rules_stand_in_columns() {
        let rule = |number, matches: &str, shares: Value| {
            json!({
                "number": number, "matches": matches, "action": "", "random": false,
                "shares": shares, "also": [], "kind": "VirtualService", "namespace": "default",
                "name": "reviews", "place": format!("vs.yaml:{number}"),
            })
        };
        let to = |subset: &str, share: f64, problem: &str| {
            json!({
                "host": "reviews.default.svc.cluster.local", "port": 9080, "subset": subset,
                "share": share, "problem": problem,
            })
        };
        let rules = [
            rule(1, "exact /a", json!([to("v2", 1.0, "")])),
            rule(
                2,
                "everything",
                json!([to("v1", 0.9, ""), to("v3", 0.1, "no pod answers")]),
            ),
        ];
        let expected = [
            "1  exact /a    → reviews:9080  v2                VirtualService default/reviews  vs.yaml:1",
            "2  everything  → reviews:9080  v1 90 %  v3 10 %  VirtualService default/reviews  vs.yaml:2",
            "                 ! 10 %: no pod answers",
        ];
        assert_eq!(lines(&rules), expected);
    }
}
