//! Anything that serde can write, as a [`Value`].

use std::{collections::BTreeMap, fmt::Display};

use serde::ser::{self, Impossible, Serialize};

use super::{MAX_DEPTH, Value, ValueError};
use crate::clock::TIMESTAMP_TOKEN;

impl ser::Error for ValueError {
    fn custom<T: Display>(message: T) -> Self {
        Self::Mismatch(message.to_string())
    }
}

/// Writes one value. It knows how deep it lies.
#[derive(Debug, Clone, Copy)]
pub(super) struct Serializer {
    depth: usize,
}

impl Serializer {
    pub(super) fn new() -> Self {
        Self { depth: 0 }
    }

    /// For what lies in an array or object that this one writes.
    fn inner(self) -> Result<Self, ValueError> {
        if self.depth == MAX_DEPTH { Err(ValueError::TooDeep) } else { Ok(Self { depth: self.depth + 1 }) }
    }

    fn seq(self, length: Option<usize>, variant: Option<&'static str>) -> Result<Seq, ValueError> {
        let outer = if variant.is_some() { self.inner()? } else { self };
        // A length is a hint: what is reserved for it is bounded.
        let items = Vec::with_capacity(length.unwrap_or(0).min(1024));
        Ok(Seq { items, inner: outer.inner()?, variant })
    }

    fn map(self, variant: Option<&'static str>) -> Result<Map, ValueError> {
        let outer = if variant.is_some() { self.inner()? } else { self };
        Ok(Map { fields: BTreeMap::new(), name: None, inner: outer.inner()?, variant })
    }
}

/// A variant that holds something is an object of one field.
fn tagged(variant: Option<&'static str>, value: Value) -> Value {
    match variant {
        Some(variant) => Value::Object(BTreeMap::from([(variant.to_owned(), value)])),
        None => value,
    }
}

impl ser::Serializer for Serializer {
    type Ok = Value;
    type Error = ValueError;
    type SerializeSeq = Seq;
    type SerializeTuple = Seq;
    type SerializeTupleStruct = Seq;
    type SerializeTupleVariant = Seq;
    type SerializeMap = Map;
    type SerializeStruct = Map;
    type SerializeStructVariant = Map;

    fn serialize_bool(self, value: bool) -> Result<Value, ValueError> {
        Ok(Value::Bool(value))
    }

    fn serialize_i8(self, value: i8) -> Result<Value, ValueError> {
        self.serialize_i64(value.into())
    }

    fn serialize_i16(self, value: i16) -> Result<Value, ValueError> {
        self.serialize_i64(value.into())
    }

    fn serialize_i32(self, value: i32) -> Result<Value, ValueError> {
        self.serialize_i64(value.into())
    }

    fn serialize_i64(self, value: i64) -> Result<Value, ValueError> {
        Ok(Value::from(value))
    }

    fn serialize_i128(self, value: i128) -> Result<Value, ValueError> {
        let fitting = u64::try_from(value).map(Value::from).or_else(|_| i64::try_from(value).map(Value::from));
        fitting.map_err(|_| ValueError::IntegerTooLarge(value.to_string()))
    }

    fn serialize_u8(self, value: u8) -> Result<Value, ValueError> {
        self.serialize_u64(value.into())
    }

    fn serialize_u16(self, value: u16) -> Result<Value, ValueError> {
        self.serialize_u64(value.into())
    }

    fn serialize_u32(self, value: u32) -> Result<Value, ValueError> {
        self.serialize_u64(value.into())
    }

    fn serialize_u64(self, value: u64) -> Result<Value, ValueError> {
        Ok(Value::from(value))
    }

    fn serialize_u128(self, value: u128) -> Result<Value, ValueError> {
        u64::try_from(value).map(Value::from).map_err(|_| ValueError::IntegerTooLarge(value.to_string()))
    }

    fn serialize_f32(self, value: f32) -> Result<Value, ValueError> {
        self.serialize_f64(value.into())
    }

    fn serialize_f64(self, value: f64) -> Result<Value, ValueError> {
        Ok(Value::from(value))
    }

    fn serialize_char(self, value: char) -> Result<Value, ValueError> {
        Ok(Value::String(value.into()))
    }

    fn serialize_str(self, value: &str) -> Result<Value, ValueError> {
        Ok(Value::from(value))
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<Value, ValueError> {
        Ok(Value::Bytes(value.into()))
    }

    fn serialize_none(self) -> Result<Value, ValueError> {
        Ok(Value::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Value, ValueError> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Value, ValueError> {
        Ok(Value::Null)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Value, ValueError> {
        Ok(Value::Null)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<Value, ValueError> {
        Ok(Value::from(variant))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<Value, ValueError> {
        let value = value.serialize(self)?;
        match value {
            Value::String(text) if name == TIMESTAMP_TOKEN => text.parse().map(Value::Time).map_err(ser::Error::custom),
            value => Ok(value),
        }
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Value, ValueError> {
        Ok(tagged(Some(variant), value.serialize(self.inner()?)?))
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<Seq, ValueError> {
        self.seq(length, None)
    }

    fn serialize_tuple(self, length: usize) -> Result<Seq, ValueError> {
        self.seq(Some(length), None)
    }

    fn serialize_tuple_struct(self, _: &'static str, length: usize) -> Result<Seq, ValueError> {
        self.seq(Some(length), None)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Seq, ValueError> {
        self.seq(Some(length), Some(variant))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Map, ValueError> {
        self.map(None)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Map, ValueError> {
        self.map(None)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Map, ValueError> {
        self.map(Some(variant))
    }
}

/// An array that is being written.
#[derive(Debug)]
pub(super) struct Seq {
    items: Vec<Value>,
    inner: Serializer,
    variant: Option<&'static str>,
}

impl ser::SerializeSeq for Seq {
    type Ok = Value;
    type Error = ValueError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), ValueError> {
        self.items.push(value.serialize(self.inner)?);
        Ok(())
    }

    fn end(self) -> Result<Value, ValueError> {
        Ok(tagged(self.variant, Value::Array(self.items)))
    }
}

macro_rules! as_seq {
    ($($of:ident $method:ident),*) => {$(
        impl ser::$of for Seq {
            type Ok = Value;
            type Error = ValueError;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), ValueError> {
                ser::SerializeSeq::serialize_element(self, value)
            }

            fn end(self) -> Result<Value, ValueError> {
                ser::SerializeSeq::end(self)
            }
        }
    )*};
}

as_seq! { SerializeTuple serialize_element, SerializeTupleStruct serialize_field, SerializeTupleVariant serialize_field }

/// An object that is being written.
#[derive(Debug)]
pub(super) struct Map {
    fields: BTreeMap<String, Value>,
    name: Option<String>,
    inner: Serializer,
    variant: Option<&'static str>,
}

impl ser::SerializeMap for Map {
    type Ok = Value;
    type Error = ValueError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), ValueError> {
        self.name = Some(key.serialize(Name)?);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), ValueError> {
        let name = self.name.take().ok_or_else(|| ser::Error::custom("a map gave a value without a key"))?;
        self.fields.insert(name, value.serialize(self.inner)?);
        Ok(())
    }

    fn end(self) -> Result<Value, ValueError> {
        Ok(tagged(self.variant, Value::Object(self.fields)))
    }
}

macro_rules! as_map {
    ($($of:ident),*) => {$(
        impl ser::$of for Map {
            type Ok = Value;
            type Error = ValueError;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), ValueError> {
                self.fields.insert(name.to_owned(), value.serialize(self.inner)?);
                Ok(())
            }

            fn end(self) -> Result<Value, ValueError> {
                ser::SerializeMap::end(self)
            }
        }
    )*};
}

as_map! { SerializeStruct, SerializeStructVariant }

/// Writes the key of a map as the name of a field.
#[derive(Debug, Clone, Copy)]
struct Name;

macro_rules! names {
    ($($method:ident $type:ty),*) => {$(
        fn $method(self, value: $type) -> Result<String, ValueError> {
            Ok(value.to_string())
        }
    )*};
}

macro_rules! no_names {
    ($($method:ident($($argument:ty),*) -> $result:ty, $found:literal;)*) => {$(
        fn $method(self, $(_: $argument),*) -> Result<$result, ValueError> {
            Err(ValueError::KeyNotText($found))
        }
    )*};
}

type No = Impossible<String, ValueError>;

impl ser::Serializer for Name {
    type Ok = String;
    type Error = ValueError;
    type SerializeSeq = No;
    type SerializeTuple = No;
    type SerializeTupleStruct = No;
    type SerializeTupleVariant = No;
    type SerializeMap = No;
    type SerializeStruct = No;
    type SerializeStructVariant = No;

    names! {
        serialize_bool bool, serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64, serialize_i128 i128,
        serialize_u8 u8, serialize_u16 u16, serialize_u32 u32, serialize_u64 u64, serialize_u128 u128,
        serialize_char char, serialize_str &str
    }

    no_names! {
        serialize_f32(f32) -> String, "a float";
        serialize_f64(f64) -> String, "a float";
        serialize_bytes(&[u8]) -> String, "bytes";
        serialize_none() -> String, "nothing";
        serialize_unit() -> String, "nothing";
        serialize_unit_struct(&'static str) -> String, "nothing";
        serialize_seq(Option<usize>) -> No, "an array";
        serialize_tuple(usize) -> No, "a tuple";
        serialize_tuple_struct(&'static str, usize) -> No, "a tuple";
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> No, "a variant that holds something";
        serialize_map(Option<usize>) -> No, "a map";
        serialize_struct(&'static str, usize) -> No, "a struct";
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> No, "a variant that holds something";
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<String, ValueError> {
        value.serialize(self)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<String, ValueError> {
        Ok(variant.to_owned())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<String, ValueError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<String, ValueError> {
        Err(ValueError::KeyNotText("a variant that holds something"))
    }
}
