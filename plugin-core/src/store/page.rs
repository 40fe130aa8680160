//! What the store gives back: documents with their keys and revisions, a page at a time.

use std::{fmt, str::FromStr, vec};

use serde::{Deserialize, Serialize, de};

use super::{codec::Head, cursor::Cursor};

/// Which write of a key a document is. Never the same for two writes, not even when a key is deleted and inserted again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Revision(pub(super) Head);

impl Revision {
    /// How often the key was written since it was inserted.
    pub fn number(self) -> u64 {
        self.0.revision
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:016x}", self.0.revision, self.0.tag)
    }
}

/// A text that is no revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a revision: it is a number and 16 hexadecimal digits with a `-` between them")]
pub struct InvalidRevision;

impl FromStr for Revision {
    type Err = InvalidRevision;

    fn from_str(text: &str) -> Result<Self, InvalidRevision> {
        let (revision, tag) = text.split_once('-').ok_or(InvalidRevision)?;
        let revision = revision.parse().map_err(|_| InvalidRevision)?;
        let tag = u64::from_str_radix(tag, 16).map_err(|_| InvalidRevision)?;
        let parsed = Self(Head { revision, tag });
        // One spelling each: no sign, no leading zeros, no capitals.
        if parsed.to_string() == text { Ok(parsed) } else { Err(InvalidRevision) }
    }
}

impl Serialize for Revision {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Revision {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        std::borrow::Cow::<str>::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl schemars::JsonSchema for Revision {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Revision".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string" })
    }
}

/// A document with its revision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Versioned<T> {
    /// What is stored.
    pub value: T,
    /// Which write of the key it is.
    pub revision: Revision,
}

/// A document, with its key and its revision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry<T> {
    /// Its key.
    pub key: String,
    /// What is stored there.
    pub value: T,
    /// Which write of the key it is.
    pub revision: Revision,
}

/// Some of what was found, and where to go on.
///
/// It may have less than was asked for and not be the last, where its documents are large: whether there is more, `next` alone says.
///
/// ```
/// # use plugin_core::store::{Db, Page, StoreError};
/// # async fn example(db: Db) -> Result<(), StoreError> {
/// let mut page: Page<String> = db.keys("conversations:").limit(100).await?;
/// while let Some(cursor) = page.next.take() {
///     page = db.keys("conversations:").limit(100).after(cursor).await?;
/// }
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Page<T> {
    /// What was found.
    pub items: Vec<T>,
    /// What to give to `.after(…)` for the next page. [`None`] when nothing is left to look at; the last page may be empty.
    pub next: Option<Cursor>,
}

impl<T> Page<T> {
    /// What was found, one by one.
    pub fn iter(&self) -> std::slice::Iter<'_, T> {
        self.items.iter()
    }

    /// How many there are on this page.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there is none on this page.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

impl<T> Page<Entry<T>> {
    /// The values, without their keys.
    pub fn into_values(self) -> Vec<T> {
        self.items.into_iter().map(|entry| entry.value).collect()
    }
}

impl<T> IntoIterator for Page<T> {
    type Item = T;
    type IntoIter = vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a Page<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_has_one_spelling() {
        let revision = Revision(Head { revision: 12, tag: 0xab });
        assert_eq!(revision.to_string(), "12-00000000000000ab");
        assert_eq!("12-00000000000000ab".parse(), Ok(revision));
        for wrong in ["", "12", "-", "12-ab", "012-00000000000000ab", "+12-00000000000000ab", "12-00000000000000AB"] {
            assert_eq!(wrong.parse::<Revision>(), Err(InvalidRevision), "{wrong}");
        }
    }
}
