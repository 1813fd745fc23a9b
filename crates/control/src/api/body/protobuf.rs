//! Kubernetes' protobuf, as far as kubectl insists on it: since 1.32 its `create` subcommands and
//! `auth can-i` send their objects so, and do not ask again in JSON.
//!
//! A field that is not in the tables refuses the body, so that nothing is lost silently.

mod messages;

use sealane_model::base64;
use serde_json::{Map, Value, json};

use self::messages::{Field, Message, Type};

/// What each body begins with.
const MAGIC: &[u8] = b"k8s\0";
/// Nesting of messages.
const MAX_DEPTH: usize = 32;

/// Why a body is not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Error {
    /// The bytes are no such message.
    #[error("it is broken")]
    Broken,
    /// Objects of this kind are not read from protobuf.
    #[error("{0} is not known in protobuf")]
    Kind(String),
    /// A field is not known.
    #[error("field {number} of {message} is not known in protobuf")]
    Field {
        /// The message.
        message: &'static str,
        /// The number of its field.
        number: u64,
    },
}

/// Reads the envelope and the object in it.
pub(super) fn read(bytes: &[u8]) -> Result<Value, Error> {
    let bytes = bytes.strip_prefix(MAGIC).ok_or(Error::Broken)?;
    let (mut api_version, mut kind, mut raw) = (String::new(), String::new(), &[][..]);
    let mut reader = Reader(bytes);
    while let Some((number, wire)) = reader.tag()? {
        let content = reader.content(wire)?.bytes()?;
        match number {
            1 => (api_version, kind) = type_meta(content)?,
            2 => raw = content,
            // How the content is encoded: never, by kubectl.
            3 | 4 if content.is_empty() => {}
            _ => return Err(Error::Broken),
        }
    }
    let message = messages::of(&api_version, &kind);
    let message = message.ok_or_else(|| Error::Kind(format!("{kind} of {api_version}")))?;
    let mut object = fields(raw, message, 0)?;
    object.insert("apiVersion".to_owned(), json!(api_version));
    object.insert("kind".to_owned(), json!(kind));
    Ok(Value::Object(object))
}

fn type_meta(bytes: &[u8]) -> Result<(String, String), Error> {
    let (mut api_version, mut kind) = (String::new(), String::new());
    let mut reader = Reader(bytes);
    while let Some((number, wire)) = reader.tag()? {
        let text = text(reader.content(wire)?.bytes()?)?;
        match number {
            1 => api_version = text,
            2 => kind = text,
            _ => return Err(Error::Broken),
        }
    }
    Ok((api_version, kind))
}

fn fields(
    bytes: &[u8],
    message: &'static Message,
    depth: usize,
) -> Result<Map<String, Value>, Error> {
    if depth > MAX_DEPTH {
        return Err(Error::Broken);
    }
    let mut object = Map::new();
    let mut reader = Reader(bytes);
    while let Some((number, wire)) = reader.tag()? {
        let content = reader.content(wire)?;
        let field = message.fields.iter().find(|field| field.number == number);
        let field = field.ok_or(Error::Field {
            message: message.name,
            number,
        })?;
        add(&mut object, field, &content, depth)?;
    }
    Ok(object)
}

/// Adds one occurrence of a field. What Go writes of a field that says nothing (empty texts, zeros)
/// is left out, as it is in JSON.
fn add(
    object: &mut Map<String, Value>,
    field: &Field,
    content: &Content<'_>,
    depth: usize,
) -> Result<(), Error> {
    let name = || field.name.to_owned();
    match field.ty {
        Type::Map(bytes) => {
            let (key, value) = entry(content.bytes()?, bytes)?;
            let slot = object.entry(name()).or_insert_with(|| json!({}));
            if let Some(map) = slot.as_object_mut() {
                map.insert(key, value);
            }
        }
        Type::Texts => push(object, name(), json!(text(content.bytes()?)?)),
        Type::Many(message) => {
            let value = fields(content.bytes()?, message, depth + 1)?;
            push(object, name(), Value::Object(value));
        }
        Type::One(message) => {
            let value = fields(content.bytes()?, message, depth + 1)?;
            if !value.is_empty() {
                object.insert(name(), Value::Object(value));
            }
        }
        Type::Text => {
            let value = text(content.bytes()?)?;
            if !value.is_empty() {
                object.insert(name(), json!(value));
            }
        }
        Type::Number => {
            let value = content.number()?;
            if value != 0 || field.optional {
                object.insert(name(), json!(value));
            }
        }
        Type::Truth => {
            let value = content.number()? != 0;
            if value || field.optional {
                object.insert(name(), json!(value));
            }
        }
        Type::NumberOrText => {
            object.insert(name(), number_or_text(content.bytes()?)?);
        }
        // Times that say nothing, and states that the store writes itself.
        Type::Ignored => {}
    }
    Ok(())
}

fn push(object: &mut Map<String, Value>, name: String, value: Value) {
    let slot = object.entry(name).or_insert_with(|| json!([]));
    if let Some(list) = slot.as_array_mut() {
        list.push(value);
    }
}

fn entry(bytes: &[u8], are_bytes: bool) -> Result<(String, Value), Error> {
    let (mut key, mut value) = (String::new(), json!(""));
    let mut reader = Reader(bytes);
    while let Some((number, wire)) = reader.tag()? {
        let content = reader.content(wire)?.bytes()?;
        match number {
            1 => key = text(content)?,
            2 if are_bytes => value = json!(base64::encode(content)),
            2 => value = json!(text(content)?),
            _ => return Err(Error::Broken),
        }
    }
    Ok((key, value))
}

fn number_or_text(bytes: &[u8]) -> Result<Value, Error> {
    let (mut is_text, mut number, mut said) = (false, 0, String::new());
    let mut reader = Reader(bytes);
    while let Some((field, wire)) = reader.tag()? {
        let content = reader.content(wire)?;
        match field {
            1 => is_text = content.number()? != 0,
            2 => number = content.number()?,
            3 => said = text(content.bytes()?)?,
            _ => return Err(Error::Broken),
        }
    }
    Ok(if is_text { json!(said) } else { json!(number) })
}

fn text(bytes: &[u8]) -> Result<String, Error> {
    let text = std::str::from_utf8(bytes).map_err(|_not_text| Error::Broken)?;
    Ok(text.to_owned())
}

/// Bytes that are read from the front.
struct Reader<'a>(&'a [u8]);

/// What stands behind a tag.
enum Content<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

impl<'a> Content<'a> {
    fn bytes(&self) -> Result<&'a [u8], Error> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            Self::Number(_) => Err(Error::Broken),
        }
    }

    fn number(&self) -> Result<i64, Error> {
        match self {
            // Negative numbers are written as their two's complement.
            Self::Number(number) => Ok(number.cast_signed()),
            Self::Bytes(_) => Err(Error::Broken),
        }
    }
}

impl<'a> Reader<'a> {
    /// The number of the next field and its wire type; `None` at the end.
    fn tag(&mut self) -> Result<Option<(u64, u64)>, Error> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let tag = self.varint()?;
        Ok(Some((tag >> 3, tag & 7)))
    }

    fn content(&mut self, wire: u64) -> Result<Content<'a>, Error> {
        match wire {
            0 => Ok(Content::Number(self.varint()?)),
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_large| Error::Broken)?;
                let (bytes, rest) = self.0.split_at_checked(length).ok_or(Error::Broken)?;
                self.0 = rest;
                Ok(Content::Bytes(bytes))
            }
            _ => Err(Error::Broken),
        }
    }

    fn varint(&mut self) -> Result<u64, Error> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first().ok_or(Error::Broken)?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Error::Broken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A field with a length, as the wire has it.
    fn long(number: u8, bytes: &[u8]) -> Vec<u8> {
        let length = u8::try_from(bytes.len()).unwrap();
        [&[number << 3 | 2, length], bytes].concat()
    }

    fn envelope(api_version: &str, kind: &str, raw: &[u8]) -> Vec<u8> {
        let meta = [long(1, api_version.as_bytes()), long(2, kind.as_bytes())].concat();
        let tail = [long(1, &meta), long(2, raw), long(3, b""), long(4, b"")].concat();
        [MAGIC, &tail].concat()
    }

    #[test]
    fn a_namespace_is_read() {
        let meta = [long(1, b"shop"), long(2, b""), long(8, b"")].concat();
        let raw = [long(1, &meta), long(2, b""), long(3, b"")].concat();
        assert_eq!(
            read(&envelope("v1", "Namespace", &raw)).unwrap(),
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
        );
    }

    #[test]
    fn bytes_of_a_secret_are_base64() {
        let data = [long(1, b"key"), long(2, b"\xff\x00")].concat();
        let raw = [long(1, &long(1, b"s")), long(2, &data), long(3, b"Opaque")].concat();
        let read = read(&envelope("v1", "Secret", &raw)).unwrap();
        assert_eq!(read["data"], json!({"key": "/wA="}));
        assert_eq!(read["type"], "Opaque");
    }

    #[test]
    fn what_is_not_known_refuses_the_body() {
        let raw = long(15, b"x");
        assert_eq!(
            read(&envelope("v1", "Namespace", &raw)),
            Err(Error::Field {
                message: "Namespace",
                number: 15
            })
        );
        let other = read(&envelope("v1", "Binding", b""));
        assert_eq!(other, Err(Error::Kind("Binding of v1".to_owned())));
        for broken in [&b"{}"[..], b"k8s\0\x0a\x7f", b"k8s\0\xff\xff\xff"] {
            assert_eq!(read(broken), Err(Error::Broken));
        }
    }
}
