//! How a document lies in the engine: an envelope around the encoded value.
//!
//! | bytes | what |
//! |---|---|
//! | 0–7 | revision, big-endian: 1 when the key is written first, one more with every write |
//! | 8–15 | tag of the write, big-endian: tells writes of the same revision apart |
//! | 16 | version of the format: 1 |
//! | 17 | codec of the payload: 1 = bincode 2, standard configuration |
//! | 18 | kind: 1 = dynamic, a [`Value`] that names its fields |
//! | 19–26 | fingerprint of the schema, big-endian: 0 where the kind has none |
//! | 27– | payload |
//!
//! Revision and tag come first, so that they are the head that [`Precondition::Head`](super::engine::Precondition::Head)
//! asks for. This module alone names bincode, which is frozen upstream: the codec byte is the way to another.

use serde::{Serialize, de::DeserializeOwned};

use super::value::{Value, ValueError};

mod payload;

/// The version of the format that this build writes, and the newest that it reads.
const VERSION: u8 = 1;
const BINCODE: u8 = 1;
const DYNAMIC: u8 = 1;
/// Bytes of the envelope before the payload.
const ENVELOPE: usize = 27;

/// What tells one write of a key from every other: the first bytes of the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Head {
    /// How often the key was written since it was inserted, this write included.
    pub revision: u64,
    /// Tells this write from others of the same revision.
    pub tag: u64,
}

impl Head {
    /// The head as it is stored.
    pub fn to_bytes(self) -> Vec<u8> {
        [self.revision.to_be_bytes(), self.tag.to_be_bytes()].concat()
    }
}

/// Why bytes are no document, or a value cannot become one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// The bytes end too early.
    #[error("the stored bytes end too early")]
    Truncated,
    /// A later build wrote it.
    #[error(
        "it is stored in format {found}, this build reads up to {VERSION}; run the build that wrote it, or a later one"
    )]
    NewerVersion {
        /// The version of the format.
        found: u8,
    },
    /// The codec of the payload is not known.
    #[error("its codec {found} is not known to this build")]
    UnknownCodec {
        /// The number of the codec.
        found: u8,
    },
    /// The kind of document is not known.
    #[error("its kind {found} is not known to this build")]
    UnknownKind {
        /// The number of the kind.
        found: u8,
    },
    /// The bytes are none that this codec writes.
    #[error("the stored bytes are damaged: {0}")]
    Damaged(String),
    /// The value does not fit the type, or cannot be stored.
    #[error(transparent)]
    Value(#[from] ValueError),
}

/// The document `value` with `head`, as it is stored.
///
/// # Errors
/// [`ValueError::TooDeep`].
pub fn seal(head: Head, value: &Value) -> Result<Vec<u8>, CodecError> {
    let mut bytes = Vec::with_capacity(128);
    bytes.extend(head.revision.to_be_bytes());
    bytes.extend(head.tag.to_be_bytes());
    bytes.extend([VERSION, BINCODE, DYNAMIC]);
    bytes.extend(0_u64.to_be_bytes());
    payload::encode(value, &mut bytes)?;
    Ok(bytes)
}

/// Puts another head in the place of the one that sealed bytes begin with.
pub(super) fn set_head(bytes: &mut [u8], head: Head) {
    if let Some(place) = bytes.first_chunk_mut::<16>() {
        *place = (u128::from(head.revision) << 64 | u128::from(head.tag)).to_be_bytes();
    }
}

/// The payload of sealed bytes, for what is not stored.
pub(super) fn unsealed(bytes: &[u8]) -> &[u8] {
    bytes.get(ENVELOPE..).unwrap_or_default()
}

/// The value of a payload without its envelope.
pub(super) fn open_payload(payload: &[u8]) -> Result<Value, CodecError> {
    payload::decode(payload)
}

/// The head of a stored document, whatever follows it.
///
/// # Errors
/// [`CodecError::Truncated`].
pub fn head(bytes: &[u8]) -> Result<Head, CodecError> {
    let (revision, rest) = bytes.split_first_chunk().ok_or(CodecError::Truncated)?;
    let tag = rest.first_chunk().ok_or(CodecError::Truncated)?;
    Ok(Head { revision: u64::from_be_bytes(*revision), tag: u64::from_be_bytes(*tag) })
}

/// The value of a stored document.
///
/// # Errors
/// [`CodecError`], a kind for each way in which bytes can be wrong. However they were forged, no more is allocated than
/// stands in proportion to their number.
pub fn open(bytes: &[u8]) -> Result<Value, CodecError> {
    let (envelope, payload) = bytes.split_first_chunk::<ENVELOPE>().ok_or(CodecError::Truncated)?;
    let [.., version, codec, kind, _, _, _, _, _, _, _, _] = *envelope;
    match (version, codec, kind) {
        (VERSION, BINCODE, DYNAMIC) => payload::decode(payload),
        (0, ..) => Err(CodecError::Damaged("there is no format 0".into())),
        (VERSION, BINCODE, found) => Err(CodecError::UnknownKind { found }),
        (VERSION, found, _) => Err(CodecError::UnknownCodec { found }),
        (found, ..) => Err(CodecError::NewerVersion { found }),
    }
}

/// A row of the host's own, as it is stored.
///
/// Fields of bytes want [`value::bytes`](super::value::bytes).
///
/// ```
/// use plugin_core::store::codec;
///
/// #[derive(serde::Serialize, serde::Deserialize, Debug, PartialEq)]
/// struct Row { attempt: u32, listener: String }
///
/// let row = Row { attempt: 1, listener: "analytics".into() };
/// assert_eq!(codec::decode::<Row>(&codec::encode(&row)?)?, row);
/// # Ok::<_, codec::CodecError>(())
/// ```
///
/// # Errors
/// [`CodecError::Value`] if the row cannot be a [`Value`].
pub fn encode(row: &(impl Serialize + ?Sized)) -> Result<Vec<u8>, CodecError> {
    seal(Head::default(), &Value::of(row)?)
}

/// What [`encode`] wrote, or any document, as a `T`.
///
/// # Errors
/// [`CodecError`] if the bytes are no document; [`CodecError::Value`] names the field if the document is no `T`.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
    match open(bytes)?.into_typed() {
        Ok(row) => Ok(row),
        // Telling where costs; it is done only when there is something to tell.
        Err(_) => serde_path_to_error::deserialize(open(bytes)?).map_err(|error| located(error).into()),
    }
}

fn located(error: serde_path_to_error::Error<ValueError>) -> ValueError {
    let path = error.path().to_string();
    match error.into_inner() {
        ValueError::Mismatch(problem) if path != "." => ValueError::MismatchAt { path, problem },
        other => other,
    }
}

#[cfg(test)]
mod tests;
