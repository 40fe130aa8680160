//! Conditions on one field, as they are put together in code.

use serde::Serialize;

use super::{
    Filter, FilterError,
    path::Path,
    tree::{Node, Operand, Size, Test, Tree},
};
use crate::store::value::Value;

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
            false => {
                let size = Size::of(&test);
                Tree::of(Node::Field(Path::from(&*self.0), test), 0, size)
            }
        })
    }
}

fn refused(path: &str, operator: &'static str, takes: &'static str, found: &Value) -> FilterError {
    FilterError::Operand { path: path.into(), operator, takes, found: found.kind() }
}
