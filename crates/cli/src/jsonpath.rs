//! Templates of `-o jsonpath=`, as kubectl has them: fields, lists, slices, filters on a value,
//! `range`, text between braces. Absent: scripts, and filters with more than one condition.

mod steps;

use serde_json::Value;

use self::steps::{Step, follow, parse_steps};

/// A template.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Template(Vec<Piece>);

#[derive(Debug, Clone, PartialEq)]
enum Piece {
    Text(String),
    Path(Vec<Step>),
    Range(Vec<Step>, Vec<Self>),
}

impl Template {
    /// Reads a template; a bare path may stand without braces.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let text = if text.contains('{') {
            text.to_owned()
        } else {
            format!("{{{text}}}")
        };
        let mut rest = text.as_str();
        let pieces = pieces(&mut rest, Inside::Nothing)?;
        Ok(Self(pieces))
    }

    /// What it makes of a value. A field that is not there gives nothing.
    pub(crate) fn render(&self, value: &Value) -> String {
        let mut out = String::new();
        write(&self.0, value, value, &mut out);
        out
    }
}

/// Where a piece stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    Nothing,
    Range,
}

fn pieces(rest: &mut &str, inside: Inside) -> Result<Vec<Piece>, String> {
    let mut found = Vec::new();
    loop {
        let Some((text, after)) = rest.split_once('{') else {
            if inside == Inside::Range {
                return Err("a {range} has no {end}".to_owned());
            }
            found.extend((!rest.is_empty()).then(|| Piece::Text((*rest).to_owned())));
            return Ok(found);
        };
        found.extend((!text.is_empty()).then(|| Piece::Text(text.to_owned())));
        let (inner, after) = until_brace(after)?;
        *rest = after;
        match inner.trim() {
            "end" if inside == Inside::Range => return Ok(found),
            "end" => return Err("an {end} has no {range}".to_owned()),
            inner if inner.starts_with("range ") => {
                let path = parse_steps(inner.trim_start_matches("range "))?;
                found.push(Piece::Range(path, pieces(rest, Inside::Range)?));
            }
            inner if inner.starts_with(['"', '\'']) => found.push(Piece::Text(quoted(inner)?)),
            inner => found.push(Piece::Path(parse_steps(inner)?)),
        }
    }
}

/// What stands before the closing brace; one in quotes does not close.
fn until_brace(text: &str) -> Result<(&str, &str), String> {
    let mut quote = None;
    let mut escaped = false;
    for (at, letter) in text.char_indices() {
        match (quote, letter) {
            _ if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), letter) if open == letter => quote = None,
            (None, '"' | '\'') => quote = Some(letter),
            (None, '}') => {
                let (inner, after) = text.split_at(at);
                return Ok((inner, after.trim_start_matches_first('}')));
            }
            _ => {}
        }
    }
    Err("a brace is not closed".to_owned())
}

/// One character less at the start.
trait TrimFirst {
    fn trim_start_matches_first(&self, letter: char) -> &str;
}

impl TrimFirst for str {
    fn trim_start_matches_first(&self, letter: char) -> &str {
        self.strip_prefix(letter).unwrap_or(self)
    }
}

/// The text of `"a\n"`.
fn quoted(text: &str) -> Result<String, String> {
    let inner = ['"', '\''].into_iter().find_map(|quote| {
        let inner = text.strip_prefix(quote)?;
        inner.strip_suffix(quote)
    });
    let inner = inner.ok_or_else(|| format!("the text {text} is not closed"))?;
    let mut out = String::new();
    let mut letters = inner.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some(other) => out.push(other),
                None => {}
            },
            letter => out.push(letter),
        }
    }
    Ok(out)
}

fn write(pieces: &[Piece], value: &Value, root: &Value, out: &mut String) {
    for piece in pieces {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Path(path) => {
                let found: Vec<String> = follow(path, value, root).into_iter().map(plain).collect();
                out.push_str(&found.join(" "));
            }
            Piece::Range(path, inner) => {
                for item in follow(path, value, root) {
                    write(inner, item, root, out);
                }
            }
        }
    }
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(template: &str) -> String {
        let value = json!({"items": [
            {"metadata": {"name": "a", "labels": {"app.kubernetes.io/name": "x"}}, "n": 1},
            {"metadata": {"name": "b", "labels": {}}, "n": 2},
        ]});
        Template::parse(template).unwrap().render(&value)
    }

    #[test]
    fn paths_lists_and_text_are_kubectls() {
        assert_eq!(check("{.items[*].metadata.name}"), "a b");
        assert_eq!(check(".items[0].n"), "1");
        assert_eq!(check("{.items[-1].n}"), "2");
        assert_eq!(check("{.items[0:1].n}"), "1");
        assert_eq!(check("{$.items[1]['metadata'].name}"), "b");
        assert_eq!(
            check(r"{.items[0].metadata.labels.app\.kubernetes\.io/name}"),
            "x"
        );
        assert_eq!(check("{..name}"), "a b");
        assert_eq!(check("{.items[?(@.n==2)].metadata.name}"), "b");
        assert_eq!(check(r#"{.items[?(@.metadata.name!="b")].n}"#), "1");
        assert_eq!(check("{.missing.at.all}"), "");
        assert_eq!(
            check(r#"{range .items[*]}{.metadata.name}={.n}{"\n"}{end}"#),
            "a=1\nb=2\n"
        );
    }

    #[test]
    fn a_broken_template_says_what_is_missing() {
        for wrong in [
            "{.a",
            "{range .a}",
            "{end}",
            "{.a[}",
            "{\"x}",
            "{.a[?(@.b)}",
            "{a b}",
        ] {
            assert!(Template::parse(wrong).is_err(), "{wrong}");
        }
    }
}
