//! As much of Prometheus as the questions of Flagger and Kiali need: two scrapes, and `rate`,
//! `sum by`, `histogram_quantile`, arithmetic and comparisons over them.

use std::collections::BTreeMap;

use regex::Regex;

/// The labels of a sample.
pub(crate) type Labels = BTreeMap<String, String>;
/// What an expression gives: a number, or samples.
#[derive(Debug, Clone)]
enum Value {
    Number(f64),
    Samples(Vec<(Labels, f64)>),
}

/// A scrape: the samples of each metric.
#[derive(Debug, Default)]
pub(crate) struct Scrape(BTreeMap<String, Vec<(Labels, f64)>>);

impl Scrape {
    /// Reads Prometheus' text format, strictly.
    pub(crate) fn read(text: &str) -> Self {
        let line_of = Regex::new(r"^([a-z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$").unwrap();
        let label_of = Regex::new(r#"([a-z_]+)="([^"\\]*)"(?:,|$)"#).unwrap();
        let mut scrape = Self::default();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let parts = line_of.captures(line);
            let parts = parts.unwrap_or_else(|| panic!("no sample: {line:?}"));
            let labels = parts.get(2).map_or("", |labels| labels.as_str());
            let read: usize = label_of.find_iter(labels).map(|found| found.len()).sum();
            assert_eq!(read, labels.len(), "no labels: {line:?}");
            let labels: Labels = label_of
                .captures_iter(labels)
                .map(|pair| (pair[1].to_owned(), pair[2].to_owned()))
                .collect();
            let samples = scrape.0.entry(parts[1].to_owned()).or_default();
            let twin = samples.iter().any(|(other, _)| *other == labels);
            assert!(!twin, "twice: {line:?}");
            samples.push((labels, parts[3].parse().unwrap()));
        }
        scrape
    }
}

/// Two scrapes, `seconds` apart.
pub(crate) struct Window<'a> {
    pub(crate) before: &'a Scrape,
    pub(crate) after: &'a Scrape,
    pub(crate) seconds: f64,
}

impl Window<'_> {
    /// The samples that `query` gives, sorted by labels.
    pub(crate) fn ask(&self, query: &str) -> Vec<(Labels, f64)> {
        let mut parser = Parser {
            window: self,
            rest: query.trim(),
        };
        let value = parser.comparison();
        assert_eq!(parser.rest, "", "not understood in {query}");
        let mut samples = match value {
            Value::Number(number) => vec![(Labels::new(), number)],
            Value::Samples(samples) => samples,
        };
        samples.sort_by(|one, other| one.0.cmp(&other.0));
        samples
    }

    /// The one number that `query` gives.
    pub(crate) fn number(&self, query: &str) -> f64 {
        let samples = self.ask(query);
        let [(_, number)] = samples.as_slice() else {
            panic!("{query}: not one number but {samples:?}");
        };
        *number
    }
}

struct Parser<'a> {
    window: &'a Window<'a>,
    rest: &'a str,
}

impl<'a> Parser<'a> {
    fn eat(&mut self, token: &str) -> bool {
        let rest = self.rest.trim_start();
        let eaten = rest.strip_prefix(token);
        self.rest = eaten.unwrap_or(rest).trim_start();
        eaten.is_some()
    }

    fn want(&mut self, token: &str) {
        assert!(self.eat(token), "want {token} at {:?}", self.rest);
    }

    fn word(&mut self) -> &'a str {
        let rest = self.rest.trim_start();
        let is_part = |c: char| c.is_ascii_alphanumeric() || "_:.".contains(c);
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let (word, rest) = rest.split_at(end);
        self.rest = rest.trim_start();
        word
    }

    fn comparison(&mut self) -> Value {
        let left = self.product();
        if !self.eat(">") {
            return left;
        }
        let (Value::Samples(samples), Value::Number(limit)) = (left, self.product()) else {
            panic!("only samples are compared, with a number");
        };
        let above = samples.into_iter().filter(|(_, value)| *value > limit);
        Value::Samples(above.collect())
    }

    fn product(&mut self) -> Value {
        let mut left = self.term();
        loop {
            if self.eat("*") {
                left = combine(left, self.term(), |one, other| one * other);
            } else if self.eat("/") {
                left = combine(left, self.term(), |one, other| one / other);
            } else {
                return left;
            }
        }
    }

    fn term(&mut self) -> Value {
        if self.eat("(") {
            let inner = self.comparison();
            self.want(")");
            return inner;
        }
        let word = self.word();
        if let Ok(number) = word.parse() {
            return Value::Number(number);
        }
        match word {
            "sum" => self.sum(),
            "rate" => {
                self.want("(");
                let rate = self.rate();
                self.want(")");
                rate
            }
            "histogram_quantile" => {
                self.want("(");
                let quantile: f64 = self.word().parse().unwrap();
                self.want(",");
                let Value::Samples(buckets) = self.comparison() else {
                    panic!("no buckets");
                };
                self.want(")");
                Value::Samples(quantiles(quantile, buckets))
            }
            _ => panic!("{word} is not known at {:?}", self.rest),
        }
    }

    /// `sum(…) by (…)`, or `sum by (…) (…)`.
    fn sum(&mut self) -> Value {
        let mut by = self.by();
        self.want("(");
        let Value::Samples(samples) = self.comparison() else {
            panic!("only samples are summed");
        };
        self.want(")");
        by = by.or_else(|| self.by());
        let by = by.unwrap_or_default();
        let mut sums: BTreeMap<Labels, f64> = BTreeMap::new();
        for (mut labels, value) in samples {
            labels.retain(|name, _| by.contains(&name.as_str()));
            *sums.entry(labels).or_default() += value;
        }
        Value::Samples(sums.into_iter().collect())
    }

    fn by(&mut self) -> Option<Vec<&'a str>> {
        if !self.eat("by") {
            return None;
        }
        self.want("(");
        let mut names = vec![self.word()];
        while self.eat(",") {
            names.push(self.word());
        }
        self.want(")");
        Some(names)
    }

    /// The growth of each series from one scrape to the other.
    fn rate(&mut self) -> Value {
        let metric = self.word();
        let mut conditions = Vec::new();
        if self.eat("{") {
            while !self.eat("}") {
                conditions.push(self.condition());
                self.eat(",");
            }
        }
        self.want("[");
        self.word();
        self.want("]");
        let window = self.window;
        let none = Vec::new();
        let after = window.after.0.get(metric).unwrap_or(&none);
        let before = window.before.0.get(metric).unwrap_or(&none);
        let meant = after
            .iter()
            .filter(|(labels, _)| conditions.iter().all(|condition| condition(labels)));
        let rates = meant.map(|(labels, now)| {
            let then = before.iter().find(|(other, _)| other == labels);
            let grown = now - then.map_or(0.0, |(_, then)| *then);
            assert!(grown >= 0.0, "{metric} shrank: {labels:?}");
            (labels.clone(), grown / window.seconds)
        });
        Value::Samples(rates.collect())
    }

    fn condition(&mut self) -> Box<dyn Fn(&Labels) -> bool> {
        let name = self.word().to_owned();
        let operators = ["=~", "!~", "!=", "="];
        let operator = operators.into_iter().find(|operator| self.eat(operator));
        let operator = operator.unwrap_or_else(|| panic!("no operator at {:?}", self.rest));
        self.want("\"");
        let (text, rest) = self.rest.split_once('"').unwrap();
        self.rest = rest.trim_start();
        let text = text.to_owned();
        let whole = Regex::new(&format!("^(?:{text})$")).unwrap();
        Box::new(move |labels| {
            // An absent label is an empty one.
            let value = labels.get(&name).map_or("", String::as_str);
            match operator {
                "=" => value == text,
                "!=" => value != text,
                "=~" => whole.is_match(value),
                _ => !whole.is_match(value),
            }
        })
    }
}

fn combine(left: Value, right: Value, apply: fn(f64, f64) -> f64) -> Value {
    match (left, right) {
        (Value::Number(one), Value::Number(other)) => Value::Number(apply(one, other)),
        (Value::Samples(samples), Value::Number(number)) => {
            let all = samples.into_iter();
            Value::Samples(all.map(|(l, value)| (l, apply(value, number))).collect())
        }
        (Value::Number(number), Value::Samples(samples)) => {
            let all = samples.into_iter();
            Value::Samples(all.map(|(l, value)| (l, apply(number, value))).collect())
        }
        (Value::Samples(ones), Value::Samples(others)) => {
            let pairs = ones.into_iter().filter_map(|(labels, one)| {
                let (_, other) = others.iter().find(|(twin, _)| *twin == labels)?;
                Some((labels, apply(one, *other)))
            });
            Value::Samples(pairs.collect())
        }
    }
}

/// The quantile of each histogram, with Prometheus' interpolation inside a bucket.
fn quantiles(quantile: f64, buckets: Vec<(Labels, f64)>) -> Vec<(Labels, f64)> {
    let mut histograms: BTreeMap<Labels, Vec<(f64, f64)>> = BTreeMap::new();
    for (mut labels, count) in buckets {
        let bound = labels.remove("le").expect("buckets have a bound");
        let bound = if bound == "+Inf" {
            f64::INFINITY
        } else {
            bound.parse().unwrap()
        };
        histograms.entry(labels).or_default().push((bound, count));
    }
    let histograms = histograms.into_iter();
    histograms
        .map(|(labels, mut buckets)| {
            buckets.sort_by(|one, other| one.0.total_cmp(&other.0));
            (labels, quantile_of(quantile, &buckets))
        })
        .collect()
}

fn quantile_of(quantile: f64, buckets: &[(f64, f64)]) -> f64 {
    let rank = quantile * buckets.last().unwrap().1;
    let place = buckets
        .iter()
        .position(|(_, count)| *count >= rank)
        .unwrap();
    let below = place.checked_sub(1).map(|below| buckets[below]);
    let (start, before) = below.unwrap_or((0.0, 0.0));
    let (end, count) = buckets[place];
    if end.is_infinite() {
        return start;
    }
    start + (end - start) * (rank - before) / (count - before)
}

#[test]
fn quantiles_are_prometheus_own() {
    let buckets = [
        (1.0, 0.0),
        (5.0, 50.0),
        (10.0, 100.0),
        (f64::INFINITY, 100.0),
    ];
    assert!((quantile_of(0.5, &buckets) - 5.0).abs() < 1e-9);
    assert!((quantile_of(0.99, &buckets) - 9.9).abs() < 1e-9);
}
