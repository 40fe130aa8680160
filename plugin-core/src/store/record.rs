//! A stored document as what it means: its value or its type, whatever version of the type wrote it; and the other way round.

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::de::DeserializeOwned;

use super::{
    codec::{self, CodecError, Content, Envelope, Head},
    error::StoreError,
    schema::{Collection, Schema},
    typed::{self, Document},
    value::Value,
    view::Undecoded,
};
use crate::clock::Timestamp;

/// The payload of a typed document in the version of today.
enum Current<'a> {
    Stored(&'a [u8]),
    Migrated(Vec<u8>),
}

impl Current<'_> {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Stored(bytes) => bytes,
            Self::Migrated(bytes) => bytes,
        }
    }
}

/// What is to be stored under a key, without its head.
#[derive(Debug, Clone)]
pub(super) struct Payload {
    content: Kind,
    bytes: Vec<u8>,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Dynamic,
    Typed { fingerprint: u64, version: u16 },
}

impl Payload {
    /// A value, which becomes typed if the key is one of a collection.
    pub(super) fn of(schema: &Schema, key: &str, value: Value) -> Result<Self, CodecError> {
        match schema.collection(key) {
            Some(collection) => {
                let value = collection.with_id(id(key), value);
                collection.check_id(id(key), &value)?;
                Ok(Self::typed(collection, (collection.meta.from_value)(value)?))
            }
            None => Ok(Self { content: Kind::Dynamic, bytes: codec::payload_of(&value)? }),
        }
    }

    /// A typed document.
    pub(super) fn of_document<T: Document>(schema: &Schema, key: &str, document: &T) -> Result<Self, CodecError> {
        let bytes = typed::encode(document)?;
        match schema.collection(key) {
            Some(collection) => Ok(Self::typed(collection, bytes)),
            // Only where the space was made without a schema: documents still say what they are.
            None => {
                let meta = T::meta();
                let fingerprint = (meta.shape)().fingerprint();
                Ok(Self { content: Kind::Typed { fingerprint, version: meta.version }, bytes })
            }
        }
    }

    fn typed(collection: &Collection, bytes: Vec<u8>) -> Self {
        let content = Kind::Typed { fingerprint: collection.fingerprint, version: collection.meta.version };
        Self { content, bytes }
    }

    /// Its bytes, without what stands before them.
    pub(super) fn size(&self) -> usize {
        self.bytes.len()
    }

    /// The document as it is stored.
    pub(super) fn seal(&self, head: Head, expiry: Option<u64>) -> Vec<u8> {
        match self.content {
            Kind::Dynamic => codec::seal_dynamic(head, expiry, &self.bytes),
            Kind::Typed { fingerprint, version } => codec::seal_typed(head, expiry, fingerprint, version, &self.bytes),
        }
    }

    /// What it holds, of the type that was stored.
    pub(super) fn document<T: Document>(&self) -> Result<T, CodecError> {
        match self.content {
            Kind::Typed { .. } => typed::decode(&self.bytes),
            Kind::Dynamic => codec::typed(|| codec::open_payload(&self.bytes)),
        }
    }

    /// What it holds, as a value.
    pub(super) fn value(&self, schema: &Schema, key: &str) -> Result<Value, CodecError> {
        match (self.content, schema.collection(key)) {
            (Kind::Dynamic, _) => codec::open_payload(&self.bytes),
            (Kind::Typed { .. }, Some(collection)) => typed::to_value((collection.meta.shape)(), &self.bytes),
            (Kind::Typed { version, .. }, None) => Err(CodecError::Typed { version }),
        }
    }
}

/// A stored document, its envelope read.
#[derive(Debug, Clone)]
pub(super) struct Record<'a> {
    envelope: Envelope<'a>,
    key: &'a str,
    collection: Option<&'a Collection>,
}

impl<'a> Record<'a> {
    #[inline]
    pub(super) fn of(schema: &'a Schema, key: &'a str, bytes: &'a [u8]) -> Result<Self, CodecError> {
        Ok(Self { envelope: Envelope::of(bytes)?, key, collection: schema.collection(key) })
    }

    pub(super) fn head(&self) -> Head {
        self.envelope.head
    }

    /// When it expires, in milliseconds since the Unix epoch.
    pub(super) fn expiry(&self) -> Option<u64> {
        self.envelope.expiry
    }

    /// Whether it is still there at `now`.
    pub(super) fn is_live(&self, now: Timestamp) -> bool {
        self.envelope.expiry.is_none_or(|expiry| millis(now) < expiry)
    }

    /// Whether it is stored as it would be written today, and so needs no migration.
    pub(super) fn is_current(&self) -> bool {
        match (&self.envelope.content, self.collection) {
            (Content::Dynamic(_), None) => true,
            (Content::Typed { version, .. }, Some(collection)) => *version == collection.meta.version,
            (Content::Dynamic(_), Some(_)) | (Content::Typed { .. }, None) => false,
        }
    }

    /// What it holds, as a value.
    pub(super) fn value(&self) -> Result<Value, CodecError> {
        match (&self.envelope.content, self.collection) {
            (Content::Dynamic(payload), None) => codec::open_payload(payload),
            // Written before the collection had a type.
            (Content::Dynamic(payload), Some(collection)) => {
                let value = collection.with_id(id(self.key), codec::open_payload(payload)?);
                let bytes = (collection.meta.from_value)(value)?;
                typed::to_value((collection.meta.shape)(), &bytes)
            }
            (&Content::Typed { fingerprint, version, payload }, Some(collection)) => {
                let current = current(collection, fingerprint, version, payload)?;
                typed::to_value((collection.meta.shape)(), current.bytes())
            }
            (Content::Typed { version, .. }, None) => Err(CodecError::Typed { version: *version }),
        }
    }

    /// Holds the id in `value`, which it holds, to the one in its key.
    pub(super) fn check_id(&self, value: &Value) -> Result<(), CodecError> {
        self.collection.map_or(Ok(()), |collection| collection.check_id(id(self.key), value))
    }

    /// What it holds, as anything that serde can read.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<T, CodecError> {
        let read = self.undecoded().and_then(Undecoded::read_as);
        read.map_or_else(|| codec::typed(|| self.value()), Ok)
    }

    /// What it holds, of the type that its collection has.
    pub(super) fn document<T: Document>(&self) -> Result<T, CodecError> {
        match (&self.envelope.content, self.collection) {
            (Content::Dynamic(payload), collection) => codec::typed(|| {
                let value = codec::open_payload(payload)?;
                Ok(match collection {
                    Some(collection) => collection.with_id(id(self.key), value),
                    None => value,
                })
            }),
            (&Content::Typed { fingerprint, version, payload }, Some(collection)) => {
                typed::decode(current(collection, fingerprint, version, payload)?.bytes())
            }
            (&Content::Typed { fingerprint, version, payload }, None) => {
                let meta = T::meta();
                check(meta.version, Some((meta.shape)().fingerprint()), fingerprint, version)?;
                typed::decode(payload)
            }
        }
    }

    /// What it holds, to be stored again as it would be written today.
    pub(super) fn payload(&self, schema: &Schema, key: &str) -> Result<Payload, CodecError> {
        match (&self.envelope.content, self.collection) {
            (Content::Dynamic(payload), None) => Ok(Payload { content: Kind::Dynamic, bytes: payload.to_vec() }),
            (Content::Dynamic(payload), Some(_)) => Payload::of(schema, key, codec::open_payload(payload)?),
            (&Content::Typed { fingerprint, version, payload }, Some(collection)) => {
                let current = current(collection, fingerprint, version, payload)?;
                Ok(Payload::typed(collection, current.bytes().to_vec()))
            }
            (&Content::Typed { fingerprint, version, payload }, None) => {
                Ok(Payload { content: Kind::Typed { fingerprint, version }, bytes: payload.to_vec() })
            }
        }
    }

    /// The undecoded payload and how it is to be read, where that is possible without a migration.
    #[inline]
    pub(super) fn undecoded(&self) -> Option<Undecoded<'a>> {
        match (&self.envelope.content, self.collection) {
            (&Content::Dynamic(payload), None) => Some(Undecoded::dynamic(payload)),
            (&Content::Typed { fingerprint, version, payload }, Some(collection))
                if version == collection.meta.version && fingerprint == collection.fingerprint =>
            {
                Some(Undecoded::typed((collection.meta.shape)(), payload))
            }
            _ => None,
        }
    }
}

/// The id of the document `key` in its collection.
fn id(key: &str) -> &str {
    key.split_once(':').map_or(key, |(_, id)| id)
}

/// Milliseconds since the Unix epoch, as expiry counts them.
pub(super) fn millis(instant: Timestamp) -> u64 {
    u64::try_from(instant.as_nanosecond() / 1_000_000).unwrap_or(0)
}

fn check(current: u16, expected: Option<u64>, fingerprint: u64, version: u16) -> Result<(), CodecError> {
    if version > current {
        return Err(CodecError::NewerSchema { found: version, known: current });
    }
    match expected {
        Some(expected) if expected != fingerprint => Err(CodecError::OtherShape { version }),
        _ => Ok(()),
    }
}

/// The payload in the version of today: as it is, or taken there version by version.
fn current<'a>(
    collection: &Collection,
    fingerprint: u64,
    version: u16,
    payload: &'a [u8],
) -> Result<Current<'a>, CodecError> {
    check(collection.meta.version, collection.fingerprint_of(version), fingerprint, version)?;
    if version == collection.meta.version {
        return Ok(Current::Stored(payload));
    }
    let mut bytes = payload.to_vec();
    for from in version..collection.meta.version {
        let migration = collection.migration(from).ok_or(CodecError::NoMigration { from })?;
        // It is the plugin's own code, and a document that it cannot take is not to end the work on others.
        let migrated = catch_unwind(AssertUnwindSafe(|| (migration.up)(&bytes)));
        bytes = match migrated {
            Ok(Ok(bytes)) => bytes,
            Ok(Err(error)) => return Err(CodecError::Migration { from, problem: format!("{error:?}") }),
            Err(_) => return Err(CodecError::Migration { from, problem: "it panicked".into() }),
        };
    }
    Ok(Current::Migrated(bytes))
}

/// What is wrong with the document `key`.
#[inline]
pub(super) fn of_key<T>(key: &str, result: Result<T, CodecError>) -> Result<T, StoreError> {
    result.map_err(|source| StoreError::codec(key, source))
}
