//! The parts of arrays and objects that lie in stored bytes, one after another, and one of them by its place or name.

use super::{How, place::Place, read};
use crate::{
    clock::Timestamp,
    store::{
        codec::wire::{Flaw, Reader, text},
        typed::{Content, Field, Of, Shape, Variant},
    },
};

/// An array whose items lie in stored bytes.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct Items<'a> {
    /// From the first item on.
    pub(super) from: Reader<'a>,
    pub(super) each: Each,
    /// How deep the items lie.
    pub(super) depth: usize,
}

/// How the items that are left are to be read.
#[derive(Debug, Clone, Copy)]
pub(super) enum Each {
    Alike { how: How, left: usize },
    Tuple(&'static [Of]),
}

impl Each {
    pub(super) fn next(&mut self) -> Option<How> {
        match self {
            Self::Alike { how, left } => {
                *left = left.checked_sub(1)?;
                Some(*how)
            }
            Self::Tuple(shapes) => {
                let (first, rest) = shapes.split_first()?;
                *shapes = rest;
                Some(How::Shape(first()))
            }
        }
    }
}

impl<'a> Items<'a> {
    /// The item at a place, counted from 0.
    pub(super) fn find(mut self, step: &str) -> Result<Option<Place<'a>>, Flaw> {
        let Ok(place) = step.parse::<usize>() else { return Ok(None) };
        for _ in 0..place {
            let Some(how) = self.each.next() else { return Ok(None) };
            read::skip(how, &mut self.from, self.depth)?;
        }
        Ok(self.each.next().map(|how| Place { how, from: self.from, depth: self.depth }))
    }
}

/// An object whose fields lie in stored bytes.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct Fields<'a> {
    /// From the first field on.
    pub(super) from: Reader<'a>,
    pub(super) each: Named,
    /// How deep the values lie.
    pub(super) depth: usize,
}

/// How the fields that are left are to be read.
#[derive(Debug, Clone, Copy)]
pub(super) enum Named {
    /// Each a name and a value that says itself what it is, in the order of the names.
    Itself {
        left: usize,
    },
    Map {
        left: usize,
        key: &'static Shape,
        value: &'static Shape,
    },
    Struct(&'static [Field]),
    /// The one field that a variant is which holds something.
    Variant(Option<&'static Variant>),
}

impl Named {
    /// The next name, read, and how the value is to be read that comes next.
    pub(super) fn next<'a>(&mut self, from: &mut Reader<'a>) -> Result<Option<(Name<'a>, How)>, Flaw> {
        Ok(match self {
            Self::Itself { left: 0 } | Self::Map { left: 0, .. } => None,
            Self::Itself { left } => {
                *left -= 1;
                Some((Name::Text(from.bytes()?), How::Itself))
            }
            Self::Map { left, key, value } => {
                *left -= 1;
                Some((Name::of(key, from)?, How::Shape(value)))
            }
            Self::Struct(fields) => fields.split_first().map(|(first, rest)| {
                *fields = rest;
                (Name::Text(first.name.as_bytes()), How::Shape((first.shape)()))
            }),
            Self::Variant(variant) => variant.take().map(|variant| {
                let how = match variant.content {
                    Content::Unit => How::Shape(&Shape::Unit),
                    Content::Newtype(shape) => How::Shape(shape()),
                    Content::Tuple(shapes) => How::Tuple(shapes),
                    Content::Struct(fields) => How::Struct(fields),
                };
                (Name::Text(variant.name.as_bytes()), how)
            }),
        })
    }
}

impl<'a> Fields<'a> {
    /// The value of a field.
    pub(super) fn find(mut self, step: &str) -> Result<Option<Place<'a>>, Flaw> {
        match self.each {
            Named::Itself { left } => Place::in_order(self.from, left, self.depth, step),
            Named::Struct(fields) => self.find_declared(fields, step),
            Named::Map { .. } | Named::Variant(_) => {
                while let Some((name, how)) = self.each.next(&mut self.from)? {
                    if name.is(step) {
                        return Ok(Some(Place { how, from: self.from, depth: self.depth }));
                    }
                    read::skip(how, &mut self.from, self.depth)?;
                }
                Ok(None)
            }
        }
    }

    /// Of a struct it is known without its bytes whether it has the field.
    fn find_declared(mut self, fields: &'static [Field], step: &str) -> Result<Option<Place<'a>>, Flaw> {
        let Some(place) = fields.iter().position(|field| field.name == step) else { return Ok(None) };
        let (before, from_it_on) = fields.split_at(place);
        for field in before {
            read::skip(How::Shape((field.shape)()), &mut self.from, self.depth)?;
        }
        let found = from_it_on.first().map(|field| How::Shape((field.shape)()));
        Ok(found.map(|how| Place { how, from: self.from, depth: self.depth }))
    }
}

/// The name of a field, or the key of a map that is one in JSON.
#[derive(Debug, Clone, Copy)]
pub(super) enum Name<'a> {
    Text(&'a [u8]),
    Unsigned(u64),
    Negative(i64),
    Time(Timestamp),
}

impl<'a> Name<'a> {
    /// The key that comes next.
    fn of(shape: &'static Shape, from: &mut Reader<'a>) -> Result<Self, Flaw> {
        let integer = |number: i64| u64::try_from(number).map_or(Self::Negative(number), Self::Unsigned);
        Ok(match shape {
            Shape::String => Self::Text(from.bytes()?),
            Shape::Char => Self::Text(from.char()?.as_bytes()),
            Shape::Bool => Self::Text(if from.bool()? { b"true" } else { b"false" }),
            Shape::U8 => Self::Unsigned(from.u8()?.into()),
            Shape::U16 => Self::Unsigned(from.unsigned::<u16>()?.into()),
            Shape::U32 => Self::Unsigned(from.unsigned::<u32>()?.into()),
            Shape::U64 => Self::Unsigned(from.u64()?),
            Shape::I8 => integer(from.i8()?.into()),
            Shape::I16 => integer(from.signed::<i16>()?.into()),
            Shape::I32 => integer(from.signed::<i32>()?.into()),
            Shape::I64 => integer(from.i64()?),
            Shape::Time => Self::Time(read::time(from)?),
            Shape::Enum(variants) => match read::variant(variants, from)? {
                Variant { name, content: Content::Unit } => Self::Text(name.as_bytes()),
                _ => return Err(Flaw::NoName),
            },
            _ => return Err(Flaw::NoName),
        })
    }

    fn is(&self, step: &str) -> bool {
        match self {
            Self::Text(name) => *name == step.as_bytes(),
            Self::Unsigned(number) => is_decimal(step) && step.parse() == Ok(*number),
            Self::Negative(number) => step.strip_prefix('-').is_some_and(is_decimal) && step.parse() == Ok(*number),
            // An instant is written with a dot in it, which ends a step.
            Self::Time(_) => false,
        }
    }

    /// Whether it is a text.
    pub(super) fn check(&self) -> Result<(), Flaw> {
        if let Self::Text(name) = self {
            text(name)?;
        }
        Ok(())
    }

    /// Whether this is a text less than the other.
    pub(super) fn is_before(&self, other: &Self) -> bool {
        matches!((self, other), (Self::Text(one), Self::Text(other)) if one < other)
    }

    pub(super) fn to_text(self) -> Result<String, Flaw> {
        Ok(match self {
            Self::Text(name) => text(name)?.to_owned(),
            Self::Unsigned(number) => number.to_string(),
            Self::Negative(number) => number.to_string(),
            Self::Time(instant) => instant.to_string(),
        })
    }
}

/// Whether this is how an integer is written: with no sign and no zero before it.
fn is_decimal(text: &str) -> bool {
    matches!(text.as_bytes(), [b'0'] | [b'1'..=b'9', ..])
}
