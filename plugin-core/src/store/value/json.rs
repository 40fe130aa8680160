//! Values to and from JSON. What JSON has no word for becomes what `serde_json` would make of it: bytes an array of numbers,
//! NaN and the infinities null; a time becomes RFC 3339, and comes back as a string.

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use super::{Number, Value, Written};

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(number) => match number.written() {
                Written::Unsigned(number) => serializer.serialize_u64(number),
                Written::Negative(number) => serializer.serialize_i64(number),
                Written::Float(number) => serializer.serialize_f64(number),
            },
            Self::String(text) => serializer.serialize_str(text),
            Self::Bytes(bytes) => serializer.serialize_bytes(bytes),
            Self::Time(instant) => instant.serialize(serializer),
            Self::Array(items) => {
                let mut seq = serializer.serialize_seq(Some(items.len()))?;
                items.iter().try_for_each(|item| seq.serialize_element(item))?;
                seq.end()
            }
            Self::Object(fields) => {
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                fields.iter().try_for_each(|(name, value)| map.serialize_entry(name, value))?;
                map.end()
            }
        }
    }
}

impl From<Value> for serde_json::Value {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(value),
            Value::Number(number) => match number.written() {
                Written::Unsigned(number) => number.into(),
                Written::Negative(number) => number.into(),
                Written::Float(number) => number.into(),
            },
            Value::String(text) => Self::String(text),
            Value::Bytes(bytes) => bytes.into(),
            Value::Time(instant) => Self::String(instant.to_string()),
            Value::Array(items) => items.into_iter().map(Self::from).collect(),
            Value::Object(fields) => fields.into_iter().map(|(name, value)| (name, Self::from(value))).collect(),
        }
    }
}

impl From<serde_json::Value> for Value {
    fn from(json: serde_json::Value) -> Self {
        match json {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(value) => Self::Bool(value),
            serde_json::Value::Number(number) => Self::Number(match (number.as_u64(), number.as_i64()) {
                (Some(number), _) => number.into(),
                (None, Some(number)) => number.into(),
                (None, None) => Number::from(number.as_f64().unwrap_or(f64::NAN)),
            }),
            serde_json::Value::String(text) => Self::String(text),
            serde_json::Value::Array(items) => Self::Array(items.into_iter().map(Self::from).collect()),
            serde_json::Value::Object(fields) => {
                Self::Object(fields.into_iter().map(|(name, value)| (name, Self::from(value))).collect())
            }
        }
    }
}
