//! The conditions of the model: the whole language of filters, looked at in the plainest way there is.

use std::cmp::Ordering;

use proptest::{prelude::*, sample::select};
use serde_json::{Value as Json, json};

use super::data::{Datum, INSTANTS, operand, path};
use crate::store::filter::{Filter, field};

#[derive(Debug, Clone)]
pub(super) struct Condition {
    root: Node,
    written: Written,
}

/// How a condition becomes a filter.
#[derive(Debug, Clone, Copy)]
enum Written {
    /// By the functions that build one.
    InCode,
    /// As JSON.
    AsJson,
}

#[derive(Debug, Clone)]
enum Node {
    Compare(String, Comparison, Datum),
    In(String, Vec<Datum>),
    Exists(String),
    Missing(String),
    Prefix(String, String),
    Every(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
}

#[derive(Debug, Clone, Copy)]
enum Comparison {
    Eq,
    Ne,
    Gt,
    Gte,
    Lt,
    Lte,
}

impl Condition {
    pub(super) fn filter(&self) -> Filter {
        match self.written {
            Written::InCode => self.root.filter(),
            Written::AsJson => {
                let json = self.root.json().expect("only what JSON can say is written as JSON");
                Filter::from_json(&json).unwrap_or_else(|error| panic!("{json}: {error}"))
            }
        }
    }

    pub(super) fn holds(&self, document: &Datum) -> bool {
        self.root.holds(document)
    }
}

/// How what is stored compares with an operand: not at all where they are of two kinds. A text that names an instant is of the kind of
/// a stored time.
fn order(stored: Option<&Datum>, operand: &Datum) -> Option<Ordering> {
    match (stored?, operand) {
        (Datum::Time(stored), Datum::Text(text)) => {
            let named = INSTANTS.iter().position(|instant| instant == text)?;
            Some(stored.cmp(&named))
        }
        (stored, operand) if std::mem::discriminant(stored) == std::mem::discriminant(operand) => {
            Some(stored.cmp(operand))
        }
        _ => None,
    }
}

impl Node {
    fn holds(&self, document: &Datum) -> bool {
        match self {
            Self::Compare(path, comparison, operand) => {
                let order = order(document.at(path), operand);
                match comparison {
                    Comparison::Eq => order == Some(Ordering::Equal),
                    Comparison::Ne => order != Some(Ordering::Equal),
                    Comparison::Gt => order == Some(Ordering::Greater),
                    Comparison::Gte => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
                    Comparison::Lt => order == Some(Ordering::Less),
                    Comparison::Lte => matches!(order, Some(Ordering::Less | Ordering::Equal)),
                }
            }
            Self::In(path, operands) => {
                operands.iter().any(|operand| order(document.at(path), operand) == Some(Ordering::Equal))
            }
            Self::Exists(path) => document.at(path).is_some(),
            Self::Missing(path) => document.at(path).is_none(),
            Self::Prefix(path, prefix) => {
                matches!(document.at(path), Some(Datum::Text(text)) if text.starts_with(prefix))
            }
            Self::Every(nodes) => nodes.iter().all(|node| node.holds(document)),
            Self::Any(nodes) => nodes.iter().any(|node| node.holds(document)),
            Self::Not(node) => !node.holds(document),
        }
    }

    fn filter(&self) -> Filter {
        match self {
            Self::Compare(path, comparison, operand) => {
                let (field, operand) = (field(path), operand.value());
                match comparison {
                    Comparison::Eq => field.eq(operand),
                    Comparison::Ne => field.ne(operand),
                    Comparison::Gt => field.gt(operand),
                    Comparison::Gte => field.gte(operand),
                    Comparison::Lt => field.lt(operand),
                    Comparison::Lte => field.lte(operand),
                }
            }
            Self::In(path, operands) => field(path).one_of(operands.iter().map(Datum::value).collect::<Vec<_>>()),
            Self::Exists(path) => field(path).exists(),
            Self::Missing(path) => field(path).missing(),
            Self::Prefix(path, prefix) => field(path).prefix(prefix),
            Self::Every(nodes) => Filter::every(nodes.iter().map(Self::filter)),
            Self::Any(nodes) => Filter::any(nodes.iter().map(Self::filter)),
            Self::Not(node) => !node.filter(),
        }
    }

    fn json(&self) -> Option<Json> {
        let each = |nodes: &[Self]| nodes.iter().map(Self::json).collect::<Option<Json>>();
        Some(match self {
            Self::Compare(path, comparison, operand) => {
                let operator = match comparison {
                    Comparison::Eq => "$eq",
                    Comparison::Ne => "$ne",
                    Comparison::Gt => "$gt",
                    Comparison::Gte => "$gte",
                    Comparison::Lt => "$lt",
                    Comparison::Lte => "$lte",
                };
                json!({ path: { operator: operand.json()? } })
            }
            Self::In(path, operands) => {
                json!({ path: { "$in": operands.iter().map(Datum::json).collect::<Option<Json>>()? } })
            }
            Self::Exists(path) => json!({ path: { "$exists": true } }),
            Self::Missing(path) => json!({ path: { "$exists": false } }),
            Self::Prefix(path, prefix) => json!({ path: { "$prefix": prefix } }),
            Self::Every(nodes) => json!({ "$and": each(nodes)? }),
            Self::Any(nodes) => json!({ "$or": each(nodes)? }),
            Self::Not(node) => json!({ "$not": node.json()? }),
        })
    }
}

fn comparison() -> impl Strategy<Value = Comparison> {
    use Comparison::{Eq, Gt, Gte, Lt, Lte, Ne};
    select(vec![Eq, Ne, Gt, Gte, Lt, Lte])
}

fn node() -> BoxedStrategy<Node> {
    let one = prop_oneof![
        6 => (path(), comparison(), operand()).prop_map(|(path, comparison, operand)| Node::Compare(path, comparison, operand)),
        1 => (path(), proptest::collection::vec(operand(), 0..4)).prop_map(|(path, operands)| Node::In(path, operands)),
        1 => path().prop_map(Node::Exists),
        1 => path().prop_map(Node::Missing),
        1 => (path(), select(vec!["", "a", "ab", "b"])).prop_map(|(path, prefix)| Node::Prefix(path, prefix.to_owned())),
    ];
    let node = one.boxed().prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            2 => proptest::collection::vec(inner.clone(), 0..4).prop_map(Node::Every),
            1 => proptest::collection::vec(inner.clone(), 0..4).prop_map(Node::Any),
            1 => inner.prop_map(|node| Node::Not(Box::new(node))),
        ]
    });
    node.boxed()
}

/// Any condition, written as JSON half of the time where JSON can say it.
pub(super) fn condition() -> BoxedStrategy<Condition> {
    let root = prop_oneof![1 => Just(Node::Every(Vec::new())), 6 => node()];
    let condition = (root, any::<bool>()).prop_map(|(root, as_json)| {
        let written = if as_json && root.json().is_some() { Written::AsJson } else { Written::InCode };
        Condition { root, written }
    });
    condition.boxed()
}
