//! What `#[document]` and `#[migrate]` leave: a type, whose it is, under which prefix its documents lie, and how they come to be of
//! that type.

use serde::{Serialize, de::DeserializeOwned};

use super::{query::Fields, shape::Of, stored::Stored};
use crate::{
    point::Plugin,
    store::{codec::CodecError, index::IndexMeta, value::Value},
};

/// A version of a typed document: the one that is current, or one that `retired` types stand for.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no version of a document",
    label = "not marked `#[document(plugin = …, collection = \"…\", version = …)]`"
)]
pub trait DocumentVersion: Stored + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Whose documents they are.
    type Plugin: Plugin;
    /// The collection, whose documents have keys that begin with it and a `:`.
    const COLLECTION: &'static str;
    /// The version of the schema, from 1.
    const VERSION: u16;

    /// The document's id within the collection.
    fn id(&self) -> &str;
}

/// A typed document as it is written today.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no document",
    label = "no `#[document]`, or one that is `retired`",
    note = "put `#[document(plugin = …, collection = \"…\", version = 1)]` on it"
)]
pub trait Document: DocumentVersion + Fields {
    /// What is known of it without its type.
    fn meta() -> &'static DocumentMeta;
}

/// What is known of a version of a document without its type.
#[derive(Debug, Clone, Copy)]
pub struct DocumentMeta {
    /// The collection.
    pub collection: &'static str,
    /// The version of the schema.
    pub version: u16,
    /// What the field of the id is called in documents.
    pub id: &'static str,
    /// How its bytes are to be read.
    pub shape: Of,
    /// The bytes of a document that is given as a value, as one edited by hand is.
    pub from_value: fn(Value) -> Result<Vec<u8>, CodecError>,
    /// Its indexes.
    pub indexes: &'static [IndexMeta],
}

/// What is known of a migration without its types.
#[derive(Debug, Clone, Copy)]
pub struct MigrationMeta {
    /// The collection.
    pub collection: &'static str,
    /// The version that it starts from; it leads to the next.
    pub from: u16,
    /// The bytes of the next version, of a document of this.
    pub up: fn(&[u8]) -> crate::Result<Vec<u8>>,
}
