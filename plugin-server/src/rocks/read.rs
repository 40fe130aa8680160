//! Reads, on the thread that asks for them: they take microseconds, and handing them to another thread takes ten times that.

use plugin_core::store::engine::{Direction, EngineError, Entries, Got, Read, Scan, Wanted};
use rocksdb::{AsColumnFamilyRef, DBRawIteratorWithThreadMode, ReadOptions, SnapshotWithThreadMode};

use super::{Db, failure, options};

/// Answers all of `reads` as of one moment.
pub(super) fn all(db: &Db, family: &impl AsColumnFamilyRef, reads: &[Read]) -> Result<Vec<Got>, EngineError> {
    // One key or one range is a moment of its own.
    let snapshot = match reads {
        [Read::Get(_) | Read::Scan(_)] => None,
        _ => Some(db.snapshot()),
    };
    let view = View { db, family, snapshot };
    reads.iter().map(|read| view.answer(read)).collect()
}

struct View<'a, F> {
    db: &'a Db,
    family: &'a F,
    snapshot: Option<SnapshotWithThreadMode<'a, Db>>,
}

impl<F: AsColumnFamilyRef> View<'_, F> {
    fn answer(&self, read: &Read) -> Result<Got, EngineError> {
        match read {
            Read::Get(key) => self.get(key).map(Got::Value),
            Read::MultiGet(keys) => keys.iter().map(|key| self.get(key)).collect::<Result<_, _>>().map(Got::Values),
            Read::Scan(scan) => self.scan(scan).map(Got::Entries),
        }
    }

    fn options(&self) -> ReadOptions {
        let mut options = options::reading();
        if let Some(snapshot) = &self.snapshot {
            options.set_snapshot(snapshot);
        }
        options
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        let pinned = self.db.get_pinned_cf_opt(self.family, key, &self.options()).map_err(failure)?;
        Ok(pinned.map(|value| value.to_vec()))
    }

    fn scan(&self, scan: &Scan) -> Result<Entries, EngineError> {
        if scan.range.start >= scan.range.end {
            return Ok(Entries::default());
        }
        let mut options = self.options();
        options.set_iterate_lower_bound(scan.range.start.clone());
        options.set_iterate_upper_bound(scan.range.end.clone());
        let mut cursor = self.db.raw_iterator_cf_opt(self.family, options);
        match scan.direction {
            Direction::Forward => cursor.seek_to_first(),
            Direction::Reverse => cursor.seek_to_last(),
        }
        let entries = collect(&mut cursor, scan);
        cursor.status().map_err(failure)?;
        Ok(entries)
    }
}

fn collect(cursor: &mut DBRawIteratorWithThreadMode<'_, Db>, scan: &Scan) -> Entries {
    let mut entries = Entries::default();
    let mut bytes = 0;
    while let Some((key, value)) = cursor.item() {
        if entries.rows.len() >= scan.limit || bytes >= scan.bytes && !entries.rows.is_empty() {
            entries.more = true;
            break;
        }
        let value = match scan.wanted {
            Wanted::Entries => value.to_vec(),
            Wanted::Keys => Vec::new(),
        };
        bytes += key.len() + value.len();
        entries.rows.push((key.to_vec(), value));
        match scan.direction {
            Direction::Forward => cursor.next(),
            Direction::Reverse => cursor.prev(),
        }
    }
    entries
}
