//! A setting that nobody gets to read by accident.

use std::fmt;

use serde::{Deserialize, Serialize, de};

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
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Secret;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, or a list of texts that are all live")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Secret, E> {
                Ok(Secret::new(text))
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> Result<Secret, A::Error> {
                let mut live = Vec::new();
                while let Some(text) = list.next_element()? {
                    live.push(text);
                }
                Ok(Secret(live))
            }
        }

        deserializer.deserialize_any(Visitor)
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
