//! Entries of an index that come in the order asked, turn by turn: those of one turn have the same values, and come in the order of their
//! keys once all of them are there.

use std::sync::Arc;

use super::take::{Filling, Found, Waiting};
use crate::store::{
    cursor::Place,
    error::StoreError,
    index::Index,
    look::{Kept, MAX_BYTES, MAX_DOCUMENTS},
    sort::SortKey,
};

/// A turn of more documents than this, or of more bytes, is a long one.
const LONG: usize = 64;
const LONG_BYTES: usize = 1 << 20;

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
    /// Their bytes.
    bytes: usize,
    /// What was put back, to come again.
    again: Kept,
    /// What of the turn was on earlier pages.
    given: Kept,
    /// What the last of the page has in the fields to sort by: the same as all of its turn.
    values: SortKey,
    /// Where the last page ended: the turn, and the place in it.
    after: Option<(Vec<u8>, Place)>,
}

impl<'a> Turns<'a> {
    /// A page of `limit`, behind the place where the last page ended.
    pub(super) fn new(limit: usize, index: &'a Arc<Index>, page: Filling<'a>, after: Option<(Vec<u8>, Place)>) -> Self {
        let (turn, same, values) = (Vec::new(), Vec::new(), SortKey::new());
        let (again, given) = (Kept::default(), Kept::default());
        Self { limit, index, page, turn, same, bytes: 0, again, given, values, after }
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

    /// How a walk ended that filled the page.
    pub(super) fn walked(&mut self, walked: Result<(), StoreError>) -> Result<(), StoreError> {
        self.page.walked(walked)
    }

    /// How many more the page takes at most.
    pub(super) fn missing(&self) -> usize {
        self.page.missing()
    }

    /// What is kept of all that was added. No page has more than its limit and [`MAX_BYTES`]: of a turn that has, not all is kept. What
    /// was on earlier pages was kept then, as far as a budget went: however far it is to the place where a cursor says that the last one ended.
    pub(super) fn kept(&self) -> Kept {
        let same = Kept { rows: self.same.len(), bytes: self.bytes };
        let page = Kept::sum([self.page.kept(), same]).at_most(self.limit + 1, MAX_BYTES);
        Kept::sum([page, self.again, self.given.at_most(MAX_DOCUMENTS, MAX_BYTES)])
    }

    /// Whether the next to be added is of the turn in which the page ends, and the values of that are not known.
    #[inline]
    pub(super) fn wants_values(&self, next: Found<'_>) -> bool {
        let bytes = self.page.bytes + self.bytes;
        self.page.taken + self.same.len() + 1 == self.limit || (bytes < MAX_BYTES && bytes + next.size() >= MAX_BYTES)
    }

    /// Adds a document whose turn it is. Of the many that may have the same values no more are kept than the page needs.
    pub(super) fn add(&mut self, key: &str, found: Found<'_>, values: Option<SortKey>) {
        if self.was_given(&self.turn, key) {
            self.given.add(found.size());
            return;
        }
        if self.page.is_full() {
            self.page.is_over = true;
            return;
        }
        self.note(values);
        self.bytes += found.size();
        self.same.push(Waiting::of(key, found));
        if self.same.len() > 2 * (self.limit + 1) || self.bytes > 2 * MAX_BYTES {
            self.forget_others();
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

    /// Whether the turn that is not over has so many that it is better walked by itself, in the order of its keys.
    pub(super) fn is_long(&self) -> bool {
        self.same.len() > LONG.min(self.missing()) || self.bytes > LONG_BYTES
    }

    /// Puts the turn that is not over back as a whole, if it is a long one.
    pub(super) fn put_back(&mut self) -> Option<Vec<u8>> {
        if !self.is_long() {
            return None;
        }
        // They come again, most of them onto the page: that they were looked at twice is not held against anybody.
        self.again = Kept::sum([self.again, Kept { rows: self.same.len(), bytes: self.bytes }]);
        self.same.clear();
        self.bytes = 0;
        Some(std::mem::take(&mut self.turn))
    }

    /// One more than the page takes tells whether there is a next.
    fn forget_others(&mut self) {
        self.same.sort_unstable_by(|one, other| one.key.cmp(&other.key));
        let mut before = 0;
        let fits = self.same.iter().take_while(|document| {
            let fits = before < MAX_BYTES;
            before += document.size();
            fits
        });
        let enough = fits.count().min(self.limit) + 1;
        self.same.truncate(enough);
        self.bytes = self.same.iter().map(Waiting::size).sum();
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
        self.bytes = 0;
        self.same.sort_unstable_by(|one, other| one.key.cmp(&other.key));
        self.same.drain(..).try_for_each(|document| self.page.add(&document.key, document.found(Some(self.index))))
    }

    /// Ends the last turn: the page, and what its last has in the fields to sort by.
    pub(super) fn end(mut self) -> Result<(Filling<'a>, SortKey), StoreError> {
        self.end_turn()?;
        Ok((self.page, self.values))
    }
}
