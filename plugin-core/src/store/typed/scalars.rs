//! What holds nothing else, and what says itself what it is.

use super::{
    shape::Shape,
    stored::{Incoming, Outgoing, Stored},
};
use crate::{
    clock::Timestamp,
    id::{AppId, UserId},
    store::{
        codec::{CodecError, payload},
        value::Value,
        view::Undecoded,
    },
};

macro_rules! scalars {
    ($($ty:ty, $shape:ident, $from:ident => $read:expr;)*) => {$(
        impl Stored for $ty {
            fn shape() -> &'static Shape {
                &Shape::$shape
            }

            fn store(&self, into: &mut Outgoing) -> Result<(), CodecError> {
                into.put(self)
            }

            fn load($from: &mut Incoming<'_>) -> Result<Self, CodecError> {
                $read
            }
        }
    )*};
}

scalars! {
    bool, Bool, from => Ok(from.from.bool()?);
    u16, U16, from => Ok(from.from.unsigned()?);
    u32, U32, from => Ok(from.from.unsigned()?);
    u64, U64, from => Ok(from.from.u64()?);
    usize, U64, from => Ok(from.from.unsigned()?);
    i8, I8, from => Ok(from.from.i8()?);
    i16, I16, from => Ok(from.from.signed()?);
    i32, I32, from => Ok(from.from.signed()?);
    i64, I64, from => Ok(from.from.i64()?);
    isize, I64, from => Ok(from.from.signed()?);
    f32, F32, from => Ok(from.from.f32()?);
    f64, F64, from => Ok(from.from.f64()?);
    char, Char, from => from.from.char()?.parse().map_err(damaged);
    String, String, from => Ok(from.from.str()?.to_owned());
    (), Unit, _from => Ok(());
}

fn damaged(error: impl std::fmt::Display) -> CodecError {
    CodecError::Damaged(error.to_string())
}

impl Stored for u8 {
    fn shape() -> &'static Shape {
        &Shape::U8
    }

    fn store(&self, into: &mut Outgoing) -> Result<(), CodecError> {
        into.put(self)
    }

    fn load(from: &mut Incoming<'_>) -> Result<Self, CodecError> {
        Ok(from.from.u8()?)
    }

    fn store_list(items: &[Self], into: &mut Outgoing) -> Result<(), CodecError> {
        into.put(items)
    }

    fn load_list(from: &mut Incoming<'_>) -> Result<Vec<Self>, CodecError> {
        Ok(from.from.bytes()?.to_vec())
    }
}

impl Stored for Timestamp {
    fn shape() -> &'static Shape {
        &Shape::Time
    }

    fn store(&self, into: &mut Outgoing) -> Result<(), CodecError> {
        into.put(self.as_nanosecond())
    }

    fn load(from: &mut Incoming<'_>) -> Result<Self, CodecError> {
        let instant = Self::from_nanosecond(from.from.i128()?);
        instant.ok_or_else(|| CodecError::Damaged("a time beyond all calendars".into()))
    }
}

macro_rules! ids {
    ($($ty:ty),*) => {$(
        impl Stored for $ty {
            fn shape() -> &'static Shape {
                &Shape::String
            }

            fn store(&self, into: &mut Outgoing) -> Result<(), CodecError> {
                into.put(self.as_str())
            }

            fn load(from: &mut Incoming<'_>) -> Result<Self, CodecError> {
                Self::new(from.from.str()?).map_err(damaged)
            }
        }
    )*};
}

ids! { AppId, UserId }

impl Stored for Value {
    fn shape() -> &'static Shape {
        &Shape::Any
    }

    fn store(&self, into: &mut Outgoing) -> Result<(), CodecError> {
        into.any(|bytes| payload::encode(self, bytes))
    }

    fn load(from: &mut Incoming<'_>) -> Result<Self, CodecError> {
        Undecoded::next(&mut from.from)
    }
}

impl Stored for serde_json::Value {
    fn shape() -> &'static Shape {
        &Shape::Any
    }

    fn store(&self, into: &mut Outgoing) -> Result<(), CodecError> {
        Value::of(self)?.store(into)
    }

    fn load(from: &mut Incoming<'_>) -> Result<Self, CodecError> {
        Value::load(from).map(Self::from)
    }
}
