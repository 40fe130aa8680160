//! Stored bytes looked into where they lie: a value at a path, without decoding what is before or behind it.
//!
//! A dynamic payload says itself how it is to be read, a typed one is read by its shape; from here on both are the same. Damaged
//! bytes are an error where they are looked at. What is not looked at is passed over: whoever does not decode a document
//! afterwards has it [checked](Undecoded::check).

mod compare;
mod de;
mod part;
mod place;
mod read;

use std::collections::BTreeMap;

use self::{
    part::{Fields, Items},
    place::Place,
};
use super::{
    codec::{
        CodecError,
        wire::{Flaw, Reader},
    },
    typed::{Field, Of, Shape},
    value::{Number, Value},
};
use crate::clock::Timestamp;

/// A value that may lie in stored bytes.
#[derive(Debug, Clone, Copy)]
pub(super) enum View<'a> {
    Null,
    Bool(bool),
    Number(Number),
    String(&'a str),
    Bytes(&'a [u8]),
    Time(Timestamp),
    Array(Array<'a>),
    Object(Object<'a>),
}

/// An array that may not be decoded yet.
#[derive(Debug, Clone, Copy)]
pub(super) enum Array<'a> {
    Tree(&'a [Value]),
    Stored(Items<'a>),
}

/// An object that may not be decoded yet.
#[derive(Debug, Clone, Copy)]
pub(super) enum Object<'a> {
    Tree(&'a BTreeMap<String, Value>),
    Stored(Fields<'a>),
}

/// How bytes are to be read.
#[derive(Debug, Clone, Copy)]
enum How {
    /// They say it themselves.
    Itself,
    Shape(&'static Shape),
    Tuple(&'static [Of]),
    Struct(&'static [Field]),
}

/// A document's payload as it is stored.
#[derive(Debug, Clone, Copy)]
pub(super) struct Undecoded<'a> {
    how: How,
    bytes: &'a [u8],
}

impl<'a> Undecoded<'a> {
    /// The payload of a dynamic document.
    pub(super) fn dynamic(bytes: &'a [u8]) -> Self {
        Self { how: How::Itself, bytes }
    }

    /// The payload of a typed document of this shape.
    pub(super) fn typed(shape: &'static Shape, bytes: &'a [u8]) -> Self {
        Self { how: How::Shape(shape), bytes }
    }

    /// The value that comes next and says itself what it is, decoded.
    pub(super) fn next(from: &mut Reader<'_>) -> Result<Value, CodecError> {
        Ok(read::value(How::Itself, from, 0)?)
    }

    /// What lies at a dotted path, as [`Value::at`] has it.
    pub(super) fn at(&self, path: &str) -> Result<Option<View<'a>>, CodecError> {
        Ok(self.look(path.split('.'))?)
    }

    /// What lies at the end of these steps, with what is wrong in one byte.
    #[inline]
    pub(super) fn look<'p>(&self, steps: impl Iterator<Item = &'p str>) -> Result<Option<View<'a>>, Flaw> {
        match self.place(steps)? {
            Some(place) => place.view().map(Some),
            None => Ok(None),
        }
    }

    /// Whether this text lies at the end of these steps.
    #[inline]
    pub(super) fn has_text<'p>(&self, steps: impl Iterator<Item = &'p str>, text: &str) -> Result<bool, Flaw> {
        match self.place(steps)? {
            Some(place) => place.is_text(text),
            None => Ok(false),
        }
    }

    #[inline]
    fn place<'p>(&self, steps: impl Iterator<Item = &'p str>) -> Result<Option<Place<'a>>, Flaw> {
        let mut place = Place { how: self.how, from: Reader::new(self.bytes), depth: 0 };
        for step in steps {
            match place.part(step)? {
                Some(part) => place = part,
                None => return Ok(None),
            }
        }
        Ok(Some(place))
    }

    /// All of it, decoded.
    pub(super) fn to_value(self) -> Result<Value, CodecError> {
        let mut from = Reader::new(self.bytes);
        let value = read::value(self.how, &mut from, 0)?;
        from.end()?;
        Ok(value)
    }

    /// Whether it could be decoded. Allocates nothing.
    pub(super) fn check(self) -> Result<(), CodecError> {
        let mut from = Reader::new(self.bytes);
        read::check(self.how, &mut from, 0)?;
        from.end()
    }
}

impl View<'_> {
    /// The value, decoded.
    pub(super) fn to_value(self) -> Result<Value, CodecError> {
        Ok(read::decoded(self)?)
    }
}

impl<'a> From<&'a Value> for View<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(number) => Self::Number(*number),
            Value::String(text) => Self::String(text),
            Value::Bytes(bytes) => Self::Bytes(bytes),
            Value::Time(instant) => Self::Time(*instant),
            Value::Array(items) => Self::Array(Array::Tree(items)),
            Value::Object(fields) => Self::Object(Object::Tree(fields)),
        }
    }
}

#[cfg(test)]
mod tests;
