//! What `find` and `count` look for: conditions on the fields of documents.
//!
//! A field is named by a dotted path: names of fields, and places in arrays counted from 0 (`messages.0.from`). A condition on
//! an array is one on the whole array, not on its elements. A field whose name has a dot in it cannot be reached.
//!
//! Values compare with values of their own type alone: no text is greater than a number. One type meets another in one case,
//! a string operand in the form of RFC 3339 and a stored time, so that filters from JSON can ask for times.
//!
//! A field that is missing meets no condition but `ne`, `missing` and `not`; missing is not null.

mod json;
mod query;

use std::{cmp::Ordering, ops::Not};

use serde::Serialize;

#[doc(hidden)]
pub use self::query::__path;
use super::value::{Value, ValueError};
use crate::clock::Timestamp;

/// The operators, as [`query!`](crate::query) and JSON spell them (JSON with a `$` before).
pub const OPERATORS: &str = "eq, ne, gt, gte, lt, lte, in, exists, prefix";

/// A condition on a document.
///
/// [`query!`](crate::query) writes one down; [`field`] builds one; [`Filter::from_json`] reads one. An operand that cannot be
/// a value makes the filter invalid, which `find` and `count` report; so does an `or` or `not` within more than 32 others.
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

/// A condition, and how deep it is: so many of `Any` and `Not` lie in one another. They are at most [`json::MAX_DEPTH`], so that
/// whoever walks down the tree comes to an end before the stack does.
#[derive(Debug, Clone)]
struct Tree {
    root: Node,
    depth: usize,
}

/// No `Every` lies in an `Every`, and no `Any` in an `Any`.
#[derive(Debug, Clone)]
enum Node {
    Every(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    Field(String, Test),
}

#[derive(Debug, Clone)]
enum Test {
    Eq(Operand),
    Ne(Operand),
    Gt(Operand),
    Gte(Operand),
    Lt(Operand),
    Lte(Operand),
    In(Vec<Operand>),
    Exists,
    Missing,
    Prefix(String),
}

/// What a field is compared with.
#[derive(Debug, Clone)]
struct Operand {
    value: Value,
    /// The instant that a string names.
    instant: Option<Timestamp>,
}

/// Why a filter is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FilterError {
    /// There is no such operator.
    #[error(
        "`{path}`: unknown operator `{operator}`; the operators are {OPERATORS}, and for whole filters and, or, not"
    )]
    UnknownOperator {
        /// Where it stands.
        path: String,
        /// What was given.
        operator: String,
    },
    /// The operand is not what the operator takes.
    #[error("`{path}`: {operator} takes {takes}, not {found}")]
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
    #[error("`{path}` is no path: it is names with dots between them")]
    Path {
        /// What was given.
        path: String,
    },
    /// Its conditions lie too deep in one another.
    #[error("conditions lie in one another more than {} deep", json::MAX_DEPTH)]
    TooDeep,
}

/// A field, to be compared with something.
///
/// ```
/// use plugin_core::store::filter::field;
///
/// let recent = field("endedAt").gte("2026-07-01T00:00:00Z").and(field("user.id").one_of(["ada", "grace"]));
/// ```
pub fn field(path: impl Into<String>) -> Field {
    Field(path.into())
}

/// A field, named by its path: see [`field`].
#[derive(Debug, Clone)]
pub struct Field(String);

impl Field {
    /// It equals the operand. [`None`] is null, which a field that is missing does not equal.
    pub fn eq(self, operand: impl Serialize) -> Filter {
        self.compare(operand, Test::Eq)
    }

    /// It does not equal the operand, or is missing.
    pub fn ne(self, operand: impl Serialize) -> Filter {
        self.compare(operand, Test::Ne)
    }

    /// It is greater than the operand.
    pub fn gt(self, operand: impl Serialize) -> Filter {
        self.compare(operand, Test::Gt)
    }

    /// It is greater than the operand or equals it.
    pub fn gte(self, operand: impl Serialize) -> Filter {
        self.compare(operand, Test::Gte)
    }

    /// It is less than the operand.
    pub fn lt(self, operand: impl Serialize) -> Filter {
        self.compare(operand, Test::Lt)
    }

    /// It is less than the operand or equals it.
    pub fn lte(self, operand: impl Serialize) -> Filter {
        self.compare(operand, Test::Lte)
    }

    /// It equals one of the operands: anything that serde writes as an array.
    pub fn one_of(self, operands: impl Serialize) -> Filter {
        self.with(operands, |path, operands| match operands {
            Value::Array(operands) => Ok(Test::In(operands.into_iter().map(Operand::of).collect())),
            other => Err(refused(path, "in", "an array", &other)),
        })
    }

    /// The document has it, be it null.
    pub fn exists(self) -> Filter {
        self.test(Test::Exists)
    }

    /// The document does not have it.
    pub fn missing(self) -> Filter {
        self.test(Test::Missing)
    }

    /// It is a string that begins with the operand.
    pub fn prefix(self, operand: impl Serialize) -> Filter {
        self.with(operand, |path, operand| match operand {
            Value::String(prefix) => Ok(Test::Prefix(prefix)),
            other => Err(refused(path, "prefix", "a string", &other)),
        })
    }

    fn compare(self, operand: impl Serialize, test: fn(Operand) -> Test) -> Filter {
        self.with(operand, |_, operand| Ok(test(Operand::of(operand))))
    }

    fn with(self, operand: impl Serialize, test: impl FnOnce(&str, Value) -> Result<Test, FilterError>) -> Filter {
        match Value::of(&operand) {
            Ok(operand) => match test(&self.0, operand) {
                Ok(test) => self.test(test),
                Err(error) => Filter(Err(error)),
            },
            Err(problem) => Filter(Err(FilterError::Value { path: self.0, problem })),
        }
    }

    fn test(self, test: Test) -> Filter {
        Filter(match self.0.split('.').any(str::is_empty) {
            true => Err(FilterError::Path { path: self.0 }),
            false => Ok(Tree { root: Node::Field(self.0, test), depth: 0 }),
        })
    }
}

fn refused(path: &str, operator: &'static str, takes: &'static str, found: &Value) -> FilterError {
    FilterError::Operand { path: path.into(), operator, takes, found: found.kind() }
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
                Ok(Tree { root: Node::Every(nodes), depth }) => all.extend(nodes, depth),
                Ok(Tree { root, depth }) => all.extend(vec![root], depth),
                Err(error) => return Self(Err(error)),
            }
        }
        Self(Tree::of(Node::Every(all.nodes), all.depth))
    }

    /// What matches at least one of `filters`.
    pub fn any(filters: impl IntoIterator<Item = Self>) -> Self {
        let mut any = Nodes::default();
        for Self(filter) in filters {
            match filter {
                Ok(Tree { root: Node::Any(nodes), depth }) => any.extend(nodes, depth - 1),
                Ok(Tree { root, depth }) => any.extend(vec![root], depth),
                Err(error) => return Self(Err(error)),
            }
        }
        Self(Tree::of(Node::Any(any.nodes), any.depth + 1))
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
        self.0.as_ref().is_ok_and(|tree| tree.root.matches(document))
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

/// Each of `paths`, where it comes first.
fn once<'a>(paths: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut once = Vec::new();
    for path in paths {
        if !once.contains(&path) {
            once.push(path);
        }
    }
    once
}

/// The conditions of an `Every` or `Any` that grows, and the depth of the deepest.
#[derive(Default)]
struct Nodes {
    nodes: Vec<Node>,
    depth: usize,
}

impl Nodes {
    fn extend(&mut self, nodes: Vec<Node>, depth: usize) {
        // The first are taken over as they are, so that a filter to which conditions are added one by one is not copied each time.
        match self.nodes.is_empty() {
            true => self.nodes = nodes,
            false => self.nodes.extend(nodes),
        }
        self.depth = self.depth.max(depth);
    }
}

impl Tree {
    fn of(root: Node, depth: usize) -> Result<Self, FilterError> {
        if depth <= json::MAX_DEPTH { Ok(Self { root, depth }) } else { Err(FilterError::TooDeep) }
    }
}

impl Not for Filter {
    type Output = Self;

    fn not(self) -> Self {
        Self(self.0.and_then(|Tree { root, depth }| Tree::of(Node::Not(Box::new(root)), depth + 1)))
    }
}

impl Default for Filter {
    fn default() -> Self {
        Self::all()
    }
}

/// What serves a field in an index: what must equal something before what lies in a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Equal,
    Range,
}

impl Node {
    fn matches(&self, document: &Value) -> bool {
        match self {
            Self::Every(nodes) => nodes.iter().all(|node| node.matches(document)),
            Self::Any(nodes) => nodes.iter().any(|node| node.matches(document)),
            Self::Not(node) => !node.matches(document),
            Self::Field(path, test) => test.holds(document.at(path)),
        }
    }

    fn fields<'a>(&'a self, fields: &mut Vec<(&'a str, Rank)>) {
        match self {
            Self::Every(nodes) | Self::Any(nodes) => nodes.iter().for_each(|node| node.fields(fields)),
            Self::Not(node) => node.fields(fields),
            Self::Field(_, Test::Exists | Test::Missing) => {}
            Self::Field(path, Test::Eq(_) | Test::In(_)) => fields.push((path, Rank::Equal)),
            Self::Field(path, _) => fields.push((path, Rank::Range)),
        }
    }

    /// The fields that are asked to be there. Below a `not` they are asked to be missing.
    fn asked<'a>(&'a self, fields: &mut Vec<&'a str>) {
        match self {
            Self::Every(nodes) | Self::Any(nodes) => nodes.iter().for_each(|node| node.asked(fields)),
            Self::Field(path, Test::Exists) => fields.push(path),
            Self::Not(_) | Self::Field(..) => {}
        }
    }
}

impl Test {
    fn holds(&self, stored: Option<&Value>) -> bool {
        let orders = |operand: &Operand, holds: fn(Ordering) -> bool| {
            stored.and_then(|stored| operand.order_of(stored)).is_some_and(holds)
        };
        match self {
            Self::Eq(operand) => orders(operand, Ordering::is_eq),
            Self::Ne(operand) => !orders(operand, Ordering::is_eq),
            Self::Gt(operand) => orders(operand, Ordering::is_gt),
            Self::Gte(operand) => orders(operand, Ordering::is_ge),
            Self::Lt(operand) => orders(operand, Ordering::is_lt),
            Self::Lte(operand) => orders(operand, Ordering::is_le),
            Self::In(operands) => operands.iter().any(|operand| orders(operand, Ordering::is_eq)),
            Self::Exists => stored.is_some(),
            Self::Missing => stored.is_none(),
            Self::Prefix(prefix) => matches!(stored, Some(Value::String(text)) if text.starts_with(&**prefix)),
        }
    }
}

impl Operand {
    fn of(value: Value) -> Self {
        let instant = if let Value::String(text) = &value { text.parse().ok() } else { None };
        Self { value, instant }
    }

    /// How `stored` compares with this, if it is of its type.
    fn order_of(&self, stored: &Value) -> Option<Ordering> {
        match (stored, self.instant) {
            (Value::Time(stored), Some(instant)) => Some(stored.cmp(&instant)),
            _ => (stored.rank() == self.value.rank()).then(|| stored.cmp(&self.value)),
        }
    }
}

#[cfg(test)]
mod tests;
