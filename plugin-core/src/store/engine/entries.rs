//! What a walk over a range gives back: keys and values one after another in one piece of memory, so that a row costs a copy and no
//! allocation.

use std::{fmt, ops::Range};

/// Some entries of a range.
///
/// ```
/// use plugin_core::store::engine::Entries;
///
/// let mut entries = Entries::default();
/// entries.push(b"k", b"v");
/// assert_eq!(entries.iter().collect::<Vec<_>>(), [(&b"k"[..], &b"v"[..])]);
/// ```
#[derive(Clone, Default)]
pub struct Entries {
    bytes: Vec<u8>,
    /// Where each key and each value ends.
    ends: Vec<(usize, usize)>,
    /// Whether the range has more entries than were given.
    pub more: bool,
}

impl Entries {
    /// Adds an entry behind the others.
    pub fn push(&mut self, key: &[u8], value: &[u8]) {
        self.bytes.extend_from_slice(key);
        let key_end = self.bytes.len();
        self.bytes.extend_from_slice(value);
        self.ends.push((key_end, self.bytes.len()));
    }

    /// Keys and values, in the order they were found.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&[u8], &[u8])> + ExactSizeIterator {
        (0..self.ends.len()).map(|place| self.at(place).unwrap_or_default())
    }

    /// The entry at `place`, counted from 0.
    pub fn at(&self, place: usize) -> Option<(&[u8], &[u8])> {
        let (key_end, end) = *self.ends.get(place)?;
        let start = place.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |before| before.1);
        let part = |range: Range<usize>| self.bytes.get(range);
        Some((part(start..key_end)?, part(key_end..end)?))
    }

    /// The last entry.
    pub fn last(&self) -> Option<(&[u8], &[u8])> {
        self.at(self.len().checked_sub(1)?)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The bytes of all keys and values.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }
}

impl PartialEq for Entries {
    fn eq(&self, other: &Self) -> bool {
        self.more == other.more && self.iter().eq(other.iter())
    }
}

impl Eq for Entries {}

impl fmt::Debug for Entries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entries").field("rows", &self.len()).field("more", &self.more).finish_non_exhaustive()
    }
}

/// What a lookup found: entries, and for each the row that it points to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// The entries.
    pub entries: Entries,
    rows: Entries,
    missing: Vec<usize>,
}

impl Found {
    /// Adds an entry behind the others, with the row that it points to.
    pub fn push(&mut self, key: &[u8], value: &[u8], row: Option<&[u8]>) {
        if row.is_none() {
            self.missing.push(self.entries.len());
        }
        self.entries.push(key, value);
        self.rows.push(&[], row.unwrap_or_default());
    }

    /// Keys, values, and the rows that they point to; none for a row that is not there.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8], Option<&[u8]>)> {
        let mut missing = self.missing.iter().copied().peekable();
        self.entries.iter().zip(self.rows.iter()).enumerate().map(move |(place, ((key, value), (_, row)))| {
            (key, value, missing.next_if_eq(&place).is_none().then_some(row))
        })
    }

    /// The bytes of all entries and rows.
    pub fn size(&self) -> usize {
        self.entries.size() + self.rows.size()
    }
}
