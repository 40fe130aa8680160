//! The best of all that a search looks at, where they do not come in the order that is asked for.

use std::sync::Arc;

use super::{
    Asked, End,
    take::{Filling, Found, Waiting},
};
use crate::store::{cursor::Place, error::StoreError, index::Index, sort::SortKey};

/// A document that may come onto the page.
struct Candidate {
    values: SortKey,
    document: Waiting,
}

/// The best so far. It keeps little more than the page.
pub(super) struct Best<'a> {
    asked: Asked<'a>,
    /// Where the last page ended.
    after: Option<Place>,
    /// The first of them are the best in their order, as many as `sorted` says.
    candidates: Vec<Candidate>,
    sorted: usize,
}

impl<'a> Best<'a> {
    pub(super) fn new(asked: Asked<'a>, after: Option<Place>) -> Self {
        Self { asked, after, candidates: Vec::new(), sorted: 0 }
    }

    /// Adds what was not on an earlier page, and is not behind more than a page of others.
    pub(super) fn add(&mut self, key: &str, values: SortKey, found: Found<'_>) {
        let to = |other: (&SortKey, &str)| self.asked.order.compare((&values, key), other);
        if self.after.as_ref().is_some_and(|place| to((&place.values, &place.key)).is_le()) {
            return;
        }
        let enough = self.asked.search.limit + 1;
        let last = if self.sorted == enough { self.candidates.get(enough - 1) } else { None };
        if last.is_some_and(|last| to((&last.values, &last.document.key)).is_ge()) {
            return;
        }
        self.candidates.push(Candidate { values, document: Waiting::of(key, found) });
        if self.candidates.len() > 2 * enough {
            self.forget_others();
        }
    }

    /// One more than the page tells whether there is a next.
    fn forget_others(&mut self) {
        let order = self.asked.order;
        self.candidates.sort_unstable_by(|one, other| {
            order.compare((&one.values, &one.document.key), (&other.values, &other.document.key))
        });
        self.candidates.truncate(self.asked.search.limit + 1);
        self.sorted = self.candidates.len();
    }

    /// Fills the page with them, which `index` has, if they were found in one.
    pub(super) fn fill(mut self, mut page: Filling<'_>, index: Option<&Arc<Index>>) -> Result<End, StoreError> {
        self.forget_others();
        let mut last = SortKey::new();
        for Candidate { values, document } in self.candidates {
            page.add(&document.key, document.found(index))?;
            if !page.is_over {
                last = values;
            }
        }
        self.asked.end(page, last)
    }
}
