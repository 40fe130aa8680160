//! The payload of a dynamic document as anything that serde can read, without a [`Value`] in between: what nearly all reads are.
//!
//! It comes to what the [`Value`] of the same bytes would come to: what a type does not ask for is checked as it is passed over. Where it
//! does not come to an end, whoever asked goes that way, which also tells what is wrong.

use std::{borrow::Cow, cell::Cell, marker::PhantomData};

use serde::{
    Deserializer,
    de::{self, DeserializeOwned, DeserializeSeed, MapAccess, SeqAccess, Visitor},
    forward_to_deserialize_any,
};

use super::{
    Array, How, Object, Undecoded, View,
    part::{Each, Fields, Items, Named},
    read,
};
use crate::store::{
    codec::{
        payload::NULL,
        wire::{Flaw, Reader, text},
    },
    value::{Name, VALUE_TOKEN, Value, ValueError},
};

impl Undecoded<'_> {
    /// The document as a `T`, if it can be read so and says itself what it is.
    pub(in crate::store) fn read_as<T: DeserializeOwned>(self) -> Option<T> {
        let How::Itself = self.how else { return None };
        let (mut from, failed) = (Reader::new(self.bytes), Cell::new(false));
        let mut whole = Parts::of(&mut from, 1, 0, &failed);
        let read = whole.read(PhantomData::<T>);
        read.ok().filter(|_| !failed.get() && from.end().is_ok())
    }
}

/// The value that comes next. What reads it takes all of it off the bytes, or nothing.
struct Next<'r, 'a> {
    from: &'r mut Reader<'a>,
    depth: usize,
    /// Set by what did not come to its end. A type may go on all the same, and then nobody knows where.
    failed: &'r Cell<bool>,
}

impl Next<'_, '_> {
    fn decoded(self) -> Result<Value, ValueError> {
        let value = read::value(How::Itself, self.from, self.depth);
        value.map_err(|flaw| damaged(flaw, self.failed))
    }

    fn any<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        let Self { from, depth, failed } = self;
        match read::view(How::Itself, from, depth).map_err(|flaw| damaged(flaw, failed))? {
            View::String(text) => visitor.visit_str(text),
            View::Array(Array::Stored(Items { each: Each::Alike { left, .. }, depth, .. })) => {
                let mut parts = Parts::of(from, left, depth, failed);
                visitor.visit_seq(&mut parts).and_then(|value| parts.end(value))
            }
            View::Object(Object::Stored(Fields { each: Named::Itself { left }, depth, .. })) => {
                let mut parts = Parts::of(from, left, depth, failed);
                visitor.visit_map(&mut parts).and_then(|value| parts.end(value))
            }
            other => read::decoded(other).map_err(|flaw| damaged(flaw, failed))?.deserialize_any(visitor),
        }
    }
}

/// Notes that the bytes are damaged. The error is never seen: they are read another way then.
#[cold]
fn damaged(_: Flaw, failed: &Cell<bool>) -> ValueError {
    failed.set(true);
    de::Error::custom("damaged")
}

impl<'de> Deserializer<'de> for Next<'_, '_> {
    type Error = ValueError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        let failed = self.failed;
        self.any(visitor).inspect_err(|_| failed.set(true))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        let mut ahead = *self.from;
        match ahead.u8().map_err(|flaw| damaged(flaw, self.failed))? {
            NULL => {
                *self.from = ahead;
                visitor.visit_none()
            }
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        match name {
            VALUE_TOKEN => self.decoded()?.deserialize_newtype_struct(name, visitor),
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        self.decoded()?.deserialize_enum(name, variants, visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        read::check(How::Itself, self.from, self.depth).map_err(|flaw| damaged(flaw, self.failed))?;
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier
    }
}

/// The items of an array, or the fields of an object, that are left.
struct Parts<'r, 'a> {
    from: &'r mut Reader<'a>,
    left: usize,
    depth: usize,
    failed: &'r Cell<bool>,
    unread: Unread,
    /// The name before.
    last: Option<&'a [u8]>,
}

/// What was not asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unread {
    Nothing,
    /// The value of a field whose name was read.
    Value,
}

impl<'r, 'a> Parts<'r, 'a> {
    fn of(from: &'r mut Reader<'a>, left: usize, depth: usize, failed: &'r Cell<bool>) -> Self {
        Self { from, left, depth, failed, unread: Unread::Nothing, last: None }
    }

    fn read<'de, T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, ValueError> {
        let before = self.from.left();
        let value = seed.deserialize(Next { from: &mut *self.from, depth: self.depth, failed: self.failed });
        // Where it stopped, nobody knows.
        let value = value.inspect_err(|_| self.failed.set(true))?;
        if self.from.left() == before {
            // The type did not look.
            self.pass()?;
        }
        Ok(value)
    }

    fn pass(&mut self) -> Result<(), ValueError> {
        read::check(How::Itself, self.from, self.depth).map_err(|flaw| damaged(flaw, self.failed))
    }

    /// The name that comes next.
    fn name(&mut self) -> Result<&'a str, Flaw> {
        let name = self.from.bytes()?;
        if self.last.is_some_and(|last| last >= name) {
            return Err(Flaw::NotInOrder);
        }
        self.last = Some(name);
        text(name)
    }

    fn pass_unread(&mut self) -> Result<(), ValueError> {
        match std::mem::replace(&mut self.unread, Unread::Nothing) {
            Unread::Nothing => Ok(()),
            Unread::Value => self.pass(),
        }
    }

    /// Gives `value` if all parts were read.
    fn end<T>(&mut self, value: T) -> Result<T, ValueError> {
        self.pass_unread()?;
        match self.left {
            0 => Ok(value),
            left => Err(de::Error::custom(format_args!("{left} were left"))),
        }
    }
}

impl<'de> SeqAccess<'de> for &mut Parts<'_, '_> {
    type Error = ValueError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, ValueError> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        self.read(seed).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

impl<'de> MapAccess<'de> for &mut Parts<'_, '_> {
    type Error = ValueError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, ValueError> {
        self.pass_unread()?;
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        let name = self.name().map_err(|flaw| damaged(flaw, self.failed))?;
        self.left = left;
        self.unread = Unread::Value;
        seed.deserialize(Name(Cow::Borrowed(name))).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, ValueError> {
        match std::mem::replace(&mut self.unread, Unread::Nothing) {
            Unread::Value => self.read(seed),
            Unread::Nothing => Err(de::Error::custom("a value was asked for before its key")),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}
