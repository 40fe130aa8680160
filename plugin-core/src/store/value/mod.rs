//! The tree that every document is kept as: it names its fields, so that any value can be read back, queried and shown
//! without the type that wrote it.

mod de;
mod json;
mod number;
mod order;
mod ser;

use std::collections::BTreeMap;

use serde::{Serialize, de::DeserializeOwned};

pub(super) use self::de::{Name, VALUE_TOKEN};
pub use self::number::{Number, Written};
use crate::clock::Timestamp;

/// How deep arrays and objects may lie in one another.
pub const MAX_DEPTH: usize = 128;

/// A value of any shape.
///
/// Values are ordered across types: null < bool < number < string < bytes < time < array < object. Numbers are compared by
/// their exact mathematical value, whatever type they were written as; arrays element by element; objects as the list of
/// their fields in the order of the names.
///
/// ```
/// use plugin_core::{Timestamp, store::value::Value};
///
/// #[derive(serde::Serialize, serde::Deserialize, Debug, PartialEq)]
/// struct Ended { ended_at: Timestamp, messages: u32 }
///
/// let ended = Ended { ended_at: Timestamp::UNIX_EPOCH, messages: 3 };
/// let value = Value::of(&ended)?;
/// assert_eq!(value.at("messages"), Some(&Value::from(3_u64)));
/// assert!(matches!(value.at("ended_at"), Some(Value::Time(_))));
/// assert_eq!(value.into_typed::<Ended>()?, ended);
/// # Ok::<_, plugin_core::store::value::ValueError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub enum Value {
    /// Nothing; not the same as a field that is missing.
    #[default]
    Null,
    /// True or false.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A text.
    String(String),
    /// Bytes that are no text. JSON shows them as an array of numbers.
    Bytes(Vec<u8>),
    /// An instant, as [`Timestamp`] writes it. JSON shows it as RFC 3339.
    Time(Timestamp),
    /// Values one after another.
    Array(Vec<Self>),
    /// Values by name.
    Object(BTreeMap<String, Self>),
}

/// Why a value cannot be kept as a tree, or a tree not be read as a type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ValueError {
    /// It lies deeper than [`MAX_DEPTH`].
    #[error("arrays and objects lie in one another more than {MAX_DEPTH} deep")]
    TooDeep,
    /// An integer of 128 bits that does not fit 64.
    #[error("the integer {0} is beyond 64 bits; store it as a string")]
    IntegerTooLarge(String),
    /// A map whose keys are no texts, integers, bools or unit variants.
    #[error("a map has {0} as its key; the names of fields are texts, integers, bools or unit variants")]
    KeyNotText(&'static str),
    /// What the type itself had to say.
    #[error("{0}")]
    Mismatch(String),
    /// The same, with the field that did not fit.
    #[error("`{path}`: {problem}")]
    MismatchAt {
        /// The field, as a dotted path.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl Value {
    /// The tree of anything that serde can write.
    ///
    /// # Errors
    /// [`ValueError`] if it lies too deep, has an integer beyond 64 bits or a map whose keys are no names, or if its
    /// `Serialize` fails.
    pub fn of(value: &(impl Serialize + ?Sized)) -> Result<Self, ValueError> {
        value.serialize(ser::Serializer::new())
    }

    /// What was written, as a `T`.
    ///
    /// # Errors
    /// [`ValueError::Mismatch`] if it does not fit.
    pub fn into_typed<T: DeserializeOwned>(self) -> Result<T, ValueError> {
        T::deserialize(self)
    }

    /// An object of what lies at `paths` alone.
    pub(super) fn selected(self, paths: &[String]) -> Self {
        if let Self::Object(fields) = &self
            && fields.keys().all(|name| paths.contains(name))
        {
            return self;
        }
        let mut selection = Self::Object(Default::default());
        for path in paths {
            if let Some(found) = self.at(path) {
                selection.put_at(path, found.clone());
            }
        }
        selection
    }

    /// The value at a dotted path: names of fields, and places in arrays counted from 0, as in `messages.0.from`.
    pub fn at(&self, path: &str) -> Option<&Self> {
        path.split('.').try_fold(self, |value, step| match value {
            Self::Object(fields) => fields.get(step),
            Self::Array(items) => step.parse::<usize>().ok().and_then(|place| items.get(place)),
            _ => None,
        })
    }

    /// Puts `value` at a dotted path of names, making objects on the way; nothing happens where something else stands in it.
    pub(crate) fn put_at(&mut self, path: &str, value: Self) {
        let (step, rest) = path.split_once('.').map_or((path, None), |(step, rest)| (step, Some(rest)));
        let Self::Object(fields) = self else { return };
        match rest {
            None => drop(fields.insert(step.to_owned(), value)),
            Some(rest) => {
                fields.entry(step.to_owned()).or_insert_with(|| Self::Object(BTreeMap::new())).put_at(rest, value);
            }
        }
    }

    /// The name of its type, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a bool",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::Bytes(_) => "bytes",
            Self::Time(_) => "a time",
            Self::Array(_) => "an array",
            Self::Object(_) => "an object",
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<u64> for Value {
    fn from(value: u64) -> Self {
        Self::Number(value.into())
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Number(value.into())
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Number(value.into())
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::String(value.into())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::String(value)
    }
}

impl From<Timestamp> for Value {
    fn from(value: Timestamp) -> Self {
        Self::Time(value)
    }
}

/// For fields of bytes: `#[serde(with = "plugin_core::store::value::bytes")]` keeps a `Vec<u8>` as [`Value::Bytes`], one byte
/// for a byte, where it would otherwise be an array of numbers.
pub mod bytes {
    use std::fmt;

    use serde::{Deserializer, Serializer, de};

    /// Writes bytes.
    ///
    /// # Errors
    /// The serializer's.
    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(bytes)
    }

    /// Reads bytes, from an array of numbers too.
    ///
    /// # Errors
    /// If it is neither.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        deserializer.deserialize_byte_buf(Bytes)
    }

    struct Bytes;

    impl<'de> de::Visitor<'de> for Bytes {
        type Value = Vec<u8>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("bytes")
        }

        fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
            Ok(bytes.into())
        }

        fn visit_byte_buf<E: de::Error>(self, bytes: Vec<u8>) -> Result<Vec<u8>, E> {
            Ok(bytes)
        }

        fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<u8>, A::Error> {
            let mut bytes = Vec::new();
            while let Some(byte) = seq.next_element()? {
                bytes.push(byte);
            }
            Ok(bytes)
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
