//! Indexes: what is declared, what is kept in a commit, and how it is built where documents were there before it.

mod build;
mod definition;
mod entry;
mod fields;
pub(super) mod ledger;
mod left_out;
mod meta;
mod removal;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use arc_swap::ArcSwap;
use tokio::sync::Mutex;

pub(super) use self::{
    definition::Index,
    entry::{Entry, NO_KEY, Said, entry, key_of, values},
    fields::{Fields, Kept},
    ledger::commit,
    left_out::told,
};
pub use self::{
    definition::{Definition, Field, Progress},
    ledger::IndexState,
    left_out::Unread,
    meta::{Direction, IndexField, IndexMeta, Sparse, Unique},
};

use super::{error::StoreError, space::Space};

/// The indexes that commits keep.
#[derive(Debug, Default)]
pub(super) struct Indexes {
    kept: ArcSwap<Vec<Arc<Index>>>,
    /// Those that are not there: dropped since they were brought in line with what is declared, or never brought in line by who only reads.
    missing: ArcSwap<Vec<Definition>>,
    /// Whether others may be on disk than these: all of them were being exchanged, and nobody knows how far that came.
    in_doubt: AtomicBool,
    /// Held by whoever brings them in line again.
    settling: Mutex<()>,
}

impl Indexes {
    /// All of them, as they are now.
    pub(super) fn all(&self) -> Arc<Vec<Arc<Index>>> {
        self.kept.load_full()
    }

    /// Those that the document `key` belongs to.
    pub(super) fn of(&self, key: &str) -> Vec<Arc<Index>> {
        let all = self.kept.load();
        if all.is_empty() {
            return Vec::new();
        }
        all.iter().filter(|index| key.starts_with(&*index.definition.prefix)).cloned().collect()
    }

    /// Keeps the index `number` no longer.
    fn forget(&self, index: &Index) {
        self.missing.rcu(|all| [&***all, std::slice::from_ref(&index.definition)].concat());
        self.kept.rcu(|all| all.iter().filter(|kept| kept.number != index.number).cloned().collect::<Vec<_>>());
    }

    /// Notes those that are not there.
    fn miss(&self, missing: Vec<Definition>) {
        self.missing.store(Arc::new(missing));
    }

    fn set(&self, indexes: Vec<Arc<Index>>) {
        self.kept.store(Arc::new(indexes));
        self.missing.store(Arc::default());
        self.in_doubt.store(false, Ordering::Release);
    }

    /// Nothing is written before they are in line again.
    fn doubt(&self) {
        self.in_doubt.store(true, Ordering::Release);
    }
}

impl Space {
    /// Sees to it that the indexes that commits keep are those on disk.
    pub(super) async fn settle_indexes(&self) -> Result<(), StoreError> {
        if !self.indexes.in_doubt.load(Ordering::Acquire) {
            return Ok(());
        }
        let _settling = self.indexes.settling.lock().await;
        match self.indexes.in_doubt.load(Ordering::Acquire) {
            true => self.prepare().await,
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
