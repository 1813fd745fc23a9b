//! What a call item must show.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use sealane_model::tree::{Content, Node};
use serde_json::Value;

use super::measure::{self, Relation, Share};
use super::pattern::Pattern;
use super::scalar::{self, Place};

/// The keys of `expect`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// The status code, or `none`.
    Status,
    /// Status codes with their shares.
    Shares,
    /// The workload that answered.
    To,
    /// How many different pods answered.
    Pods,
    /// Response flags in the access log.
    Flags,
    /// The cluster in the access log.
    Cluster,
    /// The route's name in the access log.
    Route,
    /// The path that the workload saw.
    Path,
    /// The host that the workload saw.
    Host,
    /// Headers that the workload saw.
    UpstreamHeaders,
    /// Headers of the response.
    ResponseHeaders,
    /// The body of the response.
    Body,
    /// Requests that reached workloads, per call.
    Attempts,
    /// Copies that reached workloads.
    Mirrored,
    /// How long a call took.
    Took,
}

impl Key {
    /// All keys, in the order of the format's description.
    pub const ALL: [Self; 15] = [
        Self::Status,
        Self::Shares,
        Self::To,
        Self::Pods,
        Self::Flags,
        Self::Cluster,
        Self::Route,
        Self::Path,
        Self::Host,
        Self::UpstreamHeaders,
        Self::ResponseHeaders,
        Self::Body,
        Self::Attempts,
        Self::Mirrored,
        Self::Took,
    ];

    /// The key as scenario files write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Shares => "shares",
            Self::To => "to",
            Self::Pods => "pods",
            Self::Flags => "flags",
            Self::Cluster => "cluster",
            Self::Route => "route",
            Self::Path => "path",
            Self::Host => "host",
            Self::UpstreamHeaders => "upstream_headers",
            Self::ResponseHeaders => "response_headers",
            Self::Body => "body",
            Self::Attempts => "attempts",
            Self::Mirrored => "mirrored",
            Self::Took => "took",
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One key of `expect` with what it wants.
#[derive(Debug, Clone, PartialEq)]
pub struct Expectation {
    /// The key.
    pub key: Key,
    /// What it wants.
    pub want: Want,
    /// The same as it was written.
    pub written: Value,
}

/// What a key wants.
#[derive(Debug, Clone, PartialEq)]
pub enum Want {
    /// Every call shows a text that matches. Status codes are text too, `none` for no answer.
    Each(Pattern),
    /// Texts and the shares of the calls that show them.
    Split(Vec<(Pattern, Share)>),
    /// A number, by comparison.
    Number(Relation, f64),
    /// Workloads and the copies that reach them, as a share of the calls.
    Copies(BTreeMap<String, Share>),
    /// Headers by lower-case name; nothing for one that must be absent.
    Headers(BTreeMap<String, Option<Pattern>>),
    /// Limits that all hold.
    Within(Vec<(Relation, Duration)>),
}

/// The expectations of one item.
pub(super) fn read(node: &Node, place: &mut Place<'_>) -> Vec<Expectation> {
    if !matches!(node.content, Content::Map(_) | Content::Null) {
        place.problem(node, "expect is a mapping");
    }
    let mut found = Vec::new();
    for entry in node.entries() {
        let value = &entry.value;
        let Some(key) = Key::ALL.into_iter().find(|key| key.name() == entry.key) else {
            let known = Key::ALL.map(Key::name).join(", ");
            place.problem(
                value,
                format!("unknown key `{}` of expect; known are {known}", entry.key),
            );
            continue;
        };
        match want(key, value) {
            Ok(want) => found.push(Expectation {
                key,
                want,
                written: value.to_json(),
            }),
            Err(what) => place.problem(value, format!("{key}: {what}")),
        }
    }
    found
}

fn want(key: Key, node: &Node) -> Result<Want, String> {
    match key {
        Key::Status | Key::Shares => statuses(node),
        Key::To | Key::Path | Key::Host | Key::Body => texts(node, None),
        Key::Flags | Key::Cluster | Key::Route => texts(node, Some("-")),
        Key::Pods | Key::Attempts => number(node),
        Key::Mirrored => copies(node),
        Key::UpstreamHeaders | Key::ResponseHeaders => headers(node),
        Key::Took => took(node),
    }
}

fn statuses(node: &Node) -> Result<Want, String> {
    let want = texts(node, Some("none"))?;
    let codes: Vec<&Pattern> = match &want {
        Want::Each(pattern) => vec![pattern],
        Want::Split(parts) => parts.iter().map(|(pattern, _)| pattern).collect(),
        Want::Number(..) | Want::Copies(_) | Want::Headers(_) | Want::Within(_) => Vec::new(),
    };
    for code in codes {
        if let Pattern::Exact(text) = code
            && text != "none"
            && !text
                .parse::<u16>()
                .is_ok_and(|code| (100..1000).contains(&code))
        {
            return Err(format!("`{text}` is neither a status code nor `none`"));
        }
    }
    Ok(want)
}

fn texts(node: &Node, nothing: Option<&str>) -> Result<Want, String> {
    if matches!(node.content, Content::Map(_)) {
        let mut parts = Vec::new();
        for entry in node.entries() {
            parts.push((Pattern::parse(&entry.key)?, share(&entry.value)?));
        }
        return Ok(Want::Split(parts));
    }
    let text = scalar::text(node)
        .or_else(|| {
            nothing
                .filter(|_| matches!(node.content, Content::Null))
                .map(str::to_owned)
        })
        .ok_or_else(|| {
            format!(
                "expected a text or a mapping to shares, found {}",
                node.describe()
            )
        })?;
    Ok(Want::Each(Pattern::parse(&text)?))
}

fn share(node: &Node) -> Result<Share, String> {
    scalar::text(node)
        .and_then(|text| Share::parse(&text))
        .ok_or_else(|| "expected a share such as 90%".to_owned())
}

fn number(node: &Node) -> Result<Want, String> {
    let text = scalar::text(node).ok_or_else(|| "expected a number".to_owned())?;
    let (relation, digits) = Relation::split(&text);
    match digits.parse() {
        Ok(number) => Ok(Want::Number(relation, number)),
        Err(_) => Err(format!("`{text}` is no number")),
    }
}

fn copies(node: &Node) -> Result<Want, String> {
    let mut copies = BTreeMap::new();
    if let Some(workload) = scalar::text(node) {
        copies.insert(workload, Share::ALL);
    } else if matches!(node.content, Content::List(_)) {
        return Err("expected workloads with shares".to_owned());
    }
    for entry in node.entries() {
        copies.insert(entry.key.clone(), share(&entry.value)?);
    }
    Ok(Want::Copies(copies))
}

fn headers(node: &Node) -> Result<Want, String> {
    if !matches!(node.content, Content::Map(_)) {
        return Err(format!(
            "expected a mapping of names to values, found {}",
            node.describe()
        ));
    }
    let mut headers = BTreeMap::new();
    for entry in node.entries() {
        headers.insert(entry.key.to_ascii_lowercase(), header(&entry.value)?);
    }
    Ok(Want::Headers(headers))
}

fn header(node: &Node) -> Result<Option<Pattern>, String> {
    match &node.content {
        Content::Null => Ok(None),
        Content::List(items) => {
            let values: Option<Vec<String>> = items.iter().map(scalar::text).collect();
            let values = values.ok_or_else(|| "expected a list of texts".to_owned())?;
            Ok(Some(Pattern::Exact(values.join(","))))
        }
        _ => match scalar::text(node) {
            Some(text) => Pattern::parse(&text).map(Some),
            None => Err("expected a text, a list of texts or null".to_owned()),
        },
    }
}

fn took(node: &Node) -> Result<Want, String> {
    let text = scalar::text(node).unwrap_or_default();
    let mut limits = Vec::new();
    for part in text.split_whitespace() {
        let (relation, limit) = Relation::split(part);
        let limit = measure::duration(limit).filter(|_| relation != Relation::Exactly);
        let limit = limit.ok_or_else(|| format!("`{part}` is no limit such as >=250ms"))?;
        limits.push((relation, limit));
    }
    if limits.is_empty() {
        return Err("expected limits such as \">=2s <4s\"".to_owned());
    }
    Ok(Want::Within(limits))
}
