//! The best of all that a search looks at, where they do not come in the order that is asked for.

use super::{Asked, Found, Item};
use crate::store::{cursor::Place, error::StoreError, sort::SortKey};

/// A document that may come onto the page.
pub(super) struct Candidate {
    pub(super) values: SortKey,
    pub(super) item: Item,
}

/// The best so far. It keeps little more than the page.
pub(super) struct Best<'a> {
    asked: Asked<'a>,
    /// Where the last page ended.
    after: Option<Place>,
    candidates: Vec<Candidate>,
}

impl<'a> Best<'a> {
    pub(super) fn new(asked: Asked<'a>, after: Option<Place>) -> Self {
        Self { asked, after, candidates: Vec::new() }
    }

    /// Adds what was not on an earlier page.
    pub(super) fn add(&mut self, candidate: Candidate) {
        let Candidate { values, item } = &candidate;
        let was_given =
            |place: &Place| self.asked.order.compare((values, &item.key), (&place.values, &place.key)).is_le();
        if self.after.as_ref().is_some_and(was_given) {
            return;
        }
        self.candidates.push(candidate);
        if self.candidates.len() > 2 * (self.asked.search.limit + 1) {
            self.forget_others();
        }
    }

    /// One more than the page tells whether there is a next.
    fn forget_others(&mut self) {
        let order = self.asked.order;
        self.candidates.sort_unstable_by(|one, other| {
            order.compare((&one.values, &one.item.key), (&other.values, &other.item.key))
        });
        self.candidates.truncate(self.asked.search.limit + 1);
    }

    /// The page that they make.
    pub(super) fn page(mut self) -> Result<Found, StoreError> {
        self.forget_others();
        let last = self.candidates.len().min(self.asked.search.limit).checked_sub(1);
        let values = last.and_then(|last| self.candidates.get_mut(last)).map(|last| std::mem::take(&mut last.values));
        self.asked.cut(self.candidates.into_iter().map(|it| it.item).collect(), values.unwrap_or_default())
    }
}
