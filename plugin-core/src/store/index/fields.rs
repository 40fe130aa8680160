//! Fields of documents, read from what an index has of them: into a type at once, without a value of the whole in between.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use serde::{
    de::{self, DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, Visitor},
    forward_to_deserialize_any,
};

use super::{
    definition::{Field, Index},
    entry::{NO_KEY, Said, object},
    meta::Direction,
};
use crate::store::{
    codec::CodecError,
    error::StoreError,
    ordered,
    value::{Name, VALUE_TOKEN, Value, ValueError},
};

/// What an entry has in the indexed fields, not decoded.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct Kept<'r> {
    /// The values in the entry's key, and what follows them there.
    pub(in crate::store) values: &'r [u8],
    /// How the numbers among them were written.
    pub(in crate::store) hints: &'r [u8],
}

impl<'r> Kept<'r> {
    /// Of the entry `key`, in which the values begin at `start`.
    pub(in crate::store) fn of(start: usize, key: &'r [u8], said: &Said<'r>) -> Self {
        Self { values: key.get(start..).unwrap_or_default(), hints: said.hints }
    }
}

/// One who reads fields from entries, one entry after another.
#[derive(Debug)]
pub(in crate::store) struct Fields<'a> {
    index: Arc<Index>,
    /// The fields that are wanted.
    wanted: &'a [String],
    /// Of each field of the index up to the last that is wanted, whether it is. None where one lies within another value.
    flat: Option<Vec<bool>>,
}

impl<'a> Fields<'a> {
    /// Reads the fields `wanted`, each of which `index` has.
    pub(in crate::store) fn of(index: Arc<Index>, wanted: &'a [String]) -> Self {
        let is_flat = wanted.iter().all(|path| !path.contains('.'));
        let flat = is_flat.then(|| {
            let fields = &index.definition.fields;
            let last = fields.iter().rposition(|field| wanted.contains(&field.path));
            fields.iter().take(last.map_or(0, |last| last + 1)).map(|field| wanted.contains(&field.path)).collect()
        });
        Self { index, wanted, flat }
    }

    /// What `kept` has, as a `T`, or why it is none.
    ///
    /// # Errors
    /// [`StoreError::DamagedIndex`].
    pub(in crate::store) fn read<T: DeserializeOwned>(
        &self,
        kept: Kept<'_>,
    ) -> Result<Result<T, CodecError>, StoreError> {
        let definition = &self.index.definition;
        let (read, is_damaged) = match &self.flat {
            Some(flat) => {
                let Kept { values, hints } = kept;
                let mut entry = Reading { fields: &definition.fields, wanted: flat, values, hints, is_damaged: false };
                (T::deserialize(&mut entry), entry.is_damaged)
            }
            None => match self.value(kept) {
                Some(value) => (value.into_typed(), false),
                None => (Err(damaged()), true),
            },
        };
        if is_damaged {
            return Err(definition.damaged(NO_KEY));
        }
        Ok(read.map_err(CodecError::from))
    }

    /// What `kept` has, as a value.
    fn value(&self, kept: Kept<'_>) -> Option<Value> {
        let Kept { mut values, mut hints } = kept;
        let fields = self.index.definition.fields.iter();
        let found = fields.map(|field| ordered::decode(&mut values, field.direction(), &mut hints));
        Some(object(&self.index, found.collect::<Option<_>>()?).selected(self.wanted))
    }
}

/// An entry that is being read, as an object of what is wanted.
struct Reading<'r> {
    /// What comes next.
    fields: &'r [Field],
    /// Of each, whether it is wanted. None is behind these.
    wanted: &'r [bool],
    values: &'r [u8],
    hints: &'r [u8],
    /// Whether it turned out to be no entry.
    is_damaged: bool,
}

impl<'r> Reading<'r> {
    /// Takes the next field, and whether it is wanted.
    fn next(&mut self) -> Option<(&'r Field, bool)> {
        let ((&wanted, others), (field, fields)) = (self.wanted.split_first()?, self.fields.split_first()?);
        (self.wanted, self.fields) = (others, fields);
        Some((field, wanted))
    }

    fn decode(&mut self, direction: Direction) -> Result<Option<Value>, ValueError> {
        let value = ordered::decode(&mut self.values, direction, &mut self.hints);
        self.sound(value)
    }

    /// What was read, if that was possible.
    fn sound<T>(&mut self, read: Option<T>) -> Result<T, ValueError> {
        self.is_damaged |= read.is_none();
        read.ok_or_else(damaged)
    }

    /// What is left of it, as a value.
    fn rest(&mut self) -> Result<Value, ValueError> {
        let mut fields = BTreeMap::new();
        while let Some((field, wanted)) = self.next() {
            if let Some(value) = self.decode(field.direction())?
                && wanted
            {
                fields.insert(field.path.clone(), value);
            }
        }
        Ok(Value::Object(fields))
    }
}

#[cold]
fn damaged() -> ValueError {
    de::Error::custom(NO_KEY)
}

impl<'de> Deserializer<'de> for &mut Reading<'de> {
    type Error = ValueError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_map(Entries { entry: self, next: None })
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
        self.rest()?.deserialize_enum(name, variants, visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

/// The fields that are wanted and there, one after another.
struct Entries<'e, 'r> {
    entry: &'e mut Reading<'r>,
    /// How the value is written whose name was read.
    next: Option<Direction>,
}

impl<'de> MapAccess<'de> for Entries<'_, 'de> {
    type Error = ValueError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, ValueError> {
        if let Some(unread) = self.next.take() {
            self.entry.decode(unread)?;
        }
        while let Some((field, wanted)) = self.entry.next() {
            let direction = field.direction();
            if !wanted {
                self.entry.decode(direction)?;
            } else if !ordered::take_missing(&mut self.entry.values, direction) {
                self.next = Some(direction);
                return seed.deserialize(Name(Cow::Borrowed(&field.path))).map(Some);
            }
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, ValueError> {
        let direction = self.next.ok_or_else(|| de::Error::custom("a value was asked for before its key"))?;
        let before = self.entry.values.len();
        let value = seed.deserialize(Next { entry: self.entry, direction });
        // What nobody read is still to be passed over.
        if self.entry.values.len() != before {
            self.next = None;
        }
        value
    }
}

/// The value that comes next. Strings and numbers are shown without a value of ours in between.
struct Next<'e, 'r> {
    entry: &'e mut Reading<'r>,
    direction: Direction,
}

impl Next<'_, '_> {
    fn value(self) -> Result<Value, ValueError> {
        let value = self.entry.decode(self.direction)?;
        self.entry.sound(value)
    }
}

impl<'de> Deserializer<'de> for Next<'_, 'de> {
    type Error = ValueError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        let Reading { values, hints, .. } = &mut *self.entry;
        if let Some(text) = ordered::take_plain(values, self.direction) {
            return visitor.visit_borrowed_str(text);
        }
        match ordered::take_number(values, self.direction, hints) {
            Some(number) => number.show(visitor),
            None => self.value()?.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        match ordered::is_string(self.entry.values, self.direction) {
            true => visitor.visit_some(self),
            false => self.value()?.deserialize_option(visitor),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        match ordered::is_string(self.entry.values, self.direction) {
            true if name == VALUE_TOKEN => self.deserialize_any(visitor),
            true => visitor.visit_newtype_struct(self),
            false => self.value()?.deserialize_newtype_struct(name, visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        self.value()?.deserialize_enum(name, variants, visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        self.value()?.deserialize_ignored_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier
    }
}
