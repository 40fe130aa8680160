//! Types that can lie in typed documents, and how their bytes are written and read.

use super::shape::Shape;
use crate::store::{
    codec::{
        CodecError,
        wire::{self, Encode, Flaw, Reader},
    },
    value::{MAX_DEPTH, ValueError},
    view::Undecoded,
};

/// A type that can lie in a document, or be one. `#[document]` and `#[model(stored)]` derive it; the types of the standard library
/// that serde knows have it.
///
/// The keys of a `BTreeMap` are names of fields: texts, numbers, bools, times, or enums whose variants hold nothing. What lies in a `Vec`
/// or `BTreeSet` takes bytes, which `()` does not. A document that has other ones is refused when its host starts (`P0017`).
///
/// Its bytes are those that bincode's own derive would write, and its shape says what serde would make of it: with the bytes and
/// the shape, and without the type, the document is read as the value that `Serialize` gives.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot lie in a document",
    label = "no `#[model(stored)]` type, and none that documents know",
    note = "put `#[model(stored)]` on it. Of the standard library there are `bool`, `char`, integers up to 64 bits, floats, `String`, \
            `Option`, `Vec`, `Box`, arrays, tuples, `BTreeMap` and `BTreeSet`; of plugin-core `Timestamp`, `AppId`, `UserId` and `Dynamic`"
)]
pub trait Stored: Sized {
    /// How its bytes are to be read.
    fn shape() -> &'static Shape;

    /// Writes it.
    ///
    /// # Errors
    /// [`CodecError`] if it cannot be stored, as a value that lies too deep.
    fn store(&self, into: &mut Outgoing) -> Result<(), CodecError>;

    /// Reads what [`store`](Self::store) wrote.
    ///
    /// # Errors
    /// [`CodecError`] if the bytes are none that it writes. However they were forged, no more is allocated than stands in
    /// proportion to their number.
    fn load(from: &mut Incoming<'_>) -> Result<Self, CodecError>;

    /// Writes a list. Bytes are written at once.
    #[doc(hidden)]
    fn store_list(items: &[Self], into: &mut Outgoing) -> Result<(), CodecError> {
        into.each(items.iter())
    }

    /// Reads what [`store_list`](Self::store_list) wrote.
    #[doc(hidden)]
    fn load_list(from: &mut Incoming<'_>) -> Result<Vec<Self>, CodecError> {
        let length = from.from.length()?;
        from.times(length)
    }
}

/// How deep a document may be whose depth as a value need not be looked at. A level here is a `Vec`, `Box` or map, between two of
/// which the types alone decide how many structs there are.
const SHALLOW: usize = 4;

/// Bytes that are being written.
#[derive(Debug, Default)]
pub struct Outgoing {
    bytes: Vec<u8>,
    depth: usize,
    /// Whether the document may lie deeper than values may.
    deep: bool,
}

/// Bytes that are being read.
#[derive(Debug)]
pub struct Incoming<'a> {
    pub(super) from: Reader<'a>,
    depth: usize,
}

/// The bytes of `value`.
///
/// ```
/// use plugin_core::store::typed;
///
/// let bytes = typed::encode(&(7_u8, Some("x".to_owned())))?;
/// assert_eq!(bytes, [7, 1, 1, b'x']);
/// assert_eq!(typed::decode::<(u8, Option<String>)>(&bytes)?, (7, Some("x".to_owned())));
/// # Ok::<_, plugin_core::store::codec::CodecError>(())
/// ```
///
/// # Errors
/// [`CodecError`] if it cannot be stored.
pub fn encode<T: Stored>(value: &T) -> Result<Vec<u8>, CodecError> {
    let mut into = Outgoing::default();
    value.store(&mut into)?;
    into.finish(T::shape())
}

/// The `T` whose bytes these are, all of them.
///
/// # Errors
/// [`CodecError`] if they are of no `T`.
pub fn decode<T: Stored>(bytes: &[u8]) -> Result<T, CodecError> {
    let mut incoming = Incoming { from: Reader::new(bytes), depth: 0 };
    let value = T::load(&mut incoming)?;
    incoming.from.end()?;
    Ok(value)
}

impl Outgoing {
    /// Writes the number of an enum's variant; what the variant holds follows.
    pub fn variant(&mut self, number: u32) {
        self.put(number).expect("memory takes every byte");
    }

    pub(super) fn put(&mut self, value: impl Encode) -> Result<(), CodecError> {
        wire::put(value, &mut self.bytes)
    }

    /// Writes a value that says itself what it is.
    pub(super) fn any(&mut self, write: impl FnOnce(&mut Vec<u8>) -> Result<(), CodecError>) -> Result<(), CodecError> {
        self.deep = true;
        write(&mut self.bytes)
    }

    /// Writes what a type holds that may hold itself. So nothing lies deeper than a stack can bear.
    pub(super) fn inner<T: Stored>(&mut self, value: &T) -> Result<(), CodecError> {
        if self.depth == MAX_DEPTH {
            return Err(Flaw::TooDeep.into());
        }
        self.depth += 1;
        self.deep |= self.depth > SHALLOW;
        value.store(self)?;
        self.depth -= 1;
        Ok(())
    }

    /// Writes how many they are, and each.
    pub(super) fn each<'a, T: Stored + 'a>(
        &mut self,
        items: impl ExactSizeIterator<Item = &'a T>,
    ) -> Result<(), CodecError> {
        let length = items.len();
        self.put(length)?;
        let start = self.bytes.len();
        for item in items {
            self.inner(item)?;
        }
        self.counted(length, start)
    }

    /// Refuses things that take no bytes: when they are read, nothing would stand for their number.
    fn counted(&self, length: usize, start: usize) -> Result<(), CodecError> {
        match self.bytes.len() - start >= length {
            true => Ok(()),
            false => Err(ValueError::Mismatch("a list of things that take no bytes cannot be stored".into()).into()),
        }
    }

    fn finish(self, shape: &'static Shape) -> Result<Vec<u8>, CodecError> {
        if self.deep {
            Undecoded::typed(shape, &self.bytes).check()?;
        }
        Ok(self.bytes)
    }
}

impl<'a> Incoming<'a> {
    /// Reads the number of an enum's variant; what the variant holds follows.
    ///
    /// # Errors
    /// [`CodecError`] if there is none.
    pub fn variant(&mut self) -> Result<u32, CodecError> {
        Ok(self.from.unsigned()?)
    }

    pub(super) fn inner<T: Stored>(&mut self) -> Result<T, CodecError> {
        if self.depth == MAX_DEPTH {
            return Err(Flaw::TooDeep.into());
        }
        self.depth += 1;
        let value = T::load(self)?;
        self.depth -= 1;
        Ok(value)
    }

    /// Reads so many, one after another. No more bytes are reserved than there are, and what is reserved as they come was there.
    pub(super) fn times<T: Stored>(&mut self, length: usize) -> Result<Vec<T>, CodecError> {
        let room = self.from.left() / size_of::<T>().max(1);
        let mut items = Vec::with_capacity(length.min(room));
        for _ in 0..length {
            items.push(self.inner()?);
        }
        Ok(items)
    }
}
