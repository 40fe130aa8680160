//! A filter's conditions, and what a planner wants to know of them.

use super::{FilterError, json, path::Path};
use crate::{clock::Timestamp, store::value::Value};

/// A condition, and how deep it is: so many of `Any` and `Not` lie in one another. They are at most [`json::MAX_DEPTH`], so that
/// whoever walks down the tree comes to an end before the stack does.
#[derive(Debug, Clone)]
pub(super) struct Tree {
    pub(super) root: Node,
    pub(super) depth: usize,
    pub(super) size: Size,
}

/// How much a document is held against.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Size {
    conditions: usize,
    /// What they compare with.
    values: usize,
}

impl Size {
    /// The most conditions of a filter, so that the documents that one call looks at are held against it in a moment.
    const CONDITIONS: usize = 1_000;
    /// The most values, for the same reason.
    const VALUES: usize = 10_000;

    /// That of one condition.
    pub(super) fn of(test: &Test) -> Self {
        let values = if let Test::In(values) = test { values.len() } else { 1 };
        Self { conditions: 1, values }
    }

    fn and(self, other: Self) -> Self {
        Self { conditions: self.conditions + other.conditions, values: self.values + other.values }
    }
}

/// No `Every` lies in an `Every`, and no `Any` in an `Any`.
#[derive(Debug, Clone)]
pub(super) enum Node {
    Every(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    Field(Path, Test),
}

#[derive(Debug, Clone)]
pub(super) enum Test {
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
pub(super) struct Operand {
    pub(super) value: Value,
    /// The instant that a string names.
    pub(super) instant: Option<Timestamp>,
}

/// Each of `paths`, where it comes first.
pub(super) fn once<'a>(paths: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
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
pub(super) struct Nodes {
    pub(super) nodes: Vec<Node>,
    pub(super) depth: usize,
    pub(super) size: Size,
}

impl Nodes {
    pub(super) fn extend(&mut self, nodes: Vec<Node>, depth: usize, size: Size) {
        // The first are taken over as they are, so that a filter to which conditions are added one by one is not copied each time.
        match self.nodes.is_empty() {
            true => self.nodes = nodes,
            false => self.nodes.extend(nodes),
        }
        self.depth = self.depth.max(depth);
        self.size = self.size.and(size);
    }
}

impl Tree {
    pub(super) fn of(root: Node, depth: usize, size: Size) -> Result<Self, FilterError> {
        match (depth, size) {
            (depth, _) if depth > json::MAX_DEPTH => Err(FilterError::TooDeep),
            (_, Size { conditions, values }) if conditions > Size::CONDITIONS || values > Size::VALUES => {
                Err(FilterError::TooLarge { conditions, values })
            }
            _ => Ok(Self { root, depth, size }),
        }
    }
}

/// What serves a field in an index: what must equal something before what lies in a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    Equal,
    Range,
}

impl Node {
    pub(super) fn fields<'a>(&'a self, fields: &mut Vec<(&'a str, Rank)>) {
        match self {
            Self::Every(nodes) | Self::Any(nodes) => nodes.iter().for_each(|node| node.fields(fields)),
            Self::Not(node) => node.fields(fields),
            Self::Field(_, Test::Exists | Test::Missing) => {}
            Self::Field(path, Test::Eq(_) | Test::In(_)) => fields.push((path, Rank::Equal)),
            Self::Field(path, _) => fields.push((path, Rank::Range)),
        }
    }

    /// The fields that are asked to be there. Below a `not` they are asked to be missing.
    pub(super) fn asked<'a>(&'a self, fields: &mut Vec<&'a str>) {
        match self {
            Self::Every(nodes) | Self::Any(nodes) => nodes.iter().for_each(|node| node.asked(fields)),
            Self::Field(path, Test::Exists) => fields.push(path),
            Self::Not(_) | Self::Field(..) => {}
        }
    }
}

impl Operand {
    pub(super) fn of(value: Value) -> Self {
        let instant = if let Value::String(text) = &value { text.parse().ok() } else { None };
        Self { value, instant }
    }
}
