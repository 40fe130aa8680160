//! Reads everything that is stored, so that damage is found while there are backups to put back.

use std::path::PathBuf;

use plugin_core::store::engine::{EngineError, Keyspace};
use rocksdb::{AsColumnFamilyRef, DBRawIteratorWithThreadMode, LiveFile, ReadOptions};

use super::{Db, RocksEngine, RocksReader, failure, family, open, options, place::Shared};

/// How much is read at a time. Nothing is kept from being deleted or closed for longer.
const CHUNK_ROWS: usize = 10_000;
const CHUNK_BYTES: u64 = 16 << 20;
/// How many steps are taken to find where damage ends. Each halves the stretch of keys in question.
const STEPS: usize = 256;

/// A place that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Damage {
    /// Whose keys are there.
    pub keyspace: Keyspace,
    /// The damaged file, where RocksDB names it.
    pub file: Option<PathBuf>,
    /// What is wrong, in RocksDB's words.
    pub detail: String,
}

impl RocksEngine {
    /// Reads every key of every keyspace from disk, with its checksum, past the cache. Damage does not end it: what is behind is
    /// read as well. Takes as long as reading all of the store; to be called where a thread may block.
    ///
    /// # Errors
    /// [`EngineError::Unavailable`] if the store closes or cannot be read for another reason than damage.
    pub fn verify(&self) -> Result<Vec<Damage>, EngineError> {
        self.shared.verify()
    }
}

impl RocksReader {
    /// The same as [`RocksEngine::verify`].
    ///
    /// # Errors
    /// [`EngineError::Unavailable`] if the store cannot be read for another reason than damage.
    pub fn verify(&self) -> Result<Vec<Damage>, EngineError> {
        self.shared.verify()
    }
}

impl Shared {
    fn verify(&self) -> Result<Vec<Damage>, EngineError> {
        let mut found = Vec::new();
        for keyspace in self.names() {
            self.verify_keyspace(&keyspace, &mut found)?;
        }
        Ok(found)
    }

    fn verify_keyspace(&self, keyspace: &Keyspace, damage: &mut Vec<Damage>) -> Result<(), EngineError> {
        let mut last: Option<Vec<u8>> = None;
        let mut next = Some(Vec::new());
        while let Some(from) = next {
            next = self.place.with(|db| {
                let family = family(db, keyspace)?;
                match chunk(db, &family, &from, &mut last) {
                    Ok(next) => Ok(next),
                    Err(error) => match failure(error) {
                        EngineError::Corrupt(detail) => {
                            let tables = tables(db, keyspace)?;
                            let begin = last.as_deref().unwrap_or(&from).max(&*from);
                            let behind = behind(db, &family, begin, &tables);
                            damage.push(Damage {
                                keyspace: keyspace.clone(),
                                file: open::file_in(&self.path, &detail),
                                detail,
                            });
                            Ok(behind)
                        }
                        other => Err(other),
                    },
                }
            })?;
        }
        Ok(())
    }
}

/// The table files of `keyspace`.
fn tables(db: &Db, keyspace: &Keyspace) -> Result<Vec<LiveFile>, EngineError> {
    let mut tables = db.live_files().map_err(failure)?;
    tables.retain(|table| table.column_family_name == keyspace.name());
    Ok(tables)
}

fn cursor<'db>(db: &'db Db, family: &impl AsColumnFamilyRef) -> DBRawIteratorWithThreadMode<'db, Db> {
    let mut options: ReadOptions = options::reading();
    options.fill_cache(false);
    db.raw_iterator_cf_opt(family, options)
}

/// Reads on from `from`, and gives back where the next chunk begins.
fn chunk(
    db: &Db,
    family: &impl AsColumnFamilyRef,
    from: &[u8],
    last: &mut Option<Vec<u8>>,
) -> Result<Option<Vec<u8>>, rocksdb::Error> {
    let mut cursor = cursor(db, family);
    cursor.seek(from);
    let (mut rows, mut bytes) = (0, 0);
    while let Some((key, value)) = cursor.item() {
        if rows >= CHUNK_ROWS || bytes >= CHUNK_BYTES {
            return Ok(Some(key.to_vec()));
        }
        rows += 1;
        bytes += (key.len() + value.len()) as u64;
        *last = Some(key.to_vec());
        cursor.next();
    }
    cursor.status().map(|()| None)
}

/// The first key behind the damage that begins after `begin`. None if nothing behind it can be read, or is there.
fn behind(db: &Db, family: &impl AsColumnFamilyRef, begin: &[u8], tables: &[LiveFile]) -> Option<Vec<u8>> {
    let readable = |from: &[u8]| {
        let mut cursor = cursor(db, family);
        cursor.seek(from);
        cursor.status().is_ok().then(|| cursor.key().map(<[u8]>::to_vec))
    };
    // Behind the last key of all tables nothing is left that a table could spoil, unless a table cannot be looked into at all.
    let mut low = begin.to_vec();
    let mut high = tables.iter().filter_map(|table| table.end_key.clone()).max()?;
    high.push(0);
    let mut found = readable(&high)?;
    for _ in 0..STEPS {
        let middle = between(&low, &high);
        if middle <= low || middle >= high {
            break;
        }
        match readable(&middle) {
            Some(first) => (high, found) = (middle, first),
            None => low = middle,
        }
    }
    // Whoever begins again where it failed would not end.
    found.filter(|key| **key > *begin)
}

/// A key about halfway from `low` to `high`, as numbers behind a point.
fn between(low: &[u8], high: &[u8]) -> Vec<u8> {
    let length = low.len().max(high.len()) + 1;
    let digit = |bytes: &[u8], place: usize| u32::from(bytes.get(place).copied().unwrap_or_default());
    let mut sum = vec![0; length];
    let mut carry = 0;
    for (place, slot) in sum.iter_mut().enumerate().rev() {
        let digits = digit(low, place) + digit(high, place) + carry;
        (*slot, carry) = (digits % 256, digits / 256);
    }
    let mut rest = carry;
    let halves = sum.into_iter().map(|digits| {
        let whole = rest * 256 + digits;
        rest = whole % 2;
        u8::try_from(whole / 2).expect("half of two bytes' sum is a byte")
    });
    halves.collect()
}

#[cfg(test)]
mod tests {
    use std::{fs::File, os::unix::fs::FileExt};

    use plugin_core::store::{
        conformance::block_on as wait,
        engine::{Durability, Engine, Write},
    };

    use super::*;

    const ROWS: u64 = 3_000;

    fn key(n: u64) -> Vec<u8> {
        format!("a prefix that all of the keys have in common:{n:06}").into_bytes()
    }

    /// A store with two keyspaces of [`ROWS`] rows: one in a table, one in the log.
    fn filled() -> (tempfile::TempDir, RocksEngine, [Keyspace; 2]) {
        let folder = tempfile::tempdir().expect("a folder");
        let engine = RocksEngine::open(folder.path()).expect("a new store");
        let keyspaces = ["logged", "tabled"].map(Keyspace::of_plugin);
        for keyspace in &keyspaces {
            wait(engine.open(keyspace)).expect("a new keyspace");
            for n in (0..ROWS).step_by(500) {
                let value = |n: u64| n.to_le_bytes().repeat(100);
                let writes = (n..n + 500).map(|n| Write::put(key(n), value(n))).collect();
                wait(engine.commit(keyspace, writes, Durability::Relaxed)).expect("a put");
            }
        }
        engine.flush(&keyspaces[1]);
        (folder, engine, keyspaces)
    }

    #[test]
    fn what_is_whole_has_no_damage() {
        let (_folder, engine, _) = filled();
        assert_eq!(engine.verify().expect("it can be read"), []);
    }

    #[test]
    fn every_damaged_place_is_found_also_behind_another() {
        let (folder, engine, [_, tabled]) = filled();
        let table = engine.shared.place.with(|db| tables(db, &tabled)).expect("one table").remove(0);
        drop(engine);
        let path = folder.path().join("store").join(table.name.trim_start_matches('/'));
        let file = File::options().write(true).open(&path).expect("the table");
        for place in [table.size / 4, table.size / 2] {
            file.write_all_at(b"damage", place as u64).expect("written");
        }
        let engine = RocksEngine::open(folder.path()).expect("the damage is not where opening looks");
        let found = engine.verify().expect("what is damaged is told, not refused");
        assert_eq!(found.len(), 2, "{found:?}");
        for damage in &found {
            assert_eq!((&damage.keyspace, &damage.file), (&tabled, &Some(path.clone())));
        }
    }

    #[test]
    fn halves_lie_between() {
        for (low, high) in [(&b"a"[..], &b"b"[..]), (b"a\xff\xff", b"b"), (b"key:1", b"key:2\0")] {
            let middle = between(low, high);
            assert!(low < &*middle && &*middle < high, "{low:?} {middle:?} {high:?}");
        }
    }
}
