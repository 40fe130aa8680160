//! Indexes: what is declared, what is kept in a commit, and how it is built where documents were there before it.

mod build;
mod definition;
mod entry;
mod fields;
pub(super) mod ledger;
mod meta;

use std::sync::Arc;

use arc_swap::ArcSwap;

pub(super) use self::{
    definition::Index,
    entry::{Entry, NO_KEY, Said, entry, key_of, values},
    fields::{Fields, Kept},
    ledger::commit,
};
pub use self::{
    definition::{Definition, Field, Progress},
    ledger::IndexState,
    meta::{Direction, IndexField, IndexMeta, Sparse, Unique},
};

/// The indexes that commits keep.
#[derive(Debug, Default)]
pub(super) struct Indexes(ArcSwap<Vec<Arc<Index>>>);

impl Indexes {
    /// All of them, as they are now.
    pub(super) fn all(&self) -> Arc<Vec<Arc<Index>>> {
        self.0.load_full()
    }

    /// Those that the document `key` belongs to.
    pub(super) fn of(&self, key: &str) -> Vec<Arc<Index>> {
        let all = self.0.load();
        if all.is_empty() {
            return Vec::new();
        }
        all.iter().filter(|index| key.starts_with(&*index.definition.prefix)).cloned().collect()
    }

    /// Keeps the index `number` no longer.
    fn forget(&self, number: u64) {
        self.0.rcu(|all| all.iter().filter(|index| index.number != number).cloned().collect::<Vec<_>>());
    }

    fn set(&self, indexes: Vec<Arc<Index>>) {
        self.0.store(Arc::new(indexes));
    }
}

#[cfg(test)]
mod tests;
