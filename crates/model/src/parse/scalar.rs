//! What a plain scalar means, as Kubernetes reads it (YAML 1.1 in the form of go-yaml 2).

use saphyr_parser::ScalarStyle;
use serde_json::Number;

use crate::base64;
use crate::tree::Content;

/// A scalar's meaning.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Meaning {
    /// This value.
    Value(Content),
    /// A number whose notation surprises: an octal one, or one that looks octal.
    Surprising(Content),
    /// Something that has no value in JSON, and why.
    Impossible(&'static str),
}

const TRUE: [&str; 11] = [
    "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON",
];
const FALSE: [&str; 11] = [
    "n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF",
];
const NULL: [&str; 5] = ["", "~", "null", "Null", "NULL"];
const NOT_IN_JSON: [&str; 12] = [
    ".nan", ".NaN", ".NAN", ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf",
    "-.INF",
];

/// The meaning of a scalar by its style and tag (the tag's suffix in the core schema).
pub(super) fn meaning(text: &str, style: ScalarStyle, tag: Option<&str>) -> Meaning {
    let string = || Meaning::Value(Content::String(text.to_owned()));
    match tag {
        Some("str") => string(),
        Some("binary") => match base64::decode(&text.split_whitespace().collect::<String>())
            .and_then(|bytes| String::from_utf8(bytes).ok())
        {
            Some(text) => Meaning::Value(Content::String(text)),
            None => Meaning::Impossible("`!!binary` must be base64 of UTF-8 text"),
        },
        Some(_) => plain(text),
        None if style == ScalarStyle::Plain => plain(text),
        None => string(),
    }
}

fn plain(text: &str) -> Meaning {
    if NULL.contains(&text) {
        return Meaning::Value(Content::Null);
    }
    if TRUE.contains(&text) {
        return Meaning::Value(Content::Bool(true, text.into()));
    }
    if FALSE.contains(&text) {
        return Meaning::Value(Content::Bool(false, text.into()));
    }
    if NOT_IN_JSON.contains(&text) {
        return Meaning::Impossible("infinity and not-a-number are no values of JSON");
    }
    match number(text) {
        Some(number) => {
            let digits = text.trim_start_matches(['+', '-']);
            let octal = digits.len() > 1
                && digits.starts_with('0')
                && digits.bytes().all(|b| b.is_ascii_digit() || b == b'_');
            let content = Content::Number(number, text.into());
            if octal {
                Meaning::Surprising(content)
            } else {
                Meaning::Value(content)
            }
        }
        None => Meaning::Value(Content::String(text.to_owned())),
    }
}

fn number(text: &str) -> Option<Number> {
    let first = text.bytes().next()?;
    if !(first.is_ascii_digit() || matches!(first, b'+' | b'-' | b'.')) {
        return None;
    }
    // Underscores separate digits of whole numbers and fractions that begin with a digit.
    let plain = if first == b'.' {
        text.to_owned()
    } else {
        text.replace('_', "")
    };
    whole(&plain).or_else(|| fraction(&plain))
}

fn whole(text: &str) -> Option<Number> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let lower = digits.to_ascii_lowercase();
    let (radix, digits) = if let Some(digits) = lower.strip_prefix("0x") {
        (16, digits)
    } else if let Some(digits) = lower.strip_prefix("0o") {
        (8, digits)
    } else if let Some(digits) = lower.strip_prefix("0b") {
        (2, digits)
    } else if lower.len() > 1 && lower.starts_with('0') {
        (8, lower.trim_start_matches('0'))
    } else {
        (10, lower.as_str())
    };
    if digits.starts_with(['+', '-']) {
        return None;
    }
    let digits = if digits.is_empty() && radix == 8 {
        "0"
    } else {
        digits
    };
    let magnitude = i128::from(u64::from_str_radix(digits, radix).ok()?);
    if negative {
        i64::try_from(-magnitude).ok().map(Number::from)
    } else {
        u64::try_from(magnitude).ok().map(Number::from)
    }
}

fn fraction(text: &str) -> Option<Number> {
    let allowed = |c: u8| c.is_ascii_digit() || matches!(c, b'.' | b'e' | b'E' | b'+' | b'-');
    if !text.bytes().all(allowed) || !text.bytes().any(|c| c.is_ascii_digit()) {
        return None;
    }
    // A letter or sign without a digit before it is no number for Go's pattern.
    let mantissa = text.trim_start_matches(['+', '-']);
    if mantissa.starts_with(['e', 'E']) || text.len() - mantissa.len() > 1 {
        return None;
    }
    text.parse().ok().and_then(Number::from_f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Option<String> {
        match plain(text) {
            Meaning::Value(content) | Meaning::Surprising(content) => {
                Some(crate::tree::Node::unplaced(content).to_json().to_string())
            }
            Meaning::Impossible(_) => None,
        }
    }

    #[test]
    fn plain_scalars_mean_what_kubernetes_reads() {
        let cases = [
            ("yes", "true"),
            ("off", "false"),
            ("n", "false"),
            ("~", "null"),
            ("", "null"),
            ("0777", "511"),
            ("0888", "888.0"),
            ("0", "0"),
            ("00", "0"),
            ("1_000", "1000"),
            ("0x1F", "31"),
            ("0b101", "5"),
            ("-5", "-5"),
            ("+5", "5"),
            ("1.10", "1.1"),
            ("1e3", "1000.0"),
            (".5", "0.5"),
            ("18446744073709551615", "18446744073709551615"),
            ("1:30", "\"1:30\""),
            ("2001-01-01", "\"2001-01-01\""),
            ("1.2.3.4", "\"1.2.3.4\""),
            ("v1", "\"v1\""),
            ("-", "\"-\""),
            ("+-5", "\"+-5\""),
            ("10s", "\"10s\""),
            ("e3", "\"e3\""),
        ];
        for (text, wanted) in cases {
            assert_eq!(json(text).as_deref(), Some(wanted), "{text:?}");
        }
        assert_eq!(json(".inf"), None);
    }

    #[test]
    fn quotes_and_tags_make_texts() {
        let text = |content: &str| Meaning::Value(Content::String(content.to_owned()));
        assert_eq!(meaning("yes", ScalarStyle::DoubleQuoted, None), text("yes"));
        assert_eq!(meaning("80", ScalarStyle::Plain, Some("str")), text("80"));
        assert_eq!(
            meaning("Zm9v", ScalarStyle::Plain, Some("binary")),
            text("foo")
        );
    }

    #[test]
    fn octal_notation_surprises() {
        assert!(matches!(plain("0777"), Meaning::Surprising(_)));
        assert!(matches!(plain("0"), Meaning::Value(_)));
        assert!(matches!(plain("0.5"), Meaning::Value(_)));
    }
}
