//! What the declaration of an index says.

use std::fmt;

use crate::store::schema::Schema;

/// An index, as it is declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexMeta {
    /// Of which documents: those whose keys begin with this. Empty for all of the plugin.
    pub prefix: &'static str,
    /// The fields, the first first.
    pub fields: &'static [IndexField],
    /// Whether two documents may have the same values.
    pub unique: Unique,
    /// Whether documents that have none of the fields are in it.
    pub sparse: Sparse,
}

impl IndexMeta {
    /// An index of documents whose keys begin with `prefix`, not unique and not sparse.
    ///
    /// ```
    /// use plugin_core::store::index::{IndexField, IndexMeta};
    ///
    /// const RECENT: IndexMeta =
    ///     IndexMeta::of("conversations:", &[IndexField::ascending("userId"), IndexField::descending("endedAt")]);
    /// assert_eq!(RECENT.to_string(), r#""conversations:", userId, -endedAt"#);
    /// ```
    pub const fn of(prefix: &'static str, fields: &'static [IndexField]) -> Self {
        Self { prefix, fields, unique: Unique::No, sparse: Sparse::No }
    }

    /// The same, in which no two documents have the same values.
    #[must_use]
    pub const fn unique(mut self) -> Self {
        self.unique = Unique::Yes;
        self
    }

    /// The same, without documents that have none of the fields.
    #[must_use]
    pub const fn sparse(mut self) -> Self {
        self.sparse = Sparse::Yes;
        self
    }
}

impl IndexField {
    /// The field at `path`, the smallest first.
    pub const fn ascending(path: &'static str) -> Self {
        Self { path, direction: Direction::Ascending }
    }

    /// The field at `path`, the largest first.
    pub const fn descending(path: &'static str) -> Self {
        Self { path, direction: Direction::Descending }
    }
}

/// A field of an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexField {
    /// Its path, as filters have it.
    pub path: &'static str,
    /// Its order.
    pub direction: Direction,
}

/// The order of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The smallest first.
    Ascending,
    /// The largest first.
    Descending,
}

/// Whether two documents may have the same values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unique {
    /// They may.
    No,
    /// They may not, unless one of the fields is missing or null.
    Yes,
}

/// Whether documents that have none of the fields are in an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sparse {
    /// They are.
    No,
    /// They are left out: those in which every field is missing or null.
    Yes,
}

impl fmt::Display for IndexMeta {
    /// As it is declared: `"conversations:", userId, -endedAt, unique`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        super::Definition::of(self, &Schema::default()).fmt(f)
    }
}
