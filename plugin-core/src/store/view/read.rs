//! Reading bytes as they say, or as their shape does: the next value to look at, to decode, or to pass over.

use std::collections::BTreeMap;

use super::{
    Array, How, Object, View,
    part::{Each, Fields, Items, Name, Named},
};
use crate::{
    clock::Timestamp,
    store::{
        codec::{
            payload::{ARRAY, BYTES, FALSE, FLOAT, NEGATIVE, NULL, OBJECT, STRING, TIME, TRUE, UNSIGNED},
            wire::{Flaw, Reader},
        },
        typed::{Content, Shape, Variant},
        value::{MAX_DEPTH, Value},
    },
};

/// The next value. It is read off `from`, up to the first part of an array or object.
#[inline]
pub(super) fn view<'a>(how: How, from: &mut Reader<'a>, depth: usize) -> Result<View<'a>, Flaw> {
    match how {
        How::Itself => itself(from, depth),
        How::Shape(shape) => shaped(shape, from, depth),
        How::Tuple(shapes) => array(Each::Tuple(shapes), from, depth),
        How::Struct(fields) => object(Named::Struct(fields), from, depth),
    }
}

#[inline]
fn itself<'a>(from: &mut Reader<'a>, depth: usize) -> Result<View<'a>, Flaw> {
    Ok(match from.u8()? {
        NULL => View::Null,
        FALSE => View::Bool(false),
        TRUE => View::Bool(true),
        UNSIGNED => View::Number(from.u64()?.into()),
        NEGATIVE => View::Number(from.i64()?.into()),
        FLOAT => View::Number(from.f64()?.into()),
        STRING => View::String(from.str()?),
        BYTES => View::Bytes(from.bytes()?),
        TIME => View::Time(time(from)?),
        ARRAY => {
            let left = from.length()?;
            array(Each::Alike { how: How::Itself, left }, from, depth)?
        }
        OBJECT => {
            let left = from.length()?;
            object(Named::Itself { left }, from, depth)?
        }
        _ => return Err(Flaw::NoType),
    })
}

fn shaped<'a>(mut shape: &'static Shape, from: &mut Reader<'a>, depth: usize) -> Result<View<'a>, Flaw> {
    let unsigned = |number: u64| View::Number(number.into());
    let signed = |number: i64| View::Number(number.into());
    Ok(loop {
        break match shape {
            // An option in an option is no deeper. Each takes a byte, so this ends.
            Shape::Option(inner) => match from.bool()? {
                true => {
                    shape = inner();
                    continue;
                }
                false => View::Null,
            },
            Shape::Unit => View::Null,
            Shape::Bool => View::Bool(from.bool()?),
            Shape::U8 => unsigned(from.u8()?.into()),
            Shape::U16 => unsigned(from.unsigned::<u16>()?.into()),
            Shape::U32 => unsigned(from.unsigned::<u32>()?.into()),
            Shape::U64 => unsigned(from.u64()?),
            Shape::I8 => signed(from.i8()?.into()),
            Shape::I16 => signed(from.signed::<i16>()?.into()),
            Shape::I32 => signed(from.signed::<i32>()?.into()),
            Shape::I64 => signed(from.i64()?),
            Shape::F32 => View::Number(f64::from(from.f32()?).into()),
            Shape::F64 => View::Number(from.f64()?.into()),
            Shape::Char => View::String(from.char()?),
            Shape::String => View::String(from.str()?),
            Shape::Time => View::Time(time(from)?),
            Shape::Any => itself(from, depth)?,
            Shape::Seq(item) => {
                let left = from.length()?;
                array(Each::Alike { how: How::Shape(item()), left }, from, depth)?
            }
            Shape::Map { key, value } => {
                let left = from.length()?;
                object(Named::Map { left, key: key(), value: value() }, from, depth)?
            }
            Shape::Tuple(shapes) => array(Each::Tuple(shapes), from, depth)?,
            Shape::Struct(fields) => object(Named::Struct(fields), from, depth)?,
            Shape::Enum(variants) => match variant(variants, from)? {
                Variant { name, content: Content::Unit } => View::String(name),
                variant => object(Named::Variant(Some(variant)), from, depth)?,
            },
        };
    })
}

fn array<'a>(each: Each, from: &Reader<'a>, depth: usize) -> Result<View<'a>, Flaw> {
    Ok(View::Array(Array::Stored(Items { from: *from, each, depth: deeper(depth)? })))
}

#[inline]
fn object<'a>(each: Named, from: &Reader<'a>, depth: usize) -> Result<View<'a>, Flaw> {
    Ok(View::Object(Object::Stored(Fields { from: *from, each, depth: deeper(depth)? })))
}

#[inline]
pub(super) fn deeper(depth: usize) -> Result<usize, Flaw> {
    if depth == MAX_DEPTH { Err(Flaw::TooDeep) } else { Ok(depth + 1) }
}

pub(super) fn variant(variants: &'static [Variant], from: &mut Reader<'_>) -> Result<&'static Variant, Flaw> {
    variants.get(from.unsigned::<u32>()? as usize).ok_or(Flaw::NoVariant)
}

pub(super) fn time(from: &mut Reader<'_>) -> Result<Timestamp, Flaw> {
    Timestamp::from_nanosecond(from.i128()?).ok_or(Flaw::NoTime)
}

/// The next value, decoded.
pub(super) fn value(how: How, from: &mut Reader<'_>, depth: usize) -> Result<Value, Flaw> {
    match view(how, from, depth)? {
        View::Array(Array::Stored(items)) => array_of(items.each, from, items.depth),
        View::Object(Object::Stored(fields)) => object_of(fields.each, from, fields.depth),
        other => decoded(other),
    }
}

/// A value that was looked at, decoded.
pub(super) fn decoded(view: View<'_>) -> Result<Value, Flaw> {
    Ok(match view {
        View::Null => Value::Null,
        View::Bool(value) => Value::Bool(value),
        View::Number(number) => Value::Number(number),
        View::String(text) => Value::from(text),
        View::Bytes(bytes) => Value::Bytes(bytes.to_vec()),
        View::Time(instant) => Value::Time(instant),
        View::Array(Array::Tree(items)) => Value::Array(items.to_vec()),
        View::Array(Array::Stored(mut items)) => array_of(items.each, &mut items.from, items.depth)?,
        View::Object(Object::Tree(fields)) => Value::Object(fields.clone()),
        View::Object(Object::Stored(mut fields)) => object_of(fields.each, &mut fields.from, fields.depth)?,
    })
}

fn array_of(mut each: Each, from: &mut Reader<'_>, depth: usize) -> Result<Value, Flaw> {
    // Nothing is reserved: arrays in arrays would each reserve for what only one of them can have.
    let mut items = Vec::new();
    while let Some(how) = each.next() {
        items.push(value(how, from, depth)?);
    }
    Ok(Value::Array(items))
}

fn object_of(mut each: Named, from: &mut Reader<'_>, depth: usize) -> Result<Value, Flaw> {
    let mut fields = BTreeMap::new();
    let in_order = matches!(each, Named::Itself { .. });
    while let Some((name, how)) = each.next(from)? {
        let name = name.to_text()?;
        if in_order && fields.last_key_value().is_some_and(|(last, _)| name <= *last) {
            return Err(Flaw::NotInOrder);
        }
        if fields.insert(name, value(how, from, depth)?).is_some() {
            return Err(Flaw::Twice);
        }
    }
    Ok(Value::Object(fields))
}

/// Passes over the next value, which is not looked at.
#[inline]
pub(super) fn skip(how: How, from: &mut Reader<'_>, depth: usize) -> Result<(), Flaw> {
    match how {
        How::Itself => skip_itself(from, depth),
        How::Shape(shape) => skip_shaped(shape, from, depth),
        How::Tuple(shapes) => skip_parts(Each::Tuple(shapes), from, depth),
        How::Struct(fields) => skip_fields(Named::Struct(fields), from, depth),
    }
}

#[inline]
fn skip_itself(from: &mut Reader<'_>, depth: usize) -> Result<(), Flaw> {
    match from.u8()? {
        NULL | FALSE | TRUE => Ok(()),
        UNSIGNED | NEGATIVE | TIME => from.pass_integer(),
        FLOAT => from.take(8).map(drop),
        STRING | BYTES => from.bytes().map(drop),
        ARRAY => {
            let left = from.length()?;
            skip_parts(Each::Alike { how: How::Itself, left }, from, depth)
        }
        OBJECT => {
            let left = from.length()?;
            skip_fields(Named::Itself { left }, from, depth)
        }
        _ => Err(Flaw::NoType),
    }
}

fn skip_shaped(mut shape: &'static Shape, from: &mut Reader<'_>, depth: usize) -> Result<(), Flaw> {
    loop {
        return match shape {
            Shape::Option(inner) => match from.bool()? {
                true => {
                    shape = inner();
                    continue;
                }
                false => Ok(()),
            },
            Shape::Unit => Ok(()),
            Shape::Bool | Shape::U8 | Shape::I8 => from.u8().map(drop),
            Shape::U16 | Shape::U32 | Shape::U64 | Shape::I16 | Shape::I32 | Shape::I64 => from.pass_integer(),
            Shape::F32 => from.take(4).map(drop),
            Shape::F64 => from.take(8).map(drop),
            Shape::Char => from.char().map(drop),
            Shape::String => from.bytes().map(drop),
            Shape::Time => from.pass_integer(),
            Shape::Any => skip_itself(from, depth),
            Shape::Seq(item) => {
                let left = from.length()?;
                skip_parts(Each::Alike { how: How::Shape(item()), left }, from, depth)
            }
            Shape::Map { key, value } => {
                let left = from.length()?;
                skip_fields(Named::Map { left, key: key(), value: value() }, from, depth)
            }
            Shape::Tuple(shapes) => skip_parts(Each::Tuple(shapes), from, depth),
            Shape::Struct(fields) => skip_fields(Named::Struct(fields), from, depth),
            Shape::Enum(variants) => match variant(variants, from)? {
                Variant { content: Content::Unit, .. } => Ok(()),
                variant => skip_fields(Named::Variant(Some(variant)), from, depth),
            },
        };
    }
}

fn skip_parts(mut each: Each, from: &mut Reader<'_>, depth: usize) -> Result<(), Flaw> {
    let depth = deeper(depth)?;
    if let Each::Alike { how: How::Shape(Shape::U8), left } = each {
        return from.take(left).map(drop);
    }
    while let Some(how) = each.next() {
        skip(how, from, depth)?;
    }
    Ok(())
}

fn skip_fields(mut each: Named, from: &mut Reader<'_>, depth: usize) -> Result<(), Flaw> {
    let depth = deeper(depth)?;
    while let Some((_, how)) = each.next(from)? {
        skip(how, from, depth)?;
    }
    Ok(())
}

/// Passes over the next value if it could be decoded. That no two keys of a map have one name is not looked at.
pub(super) fn check(how: How, from: &mut Reader<'_>, depth: usize) -> Result<(), Flaw> {
    match view(how, from, depth)? {
        View::Array(Array::Stored(Items { mut each, depth, .. })) => {
            while let Some(how) = each.next() {
                check(how, from, depth)?;
            }
        }
        View::Object(Object::Stored(Fields { mut each, depth, .. })) => {
            let in_order = matches!(each, Named::Itself { .. });
            let mut last: Option<Name<'_>> = None;
            while let Some((name, how)) = each.next(from)? {
                name.check()?;
                if in_order && last.is_some_and(|last| !last.is_before(&name)) {
                    return Err(Flaw::NotInOrder);
                }
                last = Some(name);
                check(how, from, depth)?;
            }
        }
        _ => {}
    }
    Ok(())
}
