//! What the declaration of an index says.

use std::fmt;

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
        write!(f, "{:?}", self.prefix)?;
        for field in self.fields {
            let sign = if field.direction == Direction::Descending { "-" } else { "" };
            write!(f, ", {sign}{}", field.path)?;
        }
        if self.unique == Unique::Yes {
            f.write_str(", unique")?;
        }
        if self.sparse == Sparse::Yes {
            f.write_str(", sparse")?;
        }
        Ok(())
    }
}
