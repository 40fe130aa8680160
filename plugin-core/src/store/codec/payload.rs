//! A [`Value`] in bincode: a tag, then what the type needs. Written by hand rather than through bincode's serde bridge,
//! which encodes what it can never decode.

use std::collections::BTreeMap;

use bincode::{
    BorrowDecode, Decode, Encode,
    config::{Configuration, Limit, LittleEndian, Varint, standard},
    de::{BorrowDecoder, read::Reader},
    enc::Encoder,
    error::{DecodeError, EncodeError},
};

use super::CodecError;
use crate::{
    clock::Timestamp,
    store::{
        engine::MAX_VALUE,
        value::{MAX_DEPTH, Number, Value, ValueError, Written},
    },
};

// The numbers are part of the format on disk.
const NULL: u8 = 0;
const FALSE: u8 = 1;
const TRUE: u8 = 2;
const UNSIGNED: u8 = 3;
const NEGATIVE: u8 = 4;
const FLOAT: u8 = 5;
const STRING: u8 = 6;
const BYTES: u8 = 7;
const TIME: u8 = 8;
const ARRAY: u8 = 9;
const OBJECT: u8 = 10;

const TOO_DEEP: &str = "too deep";

/// bincode counts a length as eight bytes even where it takes one: the densest value, an array of empty arrays, is counted as
/// nine bytes for two.
const COUNTED: usize = 8 * MAX_VALUE;

const CONFIG: Configuration<LittleEndian, Varint, Limit<COUNTED>> = standard().with_limit::<COUNTED>();

pub(super) fn encode(value: &Value, into: &mut Vec<u8>) -> Result<(), CodecError> {
    match bincode::encode_into_std_write(Outgoing(value), into, CONFIG) {
        Ok(_) => Ok(()),
        Err(EncodeError::Other(TOO_DEEP)) => Err(ValueError::TooDeep.into()),
        Err(other) => Err(CodecError::Damaged(other.to_string())),
    }
}

pub(super) fn decode(bytes: &[u8]) -> Result<Value, CodecError> {
    match bincode::borrow_decode_from_slice::<Incoming, _>(bytes, CONFIG) {
        Ok((Incoming(value), read)) if read == bytes.len() => Ok(value),
        Ok((_, read)) => Err(CodecError::Damaged(format!("{} bytes follow the value", bytes.len() - read))),
        Err(DecodeError::UnexpectedEnd { .. }) => Err(CodecError::Truncated),
        Err(DecodeError::Other(TOO_DEEP)) => Err(ValueError::TooDeep.into()),
        Err(DecodeError::Other(said)) => Err(CodecError::Damaged(said.into())),
        Err(other) => Err(CodecError::Damaged(other.to_string())),
    }
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

struct Incoming(Value);

impl<'de, C> BorrowDecode<'de, C> for Incoming {
    fn borrow_decode<D: BorrowDecoder<'de, Context = C>>(decoder: &mut D) -> Result<Self, DecodeError> {
        decode_at(decoder, 0).map(Self)
    }
}

fn decode_at<'de, D: BorrowDecoder<'de>>(decoder: &mut D, depth: usize) -> Result<Value, DecodeError> {
    Ok(match u8::decode(decoder)? {
        NULL => Value::Null,
        FALSE => Value::Bool(false),
        TRUE => Value::Bool(true),
        UNSIGNED => Value::from(u64::decode(decoder)?),
        NEGATIVE => Value::Number(Number::from(i64::decode(decoder)?)),
        FLOAT => Value::from(f64::decode(decoder)?),
        // Borrowed first: that checks a length against what is there, before anything is allocated for it.
        STRING => Value::from(<&str>::borrow_decode(decoder)?),
        BYTES => Value::Bytes(<&[u8]>::borrow_decode(decoder)?.to_vec()),
        TIME => {
            let instant = Timestamp::from_nanosecond(i128::decode(decoder)?);
            Value::Time(instant.ok_or(DecodeError::Other("a time beyond all calendars"))?)
        }
        ARRAY | OBJECT if depth == MAX_DEPTH => return Err(DecodeError::Other(TOO_DEEP)),
        ARRAY => {
            let length = length(decoder)?;
            (0..length).map(|_| decode_at(decoder, depth + 1)).collect::<Result<_, _>>().map(Value::Array)?
        }
        OBJECT => {
            let length = length(decoder)?;
            let mut fields = BTreeMap::new();
            for _ in 0..length {
                let name = <&str>::borrow_decode(decoder)?;
                if fields.last_key_value().is_some_and(|(last, _): (&String, _)| name <= last.as_str()) {
                    return Err(DecodeError::Other("the fields of an object are not in order"));
                }
                fields.insert(name.to_owned(), decode_at(decoder, depth + 1)?);
            }
            Value::Object(fields)
        }
        _ => return Err(DecodeError::Other("a type that is not known")),
    })
}

/// A number of items. Each takes a byte at least: a length that says more than there are bytes is not believed.
fn length<'de, D: BorrowDecoder<'de>>(decoder: &mut D) -> Result<usize, DecodeError> {
    let length = usize::decode(decoder)?;
    match decoder.borrow_reader().peek_read(length) {
        Some(_) => Ok(length),
        None => Err(DecodeError::UnexpectedEnd { additional: length }),
    }
}
