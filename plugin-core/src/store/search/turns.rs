//! Entries of an index that come in the order asked, turn by turn: those of one turn have the same values, and come in the order of their
//! keys once all of them are there.

use super::Item;
use crate::store::{cursor::Place, sort::SortKey};

/// A page that fills up turn by turn.
pub(super) struct Turns {
    limit: usize,
    /// Those of the turns that are over.
    pub(super) items: Vec<Item>,
    turn: Vec<u8>,
    /// Those of the turn that is not over.
    same: Vec<Item>,
    /// What the last of the page has in the fields to sort by: the same as all of its turn.
    pub(super) values: SortKey,
    /// Where the last page ended: the turn, and the place in it.
    after: Option<(Vec<u8>, Place)>,
}

impl Turns {
    /// A page of `limit`, behind the place where the last page ended.
    pub(super) fn new(limit: usize, after: Option<(Vec<u8>, Place)>) -> Self {
        Self {
            limit,
            items: Vec::with_capacity(limit + 1),
            turn: Vec::new(),
            same: Vec::new(),
            values: SortKey::new(),
            after,
        }
    }

    /// Begins the turn of an entry, unless it is of the same.
    pub(super) fn turn(&mut self, turn: &[u8]) {
        if self.turn != turn {
            self.end();
            self.turn.clear();
            self.turn.extend_from_slice(turn);
        }
    }

    /// Whether there is more than the page holds.
    pub(super) fn is_full(&self) -> bool {
        self.items.len() > self.limit
    }

    /// Whether the next to be added is of the turn in which the page ends, and the values of that are not known.
    pub(super) fn wants_values(&self) -> bool {
        self.items.len() + self.same.len() + 1 == self.limit
    }

    /// Adds an item whose turn it is. Of the many that may have the same values no more are kept than the page needs.
    pub(super) fn add(&mut self, item: Item, values: Option<SortKey>) {
        let was_given = |(turn, place): &(Vec<u8>, Place)| *turn == self.turn && item.key <= place.key;
        if self.after.as_ref().is_some_and(was_given) {
            return;
        }
        self.values = values.unwrap_or(std::mem::take(&mut self.values));
        self.same.push(item);
        if self.same.len() > 2 * (self.limit + 1) {
            self.same.sort_unstable_by(|one, other| one.key.cmp(&other.key));
            self.same.truncate(self.limit + 1);
        }
    }

    /// Adds an item that alone has its turn, where they come in the order of their keys.
    pub(super) fn add_in_order(&mut self, item: Item, values: Option<SortKey>) {
        self.values = values.unwrap_or(std::mem::take(&mut self.values));
        self.items.push(item);
    }

    /// Ends the last turn.
    pub(super) fn end(&mut self) {
        self.same.sort_unstable_by(|one, other| one.key.cmp(&other.key));
        self.items.append(&mut self.same);
    }
}
