//! Paths: one step after the other, each from many values to many.

use serde_json::Value;

/// One step of a path.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    /// The whole document.
    Root,
    /// A field.
    Field(String),
    /// All fields, or all elements.
    All,
    /// A field, however deep.
    Deep(String),
    /// An element; negative from the end.
    Index(i64),
    /// Elements from one to before another.
    Slice(Option<i64>, Option<i64>),
    /// Elements whose field is, or is not, a value.
    Filter(Vec<Self>, bool, Value),
    /// Elements that have a field.
    Having(Vec<Self>),
}

/// Reads `.a.b[0]`.
pub(super) fn parse_steps(text: &str) -> Result<Vec<Step>, String> {
    let mut rest = text.trim();
    let mut steps = Vec::new();
    if let Some(after) = rest.strip_prefix('$') {
        steps.push(Step::Root);
        rest = after;
    } else {
        rest = rest.strip_prefix('@').unwrap_or(rest);
    }
    while !rest.is_empty() {
        let (step, after) = if let Some(after) = rest.strip_prefix("..") {
            let (name, after) = field(after);
            (Step::Deep(name), after)
        } else if let Some(after) = rest.strip_prefix(".*") {
            (Step::All, after)
        } else if let Some(after) = rest.strip_prefix('.') {
            let (name, after) = field(after);
            (Step::Field(name), after)
        } else if let Some(after) = rest.strip_prefix('[') {
            let (inner, after) = until_bracket(after)?;
            (bracket(inner)?, after)
        } else {
            return Err(format!("{text:?}: want a path such as .metadata.name"));
        };
        // `{.}` is the value itself.
        if step != Step::Field(String::new()) {
            steps.push(step);
        }
        rest = after;
    }
    Ok(steps)
}

/// A name and what follows; a backslash takes a dot's meaning away.
fn field(text: &str) -> (String, &str) {
    let mut name = String::new();
    let mut escaped = false;
    for (at, letter) in text.char_indices() {
        match letter {
            letter if escaped => {
                name.push(letter);
                escaped = false;
            }
            '\\' => escaped = true,
            '.' | '[' => return (name, text.split_at(at).1),
            letter => name.push(letter),
        }
    }
    (name, "")
}

fn until_bracket(text: &str) -> Result<(&str, &str), String> {
    let mut depth = 0;
    for (at, letter) in text.char_indices() {
        match letter {
            '[' => depth += 1,
            ']' if depth > 0 => depth -= 1,
            ']' => {
                let (inner, after) = text.split_at(at);
                return Ok((inner, after.strip_prefix(']').unwrap_or(after)));
            }
            _ => {}
        }
    }
    Err("a bracket is not closed".to_owned())
}

fn bracket(inner: &str) -> Result<Step, String> {
    let inner = inner.trim();
    if inner == "*" {
        return Ok(Step::All);
    }
    if let Some(name) = unquoted(inner) {
        return Ok(Step::Field(name.to_owned()));
    }
    if let Some(condition) = inner.strip_prefix("?(") {
        let condition = condition.strip_suffix(')');
        return filter(condition.ok_or("a filter is not closed")?);
    }
    let number = |text: &str| match text.trim() {
        "" => Ok(None),
        text => text
            .parse()
            .map(Some)
            .map_err(|_ignored| format!("[{inner}]: want a number")),
    };
    match inner.split_once(':') {
        Some((from, to)) => Ok(Step::Slice(number(from)?, number(to)?)),
        None => number(inner)?
            .map(Step::Index)
            .ok_or_else(|| "[]: want a number".to_owned()),
    }
}

fn unquoted(text: &str) -> Option<&str> {
    ['"', '\''].into_iter().find_map(|quote| {
        let inner = text.strip_prefix(quote)?;
        inner.strip_suffix(quote)
    })
}

fn filter(condition: &str) -> Result<Step, String> {
    for (sign, equal) in [("==", true), ("!=", false)] {
        if let Some((path, value)) = condition.split_once(sign) {
            let value = value.trim();
            let value = match unquoted(value) {
                Some(text) => Value::from(text),
                None => serde_json::from_str(value)
                    .map_err(|_ignored| format!("{value}: want a number or a text in quotes"))?,
            };
            return Ok(Step::Filter(parse_steps(path)?, equal, value));
        }
    }
    parse_steps(condition).map(Step::Having)
}

/// The values at the end of a path.
pub(super) fn follow<'a>(path: &[Step], value: &'a Value, root: &'a Value) -> Vec<&'a Value> {
    let mut values = vec![value];
    for step in path {
        values = values
            .into_iter()
            .flat_map(|value| take(step, value, root))
            .collect();
    }
    values
}

fn take<'a>(step: &Step, value: &'a Value, root: &'a Value) -> Vec<&'a Value> {
    let list = || value.as_array().map_or(&[][..], Vec::as_slice);
    match step {
        Step::Root => vec![root],
        Step::Field(name) => value.get(name).into_iter().collect(),
        Step::All => match value {
            Value::Object(fields) => fields.values().collect(),
            _ => list().iter().collect(),
        },
        Step::Deep(name) => deep(name, value),
        Step::Index(index) => place(*index, list().len())
            .and_then(|at| list().get(at))
            .into_iter()
            .collect(),
        Step::Slice(from, to) => {
            let length = list().len();
            let bound = |index: i64| match usize::try_from(index) {
                Ok(at) => at.min(length),
                Err(_) => place(index, length).unwrap_or(0),
            };
            let (from, to) = (from.map_or(0, bound), to.map_or(length, bound));
            list()
                .get(from..to.max(from))
                .unwrap_or_default()
                .iter()
                .collect()
        }
        Step::Filter(path, equal, wanted) => list()
            .iter()
            .filter(|item| follow(path, item, root).contains(&wanted) == *equal)
            .collect(),
        Step::Having(path) => list()
            .iter()
            .filter(|item| !follow(path, item, root).is_empty())
            .collect(),
    }
}

/// An index from 0; a negative one counts from the end.
fn place(index: i64, length: usize) -> Option<usize> {
    let back = usize::try_from(index.unsigned_abs()).ok()?;
    if index < 0 {
        length.checked_sub(back)
    } else {
        Some(back)
    }
}

fn deep<'a>(name: &str, value: &'a Value) -> Vec<&'a Value> {
    let mut found: Vec<&Value> = value.get(name).into_iter().collect();
    match value {
        Value::Object(fields) => found.extend(fields.values().flat_map(|it| deep(name, it))),
        Value::Array(items) => found.extend(items.iter().flat_map(|it| deep(name, it))),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    found
}
