//! A place in a range that moves from row to row, in either direction.

use plugin_core::store::engine::{Direction, EngineError, Scan};
use rocksdb::{AsColumnFamilyRef, DBRawIteratorWithThreadMode, ReadOptions};

use super::{Db, failure};

/// The key and the value of a row.
type Pair<'r> = (&'r [u8], &'r [u8]);

/// A place in a range.
pub(super) struct Cursor<'a> {
    rows: DBRawIteratorWithThreadMode<'a, Db>,
    direction: Direction,
}

impl<'a> Cursor<'a> {
    /// At the first row of the range of `scan`, which must not be empty, in its direction.
    pub(super) fn over(db: &'a Db, family: &impl AsColumnFamilyRef, mut options: ReadOptions, scan: &Scan) -> Self {
        options.set_iterate_lower_bound(scan.range.start.clone());
        options.set_iterate_upper_bound(scan.range.end.clone());
        let mut rows = db.raw_iterator_cf_opt(family, options);
        match scan.direction {
            Direction::Forward => rows.seek_to_first(),
            Direction::Reverse => rows.seek_to_last(),
        }
        Self { rows, direction: scan.direction }
    }

    /// The row that it is at; none behind the last.
    pub(super) fn row(&self) -> Result<Option<Pair<'_>>, EngineError> {
        match self.rows.item() {
            Some(row) => Ok(Some(row)),
            None => self.rows.status().map(|()| None).map_err(failure),
        }
    }

    /// Moves on. Behind the last row it stays where it is.
    pub(super) fn advance(&mut self) {
        match self.direction {
            Direction::Forward => self.rows.next(),
            Direction::Reverse => self.rows.prev(),
        }
    }
}
