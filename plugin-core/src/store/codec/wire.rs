//! bincode's standard configuration: integers as varints, lengths before what they count, little endian. Written by bincode itself,
//! read here: what is only looked at is not to be copied, and no length is believed before the bytes are there.

pub(in crate::store) use bincode::Encode;
use bincode::{
    config::{Configuration, LittleEndian, NoLimit, Varint, standard},
    error::EncodeError,
};

use super::CodecError;
use crate::store::value::ValueError;

const CONFIG: Configuration<LittleEndian, Varint, NoLimit> = standard();

/// What [`put`] refuses, in bincode's words.
pub(super) const TOO_DEEP: &str = "too deep";

/// Appends `value`.
pub(in crate::store) fn put(value: impl Encode, into: &mut Vec<u8>) -> Result<(), CodecError> {
    match bincode::encode_into_std_write(value, into, CONFIG) {
        Ok(_) => Ok(()),
        Err(EncodeError::Other(TOO_DEEP)) => Err(ValueError::TooDeep.into()),
        Err(other) => Err(CodecError::Damaged(other.to_string())),
    }
}

/// What is wrong with bytes, while they are read: [`CodecError`] is what it becomes. It is one byte, and so returned in a register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Flaw {
    Truncated,
    TooDeep,
    Wide,
    NeitherTrueNorFalse,
    NoUtf8,
    NoType,
    NoVariant,
    NoTime,
    NoName,
    NotInOrder,
    Twice,
}

impl From<Flaw> for CodecError {
    #[cold]
    fn from(flaw: Flaw) -> Self {
        Self::Damaged(String::from(match flaw {
            Flaw::Truncated => return Self::Truncated,
            Flaw::TooDeep => return ValueError::TooDeep.into(),
            Flaw::Wide => "an integer of more bits than its type has",
            Flaw::NeitherTrueNorFalse => "neither true nor false",
            Flaw::NoUtf8 => "a text that is no UTF-8",
            Flaw::NoType => "a type that is not known",
            Flaw::NoVariant => "a variant that there is not",
            Flaw::NoTime => "a time beyond all calendars",
            Flaw::NoName => "a map whose keys are no names",
            Flaw::NotInOrder => "the fields of an object are not in order",
            Flaw::Twice => "two fields of one name",
        }))
    }
}

/// Takes one thing after another off bytes. Nothing is copied.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(in crate::store) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// How many bytes are left.
    pub(in crate::store) fn left(&self) -> usize {
        self.0.len()
    }

    /// That nothing is left.
    pub(in crate::store) fn end(&self) -> Result<(), CodecError> {
        match self.left() {
            0 => Ok(()),
            more => Err(CodecError::Damaged(format!("{more} bytes follow the value"))),
        }
    }

    #[inline]
    pub(in crate::store) fn take(&mut self, length: usize) -> Result<&'a [u8], Flaw> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Flaw::Truncated)?;
        self.0 = rest;
        Ok(taken)
    }

    #[inline]
    fn chunk<const N: usize>(&mut self) -> Result<[u8; N], Flaw> {
        let (chunk, rest) = self.0.split_first_chunk().ok_or(Flaw::Truncated)?;
        self.0 = rest;
        Ok(*chunk)
    }

    #[inline]
    pub(in crate::store) fn u8(&mut self) -> Result<u8, Flaw> {
        self.chunk::<1>().map(|[byte]| byte)
    }

    pub(in crate::store) fn i8(&mut self) -> Result<i8, Flaw> {
        self.chunk().map(i8::from_le_bytes)
    }

    pub(in crate::store) fn bool(&mut self) -> Result<bool, Flaw> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Flaw::NeitherTrueNorFalse),
        }
    }

    #[inline]
    pub(in crate::store) fn u64(&mut self) -> Result<u64, Flaw> {
        match self.u8()? {
            small @ ..=250 => Ok(small.into()),
            251 => self.chunk().map(|two| u16::from_le_bytes(two).into()),
            252 => self.chunk().map(|four| u32::from_le_bytes(four).into()),
            253 => self.chunk().map(u64::from_le_bytes),
            254 | 255 => Err(Flaw::Wide),
        }
    }

    pub(in crate::store) fn i64(&mut self) -> Result<i64, Flaw> {
        let zigzag = self.u64()?;
        Ok((zigzag >> 1) as i64 ^ -((zigzag & 1) as i64))
    }

    pub(in crate::store) fn i128(&mut self) -> Result<i128, Flaw> {
        let zigzag = match self.0.first() {
            Some(254) => {
                self.u8()?;
                self.chunk().map(u128::from_le_bytes)?
            }
            _ => self.u64()?.into(),
        };
        Ok((zigzag >> 1) as i128 ^ -((zigzag & 1) as i128))
    }

    /// Passes over an integer.
    #[inline]
    pub(in crate::store) fn pass_integer(&mut self) -> Result<(), Flaw> {
        let length = match self.u8()? {
            ..=250 => return Ok(()),
            251 => 2,
            252 => 4,
            253 => 8,
            254 => 16,
            255 => return Err(Flaw::Wide),
        };
        self.take(length).map(drop)
    }

    /// An unsigned integer of fewer bits.
    pub(in crate::store) fn unsigned<T: TryFrom<u64>>(&mut self) -> Result<T, Flaw> {
        T::try_from(self.u64()?).map_err(|_| Flaw::Wide)
    }

    /// An integer of fewer bits.
    pub(in crate::store) fn signed<T: TryFrom<i64>>(&mut self) -> Result<T, Flaw> {
        T::try_from(self.i64()?).map_err(|_| Flaw::Wide)
    }

    pub(in crate::store) fn f32(&mut self) -> Result<f32, Flaw> {
        self.chunk().map(f32::from_le_bytes)
    }

    pub(in crate::store) fn f64(&mut self) -> Result<f64, Flaw> {
        self.chunk().map(f64::from_le_bytes)
    }

    /// A number of things that follow. Each takes a byte at least: one that says more than there are bytes is not believed.
    #[inline]
    pub(in crate::store) fn length(&mut self) -> Result<usize, Flaw> {
        match usize::try_from(self.u64()?) {
            Ok(length) if length <= self.left() => Ok(length),
            _ => Err(Flaw::Truncated),
        }
    }

    /// So many bytes as are said before them.
    #[inline]
    pub(in crate::store) fn bytes(&mut self) -> Result<&'a [u8], Flaw> {
        let length = self.length()?;
        self.take(length)
    }

    #[inline]
    pub(in crate::store) fn str(&mut self) -> Result<&'a str, Flaw> {
        text(self.bytes()?)
    }

    /// One character, as a text.
    pub(in crate::store) fn char(&mut self) -> Result<&'a str, Flaw> {
        let length = match self.0.first() {
            None => return Err(Flaw::Truncated),
            Some(..0x80) => 1,
            Some(..0xe0) => 2,
            Some(..0xf0) => 3,
            Some(_) => 4,
        };
        text(self.take(length)?)
    }
}

#[inline]
pub(in crate::store) fn text(bytes: &[u8]) -> Result<&str, Flaw> {
    std::str::from_utf8(bytes).map_err(|_| Flaw::NoUtf8)
}
