//! JSON to messages. Every error says at which field.

use std::collections::HashMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use prost::bytes::Bytes;
use prost::{Message, Name};
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, Value};
use serde_json::{Map, Value as Json};

use super::pool::{self, BYTES, TYPE, VALUE};
use crate::protobuf::Any;
use crate::type_url;

/// Why JSON does not describe a message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {reason}", if path.is_empty() { "." } else { path.as_str() })]
pub struct JsonError {
    /// The field, as in `virtual_hosts[0].routes[2].match`; empty for the whole message.
    pub path: String,
    /// What is wrong with it.
    pub reason: String,
}

impl JsonError {
    fn new(reason: impl Into<String>) -> Self {
        Self {
            path: String::new(),
            reason: reason.into(),
        }
    }

    /// The same error seen from outside: `parent` comes before the path.
    #[must_use]
    pub fn within(self, parent: &str) -> Self {
        let separator = if self.path.is_empty() || self.path.starts_with('[') {
            ""
        } else {
            "."
        };
        Self {
            path: format!("{parent}{separator}{}", self.path),
            ..self
        }
    }
}

type Result<T> = std::result::Result<T, JsonError>;

/// The message that the JSON describes. Fields may be spelt either way; unknown ones are errors.
pub fn decode<M: Message + Name + Default>(json: &Json) -> Result<M> {
    let descriptor = pool::message(&M::full_name())
        .ok_or_else(|| JsonError::new(format!("no descriptor of `{}`", M::full_name())))?;
    let message = message_from_json(&descriptor, json)?;
    message
        .transcode_to()
        .map_err(|error| JsonError::new(error.to_string()))
}

fn message_from_json(descriptor: &MessageDescriptor, json: &Json) -> Result<DynamicMessage> {
    if descriptor.full_name() == "google.protobuf.Any" {
        let mut message = DynamicMessage::new(descriptor.clone());
        message
            .transcode_from(&any_from_json(object(json)?)?)
            .map_err(|error| JsonError::new(error.to_string()))?;
        return Ok(message);
    }
    if pool::has_own_json(descriptor.full_name()) {
        return DynamicMessage::deserialize(descriptor.clone(), json)
            .map_err(|error| JsonError::new(error.to_string()));
    }
    fields_from_json(descriptor, object(json)?)
}

fn fields_from_json(
    descriptor: &MessageDescriptor,
    json: &Map<String, Json>,
) -> Result<DynamicMessage> {
    let mut message = DynamicMessage::new(descriptor.clone());
    for (name, json) in json.iter().filter(|(name, _)| *name != TYPE) {
        let field = descriptor
            .get_field_by_name(name)
            .or_else(|| descriptor.get_field_by_json_name(name))
            .ok_or_else(|| {
                JsonError::new(format!("`{}` has no such field", descriptor.full_name()))
                    .within(name)
            })?;
        if json.is_null() && !takes_null(&field) {
            continue;
        }
        let value = field_from_json(&field, json).map_err(|error| error.within(name))?;
        if let Some(other) = other_of_oneof(&message, &field) {
            return Err(JsonError::new(format!("`{other}` is set as well")).within(name));
        }
        message
            .try_set_field(&field, value)
            .map_err(|error| JsonError::new(error.to_string()).within(name))?;
    }
    Ok(message)
}

/// True for a field of `google.protobuf.Value`, in which `null` is a value.
fn takes_null(field: &FieldDescriptor) -> bool {
    field
        .kind()
        .as_message()
        .is_some_and(|kind| kind.full_name() == "google.protobuf.Value")
}

/// The field of the same `oneof` that is set already.
fn other_of_oneof(message: &DynamicMessage, field: &FieldDescriptor) -> Option<String> {
    let oneof = field.containing_oneof()?;
    let other = oneof
        .fields()
        .find(|other| other != field && message.has_field(other))?;
    Some(other.name().to_owned())
}

fn any_from_json(json: &Map<String, Json>) -> Result<Any> {
    let type_url = json
        .get(TYPE)
        .and_then(Json::as_str)
        .ok_or_else(|| JsonError::new(format!("no `{TYPE}`")))?;
    let any = |value| Any {
        type_url: type_url.to_owned(),
        value,
    };
    if let Some(bytes) = json.get(BYTES) {
        return Ok(any(
            bytes_from_json(bytes).map_err(|error| error.within(BYTES))?
        ));
    }
    let full_name = type_url::message_name(type_url);
    let descriptor = pool::message(full_name)
        .ok_or_else(|| JsonError::new(format!("unknown type `{type_url}`")))?;
    let message = if pool::has_own_json(full_name) || full_name == "google.protobuf.Any" {
        let json = json
            .get(VALUE)
            .ok_or_else(|| JsonError::new(format!("no `{VALUE}`")))?;
        message_from_json(&descriptor, json).map_err(|error| error.within(VALUE))?
    } else {
        fields_from_json(&descriptor, json)?
    };
    Ok(any(message.encode_to_vec()))
}

fn field_from_json(field: &FieldDescriptor, json: &Json) -> Result<Value> {
    if field.is_map() {
        return map_from_json(field, json);
    }
    if !field.is_list() {
        return value_from_json(&field.kind(), json);
    }
    let items = json.as_array().ok_or_else(|| wrong("a list", json))?;
    let values = items.iter().enumerate().map(|(index, item)| {
        value_from_json(&field.kind(), item).map_err(|error| error.within(&format!("[{index}]")))
    });
    values.collect::<Result<_>>().map(Value::List)
}

fn map_from_json(field: &FieldDescriptor, json: &Json) -> Result<Value> {
    let Kind::Message(entry) = field.kind() else {
        return Err(JsonError::new("a map without entries"));
    };
    let key_kind = entry.map_entry_key_field().kind();
    let value_kind = entry.map_entry_value_field().kind();
    let entries = object(json)?.iter().map(|(key, json)| {
        let at_key = |error: JsonError| error.within(&format!("[{key}]"));
        let value = value_from_json(&value_kind, json).map_err(at_key)?;
        Ok((key_from_text(&key_kind, key).map_err(at_key)?, value))
    });
    entries.collect::<Result<HashMap<_, _>>>().map(Value::Map)
}

fn key_from_text(kind: &Kind, text: &str) -> Result<MapKey> {
    let value = match (kind, text) {
        (Kind::Bool, "true") => Value::Bool(true),
        (Kind::Bool, "false") => Value::Bool(false),
        _ => value_from_json(kind, &Json::String(text.to_owned()))?,
    };
    value
        .into_map_key()
        .ok_or_else(|| JsonError::new("not the key of a map"))
}

fn value_from_json(kind: &Kind, json: &Json) -> Result<Value> {
    match kind {
        Kind::Double => number::<f64>(json).map(Value::F64),
        Kind::Float => number::<f32>(json).map(Value::F32),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => number::<i32>(json).map(Value::I32),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => number::<i64>(json).map(Value::I64),
        Kind::Uint32 | Kind::Fixed32 => number::<u32>(json).map(Value::U32),
        Kind::Uint64 | Kind::Fixed64 => number::<u64>(json).map(Value::U64),
        Kind::Bool => json
            .as_bool()
            .map(Value::Bool)
            .ok_or_else(|| wrong("true or false", json)),
        Kind::String => json
            .as_str()
            .map(|text| Value::String(text.to_owned()))
            .ok_or_else(|| wrong("text", json)),
        Kind::Bytes => bytes_from_json(json).map(|bytes| Value::Bytes(Bytes::from(bytes))),
        Kind::Message(descriptor) => message_from_json(descriptor, json).map(Value::Message),
        Kind::Enum(descriptor) => match json {
            Json::String(name) => descriptor
                .get_value_by_name(name)
                .map(|value| Value::EnumNumber(value.number()))
                .ok_or_else(|| {
                    JsonError::new(format!("`{name}` is no `{}`", descriptor.full_name()))
                }),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => {
                number::<i32>(json).map(Value::EnumNumber)
            }
        },
    }
}

/// A number, also in quotes; protobuf writes those of 64 bits that way.
fn number<T: std::str::FromStr>(json: &Json) -> Result<T> {
    let text = match json {
        Json::String(text) => text.clone(),
        Json::Number(number) => whole(number).unwrap_or_else(|| number.to_string()),
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => {
            return Err(wrong("a number", json));
        }
    };
    text.parse()
        .map_err(|_error| wrong("a number in range", json))
}

/// `3.0` as `3`: both are whole numbers to protobuf.
fn whole(number: &serde_json::Number) -> Option<String> {
    let text = number.to_string();
    text.strip_suffix(".0").map(str::to_owned)
}

fn bytes_from_json(json: &Json) -> Result<Vec<u8>> {
    let text = json.as_str().ok_or_else(|| wrong("base64 text", json))?;
    BASE64_STANDARD
        .decode(text)
        .map_err(|error| JsonError::new(error.to_string()))
}

fn object(json: &Json) -> Result<&Map<String, Json>> {
    json.as_object().ok_or_else(|| wrong("an object", json))
}

fn wrong(wanted: &str, found: &Json) -> JsonError {
    JsonError::new(format!("expected {wanted}, found `{found}`"))
}
