//! Documents of a type that is known when the binary is linked: stored as the struct's own bincode, readable without the type by their
//! shape, kept under a collection's prefix.

mod collections;
mod document;
mod flaws;
pub mod query;
mod scalars;
mod shape;
mod stored;
mod text;

pub(crate) use self::flaws::{Flaw, flaws};
pub use self::{
    document::{Document, DocumentMeta, DocumentVersion, MigrationMeta},
    query::{SortKey, TypedFilter, fields},
    shape::{Content, Field, Of, Shape, Variant},
    stored::{Incoming, Outgoing, Stored, decode, encode},
};
use super::{codec::CodecError, value::Value, view::Undecoded};

/// The payload of a typed document as the value that serde would make of it, without its type.
///
/// # Errors
/// [`CodecError`] if the bytes are of no document of this shape. However they were forged, no more is allocated than stands in
/// proportion to their number.
pub fn to_value(shape: &'static Shape, payload: &[u8]) -> Result<Value, CodecError> {
    Undecoded::typed(shape, payload).to_value()
}

#[cfg(test)]
pub(in crate::store) mod tests;
