//! What is made of the documents that a search finds: each is shown where it lies, in the order of the page, and nothing is copied but what
//! the page is made of.

use std::{fmt, sync::Arc};

use crate::store::{
    cursor::{Cursor, Place},
    error::StoreError,
    index::{Index, Kept},
    look::{self, MAX_BYTES},
    sort::SortKey,
    space::answered_otherwise,
};

/// A document that was found, where it lies.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) enum Found<'r> {
    /// As it is stored.
    Stored(&'r [u8]),
    /// What an index has of it, which is all that is asked for.
    Kept(&'r Arc<Index>, Kept<'r>),
}

impl<'r> Found<'r> {
    /// The whole document.
    ///
    /// # Errors
    /// Where only fields were asked for.
    pub(in crate::store) fn stored(self) -> Result<&'r [u8], StoreError> {
        match self {
            Self::Stored(bytes) => Ok(bytes),
            Self::Kept(..) => Err(answered_otherwise()),
        }
    }

    /// Its bytes.
    pub(super) fn size(self) -> usize {
        match self {
            Self::Stored(bytes) => bytes.len(),
            Self::Kept(_, Kept { values, hints }) => values.len() + hints.len(),
        }
    }
}

/// Who takes what a search finds.
pub(in crate::store) trait Take: Send {
    /// Takes the next document of the page.
    fn take(&mut self, key: &str, found: Found<'_>) -> Result<(), StoreError>;

    /// Gives up what was taken: the search begins anew.
    fn clear(&mut self);
}

/// All that a search finds, as `read` makes it.
pub(in crate::store) struct Taken<I, F> {
    pub(in crate::store) items: Vec<I>,
    read: F,
}

impl<I, F: FnMut(&str, Found<'_>) -> Result<I, StoreError>> Taken<I, F> {
    /// With room for `many` at once.
    pub(in crate::store) fn by(read: F, many: usize) -> Self {
        Self { items: Vec::with_capacity(many), read }
    }
}

impl<I: Send, F: FnMut(&str, Found<'_>) -> Result<I, StoreError> + Send> Take for Taken<I, F> {
    fn take(&mut self, key: &str, found: Found<'_>) -> Result<(), StoreError> {
        self.items.push((self.read)(key, found)?);
        Ok(())
    }

    fn clear(&mut self) {
        self.items.clear();
    }
}

/// Takes nothing: only how many there are is wanted, and how they are come by.
#[derive(Debug)]
pub(super) struct Nothing;

impl Take for Nothing {
    fn take(&mut self, _: &str, _: Found<'_>) -> Result<(), StoreError> {
        Ok(())
    }

    fn clear(&mut self) {}
}

/// A page that fills up: until it has as many documents as were asked for, or they have [`MAX_BYTES`].
pub(super) struct Filling<'t> {
    take: &'t mut dyn Take,
    limit: usize,
    pub(super) taken: usize,
    pub(super) bytes: usize,
    /// The key of the last, once it is full.
    last: String,
    /// Whether there is more than it holds.
    pub(super) is_over: bool,
}

impl<'t> Filling<'t> {
    /// A page of `limit`, at least one.
    pub(super) fn new(limit: usize, take: &'t mut dyn Take) -> Self {
        Self { take, limit, taken: 0, bytes: 0, last: String::new(), is_over: false }
    }

    /// How many more it takes at most.
    pub(super) fn missing(&self) -> usize {
        self.limit - self.taken
    }

    pub(super) fn is_full(&self) -> bool {
        self.taken == self.limit || self.bytes >= MAX_BYTES
    }

    /// What is on it.
    pub(super) fn kept(&self) -> look::Kept {
        look::Kept { rows: self.taken, bytes: self.bytes }
    }

    /// Adds what comes next, or notes that there is more.
    #[inline]
    pub(super) fn add(&mut self, key: &str, found: Found<'_>) -> Result<(), StoreError> {
        if self.is_full() {
            self.is_over = true;
            return Ok(());
        }
        self.take.take(key, found)?;
        self.taken += 1;
        self.bytes += found.size();
        if self.is_full() {
            key.clone_into(&mut self.last);
        }
        Ok(())
    }

    /// How a walk ended that filled it. A page that is full is one, also where the budget did not last to see whether there is more.
    pub(super) fn walked(&mut self, walked: Result<(), StoreError>) -> Result<(), StoreError> {
        match walked {
            Err(StoreError::BudgetExceeded { .. }) if self.is_full() => {
                self.is_over = true;
                Ok(())
            }
            walked => walked,
        }
    }

    /// Where the next page begins, if there is one: behind the last, which has these `values` in the fields of `sort`.
    pub(super) fn next(self, sort: &[String], values: SortKey) -> Result<Option<Cursor>, StoreError> {
        if !self.is_over {
            return Ok(None);
        }
        Ok(Some(Cursor::at(Place { key: self.last, sort: sort.to_vec(), values })?))
    }
}

impl fmt::Debug for Filling<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Filling").field("limit", &self.limit).field("taken", &self.taken).finish_non_exhaustive()
    }
}

/// A document that may come onto the page once others are known.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) key: String,
    bytes: Vec<u8>,
    /// Where the hints begin, if an index has it.
    hints: Option<usize>,
}

impl Waiting {
    pub(super) fn of(key: &str, found: Found<'_>) -> Self {
        let (bytes, hints) = match found {
            Found::Stored(bytes) => (bytes.to_vec(), None),
            Found::Kept(_, Kept { values, hints }) => ([values, hints].concat(), Some(values.len())),
        };
        Self { key: key.into(), bytes, hints }
    }

    pub(super) fn size(&self) -> usize {
        self.bytes.len()
    }

    /// What was found, in `index` if it was found in one.
    pub(super) fn found<'w>(&'w self, index: Option<&'w Arc<Index>>) -> Found<'w> {
        match (self.hints, index) {
            (Some(hints), Some(index)) => {
                let (values, hints) = self.bytes.split_at(hints);
                Found::Kept(index, Kept { values, hints })
            }
            _ => Found::Stored(&self.bytes),
        }
    }
}
