//! Reads, on the thread that asks for them: they take microseconds, and handing them to another thread takes ten times that.

use std::{
    ops::{ControlFlow, Range},
    sync::Arc,
};

use plugin_core::store::engine::{
    EngineError, Entries, Found, Got, Keyspace, Read, Row, Scan, Shown, Visitor, Wanted, check_reads, pointer, walked,
};
use rocksdb::{AsColumnFamilyRef, BoundColumnFamily, DBPinnableSlice, ReadOptions, SnapshotWithThreadMode};

use super::{Db, cursor::Cursor, failure, options, place::Shared};

/// How many rows that entries point to are asked for at once: as many as RocksDB takes together.
const BATCH: usize = 32;

/// The column family that stands for a keyspace, or why there is none.
pub(super) type FamilyOf = for<'db> fn(&'db Db, &Keyspace) -> Result<Arc<BoundColumnFamily<'db>>, EngineError>;

/// What an engine answers, whichever of the two it is.
impl Shared {
    pub(super) async fn read(
        &self,
        family: FamilyOf,
        keyspace: &Keyspace,
        reads: &[Read],
    ) -> Result<Vec<Got>, EngineError> {
        check_reads(reads)?;
        self.place.when_open(|db| all(db, &family(db, keyspace)?, reads)).await
    }

    pub(super) async fn walk(
        &self,
        family: FamilyOf,
        keyspace: &Keyspace,
        read: &Read,
        visit: &mut Visitor<'_>,
    ) -> Result<Option<Range<Vec<u8>>>, EngineError> {
        check_reads(std::slice::from_ref(read))?;
        self.place.when_open(|db| walk(db, &family(db, keyspace)?, read, visit)).await
    }

    pub(super) async fn show(
        &self,
        family: FamilyOf,
        keyspace: &Keyspace,
        key: &[u8],
        show: &mut Shown<'_>,
    ) -> Result<(), EngineError> {
        self.place.when_open(|db| look(db, &family(db, keyspace)?, &self.reading, key, show)).await
    }
}

/// Shows the value of one key to `show`.
fn look(
    db: &Db,
    family: &impl AsColumnFamilyRef,
    options: &ReadOptions,
    key: &[u8],
    show: &mut Shown<'_>,
) -> Result<(), EngineError> {
    let pinned = db.get_pinned_cf_opt(family, key, options).map_err(failure)?;
    show(pinned.as_deref());
    Ok(())
}

/// Answers all of `reads` as of one moment.
fn all(db: &Db, family: &impl AsColumnFamilyRef, reads: &[Read]) -> Result<Vec<Got>, EngineError> {
    let view = View::of(db, family, reads);
    reads.iter().map(|read| view.answer(read)).collect()
}

/// Shows the rows of a range to `visit`; gives back what is left of it.
fn walk(
    db: &Db,
    family: &impl AsColumnFamilyRef,
    read: &Read,
    visit: &mut Visitor<'_>,
) -> Result<Option<Range<Vec<u8>>>, EngineError> {
    let view = View::of(db, family, std::slice::from_ref(read));
    match read {
        Read::Lookup(scan) => view.lookup(scan, visit),
        other => view.scan(walked(other)?, visit),
    }
}

/// What is there at one moment.
struct View<'a, F> {
    db: &'a Db,
    family: &'a F,
    snapshot: Option<SnapshotWithThreadMode<'a, Db>>,
}

impl<'a, F: AsColumnFamilyRef> View<'a, F> {
    fn of(db: &'a Db, family: &'a F, reads: &[Read]) -> Self {
        // One key or one range is a moment of its own.
        let snapshot = match reads {
            [Read::Get(_) | Read::Scan(_)] => None,
            _ => Some(db.snapshot()),
        };
        Self { db, family, snapshot }
    }

    /// Of reads as of this moment, which have no bounds.
    fn options(&self) -> ReadOptions {
        let mut options = options::reading();
        if let Some(snapshot) = &self.snapshot {
            options.set_snapshot(snapshot);
        }
        options
    }

    fn answer(&self, read: &Read) -> Result<Got, EngineError> {
        match read {
            Read::Get(key) => self.get(key, &self.options()).map(Got::Value),
            Read::MultiGet(keys) => {
                let options = self.options();
                keys.iter().map(|key| self.get(key, &options)).collect::<Result<_, _>>().map(Got::Values)
            }
            Read::Scan(scan) => {
                let mut entries = Entries::default();
                let rest = self.scan(scan, &mut |row| {
                    entries.push(row.key, row.value);
                    ControlFlow::Continue(())
                })?;
                entries.more = rest.is_some();
                Ok(Got::Entries(entries))
            }
            Read::Lookup(scan) => {
                let mut found = Found::default();
                let rest = self.lookup(scan, &mut |row| {
                    found.push(row.key, row.value, row.pointed);
                    ControlFlow::Continue(())
                })?;
                found.entries.more = rest.is_some();
                Ok(Got::Found(found))
            }
        }
    }

    fn get(&self, key: &[u8], options: &ReadOptions) -> Result<Option<Vec<u8>>, EngineError> {
        let mut value = None;
        look(self.db, self.family, options, key, &mut |found| value = found.map(<[u8]>::to_vec))?;
        Ok(value)
    }

    fn cursor(&self, scan: &Scan) -> Cursor<'a> {
        Cursor::over(self.db, self.family, self.options(), scan)
    }

    fn scan(&self, scan: &Scan, visit: &mut Visitor<'_>) -> Result<Option<Range<Vec<u8>>>, EngineError> {
        if scan.range.start >= scan.range.end {
            return Ok(None);
        }
        let mut cursor = self.cursor(scan);
        let mut left = Left::of(scan);
        while let Some((key, value)) = cursor.row()? {
            if left.is_over() {
                return Ok(Some(scan.from(key)));
            }
            let value = if scan.wanted == Wanted::Entries { value } else { &[] };
            let row = Row { key, value, pointed: None };
            left.take(&row);
            if visit(row).is_break() {
                return Ok(Some(scan.behind(key)));
            }
            cursor.advance();
        }
        Ok(None)
    }

    /// The entries are copied a batch at a time, so that what they point to is found together.
    fn lookup(&self, scan: &Scan, visit: &mut Visitor<'_>) -> Result<Option<Range<Vec<u8>>>, EngineError> {
        if scan.range.start >= scan.range.end {
            return Ok(None);
        }
        let (mut cursor, options) = (self.cursor(scan), self.options());
        let mut left = Left::of(scan);
        loop {
            let mut entries = Entries::default();
            while entries.len() < BATCH.min(left.rows)
                && let Some((key, value)) = cursor.row()?
            {
                entries.push(key, value);
                cursor.advance();
            }
            if entries.is_empty() {
                return Ok(cursor.row()?.map(|(key, _)| scan.from(key)));
            }
            for ((key, value), pointed) in entries.iter().zip(self.pointed(&entries, &options)?) {
                if left.is_over() {
                    return Ok(Some(scan.from(key)));
                }
                let row = Row { key, value, pointed: pointed.as_deref() };
                left.take(&row);
                if visit(row).is_break() {
                    return Ok(Some(scan.behind(key)));
                }
            }
        }
    }

    /// The rows that entries point to.
    fn pointed(
        &self,
        entries: &Entries,
        options: &ReadOptions,
    ) -> Result<Vec<Option<DBPinnableSlice<'a>>>, EngineError> {
        let keys: Vec<Option<&[u8]>> = entries.iter().map(|(_, value)| pointer(value).map(|(key, _)| key)).collect();
        let there: Vec<&[u8]> = keys.iter().copied().flatten().collect();
        let mut found =
            self.db.batched_multi_get_cf_opt(self.family, there.iter().copied(), there.is_sorted(), options);
        let mut found = found.drain(..);
        let one = |key: Option<&[u8]>| match key {
            Some(_) => found.next().unwrap_or(Ok(None)).map_err(failure),
            None => Ok(None),
        };
        keys.into_iter().map(one).collect()
    }
}

/// How much of a scan's limits is left.
struct Left {
    rows: usize,
    bytes: usize,
    has_begun: bool,
}

impl Left {
    fn of(scan: &Scan) -> Self {
        Self { rows: scan.limit, bytes: scan.bytes, has_begun: false }
    }

    /// Whether no more rows are to be given. One always is.
    fn is_over(&self) -> bool {
        self.rows == 0 || self.bytes == 0 && self.has_begun
    }

    fn take(&mut self, row: &Row<'_>) {
        self.rows -= 1;
        self.bytes = self.bytes.saturating_sub(row.size());
        self.has_begun = true;
    }
}
