//! How the plain types relate to documents: numbers, texts, lists, maps, optional values.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::base64;
use crate::diagnostic::{Code, Diagnostic};
use crate::duration::Duration;
use crate::path::Step;
use crate::schema::{Context, Data, Type};
use crate::tree::{Content, Node};

/// Bytes, written as base64.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Bytes(pub Vec<u8>);

/// The number or the name of a port.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IntOrString {
    /// A number.
    Int(i32),
    /// A name.
    String(String),
}

impl Default for IntOrString {
    fn default() -> Self {
        Self::Int(0)
    }
}

/// A mapping of which only its presence is of interest.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Present(pub Value);

impl Data for bool {
    fn ty() -> Type {
        Type::Bool
    }

    fn decode(node: &Node, cx: &mut Context) -> Option<Self> {
        if let Content::Bool(value, _) = node.content {
            return Some(value);
        }
        let help =
            matches!(node.text(), Some("true" | "false")).then(|| "remove the quotes".to_owned());
        cx.wrong_type(node, "`true` or `false`", help);
        None
    }

    fn encode(&self) -> Value {
        Value::Bool(*self)
    }
}

impl Data for String {
    fn ty() -> Type {
        Type::String
    }

    fn decode(node: &Node, cx: &mut Context) -> Option<Self> {
        let help = match &node.content {
            Content::String(text) => return Some(text.clone()),
            Content::Number(_, text) | Content::Bool(_, text) => {
                Some(format!("quote it: \"{text}\""))
            }
            Content::Null | Content::List(_) | Content::Map(_) => None,
        };
        cx.wrong_type(node, "a string", help);
        None
    }

    fn encode(&self) -> Value {
        Value::String(self.clone())
    }
}

impl Data for f64 {
    fn ty() -> Type {
        Type::Number
    }

    fn decode(node: &Node, cx: &mut Context) -> Option<Self> {
        if let Content::Number(number, _) = &node.content {
            return number.as_f64();
        }
        cx.wrong_type(node, "a number", unquote_help(node));
        None
    }

    fn encode(&self) -> Value {
        serde_json::Number::from_f64(*self).map_or(Value::Null, Value::Number)
    }
}

fn unquote_help(node: &Node) -> Option<String> {
    let text = node.text()?;
    text.parse::<f64>()
        .is_ok()
        .then(|| format!("remove the quotes: {text}"))
}

/// The whole number of a node, when it is one; `1.0` counts.
fn whole(node: &Node) -> Option<i128> {
    let Content::Number(number, _) = &node.content else {
        return None;
    };
    if let Some(value) = number.as_i64() {
        return Some(value.into());
    }
    if let Some(value) = number.as_u64() {
        return Some(value.into());
    }
    let value = number.as_f64()?;
    let fits = value.fract() == 0.0 && value.abs() < 9e15;
    fits.then(|| format!("{value:.0}").parse().ok()).flatten()
}

fn integer<T: TryFrom<i128>>(node: &Node, cx: &mut Context, range: (i64, u64)) -> Option<T> {
    let Some(value) = whole(node) else {
        cx.wrong_type(node, "a whole number", unquote_help(node));
        return None;
    };
    if let Ok(value) = T::try_from(value) {
        return Some(value);
    }
    let (min, max) = range;
    let diagnostic = Diagnostic::new(Code::OutOfRange, format!("{value} is out of range"))
        .with_label(node.span, format!("must be from {min} to {max}"));
    cx.report(diagnostic);
    None
}

macro_rules! integers {
    ($($ty:ty: $min:expr, $max:expr;)*) => {$(
        impl Data for $ty {
            fn ty() -> Type {
                Type::Integer { min: $min, max: $max }
            }

            fn decode(node: &Node, cx: &mut Context) -> Option<Self> {
                integer(node, cx, ($min, $max))
            }

            fn encode(&self) -> Value {
                Value::from(*self)
            }
        }
    )*};
}

integers! {
    i32: -2_147_483_648, 2_147_483_647;
    i64: i64::MIN, 9_223_372_036_854_775_807;
    u32: 0, 4_294_967_295;
    u64: 0, u64::MAX;
}

impl Data for Duration {
    fn ty() -> Type {
        Type::Duration
    }

    fn decode(node: &Node, cx: &mut Context) -> Option<Self> {
        let text = match &node.content {
            Content::String(text) => text.as_str(),
            // The zero is a duration in Go's syntax even without a unit, but not in JSON.
            Content::Number(_, text) => {
                let help = format!("durations need a unit: {text}s or {text}ms");
                cx.wrong_type(node, "a duration such as `1.5s`", Some(help));
                return None;
            }
            _ => {
                cx.wrong_type(node, "a duration such as `1.5s`", None);
                return None;
            }
        };
        let duration = Self::parse(text);
        if duration.is_none() {
            let message = format!("`{text}` is not a duration");
            let diagnostic = Diagnostic::new(Code::InvalidText, message)
                .with_label(node.span, "expected a number and a unit")
                .with_help("write it as `1h`, `2m30s`, `1.5s` or `100ms`");
            cx.report(diagnostic);
        }
        duration
    }

    fn encode(&self) -> Value {
        Value::String(self.to_string())
    }
}

impl Data for Bytes {
    fn ty() -> Type {
        Type::Bytes
    }

    fn decode(node: &Node, cx: &mut Context) -> Option<Self> {
        let text = String::decode(node, cx)?;
        let bytes = base64::decode(&text).map(Self);
        if bytes.is_none() {
            let diagnostic = Diagnostic::new(Code::InvalidText, "this is not base64")
                .with_label(node.span, "expected base64");
            cx.report(diagnostic);
        }
        bytes
    }

    fn encode(&self) -> Value {
        Value::String(base64::encode(&self.0))
    }
}

impl Data for IntOrString {
    fn ty() -> Type {
        Type::IntOrString
    }

    fn decode(node: &Node, cx: &mut Context) -> Option<Self> {
        match node.text() {
            Some(name) => Some(Self::String(name.to_owned())),
            None => i32::decode(node, cx).map(Self::Int),
        }
    }

    fn encode(&self) -> Value {
        match self {
            Self::Int(number) => Value::from(*number),
            Self::String(name) => Value::String(name.clone()),
        }
    }
}

impl Data for Present {
    fn ty() -> Type {
        Type::Any
    }

    fn decode(node: &Node, _: &mut Context) -> Option<Self> {
        Some(Self(node.to_json()))
    }

    fn encode(&self) -> Value {
        self.0.clone()
    }
}

impl<T: Data> Data for Option<T> {
    fn ty() -> Type {
        T::ty()
    }

    fn decode(node: &Node, cx: &mut Context) -> Option<Self> {
        T::decode(node, cx).map(Some)
    }

    fn encode(&self) -> Value {
        self.as_ref().map_or(Value::Null, Data::encode)
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

impl<T: Data> Data for Vec<T> {
    fn ty() -> Type {
        Type::List(T::ty)
    }

    fn decode(node: &Node, cx: &mut Context) -> Option<Self> {
        let Content::List(items) = &node.content else {
            let help = (node.content != Content::Null)
                .then(|| "put it into a list: a `- ` before it".to_owned());
            cx.wrong_type(node, "a list", help);
            return None;
        };
        let mut out = Self::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            out.extend(cx.within(Step::Index(index), |cx| T::decode(item, cx)));
        }
        Some(out)
    }

    fn encode(&self) -> Value {
        self.iter().map(Data::encode).collect()
    }

    fn is_absent(&self) -> bool {
        self.is_empty()
    }
}

impl<T: Data> Data for BTreeMap<String, T> {
    fn ty() -> Type {
        Type::Map(T::ty)
    }

    fn decode(node: &Node, cx: &mut Context) -> Option<Self> {
        let Content::Map(entries) = &node.content else {
            cx.wrong_type(node, "a mapping", None);
            return None;
        };
        let mut out = Self::new();
        for entry in entries {
            let step = Step::Name(entry.key.clone());
            if let Some(value) = cx.within(step, |cx| T::decode(&entry.value, cx)) {
                out.insert(entry.key.clone(), value);
            }
        }
        Some(out)
    }

    fn encode(&self) -> Value {
        let fields: Map<String, Value> = self
            .iter()
            .map(|(key, value)| (key.clone(), value.encode()))
            .collect();
        Value::Object(fields)
    }

    fn is_absent(&self) -> bool {
        self.is_empty()
    }
}
