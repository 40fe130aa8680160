//! What a filter demands of single fields, as ranges of encoded values: what an index can serve.

use std::{collections::BTreeMap, ops::Range};

use super::{
    Filter,
    tree::{Node, Operand, Test, Tree},
};
use crate::store::{
    index::Direction,
    ordered::{self, Relation},
    value::Value,
};

/// What every match has in single fields.
#[derive(Debug, Default)]
pub(in crate::store) struct Demands<'a> {
    fields: BTreeMap<&'a str, Vec<&'a Test>>,
    /// How many conditions are demands of a single field, and how many are something else.
    simple: usize,
    other: usize,
}

/// The values that are allowed in a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) struct Allowed {
    /// As encoded values, in their order, without overlap.
    pub(in crate::store) spans: Vec<Span>,
    /// Whether what is allowed is there and not null.
    pub(in crate::store) is_something: bool,
}

/// Values between two bounds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) struct Span {
    pub(in crate::store) range: Range<Vec<u8>>,
    /// Whether it is one value, whose bytes the range starts with.
    pub(in crate::store) is_point: bool,
}

impl Filter {
    /// What every match has in single fields.
    pub(in crate::store) fn demands(&self) -> Demands<'_> {
        let mut demands = Demands::default();
        match &self.0 {
            Ok(Tree { root: Node::Every(nodes), .. }) => nodes.iter().for_each(|node| demands.add(node)),
            Ok(Tree { root, .. }) => demands.add(root),
            Err(_) => {}
        }
        demands
    }

    /// Every field that is named.
    pub(in crate::store) fn paths(&self) -> Vec<&str> {
        let mut paths = Vec::new();
        if let Ok(tree) = &self.0 {
            named(&tree.root, &mut paths);
        }
        paths
    }
}

impl<'a> Demands<'a> {
    fn add(&mut self, node: &'a Node) {
        match node {
            Node::Field(path, test) if !matches!(test, Test::Ne(_)) => {
                self.fields.entry(path).or_default().push(test);
                self.simple += 1;
            }
            _ => self.other += 1,
        }
    }

    /// The fields that an index can hold to single values, and those that it can hold to a range.
    pub(in crate::store) fn servable(&self) -> (Vec<&'a str>, Vec<&'a str>) {
        let is_narrow = |test: &&Test| !matches!(test, Test::Exists | Test::Missing);
        let is_point = |test: &&Test| matches!(test, Test::Eq(_) | Test::In(_));
        let narrow = self.fields.iter().filter(|(_, tests)| tests.iter().copied().any(|test| is_narrow(&test)));
        let (held, narrowed): (Vec<_>, Vec<_>) =
            narrow.partition(|(_, tests)| tests.iter().copied().any(|test| is_point(&test)));
        let paths = |fields: Vec<(&&'a str, _)>| fields.into_iter().map(|(path, _)| *path).collect();
        (paths(held), paths(narrowed))
    }

    /// What is allowed in the field at `path`, in an index that has it in `direction`; nothing where anything is.
    pub(in crate::store) fn allowed(&self, path: &str, direction: Direction) -> Option<Allowed> {
        let tests = self.fields.get(path)?;
        let mut spans: Option<Vec<Span>> = None;
        for test in tests {
            let of_test = spans_of(test, direction);
            spans = Some(match spans {
                Some(spans) => overlap(&spans, &of_test),
                None => of_test,
            });
        }
        let is_something = tests.iter().any(|test| is_something(test));
        Some(Allowed { spans: spans?, is_something })
    }

    /// Whether nothing is demanded beyond these fields.
    pub(in crate::store) fn are_all_of<'b>(&self, paths: impl Iterator<Item = &'b str> + Clone) -> bool {
        self.other == 0 && self.fields.keys().all(|field| paths.clone().any(|path| path == *field))
    }
}

fn named<'a>(node: &'a Node, paths: &mut Vec<&'a str>) {
    match node {
        Node::Every(nodes) | Node::Any(nodes) => nodes.iter().for_each(|node| named(node, paths)),
        Node::Not(node) => named(node, paths),
        Node::Field(path, _) => paths.push(path),
    }
}

/// Whether what passes the test is there and not null.
fn is_something(test: &Test) -> bool {
    let is_value = |operand: &Operand| !matches!(operand.value, Value::Null);
    match test {
        Test::Eq(operand) | Test::Gt(operand) | Test::Gte(operand) | Test::Lt(operand) | Test::Lte(operand) => {
            is_value(operand)
        }
        Test::In(operands) => operands.iter().all(is_value),
        Test::Prefix(_) => true,
        Test::Ne(_) | Test::Exists | Test::Missing => false,
    }
}

fn spans_of(test: &Test, direction: Direction) -> Vec<Span> {
    let mut spans = match test {
        Test::Eq(operand) => related(Relation::Equal, operand, direction),
        Test::In(operands) => {
            operands.iter().flat_map(|operand| related(Relation::Equal, operand, direction)).collect()
        }
        Test::Gt(operand) => related(Relation::Greater, operand, direction),
        Test::Gte(operand) => related(Relation::GreaterOrEqual, operand, direction),
        Test::Lt(operand) => related(Relation::Less, operand, direction),
        Test::Lte(operand) => related(Relation::LessOrEqual, operand, direction),
        Test::Missing => vec![Span { range: ordered::missing(direction), is_point: true }],
        Test::Exists => vec![Span { range: ordered::present(direction), is_point: false }],
        Test::Prefix(prefix) => vec![Span { range: ordered::string_prefix(prefix, direction), is_point: false }],
        Test::Ne(_) => Vec::new(),
    };
    spans.sort_unstable_by(|one, other| one.range.start.cmp(&other.range.start));
    spans.dedup();
    spans
}

/// A text in the form of an instant stands for the instant too.
fn related(relation: Relation, operand: &Operand, direction: Direction) -> Vec<Span> {
    let is_point = relation == Relation::Equal;
    let span = |value: &Value| Span { range: ordered::related(relation, value, direction), is_point };
    let instant = operand.instant.map(Value::Time);
    [Some(&operand.value), instant.as_ref()].into_iter().flatten().map(span).collect()
}

/// What lies in one of each.
fn overlap(some: &[Span], others: &[Span]) -> Vec<Span> {
    let mut both = Vec::new();
    for one in some {
        for other in others {
            let start = (&one.range.start).max(&other.range.start);
            let end = (&one.range.end).min(&other.range.end);
            if start < end {
                both.push(Span { range: start.clone()..end.clone(), is_point: one.is_point || other.is_point });
            }
        }
    }
    both
}
