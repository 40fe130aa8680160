//! Walks over documents, in the order of their keys or of an index, in chunks that are each read from a snapshot of their own.

use std::{collections::VecDeque, ops::Range};

use super::{
    documents::Documents,
    engine::{Direction, Entries, Found, MAX_SCAN, Scan, Wanted},
    error::StoreError,
    key,
    look::{Budget, Looker},
};

/// The bytes of a chunk, about.
const CHUNK_BYTES: usize = 1 << 20;

/// A walk over some ranges, one after another.
#[derive(Debug)]
pub(super) struct Walk<'a> {
    from: &'a Documents,
    /// What is left to walk.
    ranges: VecDeque<Range<Vec<u8>>>,
    direction: Direction,
    budget: Budget,
    /// How many rows the next chunk has at most.
    chunk: usize,
    has_begun: bool,
}

impl<'a> Walk<'a> {
    /// Over `ranges`, which are in the order of their keys and do not overlap. The first chunk has `chunk` rows: what the caller hopes to
    /// need.
    pub(super) fn over(
        from: &'a Documents,
        ranges: impl IntoIterator<Item = Range<Vec<u8>>>,
        direction: Direction,
        (budget, chunk): (Budget, usize),
    ) -> Self {
        let ranges = ranges.into_iter().filter(|range| range.start < range.end).collect();
        Self { from, ranges, direction, budget, chunk: chunk.min(MAX_SCAN), has_begun: false }
    }

    /// The next documents; `None` when there are no more.
    pub(super) async fn documents(
        &mut self,
        looker: &mut Looker<'_>,
        wanted: Wanted,
    ) -> Result<Option<Entries>, StoreError> {
        let Some(scan) = self.scan(looker, wanted).await? else { return Ok(None) };
        let found = self.from.space.scan(scan).await?;
        looker.cost.documents += found.len();
        looker.cost.bytes += found.size();
        self.went(&found);
        Ok(Some(found))
    }

    /// The next entries of an index.
    pub(super) async fn entries(
        &mut self,
        looker: &mut Looker<'_>,
        wanted: Wanted,
    ) -> Result<Option<Entries>, StoreError> {
        let Some(scan) = self.scan(looker, wanted).await? else { return Ok(None) };
        let found = self.from.space.scan(scan).await?;
        looker.cost.entries += found.len();
        looker.cost.bytes += found.size();
        self.went(&found);
        Ok(Some(found))
    }

    /// The next entries of an index, with their documents.
    pub(super) async fn lookup(&mut self, looker: &mut Looker<'_>) -> Result<Option<Found>, StoreError> {
        let Some(scan) = self.scan(looker, Wanted::Entries).await? else { return Ok(None) };
        let found = self.from.space.lookup(scan).await?;
        looker.cost.entries += found.entries.len();
        looker.cost.documents += found.entries.len();
        looker.cost.bytes += found.size();
        self.went(&found.entries);
        Ok(Some(found))
    }

    async fn scan(&mut self, looker: &Looker<'_>, wanted: Wanted) -> Result<Option<Scan>, StoreError> {
        let next = match self.direction {
            Direction::Forward => self.ranges.front(),
            Direction::Reverse => self.ranges.back(),
        };
        let Some(range) = next.cloned() else { return Ok(None) };
        let (rows, bytes) = looker.left(self.budget)?;
        if std::mem::replace(&mut self.has_begun, true) {
            // Other work on this thread has its turn between two chunks.
            tokio::task::yield_now().await;
        }
        let (limit, bytes) = (self.chunk.min(rows), CHUNK_BYTES.min(bytes));
        self.chunk = MAX_SCAN;
        Ok(Some(Scan { range, limit, bytes, direction: self.direction, wanted }))
    }

    /// Leaves behind what was found.
    fn went(&mut self, found: &Entries) {
        let last = found.last().filter(|_| found.more).map(|(key, _)| key);
        match (self.direction, last) {
            (Direction::Forward, None) => drop(self.ranges.pop_front()),
            (Direction::Reverse, None) => drop(self.ranges.pop_back()),
            (Direction::Forward, Some(last)) => {
                if let Some(range) = self.ranges.front_mut() {
                    range.start = after_key(last);
                }
            }
            (Direction::Reverse, Some(last)) => {
                if let Some(range) = self.ranges.back_mut() {
                    range.end = last.to_vec();
                }
            }
        }
    }
}

/// The keys of the documents under `prefix` that come after the key `after`.
pub(super) fn range(from: &Documents, prefix: &str, after: Option<&str>) -> Range<Vec<u8>> {
    let mut range = key::document(&from.app, prefix).range();
    if let Some(after) = after {
        range.start = range.start.max(after_key(&key::document(&from.app, after).into_bytes()));
    }
    range
}

/// The first key that can come after `key`.
pub(super) fn after_key(key: &[u8]) -> Vec<u8> {
    [key, &[0]].concat()
}
