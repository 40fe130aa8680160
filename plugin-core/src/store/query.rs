//! `find`, `count` and `keys`: questions over many documents, put together and then awaited.

use std::{
    future::{Future, IntoFuture},
    marker::PhantomData,
    pin::Pin,
};

use serde::de::DeserializeOwned;

use super::{
    cursor::{Cursor, Place},
    documents::Documents,
    engine::{Direction, MAX_SCAN, Scan, Wanted},
    error::StoreError,
    filter::Filter,
    key,
    page::{Entry, Page, entry, opened},
    scan::{Query, Walk, range},
    search::{Found, Search},
    sort::Sort,
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
/// It looks at every document of the plugin in this app, or under a key prefix, within a budget of 10,000 documents or 16 MiB.
/// A field that no document has is a warning in the log, unless it is asked to be missing: it may be misspelled.
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

    /// Gives at most `limit` documents, 1 to 1,000.
    pub fn limit(mut self, limit: usize) -> Self {
        self.search.limit = limit;
        self
    }

    /// Goes on where a page ended.
    pub fn after(mut self, cursor: impl Into<Option<Cursor>>) -> Self {
        self.search.after = cursor.into();
        self
    }

    /// Looks only at documents whose key begins with `prefix`.
    pub fn under(mut self, prefix: &str) -> Self {
        self.search.under = prefix.into();
        self
    }
}

impl<T: DeserializeOwned + 'static> IntoFuture for Find<T> {
    type Output = Result<Page<Entry<T>>, StoreError>;
    type IntoFuture = Answer<Page<Entry<T>>>;

    fn into_future(self) -> Self::IntoFuture {
        let found = self.search.run();
        Box::pin(async move {
            let Found { documents, next } = found.await?;
            let items = documents.into_iter().map(|(key, bytes)| entry(key, &bytes)).collect::<Result<_, _>>()?;
            Ok(Page { items, next })
        })
    }
}

/// A count of documents: [`Db::count`](super::Db::count). Await it.
///
/// It looks at every document of the plugin in this app, or under a key prefix, within the budget of [`Find`].
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

    async fn run(self) -> Result<u64, StoreError> {
        let unsorted = Sort::of(&[])?;
        let query = Query { filter: &self.filter, sort: &unsorted };
        let mut walk = Walk::under(&self.documents, query, &self.under, None, MAX_SCAN)?;
        let mut count = 0;
        while let Some(chunk) = walk.next().await? {
            for (key, bytes) in chunk.documents {
                if self.filter.is_all() || walk.matches(&opened(&key, &bytes)?) {
                    count += 1;
                }
            }
        }
        walk.finish();
        Ok(count)
    }
}

impl IntoFuture for Count {
    type Output = Result<u64, StoreError>;
    type IntoFuture = Answer<u64>;

    fn into_future(self) -> Answer<u64> {
        Box::pin(self.run())
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
        let scan = Scan {
            range: range(&self.documents, &self.prefix, after.as_deref()),
            limit,
            bytes: usize::MAX,
            direction: Direction::Forward,
            wanted: Wanted::Keys,
        };
        let found = self.documents.scan(scan).await?;
        let keys = found.rows.iter().filter_map(|(key, _)| Some(key::parse_document(key)?.1.to_owned()));
        let items: Vec<String> = keys.collect();
        let last = items.last().filter(|_| found.more);
        let next = last.map(|key| Cursor::at(Place::of(key)));
        Ok(Page { next: next.transpose()?, items })
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
