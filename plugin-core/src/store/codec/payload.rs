//! A [`Value`] in bincode: a tag, then what the type needs. Written by hand rather than through bincode's serde bridge,
//! which encodes what it can never decode. [`Undecoded`](crate::store::view::Undecoded) reads it.

use bincode::{Encode, enc::Encoder, error::EncodeError};

use super::{
    CodecError,
    wire::{self, TOO_DEEP},
};
use crate::store::value::{MAX_DEPTH, Value, Written};

// The numbers are part of the format on disk.
pub(in crate::store) const NULL: u8 = 0;
pub(in crate::store) const FALSE: u8 = 1;
pub(in crate::store) const TRUE: u8 = 2;
pub(in crate::store) const UNSIGNED: u8 = 3;
pub(in crate::store) const NEGATIVE: u8 = 4;
pub(in crate::store) const FLOAT: u8 = 5;
pub(in crate::store) const STRING: u8 = 6;
pub(in crate::store) const BYTES: u8 = 7;
pub(in crate::store) const TIME: u8 = 8;
pub(in crate::store) const ARRAY: u8 = 9;
pub(in crate::store) const OBJECT: u8 = 10;

pub(in crate::store) fn encode(value: &Value, into: &mut Vec<u8>) -> Result<(), CodecError> {
    wire::put(Outgoing(value), into)
}

struct Outgoing<'a>(&'a Value);

impl Encode for Outgoing<'_> {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        encode_at(self.0, encoder, 0)
    }
}

fn encode_at<E: Encoder>(value: &Value, encoder: &mut E, depth: usize) -> Result<(), EncodeError> {
    match value {
        Value::Null => NULL.encode(encoder),
        Value::Bool(false) => FALSE.encode(encoder),
        Value::Bool(true) => TRUE.encode(encoder),
        Value::Number(number) => match number.written() {
            Written::Unsigned(number) => (UNSIGNED, number).encode(encoder),
            Written::Negative(number) => (NEGATIVE, number).encode(encoder),
            Written::Float(number) => (FLOAT, number).encode(encoder),
        },
        Value::String(text) => (STRING, &**text).encode(encoder),
        Value::Bytes(bytes) => (BYTES, &**bytes).encode(encoder),
        Value::Time(instant) => (TIME, instant.as_nanosecond()).encode(encoder),
        Value::Array(_) | Value::Object(_) if depth == MAX_DEPTH => Err(EncodeError::Other(TOO_DEEP)),
        Value::Array(items) => {
            (ARRAY, items.len()).encode(encoder)?;
            items.iter().try_for_each(|item| encode_at(item, encoder, depth + 1))
        }
        Value::Object(fields) => {
            (OBJECT, fields.len()).encode(encoder)?;
            fields.iter().try_for_each(|(name, value)| {
                name.encode(encoder)?;
                encode_at(value, encoder, depth + 1)
            })
        }
    }
}
