//! Label and field selectors, in the grammar of `kubectl -l` and `--field-selector`.

use serde_json::Value;

use crate::resource::Name;

/// A condition on one label.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Requirement {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Has(String),
    HasNot(String),
    /// A number greater than this one.
    Above(String, i64),
    /// A number less than this one.
    Below(String, i64),
}

/// Conditions on labels that must all hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Labels(Vec<Requirement>);

/// Conditions on fields that must all hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Fields(Vec<(String, Is, String)>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Is {
    Equal,
    Unequal,
}

/// Fields that may be selected by, beside name and namespace.
const FIELDS: [(&str, &str); 14] = [
    ("status.phase", "/status/phase"),
    ("status.podIP", "/status/podIP"),
    ("spec.nodeName", "/spec/nodeName"),
    ("spec.restartPolicy", "/spec/restartPolicy"),
    ("spec.serviceAccountName", "/spec/serviceAccountName"),
    ("spec.clusterIP", "/spec/clusterIP"),
    ("spec.type", "/spec/type"),
    ("type", "/type"),
    ("involvedObject.kind", "/involvedObject/kind"),
    ("involvedObject.name", "/involvedObject/name"),
    ("involvedObject.namespace", "/involvedObject/namespace"),
    ("involvedObject.uid", "/involvedObject/uid"),
    ("involvedObject.fieldPath", "/involvedObject/fieldPath"),
    ("reason", "/reason"),
];

impl Labels {
    /// Reads `a=b,c!=d,e,!f,g in (x,y),h notin (z),i>1`; the error says what is wrong.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let parts = split(text).into_iter().map(str::trim);
        let parts = parts.filter(|part| !part.is_empty());
        parts.map(requirement).collect::<Result<_, _>>().map(Self)
    }

    /// Whether an object has such labels.
    pub(super) fn take(&self, json: &Value) -> bool {
        let label = |name: &str| json.pointer("/metadata/labels")?.get(name)?.as_str();
        let number = |name: &str| label(name).and_then(|value| value.parse::<i64>().ok());
        let among = |name: &str, values: &[String]| {
            label(name).is_some_and(|value| values.iter().any(|wanted| wanted == value))
        };
        self.0.iter().all(|requirement| match requirement {
            Requirement::In(name, values) => among(name, values),
            Requirement::NotIn(name, values) => !among(name, values),
            Requirement::Has(name) => label(name).is_some(),
            Requirement::HasNot(name) => label(name).is_none(),
            Requirement::Above(name, least) => number(name).is_some_and(|it| it > *least),
            Requirement::Below(name, most) => number(name).is_some_and(|it| it < *most),
        })
    }
}

impl Fields {
    /// Reads `metadata.name=x,status.phase!=Failed`; the error says what is wrong.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let parts = text.split(',').map(str::trim);
        let parts = parts.filter(|part| !part.is_empty());
        parts.map(field).collect::<Result<_, _>>().map(Self)
    }

    /// Whether an object has such fields.
    pub(super) fn take(&self, name: &Name, json: &Value) -> bool {
        self.0.iter().all(|(field, is, wanted)| {
            let actual = match field.as_str() {
                "metadata.name" => name.name.as_str(),
                "metadata.namespace" => name.namespace.as_str(),
                field => {
                    let known = FIELDS.iter().find(|(known, _)| *known == field);
                    let value = known.and_then(|(_, pointer)| json.pointer(pointer));
                    value.and_then(Value::as_str).unwrap_or_default()
                }
            };
            (actual == wanted) == (*is == Is::Equal)
        })
    }
}

fn field(part: &str) -> Result<(String, Is, String), String> {
    let (name, is, value) = if let Some((name, value)) = part.split_once("!=") {
        (name, Is::Unequal, value)
    } else if let Some((name, value)) = part.split_once('=') {
        (name, Is::Equal, value.strip_prefix('=').unwrap_or(value))
    } else {
        return Err(format!("field selector {part:?}: want FIELD=VALUE"));
    };
    let of_all = ["metadata.name", "metadata.namespace"];
    if !of_all.contains(&name) && !FIELDS.iter().any(|(known, _)| *known == name) {
        return Err(format!("field label not supported: {name}"));
    }
    Ok((name.to_owned(), is, value.to_owned()))
}

/// The parts between commas that stand in no parentheses.
fn split(text: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    text.split(move |c| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    })
    .collect()
}

fn requirement(part: &str) -> Result<Requirement, String> {
    if let Some((head, values)) = part.split_once('(') {
        return set(part, head, values);
    }
    if let Some((name, value)) = part.split_once("!=") {
        return Ok(Requirement::NotIn(
            label(name)?,
            vec![value.trim().to_owned()],
        ));
    }
    if let Some((name, value)) = part.split_once('=') {
        let value = value.strip_prefix('=').unwrap_or(value).trim();
        return Ok(Requirement::In(label(name)?, vec![value.to_owned()]));
    }
    let number = |text: &str| {
        let parsed = text.trim().parse::<i64>();
        parsed.map_err(|error| format!("label selector {part:?}: {error}"))
    };
    if let Some((name, value)) = part.split_once('>') {
        return Ok(Requirement::Above(label(name)?, number(value)?));
    }
    if let Some((name, value)) = part.split_once('<') {
        return Ok(Requirement::Below(label(name)?, number(value)?));
    }
    match part.strip_prefix('!') {
        Some(name) => Ok(Requirement::HasNot(label(name)?)),
        None => Ok(Requirement::Has(label(part)?)),
    }
}

/// `NAME in (A,B)` and `NAME notin (A,B)`.
fn set(part: &str, head: &str, values: &str) -> Result<Requirement, String> {
    let wrong = || format!("label selector {part:?}: want NAME in (A,B) or NAME notin (A,B)");
    let values = values.strip_suffix(')').ok_or_else(wrong)?;
    let values = values.split(',').map(|value| value.trim().to_owned());
    let values: Vec<String> = values.collect();
    let mut words = head.split_whitespace();
    match (words.next(), words.next(), words.next()) {
        (Some(name), Some("in"), None) => Ok(Requirement::In(label(name)?, values)),
        (Some(name), Some("notin"), None) => Ok(Requirement::NotIn(label(name)?, values)),
        _ => Err(wrong()),
    }
}

/// The name of a label.
fn label(text: &str) -> Result<String, String> {
    let text = text.trim();
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    if text.is_empty() || !text.chars().all(legal) {
        return Err(format!("label selector: {text:?} is no name of a label"));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn takes(selector: &str) -> bool {
        let object = json!({"metadata": {"labels": {"app": "web", "v": "2"}}});
        Labels::parse(selector).unwrap().take(&object)
    }

    #[test]
    fn the_whole_grammar_of_label_selectors_is_read() {
        for selector in [
            "",
            "app=web",
            "app==web,v=2",
            "app",
            "!gone",
            "app!=api",
            "gone!=x",
            "app in (api, web),v notin (1,3)",
            "gone notin (a)",
            "v>1,v<3",
        ] {
            assert!(takes(selector), "{selector}");
        }
        for selector in [
            "app=api",
            "!app",
            "gone",
            "app in (api)",
            "v notin (2)",
            "v>2",
        ] {
            assert!(!takes(selector), "{selector}");
        }
        for selector in [
            "app in web",
            "app in (web",
            "a b",
            "=x",
            "v>x",
            "app maybe (x)",
        ] {
            assert!(Labels::parse(selector).is_err(), "{selector}");
        }
    }

    #[test]
    fn fields_are_equal_or_not() {
        let name = Name::new(sealane_model::kind::Kind::Pod.into(), "shop", "a-0");
        let object = json!({"status": {"phase": "Running"}});
        let takes = |text: &str| Fields::parse(text).unwrap().take(&name, &object);
        assert!(takes("metadata.name=a-0,metadata.namespace==shop"));
        assert!(takes("status.phase=Running,status.phase!=Failed"));
        assert!(!takes("metadata.name!=a-0"));
        assert!(Fields::parse("spec.hosts=x").is_err());
        assert!(Fields::parse("metadata.name").is_err());
    }
}
