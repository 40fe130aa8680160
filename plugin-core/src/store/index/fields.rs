//! Fields of documents, read from what an index has of them: into a type at once, without a value of the whole in between.

use std::{borrow::Cow, mem};

use serde::{
    de::{DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, Visitor},
    forward_to_deserialize_any,
};

use super::{
    definition::Index,
    entry::{NO_KEY, Said, object},
};
use crate::store::{
    codec::CodecError,
    error::StoreError,
    ordered,
    value::{Name, VALUE_TOKEN, Value, ValueError},
};

/// What an entry has in the indexed fields, not decoded.
#[derive(Debug)]
pub(in crate::store) struct Kept {
    /// The values in the entry's key and what follows them there, then the hints.
    bytes: Vec<u8>,
    /// Where the hints begin.
    hints: usize,
}

impl Kept {
    /// Of the entry `key`, in which the values begin at `start`.
    pub(in crate::store) fn of(start: usize, key: &[u8], said: &Said<'_>) -> Self {
        let values = key.get(start..).unwrap_or_default();
        Self { bytes: [values, said.hints].concat(), hints: values.len() }
    }

    fn parts(&self) -> (&[u8], &[u8]) {
        self.bytes.split_at(self.hints)
    }
}

/// One who reads fields from entries, one entry after another.
#[derive(Debug)]
pub(in crate::store) struct Fields<'a> {
    index: &'a Index,
    /// The fields that are wanted.
    wanted: &'a [String],
    /// Those of the index that are wanted, in the order of their names. None where one lies within another value.
    order: Option<Vec<usize>>,
    /// What the entry that is being read has in each field of the index.
    found: Vec<Option<Value>>,
}

impl<'a> Fields<'a> {
    /// Reads the fields `wanted`, each of which `index` has.
    pub(in crate::store) fn of(index: &'a Index, wanted: &'a [String]) -> Self {
        let fields = &index.definition.fields;
        let is_flat = wanted.iter().all(|path| !path.contains('.'));
        let order = is_flat.then(|| {
            let mut order: Vec<_> =
                fields.iter().enumerate().filter(|(_, field)| wanted.contains(&field.path)).collect();
            order.sort_unstable_by_key(|(_, field)| &field.path);
            order.into_iter().map(|(at, _)| at).collect()
        });
        Self { index, wanted, order, found: Vec::new() }
    }

    /// What `kept` has, as a `T`, or why it is none.
    ///
    /// # Errors
    /// [`StoreError::DamagedIndex`].
    pub(in crate::store) fn read<T: DeserializeOwned>(
        &mut self,
        kept: &Kept,
    ) -> Result<Result<T, CodecError>, StoreError> {
        let (mut bytes, mut hints) = kept.parts();
        self.found.clear();
        for field in &self.index.definition.fields {
            let value = ordered::decode(&mut bytes, field.direction(), &mut hints);
            self.found.push(value.ok_or_else(|| self.index.definition.damaged(NO_KEY))?);
        }
        let read = match &self.order {
            Some(order) => T::deserialize(Object { index: self.index, order, found: &mut self.found, next: None }),
            None => self.value().into_typed(),
        };
        Ok(read.map_err(CodecError::from))
    }

    /// What was found, as a value.
    fn value(&mut self) -> Value {
        object(self.index, mem::take(&mut self.found)).selected(self.wanted)
    }
}

/// The fields that were found, as an object.
struct Object<'a> {
    index: &'a Index,
    /// What is left of the order.
    order: &'a [usize],
    found: &'a mut [Option<Value>],
    next: Option<Value>,
}

impl Object<'_> {
    fn into_value(self) -> Value {
        let found = self.order.iter().filter_map(|&at| {
            let value = self.found.get_mut(at)?.take()?;
            Some((self.index.definition.fields.get(at)?.path.clone(), value))
        });
        Value::Object(found.collect())
    }
}

impl<'de> Deserializer<'de> for Object<'de> {
    type Error = ValueError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_map(self)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        if name == VALUE_TOKEN { self.deserialize_any(visitor) } else { visitor.visit_newtype_struct(self) }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        self.into_value().deserialize_enum(name, variants, visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

impl<'de> MapAccess<'de> for Object<'de> {
    type Error = ValueError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, ValueError> {
        while let Some((&at, rest)) = self.order.split_first() {
            self.order = rest;
            self.next = self.found.get_mut(at).and_then(Option::take);
            if self.next.is_some()
                && let Some(field) = self.index.definition.fields.get(at)
            {
                return seed.deserialize(Name(Cow::Borrowed(&field.path))).map(Some);
            }
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, ValueError> {
        let value = self.next.take().ok_or_else(|| serde::de::Error::custom("a value was asked for before its key"))?;
        seed.deserialize(value)
    }
}
