//! Walks over documents, in the order of their keys or of an index, in chunks that are each read from a snapshot of their own.

use std::{
    collections::VecDeque,
    ops::{ControlFlow, Range},
};

use super::{
    documents::Documents,
    engine::{Direction, MAX_SCAN, Read, Row, Scan, Wanted},
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
}

/// What is walked over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Over {
    /// Documents.
    Documents(Wanted),
    /// Entries of an index.
    Entries(Wanted),
    /// Entries of an index, each with its document.
    Lookups,
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
        Self { from, ranges, direction, budget, chunk: chunk.min(MAX_SCAN) }
    }

    /// Shows each row to `visit`, until there are no more or it ends the walk.
    pub(super) async fn each(
        mut self,
        over: Over,
        looker: &mut Looker<'_>,
        mut visit: impl FnMut(&mut Looker<'_>, Row<'_>) -> Result<ControlFlow<()>, StoreError> + Send,
    ) -> Result<(), StoreError> {
        let mut next = self.next();
        while let Some(range) = next {
            let read = self.read(over, range, looker)?;
            let (mut shown, mut step, mut problem) = (0, ControlFlow::Continue(()), None);
            let mut show = |row: Row<'_>| {
                shown += 1;
                looker.cost.bytes += row.size();
                step = visit(looker, row).unwrap_or_else(|error| {
                    problem = Some(error);
                    ControlFlow::Break(())
                });
                step
            };
            let rest = self.from.space.walk(&read, &mut show).await?;
            over.count(shown, looker);
            problem.map_or(Ok(()), Err)?;
            if step.is_break() {
                break;
            }
            self.go_on_with(rest);
            next = self.next();
            if next.is_some() {
                // Other work on this thread has its turn between two chunks.
                tokio::task::yield_now().await;
            }
        }
        Ok(())
    }

    /// The question for the next chunk.
    fn read(&mut self, over: Over, range: Range<Vec<u8>>, looker: &Looker<'_>) -> Result<Read, StoreError> {
        let (rows, bytes) = looker.left(self.budget)?;
        let (limit, bytes) = (self.chunk.min(rows), CHUNK_BYTES.min(bytes));
        self.chunk = MAX_SCAN;
        let scan = |wanted| Scan { range, limit, bytes, direction: self.direction, wanted };
        Ok(match over {
            Over::Documents(wanted) | Over::Entries(wanted) => Read::Scan(scan(wanted)),
            Over::Lookups => Read::Lookup(scan(Wanted::Entries)),
        })
    }

    /// Takes the next range.
    fn next(&mut self) -> Option<Range<Vec<u8>>> {
        match self.direction {
            Direction::Forward => self.ranges.pop_front(),
            Direction::Reverse => self.ranges.pop_back(),
        }
    }

    /// Puts back what is left of the range that was taken.
    fn go_on_with(&mut self, rest: Option<Range<Vec<u8>>>) {
        let Some(rest) = rest else { return };
        match self.direction {
            Direction::Forward => self.ranges.push_front(rest),
            Direction::Reverse => self.ranges.push_back(rest),
        }
    }
}

impl Over {
    /// Adds what was shown to what the call cost.
    fn count(self, shown: usize, looker: &mut Looker<'_>) {
        let (entries, documents) = match self {
            Self::Documents(_) => (0, shown),
            Self::Entries(_) => (shown, 0),
            Self::Lookups => (shown, shown),
        };
        looker.cost.entries += entries;
        looker.cost.documents += documents;
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
