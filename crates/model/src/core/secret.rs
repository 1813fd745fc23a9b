//! Secret. What it holds is kept in memory for those who need it, and never shown.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};

use crate::base64;
use crate::schema::{Context, Data, Type, object};
use crate::tree::Node;

/// What is shown in place of a value.
pub const REDACTED: &str = "[redacted]";
/// kubectl's copy of the document.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

object! {
    /// A Secret.
    pub struct Secret = "Secret", open {
        /// What it holds, in base64.
        data: BTreeMap<String, Confidential> = "data",
        /// What it holds, as texts; these win over `data`.
        string_data: BTreeMap<String, Confidential> = "stringData",
        /// What it is for: `kubernetes.io/tls`, `Opaque`.
        secret_type: Option<String> = "type",
    }
}

impl Secret {
    /// The value of a key; `None` when there is none, or when it is not base64.
    pub fn value(&self, key: &str) -> Option<Vec<u8>> {
        if let Some(text) = self.string_data.get(key) {
            return Some(text.0.clone().into_bytes());
        }
        base64::decode(&self.data.get(key)?.0)
    }

    /// Whether there is a value of this key, even an unreadable one.
    pub fn has(&self, key: &str) -> bool {
        self.data.contains_key(key) || self.string_data.contains_key(key)
    }

    /// Puts back what was shown redacted: somebody changed what they were shown and wrote it.
    pub fn restore(&mut self, before: &Self) {
        for (key, value) in &mut self.data {
            if let Some(old) = before.value(key).filter(|_| value.is_redacted()) {
                *value = Confidential(base64::encode(&old));
            }
        }
        let is_told = |_: &String, value: &mut Confidential| value.0 != REDACTED;
        let redacted = self
            .string_data
            .extract_if(.., |key, value| !is_told(key, value));
        let kept = redacted.filter_map(|(key, _)| {
            let old = before.value(&key)?;
            Some((key, Confidential(base64::encode(&old))))
        });
        let kept: Vec<_> = kept.collect();
        self.data.extend(kept);
    }
}

/// A text that nobody is shown.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Confidential(String);

impl Confidential {
    fn is_redacted(&self) -> bool {
        self.0 == base64::encode(REDACTED.as_bytes())
    }
}

impl fmt::Debug for Confidential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl Data for Confidential {
    fn ty() -> Type {
        String::ty()
    }

    fn decode(node: &Node, cx: &mut Context) -> Option<Self> {
        String::decode(node, cx).map(Self)
    }

    fn encode(&self) -> Value {
        self.0.encode()
    }
}

/// Takes out of the document of a Secret what nobody is shown.
pub(crate) fn redact(document: &mut Value) {
    let mut hide = |name: &str, shown: &str| {
        let values = document.get_mut(name).and_then(Value::as_object_mut);
        for value in values.into_iter().flat_map(Map::values_mut) {
            *value = Value::String(shown.to_owned());
        }
    };
    hide("data", &base64::encode(REDACTED.as_bytes()));
    hide("stringData", REDACTED);
    let copy = document
        .pointer_mut("/metadata/annotations")
        .and_then(|annotations| annotations.get_mut(LAST_APPLIED));
    if let Some(Value::String(text)) = copy {
        *text = redacted_copy(text);
    }
}

/// The same for the annotations of a Secret.
pub(crate) fn redact_annotations(annotations: &mut BTreeMap<String, String>) {
    if let Some(text) = annotations.get_mut(LAST_APPLIED) {
        *text = redacted_copy(text);
    }
}

fn redacted_copy(text: &str) -> String {
    let Ok(mut document) = serde_json::from_str::<Value>(text) else {
        return REDACTED.to_owned();
    };
    redact(&mut document);
    document.to_string() + if text.ends_with('\n') { "\n" } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::{Options, SourceFile, parse_text};
    use crate::resource::Body;

    fn parsed(data: &str) -> crate::resource::Object {
        let text = format!(
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\n  annotations:\n    \
             {LAST_APPLIED}: '{{\"data\":{{\"tls.key\":\"aHVzaA==\"}}}}'\n{data}"
        );
        let parsed = parse_text(&SourceFile::new("a.yaml", text), &Options::default());
        parsed.objects.into_iter().next().unwrap()
    }

    fn secret(object: crate::resource::Object) -> Secret {
        let Body::Secret(secret) = object.body else {
            unreachable!("a Secret");
        };
        secret
    }

    #[test]
    fn what_a_secret_holds_is_kept_and_not_shown() {
        let object = parsed("data: {tls.key: aHVzaA==}\nstringData: {cert: hush}\n");
        let shown = format!("{} {:?} {:?}", object.raw, object.body, object.meta);
        assert!(
            !shown.contains("aHVzaA") && !shown.contains("hush"),
            "{shown}"
        );
        let secret = secret(object);
        assert_eq!(secret.value("tls.key").as_deref(), Some(b"hush".as_slice()));
        assert_eq!(secret.value("cert").as_deref(), Some(b"hush".as_slice()));
        assert_eq!(secret.value("tls.crt"), None);
    }

    #[test]
    fn what_was_shown_redacted_is_put_back_when_it_is_written() {
        let before = secret(parsed("data: {a: aHVzaA==}\nstringData: {b: hush}\n"));
        let shown = parsed("data: {a: aHVzaA==, c: bmV3}\nstringData: {b: hush}\n").raw;
        let written = crate::parse::parse_json(&shown, &Options::default());
        let mut written = secret(written.objects.into_iter().next().unwrap());
        written
            .data
            .insert("d".to_owned(), Confidential("bmV3".to_owned()));
        written.restore(&before);
        for (key, value) in [("a", "hush"), ("b", "hush"), ("d", "new")] {
            assert_eq!(
                written.value(key).as_deref(),
                Some(value.as_bytes()),
                "{key}"
            );
        }
    }
}
