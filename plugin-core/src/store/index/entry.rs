//! What a document leaves in an index: a key in the order of the indexed values, and a value that points to the document.

use super::definition::{Definition, Index};
use crate::{
    id::AppId,
    store::{
        engine::{MAX_KEY, pointer},
        error::StoreError,
        key::{self, Key, Kind},
        ordered,
        value::Value,
    },
};

/// Set where the document expires: the instant follows.
const EXPIRES: u8 = 1;

/// What is wrong with an entry from whose key no values can be read.
pub(in crate::store) const NO_KEY: &str = "an entry has a key that is none";

/// An entry of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) struct Entry {
    pub(in crate::store) key: Vec<u8>,
    pub(in crate::store) value: Vec<u8>,
    /// Whether no other document may have this key.
    pub(in crate::store) binds: bool,
}

/// Where the entries of an index lie in one app.
pub(in crate::store) fn key_of(index: &Index, app: &AppId) -> Key {
    let kind = if index.definition.unique { Kind::Unique } else { Kind::Index };
    Key::of(kind).text(app.as_str()).int(index.number)
}

/// The entry of the document `key` with this value; none if it is left out.
pub(in crate::store) fn entry(
    index: &Index,
    app: &AppId,
    key: &str,
    document: &Value,
    expiry: Option<u64>,
) -> Result<Option<Entry>, StoreError> {
    let Definition { fields, unique, sparse, .. } = &index.definition;
    let found: Vec<Option<&Value>> = fields.iter().map(|field| document.at(&field.path)).collect();
    let is_there = |value: &Option<&Value>| value.is_some_and(|value| !matches!(value, Value::Null));
    if *sparse && !found.iter().any(is_there) {
        return Ok(None);
    }
    let mut entry_key = key_of(index, app).into_bytes();
    let mut hints = Vec::new();
    for (field, value) in fields.iter().zip(&found) {
        ordered::encode(*value, field.direction(), &mut entry_key, &mut hints);
    }
    let binds = *unique && found.iter().all(is_there);
    if !binds {
        entry_key.extend_from_slice(key.as_bytes());
    }
    if entry_key.len() > MAX_KEY {
        let (size, index) = (entry_key.len(), index.definition.to_string());
        return Err(StoreError::IndexedTooLong { key: key.into(), index, size, limit: MAX_KEY });
    }
    let place = key::document(app, key).into_bytes();
    // A document's key is within what an engine takes.
    let length = u16::try_from(place.len()).unwrap_or(u16::MAX);
    let mut value = Vec::with_capacity(2 + place.len() + 9 + hints.len());
    value.extend(length.to_be_bytes());
    value.extend(place);
    match expiry {
        Some(expiry) => {
            value.push(EXPIRES);
            value.extend(expiry.to_be_bytes());
        }
        None => value.push(0),
    }
    value.extend(hints);
    Ok(Some(Entry { key: entry_key, value, binds }))
}

/// What an entry's value says.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct Said<'a> {
    /// The document's key, as the plugin gave it.
    pub(in crate::store) key: &'a str,
    pub(in crate::store) expiry: Option<u64>,
    /// How the numbers among the values were written.
    pub(super) hints: &'a [u8],
}

impl<'a> Said<'a> {
    #[inline]
    pub(in crate::store) fn of(value: &'a [u8]) -> Option<Self> {
        let (place, rest) = pointer(value)?;
        let key = key::tail_of_document(place)?;
        let (&flags, rest) = rest.split_first()?;
        match flags & EXPIRES {
            0 => Some(Self { key, expiry: None, hints: rest }),
            _ => {
                let (expiry, hints) = rest.split_first_chunk()?;
                Some(Self { key, expiry: Some(u64::from_be_bytes(*expiry)), hints })
            }
        }
    }
}

/// What the document had in the fields of `index`, from its entry alone: an object of those that were there. `start` is how long the
/// part of the key before the values is.
pub(in crate::store) fn values(index: &Index, start: usize, key: &[u8], said: &Said<'_>) -> Option<Value> {
    let mut bytes = key.get(start..)?;
    let mut hints = said.hints;
    let fields = index.definition.fields.iter();
    let found: Option<Vec<_>> = fields.map(|it| ordered::decode(&mut bytes, it.direction(), &mut hints)).collect();
    found.map(|found| object(index, found))
}

/// An object of what was found in each field of `index`.
pub(super) fn object(index: &Index, found: Vec<Option<Value>>) -> Value {
    let mut object = Value::Object(Default::default());
    for (field, value) in index.definition.fields.iter().zip(found) {
        if let Some(value) = value {
            object.put_at(&field.path, value);
        }
    }
    object
}
