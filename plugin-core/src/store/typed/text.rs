//! A shape as text, the same for the same shape whatever addresses its parts have, and its fingerprint.

use std::fmt::{self, Display, Formatter, Write};

use sha2::{Digest, Sha256};

use super::shape::{Content, Field, Of, Shape, Variant};

impl Shape {
    /// Tells this shape from others: the first eight bytes of the SHA-256 of its text.
    ///
    /// ```
    /// use plugin_core::store::typed::Stored;
    ///
    /// assert_eq!(<(u8, Option<String>)>::shape().to_string(), "(u8, option<string>)");
    /// assert_ne!(<Vec<u8>>::shape().fingerprint(), <Vec<u16>>::shape().fingerprint());
    /// ```
    pub fn fingerprint(&self) -> u64 {
        let hash = Sha256::digest(self.to_string());
        hash.first_chunk().map_or(0, |first| u64::from_be_bytes(*first))
    }
}

impl Display for Shape {
    /// As `{userId: option<string>, tags: [string], place: (f64, f64), state: enum<open, closed(time)>}`. A shape that lies in itself
    /// is written once; inside it stands `^1` for what it lies in, `^2` for what that lies in, and so on.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write(self, &mut Vec::new(), f)
    }
}

fn write<'a>(shape: &'a Shape, around: &mut Vec<&'a Shape>, f: &mut Formatter<'_>) -> fmt::Result {
    if let Some(place) = around.iter().rposition(|outer| same(outer, shape, &mut Vec::new())) {
        return write!(f, "^{}", around.len() - place);
    }
    if let Some(word) = word(shape) {
        return f.write_str(word);
    }
    around.push(shape);
    match shape {
        Shape::Option(inner) => {
            f.write_str("option<")?;
            write(inner(), around, f)?;
            f.write_char('>')?;
        }
        Shape::Seq(item) => {
            f.write_char('[')?;
            write(item(), around, f)?;
            f.write_char(']')?;
        }
        Shape::Map { key, value } => {
            f.write_str("map<")?;
            write(key(), around, f)?;
            f.write_str(", ")?;
            write(value(), around, f)?;
            f.write_char('>')?;
        }
        Shape::Tuple(shapes) => tuple(shapes, around, f)?,
        Shape::Struct(fields) => named(fields, around, f)?,
        Shape::Enum(variants) => {
            f.write_str("enum<")?;
            list(variants, f, |variant, f| {
                name(variant.name, f)?;
                match variant.content {
                    Content::Unit => Ok(()),
                    Content::Newtype(shape) => {
                        f.write_char('(')?;
                        write(shape(), around, f)?;
                        f.write_char(')')
                    }
                    Content::Tuple(shapes) => tuple(shapes, around, f),
                    Content::Struct(fields) => named(fields, around, f),
                }
            })?;
            f.write_char('>')?;
        }
        _ => {}
    }
    around.pop();
    Ok(())
}

/// The word for what holds nothing else.
fn word(shape: &Shape) -> Option<&'static str> {
    Some(match shape {
        Shape::Unit => "unit",
        Shape::Bool => "bool",
        Shape::U8 => "u8",
        Shape::U16 => "u16",
        Shape::U32 => "u32",
        Shape::U64 => "u64",
        Shape::I8 => "i8",
        Shape::I16 => "i16",
        Shape::I32 => "i32",
        Shape::I64 => "i64",
        Shape::F32 => "f32",
        Shape::F64 => "f64",
        Shape::Char => "char",
        Shape::String => "string",
        Shape::Time => "time",
        Shape::Any => "any",
        Shape::Option(_) | Shape::Seq(_) | Shape::Map { .. } | Shape::Tuple(_) | Shape::Struct(_) | Shape::Enum(_) => {
            return None;
        }
    })
}

fn tuple<'a>(shapes: &'a [Of], around: &mut Vec<&'a Shape>, f: &mut Formatter<'_>) -> fmt::Result {
    f.write_char('(')?;
    list(shapes, f, |shape, f| write(shape(), around, f))?;
    // A variant of one thing is another than one of a list of one.
    f.write_str(if shapes.len() == 1 { ",)" } else { ")" })
}

fn named<'a>(fields: &'a [Field], around: &mut Vec<&'a Shape>, f: &mut Formatter<'_>) -> fmt::Result {
    f.write_char('{')?;
    list(fields, f, |field, f| {
        name(field.name, f)?;
        f.write_str(": ")?;
        write((field.shape)(), around, f)
    })?;
    f.write_char('}')
}

fn list<'f, T>(
    items: &[T],
    f: &mut Formatter<'f>,
    mut item: impl FnMut(&T, &mut Formatter<'f>) -> fmt::Result,
) -> fmt::Result {
    for (place, each) in items.iter().enumerate() {
        if place > 0 {
            f.write_str(", ")?;
        }
        item(each, f)?;
    }
    Ok(())
}

/// A name that could be taken for something else stands in quotes.
fn name(name: &str, f: &mut Formatter<'_>) -> fmt::Result {
    let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
    if plain { f.write_str(name) } else { write!(f, "{name:?}") }
}

/// Two shapes that have been taken to be the same.
type Pair = (*const Shape, *const Shape);

/// Whether two shapes are the same, endless ones too. Their addresses say little: the compiler may keep one shape in two places, and
/// two types' equal shapes in one.
fn same(one: &Shape, other: &Shape, assumed: &mut Vec<Pair>) -> bool {
    let pair: Pair = (one, other);
    if std::ptr::eq(one, other) || assumed.contains(&pair) {
        return true;
    }
    assumed.push(pair);
    let mut both = |one: Of, other: Of| same(one(), other(), assumed);
    match (one, other) {
        (Shape::Option(one), Shape::Option(other)) | (Shape::Seq(one), Shape::Seq(other)) => both(*one, *other),
        (Shape::Map { key, value }, Shape::Map { key: other_key, value: other_value }) => {
            both(*key, *other_key) && both(*value, *other_value)
        }
        (Shape::Tuple(one), Shape::Tuple(other)) => same_list(one, other, |one, other| both(*one, *other)),
        (Shape::Struct(one), Shape::Struct(other)) => {
            same_list(one, other, |one, other| same_field(one, other, &mut both))
        }
        (Shape::Enum(one), Shape::Enum(other)) => {
            same_list(one, other, |one, other| one.name == other.name && same_content(one, other, &mut both))
        }
        (one, other) => word(one).is_some() && word(one) == word(other),
    }
}

fn same_content(one: &Variant, other: &Variant, both: &mut impl FnMut(Of, Of) -> bool) -> bool {
    match (&one.content, &other.content) {
        (Content::Unit, Content::Unit) => true,
        (Content::Newtype(one), Content::Newtype(other)) => both(*one, *other),
        (Content::Tuple(one), Content::Tuple(other)) => same_list(one, other, |one, other| both(*one, *other)),
        (Content::Struct(one), Content::Struct(other)) => {
            same_list(one, other, |one, other| same_field(one, other, both))
        }
        _ => false,
    }
}

fn same_field(one: &Field, other: &Field, both: &mut impl FnMut(Of, Of) -> bool) -> bool {
    one.name == other.name && both(one.shape, other.shape)
}

fn same_list<T>(one: &[T], other: &[T], mut same: impl FnMut(&T, &T) -> bool) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
}
