//! The order of a value that may not be decoded and one that is: that of [`Value`] with [`Value`].

use std::cmp::Ordering;

use super::{Array, Object, View, part::Items, read};
use crate::store::{codec::wire::Flaw, value::Value};

impl View<'_> {
    /// How it compares with a value of its type; `None` with one of another.
    #[inline]
    pub(in crate::store) fn order_of(self, other: &Value) -> Result<Option<Ordering>, Flaw> {
        let alike = self.rank() == other.rank();
        Ok(if alike { Some(order(self, other)?) } else { None })
    }

    /// The place of its type among the types.
    #[inline]
    fn rank(self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Bool(_) => 1,
            Self::Number(_) => 2,
            Self::String(_) => 3,
            Self::Bytes(_) => 4,
            Self::Time(_) => 5,
            Self::Array(_) => 6,
            Self::Object(_) => 7,
        }
    }
}

#[inline]
fn order(one: View<'_>, other: &Value) -> Result<Ordering, Flaw> {
    Ok(match (one, other) {
        (View::Bool(one), Value::Bool(other)) => one.cmp(other),
        (View::Number(one), Value::Number(other)) => one.cmp(other),
        (View::String(one), Value::String(other)) => one.cmp(other.as_str()),
        (View::Bytes(one), Value::Bytes(other)) => one.cmp(other.as_slice()),
        (View::Time(one), Value::Time(other)) => one.cmp(other),
        (View::Array(Array::Tree(one)), Value::Array(other)) => one.cmp(other.as_slice()),
        (View::Array(Array::Stored(one)), Value::Array(other)) => order_of_items(one, other)?,
        (View::Object(Object::Tree(one)), Value::Object(other)) => one.cmp(other),
        // Fields are compared in the order of their names, in which those of a struct are not stored.
        (View::Object(Object::Stored(_)), Value::Object(_)) => read::decoded(one)?.cmp(other),
        (one, other) => one.rank().cmp(&other.rank()),
    })
}

fn order_of_items(mut one: Items<'_>, other: &[Value]) -> Result<Ordering, Flaw> {
    let mut others = other.iter();
    loop {
        match (one.each.next(), others.next()) {
            (None, None) => return Ok(Ordering::Equal),
            (None, Some(_)) => return Ok(Ordering::Less),
            (Some(_), None) => return Ok(Ordering::Greater),
            (Some(how), Some(other)) => {
                let item = read::view(how, &mut { one.from }, one.depth)?;
                match order(item, other)? {
                    Ordering::Equal => read::skip(how, &mut one.from, one.depth)?,
                    unequal => return Ok(unequal),
                }
            }
        }
    }
}
