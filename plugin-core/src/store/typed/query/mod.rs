//! Conditions on typed documents, checked against the types of their fields: what [`query!`](crate::query) with a type's name
//! before the braces is made of.
//!
//! A field knows the document that it is of and the type that it has, and is reached by its name in documents. What comes out is
//! a [`Filter`](crate::store::Filter) as any other; the types are there for the compiler alone.

mod field;
mod filter;
mod operand;

pub use self::{
    field::{Field, Fields, Holds, NothingWithin, Path, fields},
    filter::{SortKey, TypedFilter},
    operand::{Anything, Compared, NotNull, Nullable, Operand, Operands, Ordered, Plain, Text},
};

#[cfg(test)]
mod tests;
