//! Values as JSON that says all that JSON has no word for: `{"$float": "-0.0"}`, `{"$nan": "7ff8…"}`, `{"$bytes": "00ff"}`,
//! `{"$time": "2026-…"}`. What is missing is `{"$missing": true}`.

use plugin_core::store::{
    Value,
    value::{Number, Written},
};
use serde_json::{Value as Json, json};

pub(crate) fn to_json(value: &Value) -> Json {
    match value {
        Value::Number(number) => match number.written() {
            Written::Unsigned(number) => json!(number),
            Written::Negative(number) => json!(number),
            Written::Float(float) if float.is_nan() => json!({ "$nan": format!("{:016x}", float.to_bits()) }),
            Written::Float(float) => json!({ "$float": format!("{float:?}") }),
        },
        Value::Bytes(bytes) => json!({ "$bytes": hex::encode(bytes) }),
        Value::Time(instant) => json!({ "$time": instant.to_string() }),
        Value::Array(items) => items.iter().map(to_json).collect(),
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), to_json(value))).collect(),
        plain => plain.clone().into(),
    }
}

pub(crate) fn from_json(json: &Json) -> Value {
    let only = |name: &str| match json.as_object() {
        Some(fields) if fields.len() == 1 => fields.get(name).and_then(Json::as_str),
        _ => None,
    };
    if let Some(float) = only("$float") {
        return Value::Number(Number::from(float.parse::<f64>().expect("a float")));
    }
    if let Some(bits) = only("$nan") {
        return Value::Number(f64::from_bits(u64::from_str_radix(bits, 16).expect("the bits of a float")).into());
    }
    if let Some(bytes) = only("$bytes") {
        return Value::Bytes(hex::decode(bytes).expect("hexadecimal"));
    }
    if let Some(instant) = only("$time") {
        return Value::Time(instant.parse().expect("an instant"));
    }
    match json {
        Json::Array(items) => Value::Array(items.iter().map(from_json).collect()),
        Json::Object(fields) => {
            Value::Object(fields.iter().map(|(name, value)| (name.clone(), from_json(value))).collect())
        }
        plain => Value::from(plain.clone()),
    }
}

/// What may be missing.
pub(crate) fn maybe_to_json(value: Option<&Value>) -> Json {
    value.map_or_else(|| json!({ "$missing": true }), to_json)
}

pub(crate) fn maybe_from_json(json: &Json) -> Option<Value> {
    (*json != json!({ "$missing": true })).then(|| from_json(json))
}
