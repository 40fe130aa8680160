//! Entries of an index that come in the order asked, turn by turn: those of one turn have the same values, and come in the order of their
//! keys once all of them are there.

use std::sync::Arc;

use super::take::{Filling, Found, Waiting};
use crate::store::{cursor::Place, error::StoreError, index::Index, sort::SortKey};

/// A page that fills up turn by turn.
pub(super) struct Turns<'a> {
    limit: usize,
    /// The index whose entries come, if they are all that is asked for.
    index: &'a Arc<Index>,
    /// What the turns that are over filled.
    page: Filling<'a>,
    turn: Vec<u8>,
    /// Those of the turn that is not over.
    same: Vec<Waiting>,
    /// What the last of the page has in the fields to sort by: the same as all of its turn.
    values: SortKey,
    /// Where the last page ended: the turn, and the place in it.
    after: Option<(Vec<u8>, Place)>,
}

impl<'a> Turns<'a> {
    /// A page of `limit`, behind the place where the last page ended.
    pub(super) fn new(limit: usize, index: &'a Arc<Index>, page: Filling<'a>, after: Option<(Vec<u8>, Place)>) -> Self {
        Self { limit, index, page, turn: Vec::new(), same: Vec::new(), values: SortKey::new(), after }
    }

    /// Begins the turn of an entry, unless it is of the same.
    pub(super) fn turn(&mut self, turn: &[u8]) -> Result<(), StoreError> {
        if self.turn != turn {
            self.end_turn()?;
            self.turn.clear();
            self.turn.extend_from_slice(turn);
        }
        Ok(())
    }

    /// Whether there is more than the page holds.
    pub(super) fn is_over(&self) -> bool {
        self.page.is_over
    }

    /// Whether the next to be added is of the turn in which the page ends, and the values of that are not known.
    #[inline]
    pub(super) fn wants_values(&self) -> bool {
        self.page.taken + self.same.len() + 1 == self.limit
    }

    /// Adds a document whose turn it is. Of the many that may have the same values no more are kept than the page needs.
    pub(super) fn add(&mut self, key: &str, found: Found<'_>, values: Option<SortKey>) {
        if self.was_given(&self.turn, key) {
            return;
        }
        self.note(values);
        self.same.push(Waiting::of(key, found));
        if self.same.len() > 2 * (self.limit + 1) {
            self.same.sort_unstable_by(|one, other| one.key.cmp(&other.key));
            self.same.truncate(self.limit + 1);
        }
    }

    /// Adds a document that alone has its turn, the key of its entry, where they come in the order of their keys.
    #[inline]
    pub(super) fn add_in_order(
        &mut self,
        turn: &[u8],
        key: &str,
        found: Found<'_>,
        values: Option<SortKey>,
    ) -> Result<(), StoreError> {
        if self.was_given(turn, key) {
            return Ok(());
        }
        self.note(values);
        self.page.add(key, found)
    }

    /// Whether a document of this turn was on an earlier page, or its place was.
    #[inline]
    fn was_given(&self, turn: &[u8], key: &str) -> bool {
        self.after.as_ref().is_some_and(|(ended, place)| ended == turn && key <= &*place.key)
    }

    #[inline]
    fn note(&mut self, values: Option<SortKey>) {
        if let Some(values) = values {
            self.values = values;
        }
    }

    fn end_turn(&mut self) -> Result<(), StoreError> {
        self.same.sort_unstable_by(|one, other| one.key.cmp(&other.key));
        self.same.drain(..).try_for_each(|document| self.page.add(&document.key, document.found(Some(self.index))))
    }

    /// Ends the last turn: the page, and what its last has in the fields to sort by.
    pub(super) fn end(mut self) -> Result<(Filling<'a>, SortKey), StoreError> {
        self.end_turn()?;
        Ok((self.page, self.values))
    }
}
