//! The engine that keeps everything in memory: for tests and for servers that need nothing kept.

pub mod strict;

use std::{
    collections::{BTreeMap, btree_map},
    fmt,
    future::{Ready, ready},
    ops::Bound,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::engine::{
    Change, Direction, Durability, Engine, EngineError, EngineFuture, Entries, Found, Got, Keyspace, Precondition,
    Read, Scan, Wanted, Write, check_commit, check_reads, pointer,
};
pub use strict::StrictEngine;

type Rows = BTreeMap<Vec<u8>, Vec<u8>>;

/// An [`Engine`] in memory. Every call is answered at once; what it holds is gone when it is dropped.
///
/// ```
/// use plugin_core::store::engine::{Durability, Engine, Got, Keyspace, Read, Write};
/// use plugin_core::store::{conformance::block_on, mem::MemEngine};
///
/// let engine = MemEngine::new();
/// let keyspace = Keyspace::of_plugin("notes");
/// block_on(async {
///     engine.open(&keyspace).await?;
///     engine.commit(&keyspace, vec![Write::put(b"k".to_vec(), b"v".to_vec())], Durability::Synced).await?;
///     let got = engine.read(&keyspace, &[Read::Get(b"k".to_vec())]).await?;
///     assert_eq!(got, [Got::Value(Some(b"v".to_vec()))]);
///     Ok::<_, plugin_core::store::engine::EngineError>(())
/// })
/// .unwrap();
/// ```
#[derive(Default)]
pub struct MemEngine {
    keyspaces: Mutex<BTreeMap<Keyspace, Rows>>,
}

impl MemEngine {
    /// An engine that holds nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// No code path panics while it holds the lock with a commit half done, so a poisoned lock guards whole data.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Keyspace, Rows>> {
        self.keyspaces.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read_now(&self, keyspace: &Keyspace, reads: &[Read]) -> Result<Vec<Got>, EngineError> {
        check_reads(reads)?;
        let keyspaces = self.lock();
        let rows = keyspaces.get(keyspace).ok_or_else(|| EngineError::unknown_keyspace(keyspace))?;
        Ok(reads
            .iter()
            .map(|read| match read {
                Read::Get(key) => Got::Value(rows.get(key).cloned()),
                Read::MultiGet(keys) => Got::Values(keys.iter().map(|key| rows.get(key).cloned()).collect()),
                Read::Scan(asked) => {
                    let mut entries = Entries::default();
                    entries.more = scan(rows, asked, |key, value| {
                        let value = if asked.wanted == Wanted::Entries { value } else { &[] };
                        entries.push(key, value);
                        key.len() + value.len()
                    });
                    Got::Entries(entries)
                }
                Read::Lookup(asked) => {
                    let mut found = Found::default();
                    found.entries.more = scan(rows, asked, |key, value| {
                        let row = pointer(value).and_then(|(key, _)| rows.get(key)).map(Vec::as_slice);
                        found.push(key, value, row);
                        key.len() + value.len() + row.map_or(0, <[u8]>::len)
                    });
                    Got::Found(found)
                }
            })
            .collect())
    }

    fn commit_now(&self, keyspace: &Keyspace, writes: Vec<Write>) -> Result<(), EngineError> {
        check_commit(&writes)?;
        let mut keyspaces = self.lock();
        let rows = keyspaces.get_mut(keyspace).ok_or_else(|| EngineError::unknown_keyspace(keyspace))?;
        if let Some(place) = writes.iter().position(|write| !holds(&write.precondition, rows.get(&write.key))) {
            return Err(EngineError::Conflict(place));
        }
        for Write { key, change, .. } in writes {
            match change {
                Change::Keep => {}
                Change::Put(value) => drop(rows.insert(key, value)),
                Change::Delete => drop(rows.remove(&key)),
            }
        }
        Ok(())
    }
}

fn holds(precondition: &Precondition, value: Option<&Vec<u8>>) -> bool {
    match precondition {
        Precondition::Any => true,
        Precondition::Absent => value.is_none(),
        Precondition::Present => value.is_some(),
        Precondition::Head(head) => value.is_some_and(|value| value.starts_with(head)),
    }
}

/// Gives the entries of a range to `take`, which tells how many bytes it took of each; whether there are more than were given.
fn scan(rows: &Rows, asked: &Scan, take: impl FnMut(&[u8], &[u8]) -> usize) -> bool {
    // `BTreeMap::range` panics on a range that ends before it begins.
    if asked.range.start >= asked.range.end {
        return false;
    }
    let bounds = (Bound::Included(&asked.range.start), Bound::Excluded(&asked.range.end));
    let found: btree_map::Range<'_, _, _> = rows.range::<Vec<u8>, _>(bounds);
    match asked.direction {
        Direction::Forward => walk(found, asked, take),
        Direction::Reverse => walk(found.rev(), asked, take),
    }
}

fn walk<'a>(
    mut found: impl Iterator<Item = (&'a Vec<u8>, &'a Vec<u8>)>,
    asked: &Scan,
    mut take: impl FnMut(&[u8], &[u8]) -> usize,
) -> bool {
    let (mut taken, mut bytes) = (0, 0);
    while taken < asked.limit && (taken == 0 || bytes < asked.bytes) {
        let Some((key, value)) = found.next() else { return false };
        bytes += take(key, value);
        taken += 1;
    }
    found.next().is_some()
}

/// Everything here is done by the time the call returns.
fn done<'a, T: Send + 'a>(result: Result<T, EngineError>) -> EngineFuture<'a, T> {
    let ready: Ready<_> = ready(result);
    Box::pin(ready)
}

impl Engine for MemEngine {
    fn open<'a>(&'a self, keyspace: &'a Keyspace) -> EngineFuture<'a, ()> {
        self.lock().entry(keyspace.clone()).or_default();
        done(Ok(()))
    }

    fn keyspaces(&self) -> EngineFuture<'_, Vec<Keyspace>> {
        done(Ok(self.lock().keys().cloned().collect()))
    }

    fn read<'a>(&'a self, keyspace: &'a Keyspace, reads: &'a [Read]) -> EngineFuture<'a, Vec<Got>> {
        done(self.read_now(keyspace, reads))
    }

    fn commit<'a>(&'a self, keyspace: &'a Keyspace, writes: Vec<Write>, _: Durability) -> EngineFuture<'a, ()> {
        done(self.commit_now(keyspace, writes))
    }

    fn sync(&self) -> EngineFuture<'_, ()> {
        done(Ok(()))
    }
}

impl fmt::Debug for MemEngine {
    /// Sizes only: what plugins store has no place in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.lock().iter().map(|(keyspace, rows)| (keyspace, rows.len()))).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::store::conformance::Subject;

    struct InMemory(Arc<MemEngine>);

    impl Subject for InMemory {
        fn engine(&self) -> &dyn Engine {
            &*self.0
        }

        /// As near as memory comes to it: another handle to the same data.
        fn reopen(self) -> Self {
            Self(Arc::clone(&self.0))
        }
    }

    crate::engine_conformance!(|| InMemory(Arc::new(MemEngine::new())));
}
