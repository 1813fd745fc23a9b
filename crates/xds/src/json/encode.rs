//! Messages to JSON.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use prost::{Message, Name};
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MapKey, Value};
use serde_json::{Map, Value as Json};

use super::pool::{self, BYTES, TYPE, VALUE};
use crate::protobuf::Any;
use crate::type_url;

/// How fields are spelt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// As in the proto files, `virtual_hosts`: what Envoy's admin interface and our files show.
    Proto,
    /// In lower camel case, `virtualHosts`: protobuf's default.
    LowerCamel,
}

/// The canonical JSON of a message. It cannot fail: what the descriptors do not know is shown as
/// bytes, as in an `Any`.
pub fn encode<M: Message + Name>(message: &M, names: Names) -> Json {
    any_to_json(&M::full_name(), &message.encode_to_vec(), names)
        .unwrap_or_else(|| opaque(&M::type_url(), &message.encode_to_vec()))
}

/// The JSON of the message with this name and these bytes, if it is known and they are valid.
fn any_to_json(full_name: &str, bytes: &[u8], names: Names) -> Option<Json> {
    let message = DynamicMessage::decode(pool::message(full_name)?, bytes).ok()?;
    Some(message_to_json(&message, names))
}

fn message_to_json(message: &DynamicMessage, names: Names) -> Json {
    let descriptor = prost_reflect::ReflectMessage::descriptor(message);
    let full_name = descriptor.full_name();
    if full_name == "google.protobuf.Any" {
        return message
            .transcode_to()
            .map_or(Json::Null, |any| expand(&any, names));
    }
    if pool::has_own_json(full_name)
        && let Ok(json) = serde_json::to_value(message)
    {
        return json;
    }
    let fields = message.fields().map(|(field, value)| {
        let name = match names {
            Names::Proto => field.name(),
            Names::LowerCamel => field.json_name(),
        };
        (name.to_owned(), field_to_json(&field, value, names))
    });
    Json::Object(fields.collect())
}

/// An `Any` as JSON: the fields of its message beside its type.
fn expand(any: &Any, names: Names) -> Json {
    let full_name = type_url::message_name(&any.type_url);
    let mut map = match any_to_json(full_name, &any.value, names) {
        Some(Json::Object(map)) if !has_value_form(full_name) => map,
        Some(value) => Map::from_iter([(VALUE.to_owned(), value)]),
        None => return opaque(&any.type_url, &any.value),
    };
    map.insert(TYPE.to_owned(), Json::String(any.type_url.clone()));
    Json::Object(map)
}

/// True for messages whose JSON stands under `value` in an `Any`.
fn has_value_form(full_name: &str) -> bool {
    pool::has_own_json(full_name) || full_name == "google.protobuf.Any"
}

fn opaque(type_url: &str, bytes: &[u8]) -> Json {
    Json::Object(Map::from_iter([
        (TYPE.to_owned(), Json::String(type_url.to_owned())),
        (
            BYTES.to_owned(),
            Json::String(BASE64_STANDARD.encode(bytes)),
        ),
    ]))
}

fn field_to_json(field: &FieldDescriptor, value: &Value, names: Names) -> Json {
    match value {
        Value::List(items) => items
            .iter()
            .map(|item| value_to_json(&field.kind(), item, names))
            .collect(),
        Value::Map(entries) => {
            let Kind::Message(entry) = field.kind() else {
                return Json::Null;
            };
            let kind = entry.map_entry_value_field().kind();
            let mut entries: Vec<_> = entries
                .iter()
                .map(|(key, value)| (key_to_text(key), value_to_json(&kind, value, names)))
                .collect();
            entries.sort_unstable_by(|left, right| left.0.cmp(&right.0));
            Json::Object(entries.into_iter().collect())
        }
        Value::Bool(_)
        | Value::I32(_)
        | Value::I64(_)
        | Value::U32(_)
        | Value::U64(_)
        | Value::F32(_)
        | Value::F64(_)
        | Value::String(_)
        | Value::Bytes(_)
        | Value::EnumNumber(_)
        | Value::Message(_) => value_to_json(&field.kind(), value, names),
    }
}

fn value_to_json(kind: &Kind, value: &Value, names: Names) -> Json {
    match value {
        Value::Bool(value) => (*value).into(),
        Value::I32(value) => (*value).into(),
        Value::U32(value) => (*value).into(),
        Value::I64(value) => value.to_string().into(),
        Value::U64(value) => value.to_string().into(),
        Value::F32(value) => float_to_json(f64::from(*value), &value.to_string()),
        Value::F64(value) => float_to_json(*value, &value.to_string()),
        Value::String(value) => value.as_str().into(),
        Value::Bytes(value) => BASE64_STANDARD.encode(value).into(),
        Value::EnumNumber(number) => kind
            .as_enum()
            .and_then(|kind| kind.get_value(*number))
            .map_or_else(|| (*number).into(), |value| value.name().into()),
        Value::Message(message) => message_to_json(message, names),
        // A list or a map is never the element of another.
        Value::List(_) | Value::Map(_) => Json::Null,
    }
}

/// The number with the digits of `text`, the shortest that read back as the same value.
fn float_to_json(value: f64, text: &str) -> Json {
    if value.is_nan() {
        "NaN".into()
    } else if value.is_infinite() {
        (if value > 0.0 { "Infinity" } else { "-Infinity" }).into()
    } else {
        text.parse::<f64>().map_or(Json::Null, Json::from)
    }
}

fn key_to_text(key: &MapKey) -> String {
    match key {
        MapKey::Bool(key) => key.to_string(),
        MapKey::I32(key) => key.to_string(),
        MapKey::I64(key) => key.to_string(),
        MapKey::U32(key) => key.to_string(),
        MapKey::U64(key) => key.to_string(),
        MapKey::String(key) => key.clone(),
    }
}
