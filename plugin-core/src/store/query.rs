//! `find`, `count` and `keys`: questions over many documents, put together and then awaited.

use std::{
    future::{Future, IntoFuture},
    marker::PhantomData,
    ops::ControlFlow,
    pin::Pin,
};

use serde::de::DeserializeOwned;

use super::{
    cursor::{Cursor, Place},
    documents::Documents,
    engine::{Direction, MAX_SCAN, Row, Wanted},
    error::StoreError,
    explain::{Explain, Report, Way},
    filter::Filter,
    key,
    look::{Budget, Looker},
    page::{Entry, Page, Revision},
    plan::{self, Plan, Question},
    record::of_key,
    rows::Rows,
    search::{Found, Search, Taken},
    select::Select,
    shown::Listing,
    sort::Sort,
    walk::{Over, Walk, range},
};

/// The largest page.
pub const MAX_PAGE: usize = MAX_SCAN;
/// How many documents `find` gives where nobody says how many.
pub const DEFAULT_PAGE: usize = 100;

type Answer<T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send>>;

pub(super) fn page_size(given: usize) -> Result<usize, StoreError> {
    match given {
        1..=MAX_PAGE => Ok(given),
        given => Err(StoreError::PageSize { given, limit: MAX_PAGE }),
    }
}

/// A search for documents: [`Db::find`](super::Db::find). Await it.
///
/// It uses the index that serves the filter and the order best. Without one it looks at every document of the plugin in this app, or
/// under a key prefix, within a budget of 10,000 documents or 16 MiB; so it does, with a budget anew, where what an index names is beyond
/// the budget and no order is asked for. In the order of keys, or of an index, what it gives is not held against the budget: only what it
/// looks at besides. An index changes how long it takes, never what is found, nor in which order. A field that no document has is a warning in the log, unless it is asked to be missing: it may be misspelled.
#[derive(Debug)]
#[must_use = "a search does nothing until it is awaited"]
pub struct Find<T> {
    search: Search,
    of: PhantomData<fn() -> T>,
}

impl<T> Find<T> {
    pub(super) fn new(documents: Documents, filter: Filter) -> Self {
        Self { search: Search::new(documents, filter), of: PhantomData }
    }

    /// Sorts by the field at `path`, descending with a `-` before it. Further ones decide where those before are equal, and the
    /// key at last. A missing field comes before null.
    pub fn sort(mut self, path: &str) -> Self {
        self.search.sort.push(path.into());
        self
    }

    /// Gives at most `limit` documents, 1 to 1,000. It is the most, no promise: a page ends early once its documents have 16 MiB, and then
    /// has a `next`.
    pub fn limit(mut self, limit: usize) -> Self {
        self.search.limit = limit;
        self
    }

    /// Goes on where a page ended.
    pub fn after(mut self, cursor: impl Into<Option<Cursor>>) -> Self {
        self.search.after = cursor.into();
        self
    }

    /// Looks only at documents whose key begins with `prefix`. Indexes of such documents serve only questions that say so.
    pub fn under(mut self, prefix: &str) -> Self {
        self.search.under = prefix.into();
        self
    }

    /// Gives these fields alone, by their paths: where an index has all that is asked, no document is read. `P` is an object of them. What
    /// is read counts for the 16 MiB of a page: the fields that an index has, or else the whole document.
    pub fn select<P>(self, paths: impl IntoIterator<Item = impl Into<String>>) -> Select<P> {
        let selected = Some(paths.into_iter().map(Into::into).collect());
        Select::new(Search { selected, ..self.search }, |key| key)
    }

    /// Goes through all documents that match, however many, without keeping more than a page of them, 16 MiB and one document: for exports.
    ///
    /// The limit is the size of the pages. Sorted, it wants an index that has the order.
    pub fn iter(self) -> Rows<T>
    where
        T: DeserializeOwned + Send,
    {
        Rows::new(self.search, entry)
    }

    /// The same question, of people.
    pub fn listed(self) -> Listing {
        Listing::of(self.search)
    }

    /// Asks the question, and tells how the answer was come by.
    ///
    /// # Errors
    /// As the question itself, but for documents that are found and are not of its type, and for the budget: that it ended the question is told.
    pub async fn explain(self) -> Result<Explain, StoreError> {
        self.search.explain().await
    }
}

impl<T: DeserializeOwned + Send + 'static> IntoFuture for Find<T> {
    type Output = Result<Page<Entry<T>>, StoreError>;
    type IntoFuture = Answer<Page<Entry<T>>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let documents = &self.search.documents;
            let mut taken = Taken::by(|key, found| entry(documents, key, found), self.search.room());
            let (next, _) = self.search.run(&mut taken).await?;
            Ok(Page { items: taken.items, next })
        })
    }
}

/// A document as a `T`.
pub(super) fn entry<T: DeserializeOwned>(
    documents: &Documents,
    key: &str,
    found: Found<'_>,
) -> Result<Entry<T>, StoreError> {
    let record = documents.record(key, found.stored()?)?;
    Ok(Entry { value: of_key(key, record.read())?, revision: Revision(record.head()), key: key.into() })
}

/// A count of documents: [`Db::count`](super::Db::count). Await it.
///
/// Where an index has all that is asked, or everything is, keys are counted, however many there are. Otherwise it looks at documents within the budget
/// of [`Find`].
#[derive(Debug)]
#[must_use = "a count does nothing until it is awaited"]
pub struct Count {
    documents: Documents,
    filter: Filter,
    under: String,
}

impl Count {
    pub(super) fn new(documents: Documents, filter: Filter) -> Self {
        Self { documents, filter, under: String::new() }
    }

    /// Counts only documents whose key begins with `prefix`.
    pub fn under(mut self, prefix: &str) -> Self {
        self.under = prefix.into();
        self
    }

    /// Counts, and tells how.
    ///
    /// # Errors
    /// As the count itself, but for the budget: that it ended the count is told.
    pub async fn explain(self) -> Result<Explain, StoreError> {
        self.run().await.map(Explain::from)
    }

    async fn run(self) -> Result<Report, StoreError> {
        let Self { documents, filter, under } = &self;
        let unsorted = Sort::of(&[])?;
        let indexes = documents.space.indexes.all();
        let plan = plan::best(&indexes, Question { app: &documents.app, filter, sort: &unsorted, under });
        let mut looker = Looker::new(documents, filter, &unsorted)?;
        let (count, way) = match &plan {
            Some(plan) if plan.is_exact => (self.keys_of_index(plan, &mut looker).await, Way::IndexKeys { plan }),
            Some(plan) => {
                let covered = plan.covers(filter.paths().into_iter());
                match self.entries_of_index(plan, covered, &mut looker).await {
                    // The index is of more than is looked under.
                    Err(StoreError::BudgetExceeded { .. }) if *under != plan.index.definition.prefix => {
                        let spent = looker.begin_anew();
                        let count = self.documents(&mut looker).await;
                        looker.cost.add(spent);
                        (count, Way::Keys)
                    }
                    count => (count, Way::Count { plan, covered }),
                }
            }
            None => (self.documents(&mut looker).await, Way::Keys),
        };
        if plan.as_ref().is_some_and(|plan| !plan.index.is_ready()) {
            // It is being dropped, and some of its entries may have been gone.
            return Box::pin(self.run()).await;
        }
        let count = match count {
            Err(StoreError::BudgetExceeded { .. }) => None,
            count => Some(count?),
        };
        let report = Report::of((&way, plan.as_ref(), under), &looker, filter, &unsorted, count);
        report.unseen.warn(documents);
        Ok(report)
    }

    /// All that lies in the ranges of the plan is counted. Values are read only where something has expired and is not gone yet.
    async fn keys_of_index(&self, plan: &Plan, looker: &mut Looker<'_>) -> Result<usize, StoreError> {
        let wanted = if self.documents.space.has_expired().await? { Wanted::Entries } else { Wanted::Keys };
        let walk = self.walk(plan, Budget::None);
        self.counted(walk, Over::Entries(wanted), looker, |looker, row| {
            Ok(wanted == Wanted::Keys || looker.is_live(plan.expiry(row.value)))
        })
        .await
    }

    async fn entries_of_index(&self, plan: &Plan, covered: bool, looker: &mut Looker<'_>) -> Result<usize, StoreError> {
        if covered {
            let walk = self.walk(plan, Budget::None);
            return self
                .counted(walk, Over::Entries(Wanted::Entries), looker, |looker, row| {
                    let said = plan.said(row.value)?;
                    let is_asked = said.key.starts_with(&*self.under) && looker.is_live(said.expiry);
                    Ok(is_asked && looker.passes(&plan.values(row.key, &said)?))
                })
                .await;
        }
        let walk = self.walk(plan, Budget::OfACall);
        self.counted(walk, Over::Lookups, looker, |looker, row| {
            let (key, bytes) = plan.document(row.value, row.pointed)?;
            Ok(key.starts_with(&*self.under) && looker.matches(key, bytes)?)
        })
        .await
    }

    async fn documents(&self, looker: &mut Looker<'_>) -> Result<usize, StoreError> {
        let everything = looker.wants_nothing();
        let by_key = everything && !self.documents.space.has_expired().await?;
        let wanted = if by_key { Wanted::Keys } else { Wanted::Entries };
        let ranges = [range(&self.documents, &self.under, None)];
        // Keys cost little. That something has expired, for a while, is no reason to count less far.
        let budget = if everything { Budget::None } else { Budget::OfACall };
        let walk = Walk::over(&self.documents, ranges, Direction::Forward, (budget, MAX_SCAN));
        self.counted(walk, Over::Documents(wanted), looker, |looker, row| match key::tail_of_document(row.key) {
            _ if by_key => Ok(true),
            Some(key) => looker.matches(key, row.value),
            None => Ok(false),
        })
        .await
    }

    fn walk(&self, plan: &Plan, budget: Budget) -> Walk<'_> {
        Walk::over(&self.documents, plan.ranges.iter().cloned(), Direction::Forward, (budget, MAX_SCAN))
    }

    /// How many of the rows of `walk` count.
    async fn counted(
        &self,
        walk: Walk<'_>,
        over: Over,
        looker: &mut Looker<'_>,
        mut counts: impl FnMut(&mut Looker<'_>, Row<'_>) -> Result<bool, StoreError> + Send,
    ) -> Result<usize, StoreError> {
        let mut count = 0;
        let visit = |looker: &mut Looker<'_>, row: Row<'_>| {
            count += usize::from(counts(looker, row)?);
            Ok(ControlFlow::Continue(()))
        };
        walk.each(over, looker, visit).await?;
        Ok(count)
    }
}

impl IntoFuture for Count {
    type Output = Result<u64, StoreError>;
    type IntoFuture = Answer<u64>;

    fn into_future(self) -> Answer<u64> {
        Box::pin(async move {
            let report = self.run().await?;
            report.answered().map(|()| report.found())
        })
    }
}

/// A list of keys: [`Db::keys`](super::Db::keys). Await it.
#[derive(Debug)]
#[must_use = "a list does nothing until it is awaited"]
pub struct Keys {
    documents: Documents,
    prefix: String,
    limit: usize,
    after: Option<Cursor>,
}

impl Keys {
    pub(super) fn new(documents: Documents, prefix: &str) -> Self {
        Self { documents, prefix: prefix.into(), limit: MAX_PAGE, after: None }
    }

    /// Gives at most `limit` keys, 1 to 1,000.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Goes on where a page ended.
    pub fn after(mut self, cursor: impl Into<Option<Cursor>>) -> Self {
        self.after = cursor.into();
        self
    }

    async fn run(self) -> Result<Page<String>, StoreError> {
        let limit = page_size(self.limit)?;
        let after = self.after.map(|cursor| cursor.place(&[])).transpose()?.map(|place| place.key);
        let (everything, unsorted) = (Filter::all(), Sort::of(&[])?);
        let mut looker = Looker::new(&self.documents, &everything, &unsorted)?;
        let wanted = if self.documents.space.has_expired().await? { Wanted::Entries } else { Wanted::Keys };
        let ranges = [range(&self.documents, &self.prefix, after.as_deref())];
        let walk = Walk::over(&self.documents, ranges, Direction::Forward, (Budget::None, limit + 1));
        let mut page = Page { items: Vec::new(), next: None };
        let visit = |looker: &mut Looker<'_>, row: Row<'_>| {
            let Some(key) = key::tail_of_document(row.key) else { return Ok(ControlFlow::Continue(())) };
            if wanted == Wanted::Entries && !looker.matches(key, row.value)? {
                return Ok(ControlFlow::Continue(()));
            }
            if page.items.len() == limit {
                page.next = page.items.last().map(|key: &String| Cursor::at(Place::of(key))).transpose()?;
                return Ok(ControlFlow::Break(()));
            }
            page.items.push(key.to_owned());
            Ok(ControlFlow::Continue(()))
        };
        walk.each(Over::Documents(wanted), &mut looker, visit).await?;
        Ok(page)
    }
}

impl IntoFuture for Keys {
    type Output = Result<Page<String>, StoreError>;
    type IntoFuture = Answer<Page<String>>;

    fn into_future(self) -> Answer<Page<String>> {
        Box::pin(self.run())
    }
}

#[cfg(test)]
mod tests;
