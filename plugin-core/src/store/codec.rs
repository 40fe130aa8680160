//! How a document lies in the engine: an envelope around the encoded value.
//!
//! | bytes | what |
//! |---|---|
//! | 0–7 | revision, big-endian: 1 when the key is written first, one more with every write |
//! | 8–15 | tag of the write, big-endian: tells writes of the same revision apart |
//! | 16 | version of the format: 1 |
//! | 17 | codec of the payload: 1 = bincode 2, standard configuration |
//! | 18 | kind: 1 = dynamic, a [`Value`] that names its fields; 2 = typed, a struct of which the [shape](super::typed::Shape) is known. Bit 7: it expires |
//! | 19–26 | fingerprint of the shape, big-endian: 0 where the kind has none |
//! | then, if it expires | 8 bytes: when, in milliseconds since the Unix epoch, big-endian |
//! | then, if it is typed | 2 bytes: the version of its schema, big-endian |
//! | then | payload |
//!
//! Revision and tag come first, so that they are the head that [`Precondition::Head`](super::engine::Precondition::Head)
//! asks for. This module alone names bincode, which is frozen upstream: the codec byte is the way to another.

use serde::{Serialize, de::DeserializeOwned};

use super::{
    value::{Value, ValueError},
    view::Undecoded,
};

mod envelope;
mod error;
pub(super) mod payload;
pub(super) mod wire;

pub(super) use self::envelope::seal_dynamic;
pub use self::{
    envelope::{Content, Envelope, Head, head, seal_typed},
    error::CodecError,
};

/// The document `value` with `head`, as it is stored; `expiry` in milliseconds since the Unix epoch.
///
/// # Errors
/// [`ValueError::TooDeep`].
pub fn seal(head: Head, expiry: Option<u64>, value: &Value) -> Result<Vec<u8>, CodecError> {
    let mut bytes = envelope::dynamic(head, expiry);
    payload::encode(value, &mut bytes)?;
    Ok(bytes)
}

/// A value as a payload, without an envelope.
pub(super) fn payload_of(value: &Value) -> Result<Vec<u8>, CodecError> {
    let mut bytes = Vec::with_capacity(128);
    payload::encode(value, &mut bytes)?;
    Ok(bytes)
}

/// The value of a payload without its envelope.
pub(super) fn open_payload(payload: &[u8]) -> Result<Value, CodecError> {
    Undecoded::dynamic(payload).to_value()
}

/// The value of a stored document.
///
/// # Errors
/// [`CodecError`], a kind for each way in which bytes can be wrong; [`CodecError::Typed`] for those that take more than the bytes
/// to be read. However they were forged, no more is allocated than stands in proportion to their number.
pub fn open(bytes: &[u8]) -> Result<Value, CodecError> {
    match Envelope::of(bytes)?.content {
        Content::Dynamic(payload) => Undecoded::dynamic(payload).to_value(),
        Content::Typed { version, .. } => Err(CodecError::Typed { version }),
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
    seal(Head::default(), None, &Value::of(row)?)
}

/// What [`encode`] wrote, or any document, as a `T`.
///
/// # Errors
/// [`CodecError`] if the bytes are no document; [`CodecError::Value`] names the field if the document is no `T`.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
    let undecoded = match Envelope::of(bytes)?.content {
        Content::Dynamic(payload) => Undecoded::dynamic(payload),
        Content::Typed { version, .. } => return Err(CodecError::Typed { version }),
    };
    undecoded.read_as().map_or_else(|| typed(|| undecoded.to_value()), Ok)
}

/// A value as a `T`; [`CodecError::Value`] names the field if it is none.
pub(super) fn typed<T: DeserializeOwned>(value: impl Fn() -> Result<Value, CodecError>) -> Result<T, CodecError> {
    match value()?.into_typed() {
        Ok(row) => Ok(row),
        // Telling where costs; it is done only when there is something to tell.
        Err(_) => serde_path_to_error::deserialize(value()?).map_err(|error| located(error).into()),
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
