//! Ordered bytes back into values. The bytes may be anybody's: what is no value is `None`, and nothing is allocated that is not
//! there.

use std::collections::BTreeMap;

use super::{
    ARRAY, BYTES, END, FALSE, FIELD, NULL, NUMBER, OBJECT, STRING, TIME, TIME_BYTES, TIME_OFFSET, TRUE, number,
};
use crate::{
    clock::Timestamp,
    store::{
        index::Direction,
        value::{MAX_DEPTH, Value},
    },
};

/// Takes bytes off, turned as they were before they were inverted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) left: &'a [u8],
    mask: u8,
}

impl<'a> Reader<'a> {
    pub(super) fn new(left: &'a [u8], direction: Direction) -> Self {
        let mask = match direction {
            Direction::Ascending => 0x00,
            Direction::Descending => 0xff,
        };
        Self { left, mask }
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.left.split_first()?;
        self.left = rest;
        Some(first ^ self.mask)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.left.split_first_chunk()?;
        self.left = rest;
        Some(array.map(|byte| byte ^ self.mask))
    }

    /// A number of so many bytes, at most 16.
    pub(super) fn number(&mut self, length: usize) -> Option<u128> {
        let (number, rest) = self.left.split_at_checked(length)?;
        self.left = rest;
        Some(number.iter().fold(0, |number, byte| number << 8 | u128::from(byte ^ self.mask)))
    }

    /// What lies before the next zero of a text, the zero taken off too; then whether the text goes on behind it.
    fn plain(&mut self) -> Option<(&'a [u8], bool)> {
        let zero = self.left.iter().position(|byte| byte ^ self.mask == 0)?;
        let (plain, rest) = self.left.split_at(zero);
        let (after, rest) = rest.split_first_chunk::<2>()?;
        self.left = rest;
        match after[1] ^ self.mask {
            0x00 => Some((plain, false)),
            0xff => Some((plain, true)),
            _ => None,
        }
    }

    fn text(&mut self) -> Option<Vec<u8>> {
        let mut text = Vec::new();
        loop {
            let (plain, more) = self.plain()?;
            text.extend(plain.iter().map(|byte| byte ^ self.mask));
            if !more {
                return Some(text);
            }
            text.push(0);
        }
    }

    fn string(&mut self) -> Option<String> {
        String::from_utf8(self.text()?).ok()
    }

    fn pass_text(&mut self) -> Option<()> {
        while self.plain()?.1 {}
        Some(())
    }
}

/// The value whose tag was read.
pub(super) fn value(tag: u8, reader: &mut Reader<'_>, hints: &mut Reader<'_>, depth: usize) -> Option<Value> {
    Some(match tag {
        NULL => Value::Null,
        FALSE => Value::Bool(false),
        TRUE => Value::Bool(true),
        NUMBER => Value::Number(number::decode(reader, hints)?),
        STRING => Value::String(reader.string()?),
        BYTES => Value::Bytes(reader.text()?),
        TIME => {
            let nanoseconds = i128::try_from(reader.number(TIME_BYTES)?).ok()? - TIME_OFFSET;
            Value::Time(Timestamp::from_nanosecond(nanoseconds)?)
        }
        ARRAY | OBJECT if depth == MAX_DEPTH => return None,
        ARRAY => {
            let mut items = Vec::new();
            loop {
                match reader.byte()? {
                    END => break Value::Array(items),
                    tag => items.push(value(tag, reader, hints, depth + 1)?),
                }
            }
        }
        OBJECT => {
            let mut fields = BTreeMap::new();
            loop {
                match reader.byte()? {
                    END => break Value::Object(fields),
                    FIELD => {
                        let name = reader.string()?;
                        let tag = reader.byte()?;
                        fields.insert(name, value(tag, reader, hints, depth + 1)?);
                    }
                    _ => return None,
                }
            }
        }
        _ => return None,
    })
}

/// Passes over the value whose tag was read.
pub(super) fn pass(tag: u8, reader: &mut Reader<'_>, depth: usize) -> Option<()> {
    match tag {
        NULL | FALSE | TRUE => {}
        NUMBER => number::pass(reader)?,
        STRING | BYTES => reader.pass_text()?,
        TIME => {
            reader.number(TIME_BYTES)?;
        }
        ARRAY | OBJECT if depth == MAX_DEPTH => return None,
        ARRAY => loop {
            match reader.byte()? {
                END => break,
                tag => pass(tag, reader, depth + 1)?,
            }
        },
        OBJECT => loop {
            match reader.byte()? {
                END => break,
                FIELD => {
                    reader.pass_text()?;
                    let tag = reader.byte()?;
                    pass(tag, reader, depth + 1)?;
                }
                _ => return None,
            }
        },
        _ => return None,
    }
    Some(())
}
