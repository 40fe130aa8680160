//! Reads, on the thread that asks for them: they take microseconds, and handing them to another thread takes ten times that.

use plugin_core::store::engine::{Direction, EngineError, Entries, Found, Got, Read, Scan, Wanted, pointer};
use rocksdb::{AsColumnFamilyRef, ReadOptions, SnapshotWithThreadMode};

use super::{Db, failure, options};

/// The value of one key.
pub(super) fn one(
    db: &Db,
    family: &impl AsColumnFamilyRef,
    options: &ReadOptions,
    key: &[u8],
) -> Result<Option<Vec<u8>>, EngineError> {
    let pinned = db.get_pinned_cf_opt(family, key, options).map_err(failure)?;
    Ok(pinned.map(|value| value.to_vec()))
}

/// Answers all of `reads` as of one moment.
pub(super) fn all(db: &Db, family: &impl AsColumnFamilyRef, reads: &[Read]) -> Result<Vec<Got>, EngineError> {
    // One key or one range is a moment of its own.
    let snapshot = match reads {
        [Read::Get(_) | Read::Scan(_)] => None,
        _ => Some(db.snapshot()),
    };
    let view = View { db, family, options: options(snapshot.as_ref()), snapshot };
    reads.iter().map(|read| view.answer(read)).collect()
}

fn options(snapshot: Option<&SnapshotWithThreadMode<'_, Db>>) -> ReadOptions {
    let mut options = options::reading();
    if let Some(snapshot) = snapshot {
        options.set_snapshot(snapshot);
    }
    options
}

struct View<'a, F> {
    db: &'a Db,
    family: &'a F,
    /// Of reads that have no bounds.
    options: ReadOptions,
    snapshot: Option<SnapshotWithThreadMode<'a, Db>>,
}

impl<F: AsColumnFamilyRef> View<'_, F> {
    fn answer(&self, read: &Read) -> Result<Got, EngineError> {
        match read {
            Read::Get(key) => self.get(key).map(Got::Value),
            Read::MultiGet(keys) => keys.iter().map(|key| self.get(key)).collect::<Result<_, _>>().map(Got::Values),
            Read::Scan(scan) => self.scan(scan).map(Got::Entries),
            Read::Lookup(scan) => self.lookup(scan).map(Got::Found),
        }
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        one(self.db, self.family, &self.options, key)
    }

    fn scan(&self, scan: &Scan) -> Result<Entries, EngineError> {
        let mut entries = Entries::default();
        entries.more = self.walk(scan, |key, value| {
            let value = if scan.wanted == Wanted::Entries { value } else { &[] };
            entries.push(key, value);
            Ok(key.len() + value.len())
        })?;
        Ok(entries)
    }

    fn lookup(&self, scan: &Scan) -> Result<Found, EngineError> {
        let mut found = Found::default();
        found.entries.more = self.walk(scan, |key, value| {
            let row = match pointer(value) {
                Some((key, _)) => self.db.get_pinned_cf_opt(self.family, key, &self.options).map_err(failure)?,
                None => None,
            };
            found.push(key, value, row.as_deref());
            Ok(key.len() + value.len() + row.map_or(0, |row| row.len()))
        })?;
        Ok(found)
    }

    /// Gives the entries of a range to `take`, which tells how many bytes it took of each; whether there are more than were given.
    fn walk(
        &self,
        scan: &Scan,
        mut take: impl FnMut(&[u8], &[u8]) -> Result<usize, EngineError>,
    ) -> Result<bool, EngineError> {
        if scan.range.start >= scan.range.end {
            return Ok(false);
        }
        let mut options = options(self.snapshot.as_ref());
        options.set_iterate_lower_bound(scan.range.start.clone());
        options.set_iterate_upper_bound(scan.range.end.clone());
        let mut cursor = self.db.raw_iterator_cf_opt(self.family, options);
        match scan.direction {
            Direction::Forward => cursor.seek_to_first(),
            Direction::Reverse => cursor.seek_to_last(),
        }
        let (mut taken, mut bytes) = (0, 0);
        while let Some((key, value)) = cursor.item() {
            if taken >= scan.limit || bytes >= scan.bytes && taken > 0 {
                return Ok(true);
            }
            bytes += take(key, value)?;
            taken += 1;
            match scan.direction {
                Direction::Forward => cursor.next(),
                Direction::Reverse => cursor.prev(),
            }
        }
        cursor.status().map_err(failure)?;
        Ok(false)
    }
}
