//! What `find` does, whatever type it finds.

use super::{
    cursor::{Cursor, Place},
    documents::Documents,
    engine::MAX_SCAN,
    error::StoreError,
    filter::Filter,
    page::opened,
    query::{DEFAULT_PAGE, page_size},
    scan::{Query, Walk},
    sort::{Sort, SortKey},
};

/// How many documents a search that may stop early reads at first.
const FIRST_CHUNK: usize = 128;

/// A search, as it was put together.
#[derive(Debug)]
pub(super) struct Search {
    documents: Documents,
    filter: Filter,
    /// Fields to sort by, as they were given.
    pub(super) sort: Vec<String>,
    pub(super) limit: usize,
    pub(super) after: Option<Cursor>,
    /// The prefix of the keys.
    pub(super) under: String,
}

/// The documents of one page.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Keys and bytes.
    pub(super) documents: Vec<(String, Vec<u8>)>,
    /// Where the page ended, unless it is the last.
    pub(super) next: Option<Cursor>,
}

/// A document that may come onto the page.
struct Candidate {
    values: SortKey,
    key: String,
    bytes: Vec<u8>,
}

impl Search {
    pub(super) fn new(documents: Documents, filter: Filter) -> Self {
        Self { documents, filter, sort: Vec::new(), limit: DEFAULT_PAGE, after: None, under: String::new() }
    }

    pub(super) async fn run(mut self) -> Result<Found, StoreError> {
        page_size(self.limit)?;
        let order = Sort::of(&self.sort)?;
        let after = self.after.take().map(|cursor| cursor.place(&self.sort)).transpose()?;
        match self.sort.is_empty() {
            true => self.in_key_order(&order, after).await,
            false => self.in_sort_order(&order, after).await,
        }
    }

    /// Stops as soon as the page is full.
    async fn in_key_order(&self, order: &Sort, after: Option<Place>) -> Result<Found, StoreError> {
        let everything = self.filter.is_all();
        let hoped = if everything { self.limit } else { self.limit.max(FIRST_CHUNK) };
        let after = after.map(|place| place.key);
        let query = Query { filter: &self.filter, sort: order };
        let mut walk = Walk::under(&self.documents, query, &self.under, after.as_deref(), hoped)?.with_values();
        let mut found = Found::default();
        while let Some(chunk) = walk.next().await? {
            let last = chunk.documents.len().saturating_sub(1);
            for (place, (key, bytes)) in chunk.documents.into_iter().enumerate() {
                if !everything && !walk.matches(&opened(&key, &bytes)?) {
                    continue;
                }
                let is_full = found.documents.len() + 1 == self.limit;
                if is_full && (chunk.more || place < last) {
                    found.next = Some(Cursor::at(Place::of(&key))?);
                }
                found.documents.push((key, bytes));
                if is_full {
                    walk.finish();
                    return Ok(found);
                }
            }
        }
        walk.finish();
        Ok(found)
    }

    /// Looks at everything, and keeps little more than the page in the meantime.
    async fn in_sort_order(&self, order: &Sort, after: Option<Place>) -> Result<Found, StoreError> {
        let query = Query { filter: &self.filter, sort: order };
        let mut walk = Walk::under(&self.documents, query, &self.under, None, MAX_SCAN)?;
        let mut best: Vec<Candidate> = Vec::new();
        while let Some(chunk) = walk.next().await? {
            for (key, bytes) in chunk.documents {
                let document = opened(&key, &bytes)?;
                if !walk.matches(&document) {
                    continue;
                }
                let values = order.key_of(&document);
                let was_given = |place: &Place| order.compare((&values, &key), (&place.values, &place.key)).is_le();
                if !after.as_ref().is_some_and(was_given) {
                    best.push(Candidate { values, key, bytes });
                }
            }
            // One more than the page tells whether there is a next.
            best.sort_unstable_by(|one, other| order.compare((&one.values, &one.key), (&other.values, &other.key)));
            best.truncate(self.limit + 1);
        }
        walk.finish();
        let mut next = None;
        if best.len() > self.limit {
            best.truncate(self.limit);
            let place = |last: &Candidate| Place {
                sort: self.sort.clone(),
                values: last.values.clone(),
                ..Place::of(&last.key)
            };
            next = best.last().map(place).map(Cursor::at).transpose()?;
        }
        Ok(Found { documents: best.into_iter().map(|candidate| (candidate.key, candidate.bytes)).collect(), next })
    }
}
