//! Where a page ended. Opaque to whoever holds it; whatever comes back is checked.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize, de};

use super::{codec, value::Value};

/// The longest cursor, in characters. Only sorting by very long texts comes near it.
const LONGEST: usize = 32 * 1024;

/// Where a page ended: what to give to `.after(…)` for the next.
///
/// It stays valid while documents come and go: it holds the place in the order, not a number of documents to skip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    place: Place,
    text: String,
}

/// The last document of a page, as it was then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    /// Its key.
    #[serde(rename = "k")]
    pub(super) key: String,
    /// What the page was sorted by.
    #[serde(rename = "s", default, skip_serializing_if = "Vec::is_empty")]
    pub(super) sort: Vec<String>,
    /// What the document had there: a list of one value, or of none where the field was missing.
    #[serde(rename = "v", default, skip_serializing_if = "Vec::is_empty")]
    pub(super) values: Vec<Vec<Value>>,
}

impl Place {
    /// The document `key`, where nothing is sorted by.
    pub(super) fn of(key: &str) -> Self {
        Self { key: key.into(), sort: Vec::new(), values: Vec::new() }
    }
}

/// Why a cursor is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CursorError {
    /// The text is none that was given out.
    #[error("the cursor is not one that was given out")]
    Invalid,
    /// It comes from a query that was sorted otherwise.
    #[error("the cursor belongs to a query sorted by ({given}), this one is sorted by ({wanted})")]
    OtherSort {
        /// What the cursor was sorted by.
        given: String,
        /// What the query is sorted by.
        wanted: String,
    },
    /// The values that are sorted by are too long, or lie too deep, for a cursor.
    #[error("the values that are sorted by are too large for a cursor: sort by something smaller")]
    TooLong,
}

impl Cursor {
    pub(super) fn at(place: Place) -> Result<Self, CursorError> {
        // What is sorted by may itself lie as deep as a document may, and a cursor lies deeper.
        let value = Value::of(&place).map_err(|_| CursorError::TooLong)?;
        let text = hex::encode(codec::payload_of(&value).map_err(|_| CursorError::TooLong)?);
        if text.len() <= LONGEST { Ok(Self { place, text }) } else { Err(CursorError::TooLong) }
    }

    /// The place, if the cursor comes from a query that was sorted by `sort`.
    pub(super) fn place(self, sort: &[String]) -> Result<Place, CursorError> {
        match self.place {
            place if place.sort == sort && place.values.len() == sort.len() => Ok(place),
            place => Err(CursorError::OtherSort { given: place.sort.join(", "), wanted: sort.join(", ") }),
        }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Cursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        if text.len() > LONGEST {
            return Err(CursorError::Invalid);
        }
        let payload = hex::decode(text).map_err(|_| CursorError::Invalid)?;
        let place = codec::open_payload(&payload).and_then(|place| Ok(place.into_typed()?));
        place.map(|place| Self { place, text: text.into() }).map_err(|_| CursorError::Invalid)
    }
}

impl Serialize for Cursor {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Cursor {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        std::borrow::Cow::<str>::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl schemars::JsonSchema for Cursor {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Cursor".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string" })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::store::value::{MAX_DEPTH, tests::any_value};

    proptest! {
        #[test]
        fn a_cursor_comes_back_from_its_text(key in ".{1,9}", values in proptest::collection::vec(any_value(), 0..3)) {
            let sort = values.iter().map(Value::kind).map(str::to_owned).collect();
            let values = values.into_iter().map(|value| vec![value]).collect();
            let cursor = Cursor::at(Place { key, sort, values }).expect("it is small");
            prop_assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }

        #[test]
        fn texts_that_nobody_gave_out_are_refused(bytes: Vec<u8>) {
            for text in [hex::encode(&bytes), String::from_utf8_lossy(&bytes).into_owned()] {
                if let Ok(cursor) = text.parse::<Cursor>() {
                    prop_assert_eq!(cursor.to_string().parse(), Ok(cursor));
                }
            }
        }
    }

    #[test]
    fn hostile_texts_are_refused() {
        let deep = format!("{}00", "0901".repeat(1_000));
        for text in ["", "zz", "00", "0", "ffff", &deep, &"00".repeat(LONGEST)] {
            assert_eq!(text.parse::<Cursor>(), Err(CursorError::Invalid), "{text:.20}");
        }
    }

    #[test]
    fn a_value_too_long_or_too_deep_for_a_cursor_is_refused() {
        let deep = (0..MAX_DEPTH - 1).fold(Value::Null, |inner, _| Value::Array(vec![inner]));
        for value in [Value::from("x".repeat(LONGEST)), deep] {
            let refused = Cursor::at(Place { key: "k".into(), sort: vec!["a".into()], values: vec![vec![value]] });
            assert_eq!(refused, Err(CursorError::TooLong));
        }
    }
}
