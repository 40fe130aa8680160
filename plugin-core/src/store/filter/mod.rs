//! What `find` and `count` look for: conditions on the fields of documents.
//!
//! A field is named by a dotted path: names of fields, and places in arrays counted from 0 (`messages.0.from`). A condition on
//! an array is one on the whole array, not on its elements. A field whose name has a dot in it cannot be reached.
//!
//! Values compare with values of their own type alone: no text is greater than a number. One type meets another in one case,
//! a string operand in the form of RFC 3339 and a stored time, so that filters from JSON can ask for times.
//!
//! A field that is missing meets no condition but `ne`, `missing` and `not`; missing is not null.

mod demands;
mod field;
mod json;
mod matching;
mod path;
mod query;
mod tree;

use std::ops::Not;

pub(super) use self::demands::{Allowed, Demands, Span};
pub use self::field::{Field, field};
#[doc(hidden)]
pub use self::query::__path;
use self::tree::{Node, Nodes, Tree, once};
use super::{
    codec::wire::Flaw,
    value::{Value, ValueError},
    view::Undecoded,
};

/// The operators, as [`query!`](crate::query) and JSON spell them (JSON with a `$` before).
pub const OPERATORS: &str = "eq, ne, gt, gte, lt, lte, in, exists, prefix";

/// A condition on a document.
///
/// [`query!`](crate::query) writes one down; [`field`] builds one; [`Filter::from_json`] reads one. An operand that cannot be
/// a value makes the filter invalid, which `find` and `count` report; so do an `or` or `not` within more than 32 others, more than 1,000
/// conditions, and more than 10,000 values to compare with.
///
/// ```
/// use plugin_core::store::{filter::{Filter, field}, value::Value};
///
/// let long_or_open = field("messages").gt(100).or(field("endedAt").missing());
/// let document = Value::from(serde_json::json!({ "messages": 7 }));
/// assert!(long_or_open.matches(&document));
/// assert!(!(!long_or_open).matches(&document));
/// ```
#[derive(Debug, Clone)]
pub struct Filter(Result<Tree, FilterError>);

/// Why a filter is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FilterError {
    /// There is no such operator.
    #[error(
        "{}: unknown operator `{operator}`; the operators are {OPERATORS}, and for whole filters and, or, not",
        at(path)
    )]
    UnknownOperator {
        /// Where it stands.
        path: String,
        /// What was given.
        operator: String,
    },
    /// The operand is not what the operator takes.
    #[error("{}: {operator} takes {takes}, not {found}", at(path))]
    Operand {
        /// The field, or the place in the filter.
        path: String,
        /// The operator.
        operator: &'static str,
        /// What it takes.
        takes: &'static str,
        /// What was given.
        found: &'static str,
    },
    /// The operand cannot be a value.
    #[error("`{path}`: {problem}")]
    Value {
        /// The field.
        path: String,
        /// Why not.
        problem: ValueError,
    },
    /// The path names no field.
    #[error("{} is no path: it is names with dots between them", named(path, "an empty text"))]
    Path {
        /// What was given.
        path: String,
    },
    /// Its conditions lie too deep in one another.
    #[error("conditions lie in one another more than {} deep", json::MAX_DEPTH)]
    TooDeep,
    /// It has more conditions or values than one call can hold documents against.
    #[error(
        "it has {conditions} conditions and {values} values, the limits are 1000 and 10000: ask for some at a time"
    )]
    TooLarge {
        /// How many conditions.
        conditions: usize,
        /// How many values they compare with.
        values: usize,
    },
}

/// A path, for people; `empty` where it is.
fn named(path: &str, empty: &str) -> String {
    if path.is_empty() { empty.to_owned() } else { format!("`{path}`") }
}

/// A field or a place in a filter, for people; the whole filter has none.
fn at(path: &str) -> String {
    named(path, "the filter")
}

impl Filter {
    /// What every document matches.
    pub fn all() -> Self {
        Self::every([])
    }

    /// What matches every one of `filters`.
    pub fn every(filters: impl IntoIterator<Item = Self>) -> Self {
        let mut all = Nodes::default();
        for Self(filter) in filters {
            match filter {
                Ok(Tree { root: Node::Every(nodes), depth, size }) => all.extend(nodes, depth, size),
                Ok(Tree { root, depth, size }) => all.extend(vec![root], depth, size),
                Err(error) => return Self(Err(error)),
            }
        }
        Self(Tree::of(Node::Every(all.nodes), all.depth, all.size))
    }

    /// What matches at least one of `filters`.
    pub fn any(filters: impl IntoIterator<Item = Self>) -> Self {
        let mut any = Nodes::default();
        for Self(filter) in filters {
            match filter {
                Ok(Tree { root: Node::Any(nodes), depth, size }) => any.extend(nodes, depth - 1, size),
                Ok(Tree { root, depth, size }) => any.extend(vec![root], depth, size),
                Err(error) => return Self(Err(error)),
            }
        }
        Self(Tree::of(Node::Any(any.nodes), any.depth + 1, any.size))
    }

    /// What matches this and `other`.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self::every([self, other])
    }

    /// What matches this or `other`.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self::any([self, other])
    }

    /// Why the filter is invalid, if it is.
    pub fn problem(&self) -> Option<&FilterError> {
        self.0.as_ref().err()
    }

    /// Whether `document` matches. An invalid filter matches nothing.
    pub fn matches(&self, document: &Value) -> bool {
        // Nothing is damaged in what was decoded.
        self.0.as_ref().is_ok_and(|tree| tree.root.matches(document) == Ok(true))
    }

    /// Whether a document matches that is not decoded. Of its bytes only those are looked at that the conditions ask for: others
    /// may be damaged unseen.
    pub(super) fn matches_stored(&self, document: Undecoded<'_>) -> Result<bool, Flaw> {
        self.0.as_ref().map_or(Ok(false), |tree| tree.root.matches(&document))
    }

    /// Whether it asks for nothing, so that every document matches unseen.
    pub(super) fn is_all(&self) -> bool {
        matches!(&self.0, Ok(Tree { root: Node::Every(nodes), .. }) if nodes.is_empty())
    }

    /// The fields that it compares, those that must equal something first. A field that is only asked whether it is there is
    /// not among them.
    pub(super) fn fields(&self) -> Vec<&str> {
        let mut fields = Vec::new();
        if let Ok(tree) = &self.0 {
            tree.root.fields(&mut fields);
        }
        fields.sort_by_key(|(_, rank)| *rank);
        once(fields.into_iter().map(|(path, _)| path))
    }

    /// The fields that some document ought to have, if the filter is meant as it is written: those that it compares, and those
    /// that it asks to be there.
    pub(super) fn expected(&self) -> Vec<&str> {
        let mut asked = Vec::new();
        if let Ok(tree) = &self.0 {
            tree.root.asked(&mut asked);
        }
        once(self.fields().into_iter().chain(asked))
    }
}

impl Not for Filter {
    type Output = Self;

    fn not(self) -> Self {
        Self(self.0.and_then(|Tree { root, depth, size }| Tree::of(Node::Not(Box::new(root)), depth + 1, size)))
    }
}

impl Default for Filter {
    fn default() -> Self {
        Self::all()
    }
}

#[cfg(test)]
mod tests;
