//! A setting that nobody gets to read by accident.

use std::fmt;

use serde::{Deserialize, Serialize, de};
use serde_json::Value;

/// What stands for a secret wherever it would be shown.
pub const MASK: &str = "***";

/// A secret setting: one text, or a list of which all are live, so that it can be exchanged without a gap.
///
/// ```
/// use plugin_core::Secret;
///
/// let secret: Secret = serde_json::from_str(r#"["new", "old"]"#).unwrap();
/// assert_eq!(format!("{secret:?}"), "***");
/// assert_eq!(secret.live().collect::<Vec<_>>(), ["new", "old"]);
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(Vec<String>);

impl Secret {
    /// The secret `text`. An empty one is none.
    pub fn new(text: impl Into<String>) -> Self {
        Self(vec![text.into()])
    }

    /// The texts that are live, the first given first.
    pub fn live(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str).filter(|text| !text.is_empty())
    }

    /// The first live text, for use towards others.
    pub fn expose(&self) -> Option<&str> {
        self.live().next()
    }

    /// Whether there is any.
    pub fn is_set(&self) -> bool {
        self.expose().is_some()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_set() { MASK } else { "not set" })
    }
}

impl Serialize for Secret {
    /// The mask, never the text.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(if self.is_set() { MASK } else { "" })
    }
}

impl<'de> Deserialize<'de> for Secret {
    /// An error of it says of what kind the value is, and never shows it: it may be a secret that lacks its quotes.
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let live = match Value::deserialize(deserializer)? {
            Value::String(text) => Ok(vec![text]),
            Value::Array(list) => list.into_iter().map(text).collect(),
            other => text(other).map(|text| vec![text]),
        };
        live.map(Self).map_err(|kind| {
            de::Error::custom(format_args!(
                "a secret is a text, or a list of texts that are all live, and {kind} was given"
            ))
        })
    }
}

/// The text that `value` is, or of what kind it is.
fn text(value: Value) -> Result<String, &'static str> {
    match value {
        Value::String(text) => Ok(text),
        Value::Null => Err("nothing"),
        Value::Bool(_) => Err("a truth value"),
        Value::Number(_) => Err("a number"),
        Value::Array(_) => Err("a list of lists"),
        Value::Object(_) => Err("an object"),
    }
}

impl schemars::JsonSchema for Secret {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Secret".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "writeOnly": true,
            "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_secret_is_said_without_showing_it() {
        for (given, kind) in [
            ("12345678", "a number"),
            ("12345678.5", "a number"),
            ("-12345678", "a number"),
            ("true", "a truth value"),
            ("null", "nothing"),
            (r#"{ "12345678": "12345678" }"#, "an object"),
            (r#"["12345678", 12345678]"#, "a number"),
            (r#"[["12345678"]]"#, "a list of lists"),
            (r#"[{ "a": "12345678" }]"#, "an object"),
        ] {
            let error = serde_json::from_str::<Secret>(given).expect_err(given).to_string();
            assert!(error.contains(kind) && !error.contains("12345678"), "{given}: {error}");
        }
        let secret: Secret = serde_json::from_str(r#""12345678""#).expect("a text");
        assert_eq!(secret.expose(), Some("12345678"));
    }
}
