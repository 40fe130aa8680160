//! Walks over documents in chunks, each read from a snapshot of its own, within a budget.

use std::ops::Range;

use super::{
    documents::Documents,
    engine::{Direction, MAX_SCAN, Scan, Wanted},
    error::StoreError,
    filter::Filter,
    key,
    sort::Sort,
    value::Value,
};

/// The most documents that one call looks at.
pub(super) const MAX_DOCUMENTS: usize = 10_000;
/// The most bytes of documents that one call looks at; the document that crosses it is the last.
pub(super) const MAX_BYTES: usize = 16 << 20;
/// The bytes of a chunk, about.
const CHUNK_BYTES: usize = 1 << 20;

/// What a walk is for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Query<'a> {
    pub(super) filter: &'a Filter,
    pub(super) sort: &'a Sort,
}

/// A walk over the documents under a prefix, in the order of their keys.
#[derive(Debug)]
pub(super) struct Walk<'a> {
    from: &'a Documents,
    query: Query<'a>,
    /// What is left to walk; `None` at the end.
    left: Option<Range<Vec<u8>>>,
    wanted: Wanted,
    /// How many documents the next chunk has at most.
    chunk: usize,
    documents: usize,
    bytes: usize,
    /// The fields of the query that no document had so far.
    unseen: Vec<&'a str>,
}

/// Some documents, and whether others follow.
#[derive(Debug)]
pub(super) struct Chunk {
    /// Keys as the plugin gave them, and bytes.
    pub(super) documents: Vec<(String, Vec<u8>)>,
    pub(super) more: bool,
}

impl<'a> Walk<'a> {
    /// Those under `prefix` that come after the key `after`. The first chunk has `chunk` documents: what the caller hopes
    /// to need.
    pub(super) fn under(
        from: &'a Documents,
        query: Query<'a>,
        prefix: &str,
        after: Option<&str>,
        chunk: usize,
    ) -> Result<Self, StoreError> {
        if let Some(problem) = query.filter.problem() {
            return Err(problem.clone().into());
        }
        let expected = query.filter.expected();
        let mut unseen = expected.clone();
        unseen.extend(query.sort.paths().filter(|path| !expected.contains(path)));
        let wanted = if unseen.is_empty() && query.filter.is_all() { Wanted::Keys } else { Wanted::Entries };
        let left = Some(range(from, prefix, after));
        Ok(Self { from, query, left, wanted, chunk: chunk.min(MAX_SCAN), documents: 0, bytes: 0, unseen })
    }

    /// Reads values even where the query asks for none.
    pub(super) fn with_values(mut self) -> Self {
        self.wanted = Wanted::Entries;
        self
    }

    /// The next documents; `None` when there are no more.
    pub(super) async fn next(&mut self) -> Result<Option<Chunk>, StoreError> {
        let Some(range) = self.left.take() else { return Ok(None) };
        if self.documents >= MAX_DOCUMENTS || self.bytes >= MAX_BYTES {
            return Err(self.exceeded());
        }
        if self.documents > 0 {
            // Other work on this thread has its turn between two chunks.
            tokio::task::yield_now().await;
        }
        let end = range.end.clone();
        let scan = Scan {
            range,
            limit: self.chunk.min(MAX_DOCUMENTS - self.documents),
            bytes: CHUNK_BYTES.min(MAX_BYTES - self.bytes),
            direction: Direction::Forward,
            wanted: self.wanted,
        };
        let found = self.from.scan(scan).await?;
        self.chunk = MAX_SCAN;
        self.documents += found.rows.len();
        self.bytes += found.rows.iter().map(|(key, value)| key.len() + value.len()).sum::<usize>();
        if let (true, Some((last, _))) = (found.more, found.rows.last()) {
            self.left = Some(after_key(last)..end);
        }
        let documents = found.rows.into_iter().filter_map(|(key, value)| {
            let (_, key) = key::parse_document(&key)?;
            Some((key.to_owned(), value))
        });
        Ok(Some(Chunk { documents: documents.collect(), more: found.more }))
    }

    /// Whether `document` matches; notes which fields it has.
    pub(super) fn matches(&mut self, document: &Value) -> bool {
        self.unseen.retain(|path| document.at(path).is_none());
        self.query.filter.matches(document)
    }

    /// Warns of fields that no document had.
    pub(super) fn finish(self) {
        if self.documents > 0 && !self.unseen.is_empty() {
            tracing::warn!(
                keyspace = self.from.keyspace.name(),
                app = %self.from.app,
                fields = ?self.unseen,
                documents = self.documents,
                "a query names fields that none of the documents it looked at has"
            );
        }
    }

    fn exceeded(&self) -> StoreError {
        let sorted: Vec<&str> = self.query.sort.paths().collect();
        let compared = self.query.filter.fields().into_iter().filter(|path| !sorted.contains(path));
        let mut wanted: Vec<String> = compared.map(str::to_owned).collect();
        wanted.extend(self.query.sort.given());
        StoreError::BudgetExceeded { documents: self.documents, bytes: self.bytes, wanted }
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
fn after_key(key: &[u8]) -> Vec<u8> {
    [key, &[0]].concat()
}
