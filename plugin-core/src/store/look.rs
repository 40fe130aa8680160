//! Looking at documents one by one: within a budget, counting what it costs, and noticing fields that none of them has.

use std::sync::Arc;

use super::{
    codec::{CodecError, wire::Flaw},
    documents::Documents,
    error::StoreError,
    filter::Filter,
    index::Index,
    record::{Record, of_key},
    sort::{Sort, SortKey},
    value::Value,
    view::Undecoded,
};
use crate::clock::Timestamp;

/// The most documents that one call looks at besides those that it gives.
pub(super) const MAX_DOCUMENTS: usize = 10_000;
/// The most bytes of documents that one call looks at besides those that it gives, and the most that it gives; the document that crosses
/// it is the last.
pub(super) const MAX_BYTES: usize = 16 << 20;

/// How much one call may look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Budget {
    /// [`MAX_DOCUMENTS`] and [`MAX_BYTES`].
    OfACall,
    /// Everything there is.
    None,
}

/// What becomes of a document that cannot be read, and so matches nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// It ends the call.
    Error,
    /// It is counted, and the call goes on; where nothing need be known of documents it is one of them.
    PassedOver,
}

/// What a call looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Cost {
    /// Entries of indexes.
    pub(super) entries: usize,
    pub(super) documents: usize,
    /// Bytes of both.
    pub(super) bytes: usize,
}

impl Cost {
    /// Adds what was spent elsewhere.
    pub(super) fn add(&mut self, other: Self) {
        self.entries += other.entries;
        self.documents += other.documents;
        self.bytes += other.bytes;
    }

    /// That it was too much, what an index would need to have, and which fields no document has.
    pub(super) fn exceeded(self, wanted: Vec<String>, unknown_fields: Vec<String>) -> StoreError {
        let Self { documents, entries, bytes } = self;
        StoreError::BudgetExceeded { documents: documents.max(entries), bytes, wanted, unknown_fields }
    }
}

/// What a call keeps of what it looked at, because it is on the page, or will be as far as is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Kept {
    pub(super) rows: usize,
    pub(super) bytes: usize,
}

impl Kept {
    /// Adds a row of so many bytes.
    pub(super) fn add(&mut self, bytes: usize) {
        self.rows += 1;
        self.bytes += bytes;
    }

    /// All of them.
    pub(super) fn sum(all: impl IntoIterator<Item = Self>) -> Self {
        let add = |sum: Self, more: Self| Self { rows: sum.rows + more.rows, bytes: sum.bytes + more.bytes };
        all.into_iter().fold(Self::default(), add)
    }

    /// The same, where it is not more than that.
    pub(super) fn at_most(self, rows: usize, bytes: usize) -> Self {
        Self { rows: self.rows.min(rows), bytes: self.bytes.min(bytes) }
    }
}

/// The fields of a query that no document had, of those that were looked at.
#[derive(Debug, Clone, Default)]
pub(super) struct Unseen {
    fields: Vec<String>,
    documents: usize,
    passed_over: u64,
}

impl Unseen {
    /// The same, after more was looked at for the same query.
    pub(super) fn and(mut self, more: Self) -> Self {
        match (self.documents, more.documents) {
            (0, _) => return more,
            (_, 0) => {}
            _ => self.fields.retain(|field| more.fields.contains(field)),
        }
        self.documents += more.documents;
        self.passed_over += more.passed_over;
        self
    }

    /// Those of which it can be said.
    pub(super) fn told(&self) -> &[String] {
        match self.documents {
            0 => &[],
            // Who knows what those have.
            _ if self.passed_over > 0 => &[],
            _ => &self.fields,
        }
    }

    /// Warns of them.
    pub(super) fn warn(&self, of: &Documents) {
        if !self.told().is_empty() {
            tracing::warn!(
                keyspace = of.space.keyspace.name(),
                app = %of.app,
                fields = ?self.fields,
                documents = self.documents,
                "a query names fields that none of the documents it looked at has"
            );
        }
    }
}

/// The one who looks.
#[derive(Debug)]
pub(super) struct Looker<'a> {
    documents: &'a Documents,
    filter: &'a Filter,
    sort: &'a Sort,
    /// The fields of the query that no document had so far.
    unseen: Vec<&'a str>,
    /// Whether all that is shown matches.
    is_all: bool,
    now: Option<Timestamp>,
    unreadable: Unreadable,
    /// How many could not be read.
    pub(super) passed_over: u64,
    pub(super) cost: Cost,
    /// What of that is not held against the budget.
    pub(super) kept: Kept,
}

impl<'a> Looker<'a> {
    /// # Errors
    /// [`StoreError::Filter`].
    pub(super) fn new(documents: &'a Documents, filter: &'a Filter, sort: &'a Sort) -> Result<Self, StoreError> {
        if let Some(problem) = filter.problem() {
            return Err(problem.clone().into());
        }
        let mut unseen = filter.expected();
        for path in sort.paths() {
            if !unseen.contains(&path) {
                unseen.push(path);
            }
        }
        let (is_all, unreadable, cost, kept) = (filter.is_all(), Unreadable::Error, Cost::default(), Kept::default());
        Ok(Self { documents, filter, sort, unseen, is_all, now: None, unreadable, passed_over: 0, cost, kept })
    }

    /// The same with what becomes of what cannot be read.
    pub(super) fn with(self, unreadable: Unreadable) -> Self {
        Self { unreadable, ..self }
    }

    /// Whether documents need not be read to know that they match.
    pub(super) fn wants_nothing(&self) -> bool {
        self.is_all && self.unseen.is_empty()
    }

    /// Finds out whether a document can be read, where one that cannot is passed over: not only where somebody happens to look.
    fn try_to_read(&self, key: &str, record: &Record<'_>) -> Result<(), StoreError> {
        match self.unreadable == Unreadable::PassedOver && !self.asks_nothing() {
            true => of_key(key, record.value()).map(drop),
            false => Ok(()),
        }
    }

    /// Whether neither a filter nor an order asks what documents hold.
    fn asks_nothing(&self) -> bool {
        self.filter.is_all() && self.sort.paths().next().is_none()
    }

    /// Whoever asks knows that what is shown from now on matches, if it is there.
    pub(super) fn trust(&mut self) {
        self.is_all = true;
    }

    /// Begins to look anew, at whatever there is, and tells what it cost so far. What documents have it does not forget.
    pub(super) fn begin_anew(&mut self) -> Cost {
        self.is_all = self.filter.is_all();
        self.passed_over = 0;
        self.kept = Kept::default();
        std::mem::take(&mut self.cost)
    }

    /// Whether what expires at `expiry` still is there.
    #[inline]
    pub(super) fn is_live(&mut self, expiry: Option<u64>) -> bool {
        let Some(expiry) = expiry else { return true };
        let now = *self.now.get_or_insert_with(|| self.documents.now());
        super::record::millis(now) < expiry
    }

    /// Whether the document is there and matches.
    #[inline]
    pub(super) fn matches(&mut self, key: &str, bytes: &[u8]) -> Result<bool, StoreError> {
        match self.reads_and_matches(key, bytes) {
            Err(problem) => self.pass_over(problem).map(|()| self.asks_nothing()),
            matches => matches,
        }
    }

    /// Counts a document that cannot be read, where that is what becomes of it.
    #[cold]
    fn pass_over(&mut self, problem: StoreError) -> Result<(), StoreError> {
        match (self.unreadable, problem) {
            (Unreadable::PassedOver, StoreError::Codec { .. }) => {
                self.passed_over += u64::from(!self.asks_nothing());
                Ok(())
            }
            (_, problem) => Err(problem),
        }
    }

    #[inline]
    fn reads_and_matches(&mut self, key: &str, bytes: &[u8]) -> Result<bool, StoreError> {
        let documents = self.documents;
        let record = documents.record(key, bytes)?;
        if !self.is_live(record.expiry()) {
            return Ok(false);
        }
        self.try_to_read(key, &record)?;
        if self.is_all && self.unseen.is_empty() {
            return Ok(true);
        }
        match record.undecoded() {
            Some(stored) => of_key(key, self.passes_stored(stored).map_err(CodecError::from)),
            None => Ok(self.passes(&of_key(key, record.value())?)),
        }
    }

    /// What a document that is there and matches has in the fields to sort by.
    pub(super) fn sorted(&mut self, key: &str, bytes: &[u8]) -> Result<Option<SortKey>, StoreError> {
        match self.reads_and_sorts(key, bytes) {
            Err(problem) => self.pass_over(problem).map(|()| None),
            sorted => sorted,
        }
    }

    fn reads_and_sorts(&mut self, key: &str, bytes: &[u8]) -> Result<Option<SortKey>, StoreError> {
        let documents = self.documents;
        let record: Record<'_> = documents.record(key, bytes)?;
        if !self.is_live(record.expiry()) {
            return Ok(None);
        }
        self.try_to_read(key, &record)?;
        match record.undecoded() {
            Some(stored) => match of_key(key, self.passes_stored(stored).map_err(CodecError::from))? {
                true => of_key(key, self.sort.key_of_stored(stored)).map(Some),
                false => Ok(None),
            },
            None => {
                let value = of_key(key, record.value())?;
                Ok(self.passes(&value).then(|| self.sort.key_of(&value)))
            }
        }
    }

    #[inline]
    fn passes_stored(&mut self, stored: Undecoded<'_>) -> Result<bool, Flaw> {
        if !self.unseen.is_empty() {
            self.see(stored)?;
        }
        self.filter.matches_stored(stored)
    }

    /// Notes which fields a document has that none had so far.
    fn see(&mut self, stored: Undecoded<'_>) -> Result<(), Flaw> {
        let mut problem = Ok(());
        self.unseen.retain(|path| match stored.look(path.split('.')) {
            Ok(found) => found.is_none(),
            Err(flaw) => {
                problem = Err(flaw);
                true
            }
        });
        problem
    }

    /// Whether a value matches; notes which fields it has.
    pub(super) fn passes(&mut self, value: &Value) -> bool {
        self.unseen.retain(|path| value.at(path).is_none());
        self.filter.matches(value)
    }

    /// What is left of the budget, as documents and bytes.
    pub(super) fn left(&self, budget: Budget) -> Result<(usize, usize), StoreError> {
        match budget {
            Budget::None => Ok((usize::MAX, usize::MAX)),
            Budget::OfACall => {
                let Cost { entries, documents, bytes } = self.cost;
                let others = documents.max(entries).saturating_sub(self.kept.rows);
                let other_bytes = bytes.saturating_sub(self.kept.bytes);
                match (MAX_DOCUMENTS.saturating_sub(others), MAX_BYTES.saturating_sub(other_bytes)) {
                    (0, _) | (_, 0) => Err(self.exceeded()),
                    left => Ok(left),
                }
            }
        }
    }

    /// What ends a walk; what would help, whoever asked knows.
    #[cold]
    fn exceeded(&self) -> StoreError {
        self.cost.exceeded(Vec::new(), Vec::new())
    }

    /// The indexes of the documents.
    pub(super) fn indexes(&self) -> Arc<Vec<Arc<Index>>> {
        self.documents.space.indexes.all()
    }

    /// The fields of an index that would serve the query, in this order: those that are held to single values, then those that are sorted
    /// by, or one that is held to a range. None where no index would.
    pub(super) fn wanted(&self) -> Vec<String> {
        let demands = self.filter.demands();
        let (held, narrowed) = demands.servable();
        let sorted: Vec<&str> = self.sort.paths().collect();
        let mut wanted: Vec<String> =
            held.into_iter().filter(|path| !sorted.contains(path)).map(str::to_owned).collect();
        match sorted.is_empty() {
            true => wanted.extend(narrowed.first().map(|path| (*path).to_owned())),
            false => wanted.extend(self.sort.given()),
        }
        wanted
    }

    /// The fields of the query that no document had.
    pub(super) fn unseen(&self) -> Unseen {
        let fields = self.unseen.iter().map(|path| (*path).to_owned()).collect();
        Unseen { fields, documents: self.cost.documents, passed_over: self.passed_over }
    }
}
