//! `find`, `count` and `keys`: questions over many documents, put together and then awaited.

use std::{
    future::{Future, IntoFuture},
    marker::PhantomData,
    pin::Pin,
};

use serde::de::DeserializeOwned;

use super::{
    cursor::{Cursor, Place},
    db::{Db, entry, opened},
    engine::{Direction, MAX_SCAN, Scan, Wanted},
    error::StoreError,
    filter::Filter,
    key,
    page::{Entry, Page},
    scan::{Documents, Query, range},
    sort::{Sort, SortKey},
};

/// The largest page.
pub const MAX_PAGE: usize = MAX_SCAN;
/// How many documents `find` gives where nobody says how many.
pub const DEFAULT_PAGE: usize = 100;

/// How many documents a search that stops early reads at first.
const FIRST_CHUNK: usize = 128;

type Answer<T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send>>;

fn page_size(given: usize) -> Result<usize, StoreError> {
    match given {
        1..=MAX_PAGE => Ok(given),
        given => Err(StoreError::PageSize { given, limit: MAX_PAGE }),
    }
}

/// A search for documents: [`Db::find`]. Await it.
///
/// It looks at every document of the plugin in this app, or under a key prefix, within a budget of 10,000 documents or 16 MiB.
/// A field that no document has is a warning in the log: it may be misspelled.
#[derive(Debug)]
#[must_use = "a search does nothing until it is awaited"]
pub struct Find<T> {
    db: Db,
    filter: Filter,
    sort: Vec<String>,
    limit: usize,
    after: Option<Cursor>,
    under: String,
    of: PhantomData<fn() -> T>,
}

impl<T> Find<T> {
    pub(super) fn new(db: Db, filter: Filter) -> Self {
        let (sort, after, under) = (Vec::new(), None, String::new());
        Self { db, filter, sort, limit: DEFAULT_PAGE, after, under, of: PhantomData }
    }

    /// Sorts by the field at `path`, descending with a `-` before it. Further ones decide where those before are equal, and the
    /// key at last. A missing field comes before null.
    pub fn sort(mut self, path: &str) -> Self {
        self.sort.push(path.into());
        self
    }

    /// Gives at most `limit` documents, 1 to 1,000.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Goes on where a page ended.
    pub fn after(mut self, cursor: impl Into<Option<Cursor>>) -> Self {
        self.after = cursor.into();
        self
    }

    /// Looks only at documents whose key begins with `prefix`.
    pub fn under(mut self, prefix: &str) -> Self {
        self.under = prefix.into();
        self
    }
}

impl<T: DeserializeOwned + 'static> IntoFuture for Find<T> {
    type Output = Result<Page<Entry<T>>, StoreError>;
    type IntoFuture = Answer<Page<Entry<T>>>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { db, filter, sort, limit, after, under, .. } = self;
        let found = search(db, filter, sort, limit, after, under);
        Box::pin(typed(found))
    }
}

async fn typed<T: DeserializeOwned>(
    found: impl Future<Output = Result<Found, StoreError>> + Send,
) -> Result<Page<Entry<T>>, StoreError> {
    let (documents, next) = found.await?;
    let items = documents.into_iter().map(|(key, bytes)| entry(key, &bytes)).collect::<Result<_, _>>()?;
    Ok(Page { items, next })
}

/// Keys and bytes of the documents on one page, and where it ended.
type Found = (Vec<(String, Vec<u8>)>, Option<Cursor>);

async fn search(
    db: Db,
    filter: Filter,
    sort: Vec<String>,
    limit: usize,
    after: Option<Cursor>,
    under: String,
) -> Result<Found, StoreError> {
    let (limit, order) = (page_size(limit)?, Sort::of(&sort)?);
    let after = after.map(|cursor| cursor.place(&sort)).transpose()?;
    let query = Query { filter: &filter, sort: &order };
    match sort.is_empty() {
        true => in_key_order(&db, query, limit, after, &under).await,
        false => in_sort_order(&db, query, limit, after, &under, sort.clone()).await,
    }
}

/// Stops as soon as the page is full.
async fn in_key_order(
    db: &Db,
    query: Query<'_>,
    limit: usize,
    after: Option<Place>,
    under: &str,
) -> Result<Found, StoreError> {
    let after = after.map(|place| place.key);
    let hoped = if query.filter.is_all() { limit } else { limit.max(FIRST_CHUNK) };
    let mut walk = Documents::under(db, query, under, after.as_deref(), hoped)?.with_values();
    let mut page = Vec::new();
    while let Some(chunk) = walk.next().await? {
        let last = chunk.documents.len().saturating_sub(1);
        for (place, (key, bytes)) in chunk.documents.into_iter().enumerate() {
            if !walk.matches(&opened(&key, &bytes)?) {
                continue;
            }
            page.push((key, bytes));
            if let (true, Some((key, _))) = (page.len() == limit, page.last()) {
                let left = chunk.more || place < last;
                let here = || Cursor::at(Place { key: key.clone(), sort: Vec::new(), values: Vec::new() });
                let next = left.then(here).transpose()?;
                walk.finish();
                return Ok((page, next));
            }
        }
    }
    walk.finish();
    Ok((page, None))
}

/// A document that may come onto the page.
struct Candidate {
    values: SortKey,
    key: String,
    bytes: Vec<u8>,
}

/// Looks at everything, and keeps little more than the page in the meantime.
async fn in_sort_order(
    db: &Db,
    query: Query<'_>,
    limit: usize,
    after: Option<Place>,
    under: &str,
    sort: Vec<String>,
) -> Result<Found, StoreError> {
    let order = query.sort;
    let by_order =
        |one: &Candidate, other: &Candidate| order.compare((&one.values, &one.key), (&other.values, &other.key));
    let mut walk = Documents::under(db, query, under, None, MAX_SCAN)?;
    let mut best: Vec<Candidate> = Vec::new();
    while let Some(chunk) = walk.next().await? {
        for (key, bytes) in chunk.documents {
            let document = opened(&key, &bytes)?;
            if !walk.matches(&document) {
                continue;
            }
            let values = order.key_of(&document);
            let was_before =
                after.as_ref().is_some_and(|place| order.compare((&values, &key), (&place.values, &place.key)).is_le());
            if !was_before {
                best.push(Candidate { values, key, bytes });
            }
        }
        // One more than the page tells whether there is a next.
        best.sort_unstable_by(by_order);
        best.truncate(limit + 1);
    }
    walk.finish();
    let next = match best.len() > limit {
        true => best.get(limit - 1).map(|last| Place { key: last.key.clone(), sort, values: last.values.clone() }),
        false => None,
    };
    let next = next.map(Cursor::at).transpose()?;
    Ok((best.into_iter().take(limit).map(|candidate| (candidate.key, candidate.bytes)).collect(), next))
}

/// A count of documents: [`Db::count`]. Await it.
///
/// It looks at every document of the plugin in this app, or under a key prefix, within the budget of [`Find`].
#[derive(Debug)]
#[must_use = "a count does nothing until it is awaited"]
pub struct Count {
    db: Db,
    filter: Filter,
    under: String,
}

impl Count {
    pub(super) fn new(db: Db, filter: Filter) -> Self {
        Self { db, filter, under: String::new() }
    }

    /// Counts only documents whose key begins with `prefix`.
    pub fn under(mut self, prefix: &str) -> Self {
        self.under = prefix.into();
        self
    }

    async fn run(self) -> Result<u64, StoreError> {
        let unsorted = Sort::of(&[])?;
        let query = Query { filter: &self.filter, sort: &unsorted };
        let mut walk = Documents::under(&self.db, query, &self.under, None, MAX_SCAN)?;
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

/// A list of keys: [`Db::keys`]. Await it.
#[derive(Debug)]
#[must_use = "a list does nothing until it is awaited"]
pub struct Keys {
    db: Db,
    prefix: String,
    limit: usize,
    after: Option<Cursor>,
}

impl Keys {
    pub(super) fn new(db: Db, prefix: &str) -> Self {
        Self { db, prefix: prefix.into(), limit: MAX_PAGE, after: None }
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
            range: range(&self.db, &self.prefix, after.as_deref()),
            limit,
            bytes: usize::MAX,
            direction: Direction::Forward,
            wanted: Wanted::Keys,
        };
        let found = self.db.scan(scan).await?;
        let keys = found.rows.iter().filter_map(|(key, _)| Some(key::parse_document(key)?.1.to_owned()));
        let items: Vec<String> = keys.collect();
        let last = items.last().filter(|_| found.more);
        let next = last.map(|key| Cursor::at(Place { key: key.clone(), sort: Vec::new(), values: Vec::new() }));
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
