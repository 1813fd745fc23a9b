//! `/stats` and `/stats/prometheus`: what has been counted.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderValue};
use regex::Regex;
use sealane_proxy::stats::{Stat, StatKind};
use sealane_proxy::telemetry::metrics::Totals;
use sealane_proxy::telemetry::metrics::exposition::{MEDIA_TYPE, exposition};
use serde::Deserialize;
use serde_json::{Value, json};

use super::pattern::pattern;
use super::select::select;
use super::{Format, Problem, json as json_of, of};
use crate::mesh::Mesh;

/// Who answers when nobody is chosen.
const ALL: &str = "all";

/// What is asked.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    proxy: Option<String>,
    filter: Option<String>,
    format: Option<String>,
    usedonly: Option<String>,
}

/// What was counted, by one proxy or by all.
struct Counted {
    /// Whose it is.
    who: String,
    totals: Totals,
    stats: Vec<Stat>,
}

pub(super) async fn stats(
    State(mesh): State<Arc<Mesh>>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let format = Format::parse(asked.format.as_deref())?;
    if format == Format::Prometheus {
        return expose(&mesh, &asked);
    }
    let filter = filter(&asked)?;
    let used_only = asked.usedonly.is_some();
    let counted = count(&mesh, &asked, used_only)?;
    let mut values: BTreeMap<String, u64> = BTreeMap::new();
    for stat in &counted.stats {
        if used_only && stat.kind == StatKind::Counter && stat.value == 0 {
            continue;
        }
        let name = stat.name();
        if filter.as_ref().is_none_or(|filter| filter.is_match(&name)) {
            *values.entry(name).or_default() += stat.value;
        }
    }
    if format == Format::Json {
        let stats = values.iter();
        let stats = stats.map(|(name, value)| json!({ "name": name, "value": value }));
        let stats: Value = stats.collect();
        return Ok(json_of(&counted.who, &json!({ "stats": stats })));
    }
    let lines = values
        .iter()
        .map(|(name, value)| format!("{name}: {value}\n"));
    Ok(of(&counted.who, lines.collect::<String>()))
}

pub(super) async fn prometheus(
    State(mesh): State<Arc<Mesh>>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    expose(&mesh, &asked)
}

fn expose(mesh: &Mesh, asked: &Asked) -> Result<Response, Problem> {
    let filter = filter(asked)?;
    // What was never used is left out, as Istio leaves most of Envoy's statistics out.
    let counted = count(mesh, asked, true)?;
    let text = exposition(Arc::new(counted.totals), counted.stats);
    let mut text = text.map_err(|error| {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Problem::new(status, format!("metrics cannot be written: {error}"))
    })?;
    if let Some(filter) = filter {
        let lines = text.lines().filter(|line| filter.is_match(metric_of(line)));
        text = lines.flat_map(|line| [line, "\n"]).collect();
    }
    let media_type = HeaderValue::from_static(MEDIA_TYPE);
    let answer = ([(CONTENT_TYPE, media_type)], text).into_response();
    Ok(of(&counted.who, answer))
}

/// The metric that a line is about.
fn metric_of(line: &str) -> &str {
    let about = line
        .strip_prefix("# HELP ")
        .or_else(|| line.strip_prefix("# TYPE "));
    let rest = about.unwrap_or(line);
    rest.split(['{', ' ']).next().unwrap_or(rest)
}

fn count(mesh: &Mesh, asked: &Asked, used_only: bool) -> Result<Counted, Problem> {
    let roster = mesh.seats().staff().roster();
    let Some(name) = &asked.proxy else {
        return Ok(Counted {
            who: ALL.to_owned(),
            totals: roster.totals(),
            stats: roster.stats(used_only),
        });
    };
    let selected = select(mesh, Some(name))?;
    let mut totals = Totals::default();
    let mut stats = Vec::new();
    // One that does not run has counted nothing.
    if let Some(proxy) = &selected.proxy {
        totals.add(proxy.metrics());
        stats = proxy.stats(used_only);
    }
    Ok(Counted {
        who: selected.id,
        totals,
        stats,
    })
}

fn filter(asked: &Asked) -> Result<Option<Regex>, Problem> {
    let asked = asked.filter.as_deref();
    asked.map(|text| pattern("filter", text)).transpose()
}
