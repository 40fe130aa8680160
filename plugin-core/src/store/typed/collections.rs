//! What holds other things: options, boxes, lists, tuples, sets and maps.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    shape::{Content, Of, Shape, Variant},
    stored::{Incoming, Outgoing, Stored},
};
use crate::store::{codec::CodecError, value::ValueError};

impl<T: Stored> Stored for Option<T> {
    fn shape() -> &'static Shape {
        const { &Shape::Option(T::shape) }
    }

    fn store(&self, into: &mut Outgoing) -> Result<(), CodecError> {
        into.put(self.is_some())?;
        self.as_ref().map_or(Ok(()), |value| value.store(into))
    }

    fn load(from: &mut Incoming<'_>) -> Result<Self, CodecError> {
        if from.from.bool()? { T::load(from).map(Some) } else { Ok(None) }
    }
}

impl<T: Stored> Stored for Box<T> {
    fn shape() -> &'static Shape {
        T::shape()
    }

    fn store(&self, into: &mut Outgoing) -> Result<(), CodecError> {
        into.inner(&**self)
    }

    fn load(from: &mut Incoming<'_>) -> Result<Self, CodecError> {
        from.inner().map(Self::new)
    }
}

impl<T: Stored> Stored for Vec<T> {
    fn shape() -> &'static Shape {
        const { &Shape::Seq(T::shape) }
    }

    fn store(&self, into: &mut Outgoing) -> Result<(), CodecError> {
        T::store_list(self, into)
    }

    fn load(from: &mut Incoming<'_>) -> Result<Self, CodecError> {
        T::load_list(from)
    }
}

impl<T: Stored, const N: usize> Stored for [T; N] {
    fn shape() -> &'static Shape {
        const { &Shape::Tuple(&[T::shape as Of; N]) }
    }

    fn store(&self, into: &mut Outgoing) -> Result<(), CodecError> {
        self.iter().try_for_each(|item| into.inner(item))
    }

    fn load(from: &mut Incoming<'_>) -> Result<Self, CodecError> {
        let items: Vec<T> = from.times(N)?;
        items.try_into().map_err(|_| CodecError::Truncated)
    }
}

macro_rules! tuples {
    ($(($($name:ident $place:tt),+))*) => {$(
        impl<$($name: Stored),+> Stored for ($($name,)+) {
            fn shape() -> &'static Shape {
                const { &Shape::Tuple(&[$($name::shape),+]) }
            }

            fn store(&self, into: &mut Outgoing) -> Result<(), CodecError> {
                $(self.$place.store(into)?;)+
                Ok(())
            }

            fn load(from: &mut Incoming<'_>) -> Result<Self, CodecError> {
                Ok(($($name::load(from)?,)+))
            }
        }
    )*};
}

tuples! {
    (A 0)
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
    (A 0, B 1, C 2, D 3, E 4)
    (A 0, B 1, C 2, D 3, E 4, F 5)
}

impl<T: Stored + Ord> Stored for BTreeSet<T> {
    fn shape() -> &'static Shape {
        const { &Shape::Seq(T::shape) }
    }

    fn store(&self, into: &mut Outgoing) -> Result<(), CodecError> {
        into.each(self.iter())
    }

    fn load(from: &mut Incoming<'_>) -> Result<Self, CodecError> {
        let mut items = Self::new();
        for _ in 0..from.from.length()? {
            let item = from.inner()?;
            follows(items.last(), &item)?;
            items.insert(item);
        }
        Ok(items)
    }
}

impl<K: Stored + Ord, V: Stored> Stored for BTreeMap<K, V> {
    fn shape() -> &'static Shape {
        const { &Shape::Map { key: K::shape, value: V::shape } }
    }

    fn store(&self, into: &mut Outgoing) -> Result<(), CodecError> {
        is_name(K::shape())?;
        into.put(self.len())?;
        self.iter().try_for_each(|(key, value)| {
            into.inner(key)?;
            into.inner(value)
        })
    }

    fn load(from: &mut Incoming<'_>) -> Result<Self, CodecError> {
        let mut entries = Self::new();
        for _ in 0..from.from.length()? {
            let key = from.inner()?;
            follows(entries.last_key_value().map(|(last, _)| last), &key)?;
            entries.insert(key, from.inner()?);
        }
        Ok(entries)
    }
}

/// They were stored in order, and each once.
fn follows<T: Ord>(last: Option<&T>, next: &T) -> Result<(), CodecError> {
    match last {
        Some(last) if last >= next => Err(CodecError::Damaged("the keys of a map or set are not in order".into())),
        _ => Ok(()),
    }
}

/// Whether keys of this shape are the names of an object's fields.
pub(super) fn is_name(shape: &'static Shape) -> Result<(), ValueError> {
    Err(ValueError::KeyNotText(match shape {
        Shape::Bool | Shape::Char | Shape::String | Shape::Time => return Ok(()),
        Shape::U8 | Shape::U16 | Shape::U32 | Shape::U64 | Shape::I8 | Shape::I16 | Shape::I32 | Shape::I64 => {
            return Ok(());
        }
        Shape::Enum(variants) if variants.iter().all(Variant::is_unit) => return Ok(()),
        Shape::Enum(_) => "a variant that holds something",
        Shape::Unit | Shape::Option(_) => "nothing",
        Shape::F32 | Shape::F64 => "a float",
        Shape::Any => "any value",
        Shape::Seq(_) => "an array",
        Shape::Tuple(_) => "a tuple",
        Shape::Map { .. } => "a map",
        Shape::Struct(_) => "a struct",
    }))
}

impl Variant {
    fn is_unit(&self) -> bool {
        matches!(self.content, Content::Unit)
    }
}
