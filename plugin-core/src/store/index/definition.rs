//! An index as the running store has it: a definition that may come from a declaration or from what an earlier binary declared, and how
//! far it is built.

use std::{
    collections::BTreeMap,
    fmt,
    sync::atomic::{AtomicBool, AtomicU8, Ordering},
};

use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, MutexGuard};

use super::meta::{Direction, IndexMeta, Sparse, Unique};
use crate::store::{error::StoreError, schema::Schema};

/// What an index is of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    /// What the keys of its documents begin with.
    pub prefix: String,
    /// Its fields, the first first.
    pub fields: Vec<Field>,
    /// Whether two documents may have the same values.
    pub unique: bool,
    /// Whether documents that have none of the fields are left out.
    pub sparse: bool,
    /// The version of the typed documents that it is of, where all of them are of one collection; 0 otherwise. A new version may read
    /// fields otherwise, so the index is another one.
    pub version: u16,
    /// The collections among whose documents others are too, with the versions of each. That a collection gets its type, or loses it, is
    /// a change of version too: what was stored without a type is read as it then.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub collections: BTreeMap<String, u16>,
}

/// A field of an index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// Its path.
    pub path: String,
    /// Whether the largest comes first.
    pub descending: bool,
}

impl Field {
    pub(in crate::store) fn direction(&self) -> Direction {
        if self.descending { Direction::Descending } else { Direction::Ascending }
    }
}

impl Definition {
    /// What an index is that holds what it cannot.
    pub(in crate::store) fn damaged(&self, problem: &str) -> StoreError {
        StoreError::DamagedIndex { index: self.to_string(), problem: problem.to_owned() }
    }

    /// The index that `meta` declares, of documents as `schema` has them.
    pub(in crate::store) fn of(meta: &IndexMeta, schema: &Schema) -> Self {
        let (version, collections) = schema.versions_under(meta.prefix);
        let field =
            |it: &super::IndexField| Field { path: it.path.into(), descending: it.direction == Direction::Descending };
        Self {
            prefix: meta.prefix.into(),
            fields: meta.fields.iter().map(field).collect(),
            unique: meta.unique == Unique::Yes,
            sparse: meta.sparse == Sparse::Yes,
            version,
            collections,
        }
    }

    /// Whether it is this index of another version of the documents.
    pub(in crate::store) fn is_other_version_of(&self, other: &Self) -> bool {
        let is_same_version = (self.version, &self.collections) == (other.version, &other.collections);
        let (version, collections) = (other.version, other.collections.clone());
        !is_same_version && Self { version, collections, ..self.clone() } == *other
    }

    /// Whether it is of other versions of the documents than `schema` has, so that its entries may say something else than the documents.
    pub(in crate::store) fn is_outdated(&self, schema: &Schema) -> bool {
        // Of a plugin that this binary does not have nobody knows what its documents are.
        schema.is_declared() && (self.version, self.collections.clone()) != schema.versions_under(&self.prefix)
    }
}

impl fmt::Display for Definition {
    /// As it is declared: `"conversations:", userId, -endedAt, unique`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.prefix)?;
        for Field { path, descending } in &self.fields {
            write!(f, ", {}{path}", if *descending { "-" } else { "" })?;
        }
        f.write_str(if self.unique { ", unique" } else { "" })?;
        f.write_str(if self.sparse { ", sparse" } else { "" })
    }
}

/// How far an index is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum Progress {
    /// Commits keep it, documents that were there before are being added, and no query uses it.
    Building = 0,
    /// Every document that belongs there and can be read is in it.
    Ready = 1,
    /// It cannot be built.
    Failed = 2,
    /// Its entries are being removed.
    Dropping = 3,
}

/// An index of the running store.
#[derive(Debug)]
pub(crate) struct Index {
    /// What its entries are found under.
    pub(in crate::store) number: u64,
    pub(in crate::store) definition: Definition,
    progress: AtomicU8,
    /// Whether documents are not in it since nobody could read them.
    has_left_out: AtomicBool,
    /// Held by whoever changes its row: who builds it, step by step, and who drops it.
    turn: Mutex<()>,
}

impl Index {
    pub(in crate::store) fn new(number: u64, definition: Definition, progress: Progress) -> Self {
        let (progress, has_left_out) = (AtomicU8::new(progress as u8), AtomicBool::new(false));
        Self { number, definition, progress, has_left_out, turn: Mutex::new(()) }
    }

    /// Waits until nobody else changes its row.
    pub(in crate::store) async fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    pub(in crate::store) fn progress(&self) -> Progress {
        match self.progress.load(Ordering::Acquire) {
            0 => Progress::Building,
            1 => Progress::Ready,
            2 => Progress::Failed,
            _ => Progress::Dropping,
        }
    }

    pub(in crate::store) fn set_progress(&self, progress: Progress) {
        self.progress.store(progress as u8, Ordering::Release);
    }

    /// Notes that documents are not in it. Before it becomes ready.
    pub(super) fn leaves_out(&self) {
        self.has_left_out.store(true, Ordering::Release);
    }

    /// Whether every document that can be read has its entry, so that one that leaves the same as before leaves nothing to write.
    pub(in crate::store) fn is_whole(&self) -> bool {
        self.is_ready() && !self.has_left_out.load(Ordering::Acquire)
    }

    /// Whether queries may use it.
    pub(in crate::store) fn is_ready(&self) -> bool {
        self.progress() == Progress::Ready
    }
}
