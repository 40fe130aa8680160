//! Values as bytes whose order is the order of values: what the keys of indexes are made of.
//!
//! | bytes | what |
//! |---|---|
//! | `08` | missing |
//! | `10` | null |
//! | `18`, `19` | false, true |
//! | `20` number | its [exact value](number), 8 or 10 bytes |
//! | `30` text `00 00` | a string, `00` in it as `00 ff` |
//! | `40` bytes `00 00` | bytes, written as strings are |
//! | `50` time | nanoseconds since the Unix epoch plus 2^71, 9 bytes, big-endian |
//! | `60` value… `00` | an array |
//! | `70` (`01` text `00 00` value)… `00` | an object, in the order of its names |
//!
//! Descending, every byte is inverted. A value ends where its own bytes say so: values may follow one another, each in its
//! direction, and what begins with the bytes of a value has that value there.
//!
//! Equal values have equal bytes, so 1 and 1.0 have. How each number was written is kept apart, in *hints*: with them the bytes
//! become the very value again. They lie beside the key, and are in the order of the numbers that want one.

mod number;
mod read;

use std::ops::Range;

use self::read::Reader;
use super::{
    index::Direction,
    key::upper_bound,
    value::{Number, Value},
};

// The numbers are part of the format on disk. Between them is room for types that come later.
const END: u8 = 0x00;
const FIELD: u8 = 0x01;
const MISSING: u8 = 0x08;
const NULL: u8 = 0x10;
const FALSE: u8 = 0x18;
const TRUE: u8 = 0x19;
const NUMBER: u8 = 0x20;
const STRING: u8 = 0x30;
const BYTES: u8 = 0x40;
const TIME: u8 = 0x50;
const ARRAY: u8 = 0x60;
const OBJECT: u8 = 0x70;

/// Ends a text. Smaller than every byte that goes on, so that a prefix comes before what it begins.
const TEXT_END: [u8; 2] = [0x00, 0x00];
/// Stands for a zero of the text.
const ESCAPED_ZERO: [u8; 2] = [0x00, 0xff];

/// The bytes of a time, and what is added so that none is below zero: far more than a [`Timestamp`](crate::Timestamp) can be.
const TIME_BYTES: usize = 9;
const TIME_OFFSET: i128 = 1 << 71;

/// How a value stands to an operand of its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    Equal,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

/// Appends a value, or that there is none, and to `hints` how its numbers were written.
pub(super) fn encode(value: Option<&Value>, direction: Direction, into: &mut Vec<u8>, hints: &mut Vec<u8>) {
    let start = into.len();
    match value {
        Some(value) => ascending(value, into, hints),
        None => into.push(MISSING),
    }
    invert(into.get_mut(start..).unwrap_or_default(), direction);
}

/// Takes the first value, or that there is none, off `bytes`, and what says how its numbers were written off `hints`. `None` if
/// they are of no value; what is left of them then is not said.
pub(super) fn decode(bytes: &mut &[u8], direction: Direction, hints: &mut &[u8]) -> Option<Option<Value>> {
    let mut reader = Reader::new(bytes, direction);
    let mut told = Reader::new(hints, Direction::Ascending);
    let value = match reader.byte()? {
        MISSING => None,
        tag => Some(read::value(tag, &mut reader, &mut told, 0)?),
    };
    (*bytes, *hints) = (reader.left, told.left);
    Some(value)
}

/// Whether the first value is a string.
pub(super) fn is_string(bytes: &[u8], direction: Direction) -> bool {
    Reader::new(bytes, direction).byte() == Some(STRING)
}

/// Whether the first value is null, or there is none.
pub(super) fn is_nothing(bytes: &[u8], direction: Direction) -> bool {
    matches!(Reader::new(bytes, direction).byte(), Some(MISSING | NULL))
}

/// Takes the first value off `bytes` if it is a string that lies there as it is.
pub(super) fn take_plain<'a>(bytes: &mut &'a [u8], direction: Direction) -> Option<&'a str> {
    if direction == Direction::Descending {
        return None;
    }
    let text = bytes.strip_prefix(&[STRING])?;
    let (text, rest) = text.split_at(text.iter().position(|&byte| byte == 0)?);
    let (rest, text) = (rest.strip_prefix(&TEXT_END)?, std::str::from_utf8(text).ok()?);
    *bytes = rest;
    Some(text)
}

/// Takes the first value off `bytes`, and what says how it was written off `hints`, if it is a number.
pub(super) fn take_number(bytes: &mut &[u8], direction: Direction, hints: &mut &[u8]) -> Option<Number> {
    let mut reader = Reader::new(bytes, direction);
    let mut told = Reader::new(hints, Direction::Ascending);
    let number = if reader.byte()? == NUMBER { number::decode(&mut reader, &mut told)? } else { return None };
    (*bytes, *hints) = (reader.left, told.left);
    Some(number)
}

/// Takes off `bytes` that there is no value, if that comes first.
pub(super) fn take_missing(bytes: &mut &[u8], direction: Direction) -> bool {
    let mut reader = Reader::new(bytes, direction);
    let is_missing = reader.byte() == Some(MISSING);
    if is_missing {
        *bytes = reader.left;
    }
    is_missing
}

/// How many bytes the first value takes, or that there is none. `None` if they are of no value.
pub(super) fn skip(bytes: &[u8], direction: Direction) -> Option<usize> {
    let mut reader = Reader::new(bytes, direction);
    match reader.byte()? {
        MISSING => {}
        tag => read::pass(tag, &mut reader, 0)?,
    }
    Some(bytes.len() - reader.left.len())
}

/// The range of all values of the operand's type that stand to it as `relation` says. Like all ranges here it is of what follows
/// the same beginning: both bounds go behind it.
pub(super) fn related(relation: Relation, operand: &Value, direction: Direction) -> Range<Vec<u8>> {
    let equal = starting_with(encoded(operand, direction));
    let alike = of_type(operand, direction);
    let (before, after) = (alike.start, alike.end);
    match (relation, direction) {
        (Relation::Equal, _) => equal,
        (Relation::Greater, Direction::Ascending) | (Relation::Less, Direction::Descending) => equal.end..after,
        (Relation::GreaterOrEqual, Direction::Ascending) | (Relation::LessOrEqual, Direction::Descending) => {
            equal.start..after
        }
        (Relation::Less, Direction::Ascending) | (Relation::Greater, Direction::Descending) => before..equal.start,
        (Relation::LessOrEqual, Direction::Ascending) | (Relation::GreaterOrEqual, Direction::Descending) => {
            before..equal.end
        }
    }
}

/// The range of all values of a value's type.
pub(super) fn of_type(value: &Value, direction: Direction) -> Range<Vec<u8>> {
    let (first, last) = match value {
        Value::Null => (NULL, NULL),
        Value::Bool(_) => (FALSE, TRUE),
        Value::Number(_) => (NUMBER, NUMBER),
        Value::String(_) => (STRING, STRING),
        Value::Bytes(_) => (BYTES, BYTES),
        Value::Time(_) => (TIME, TIME),
        Value::Array(_) => (ARRAY, ARRAY),
        Value::Object(_) => (OBJECT, OBJECT),
    };
    tags(first, last, direction)
}

/// The range of what is missing.
pub(super) fn missing(direction: Direction) -> Range<Vec<u8>> {
    tags(MISSING, MISSING, direction)
}

/// The range of all values.
pub(super) fn present(direction: Direction) -> Range<Vec<u8>> {
    tags(NULL, OBJECT, direction)
}

/// The range of all that begin with one of these tags.
fn tags(first: u8, last: u8, direction: Direction) -> Range<Vec<u8>> {
    match direction {
        Direction::Ascending => vec![first]..vec![last + 1],
        Direction::Descending => vec![!last]..vec![!first + 1],
    }
}

/// The range of all strings that begin with `prefix`.
pub(super) fn string_prefix(prefix: &str, direction: Direction) -> Range<Vec<u8>> {
    let mut start = vec![STRING];
    escape(prefix.as_bytes(), &mut start);
    invert(&mut start, direction);
    starting_with(start)
}

fn encoded(value: &Value, direction: Direction) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(Some(value), direction, &mut bytes, &mut Vec::new());
    bytes
}

/// No value begins with a byte that cannot be raised, in neither direction.
fn starting_with(start: Vec<u8>) -> Range<Vec<u8>> {
    let end = upper_bound(&start);
    start..end
}

fn invert(bytes: &mut [u8], direction: Direction) {
    if direction == Direction::Descending {
        bytes.iter_mut().for_each(|byte| *byte = !*byte);
    }
}

fn ascending(value: &Value, into: &mut Vec<u8>, hints: &mut Vec<u8>) {
    match value {
        Value::Null => into.push(NULL),
        Value::Bool(false) => into.push(FALSE),
        Value::Bool(true) => into.push(TRUE),
        Value::Number(number) => {
            into.push(NUMBER);
            number::encode(*number, into, hints);
        }
        Value::String(text) => {
            into.push(STRING);
            terminated(text.as_bytes(), into);
        }
        Value::Bytes(bytes) => {
            into.push(BYTES);
            terminated(bytes, into);
        }
        Value::Time(instant) => {
            into.push(TIME);
            let [.., a, b, c, d, e, f, g, h, i] = (instant.as_nanosecond() + TIME_OFFSET).to_be_bytes();
            into.extend([a, b, c, d, e, f, g, h, i]);
        }
        Value::Array(items) => {
            into.push(ARRAY);
            items.iter().for_each(|item| ascending(item, into, hints));
            into.push(END);
        }
        Value::Object(fields) => {
            into.push(OBJECT);
            for (name, value) in fields {
                into.push(FIELD);
                terminated(name.as_bytes(), into);
                ascending(value, into, hints);
            }
            into.push(END);
        }
    }
}

fn terminated(text: &[u8], into: &mut Vec<u8>) {
    escape(text, into);
    into.extend(TEXT_END);
}

fn escape(text: &[u8], into: &mut Vec<u8>) {
    for (place, plain) in text.split(|&byte| byte == 0).enumerate() {
        if place > 0 {
            into.extend(ESCAPED_ZERO);
        }
        into.extend(plain);
    }
}

#[cfg(test)]
mod tests;
