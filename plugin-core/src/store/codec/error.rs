//! Why bytes are no document, or a value cannot become one.

use super::envelope::FORMAT;
use crate::store::value::ValueError;

/// Why bytes are no document, or a value cannot become one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// The bytes end too early.
    #[error("the stored bytes end too early")]
    Truncated,
    /// A later build wrote it.
    #[error(
        "it is stored in format {found}, this build reads up to {FORMAT}; run the build that wrote it, or a later one"
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
    /// A later build wrote it, whose type is of a later version.
    #[error(
        "it is of version {found} of its `#[document]`, this build knows up to version {known}; run the build that wrote \
         it, or a later one"
    )]
    NewerSchema {
        /// The version it was written as.
        found: u16,
        /// The newest version that this build has.
        known: u16,
    },
    /// The type was changed and its version was not.
    #[error(
        "its `#[document]` was another type when it was stored, though it is version {version} still: take the change \
         back, or give it as version {} with a `#[migrate]` from this one",
        version.saturating_add(1)
    )]
    OtherShape {
        /// The version of both.
        version: u16,
    },
    /// A typed document is asked for where no type is known.
    #[error(
        "it is a typed document of version {version}, which only its `#[document]` can read; is the plugin that has it \
         in this build?"
    )]
    Typed {
        /// The version it was written as.
        version: u16,
    },
    /// It is of an older version, and nothing leads from there to today's.
    #[error(
        "it is of version {from} of its `#[document]`, and no `#[migrate]` takes it from there to the next version"
    )]
    NoMigration {
        /// The version that it stops at.
        from: u16,
    },
    /// It is to be stored under a key that ends with another id than it has.
    #[error(
        "its `{field}` is `{own}`, and that is not the id in its key: store it under that one, or change the field"
    )]
    OtherId {
        /// The field of the id.
        field: &'static str,
        /// What it holds.
        own: String,
    },
    /// A migration refuses it.
    #[error("its `#[migrate]` from version {from} fails: {problem}")]
    Migration {
        /// The version that the migration starts from.
        from: u16,
        /// What it said.
        problem: String,
    },
    /// The bytes are none that this codec writes.
    #[error("the stored bytes are damaged: {0}")]
    Damaged(String),
    /// The value does not fit the type, or cannot be stored.
    #[error(transparent)]
    Value(#[from] ValueError),
}
