//! JSON in which no key stands twice, and that is not nested too deep: of two values for one key
//! nobody can tell which was meant.

use std::cell::Cell;
use std::fmt;

use sealane_model::parse::MAX_DEPTH;
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Why there is no value.
pub(super) enum Wrong {
    /// It begins as JSON does; what is wrong with it.
    Json(String),
    /// It may be YAML.
    NotJson,
}

/// Reads a text that is JSON.
pub(super) fn read(text: &str) -> Result<Value, Wrong> {
    let found = Cell::new(false);
    let seed = Nested {
        depth: 1,
        refused: &found,
    };
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = seed.deserialize(&mut reader);
    let value = value.and_then(|value| reader.end().map(|()| value));
    value.map_err(|error| {
        // Flow YAML begins with a brace as well, so only what JSON's own rules refuse is final.
        if found.get() {
            Wrong::Json(error.to_string())
        } else {
            Wrong::NotJson
        }
    })
}

#[derive(Clone, Copy)]
struct Nested<'a> {
    depth: usize,
    /// Whether a rule of this module was broken.
    refused: &'a Cell<bool>,
}

impl Nested<'_> {
    fn below<E: Error>(self) -> Result<Self, E> {
        if self.depth >= MAX_DEPTH {
            self.refused.set(true);
            return Err(E::custom(format!("nested deeper than {MAX_DEPTH}")));
        }
        Ok(Self {
            depth: self.depth + 1,
            ..self
        })
    }
}

impl<'de> DeserializeSeed<'de> for Nested<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Nested<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        let number = Number::from_f64(value);
        let number = number.ok_or_else(|| E::custom("a number that is too large"))?;
        Ok(Value::Number(number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let below = self.below()?;
        let mut elements = Vec::new();
        while let Some(element) = list.next_element_seed(below)? {
            elements.push(element);
        }
        Ok(Value::Array(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let below = self.below()?;
        let mut fields = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            if fields.contains_key(&key) {
                self.refused.set(true);
                return Err(A::Error::custom(format!("duplicate field {key:?}")));
            }
            fields.insert(key, map.next_value_seed(below)?);
        }
        Ok(Value::Object(fields))
    }
}
