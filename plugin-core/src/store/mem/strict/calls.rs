//! What was asked of the strict engine, in numbers.

use crate::store::engine::{Change, Durability, Got, Write};

/// What was asked of a [`StrictEngine`](super::StrictEngine), and what it gave.
///
/// ```
/// use plugin_core::store::mem::strict::{Faults, StrictEngine};
///
/// let engine = StrictEngine::new(0, Faults::NONE);
/// // … a query …
/// let calls = engine.calls();
/// assert!(calls.rows() <= 20 && calls.bytes < 64 << 10, "{calls:?}");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Calls {
    /// Calls that read, each of which may ask many questions.
    pub reads: u64,
    /// Values that were found by their key.
    pub values: u64,
    /// Entries that were found by a walk.
    pub entries: u64,
    /// Rows that entries pointed to and that were given with them.
    pub pointed: u64,
    /// Bytes of keys and values that were given.
    pub bytes: u64,
    /// Calls that commit, done or not.
    pub commits: u64,
    /// Those of them that were to be on disk before they were answered.
    pub synced: u64,
    /// Writes in them.
    pub writes: u64,
    /// Bytes of the keys and values in them.
    pub written: u64,
    /// Calls that sync.
    pub syncs: u64,
    /// How often a fault made a difference, the pauses apart.
    pub faults: u64,
}

impl Calls {
    /// All rows that were given, however they were found.
    pub fn rows(&self) -> u64 {
        self.values + self.entries + self.pointed
    }

    pub(super) fn asked(&mut self, writes: &[Write], how: Durability) {
        self.commits += 1;
        self.synced += u64::from(how == Durability::Synced);
        self.writes += writes.len() as u64;
        let bytes = writes.iter().map(|write| match &write.change {
            Change::Put(value) => write.key.len() + value.len(),
            Change::Keep | Change::Delete => write.key.len(),
        });
        self.written += bytes.sum::<usize>() as u64;
    }

    pub(super) fn answered(&mut self, got: &[Got]) {
        for got in got {
            match got {
                Got::Value(value) => self.found(value.iter()),
                Got::Values(values) => self.found(values.iter().flatten()),
                Got::Entries(entries) => {
                    self.entries += entries.len() as u64;
                    self.bytes += entries.size() as u64;
                }
                Got::Found(found) => {
                    self.entries += found.entries.len() as u64;
                    self.pointed += found.iter().filter(|(_, _, row)| row.is_some()).count() as u64;
                    self.bytes += found.size() as u64;
                }
            }
        }
    }

    fn found<'a>(&mut self, values: impl Iterator<Item = &'a Vec<u8>>) {
        for value in values {
            self.values += 1;
            self.bytes += value.len() as u64;
        }
    }
}
