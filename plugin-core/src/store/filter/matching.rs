//! Whether a document matches: one that was decoded, or one as it is stored.

use std::cmp::Ordering;

use super::{
    path::Path,
    tree::{Node, Operand, Test},
};
use crate::store::{
    codec::wire::Flaw,
    value::Value,
    view::{Undecoded, View},
};

/// What conditions are put to.
pub(super) trait Subject {
    /// What lies at a path.
    fn look(&self, path: &Path) -> Result<Option<View<'_>>, Flaw>;

    /// Whether this text lies at a path. What most ask, and what bytes may tell without being read as a text.
    fn has_text(&self, path: &Path, text: &str) -> Result<bool, Flaw>;
}

impl Subject for Value {
    fn look(&self, path: &Path) -> Result<Option<View<'_>>, Flaw> {
        Ok(self.at(path).map(View::from))
    }

    fn has_text(&self, path: &Path, text: &str) -> Result<bool, Flaw> {
        Ok(matches!(self.at(path), Some(Value::String(found)) if found == text))
    }
}

impl Subject for Undecoded<'_> {
    fn look(&self, path: &Path) -> Result<Option<View<'_>>, Flaw> {
        Undecoded::look(self, path.steps())
    }

    #[inline]
    fn has_text(&self, path: &Path, text: &str) -> Result<bool, Flaw> {
        Undecoded::has_text(self, path.steps(), text)
    }
}

impl Node {
    pub(super) fn matches(&self, document: &impl Subject) -> Result<bool, Flaw> {
        match self {
            Self::Every(nodes) => {
                for node in nodes {
                    if !node.matches(document)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Self::Any(nodes) => {
                for node in nodes {
                    if node.matches(document)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Self::Not(node) => Ok(!node.matches(document)?),
            Self::Field(path, Test::Eq(Operand { value: Value::String(text), instant: None })) => {
                document.has_text(path, text)
            }
            Self::Field(path, test) => test.holds(document.look(path)?),
        }
    }
}

impl Test {
    fn holds(&self, stored: Option<View<'_>>) -> Result<bool, Flaw> {
        let orders = |operand: &Operand, holds: fn(Ordering) -> bool| {
            let order = stored.map_or(Ok(None), |stored| operand.order_of(stored))?;
            Ok(order.is_some_and(holds))
        };
        match self {
            Self::Eq(operand) => orders(operand, Ordering::is_eq),
            Self::Ne(operand) => orders(operand, Ordering::is_eq).map(|equal| !equal),
            Self::Gt(operand) => orders(operand, Ordering::is_gt),
            Self::Gte(operand) => orders(operand, Ordering::is_ge),
            Self::Lt(operand) => orders(operand, Ordering::is_lt),
            Self::Lte(operand) => orders(operand, Ordering::is_le),
            Self::In(operands) => {
                for operand in operands {
                    if orders(operand, Ordering::is_eq)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Self::Exists => Ok(stored.is_some()),
            Self::Missing => Ok(stored.is_none()),
            Self::Prefix(prefix) => Ok(matches!(stored, Some(View::String(text)) if text.starts_with(&**prefix))),
        }
    }
}

impl Operand {
    /// How `stored` compares with this, if it is of its type.
    #[inline]
    fn order_of(&self, stored: View<'_>) -> Result<Option<Ordering>, Flaw> {
        match (stored, self.instant) {
            (View::Time(stored), Some(instant)) => Ok(Some(stored.cmp(&instant))),
            _ => stored.order_of(&self.value),
        }
    }
}
