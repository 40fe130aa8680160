//! What can go wrong above the seam.

use std::error::Error as StdError;

use super::{codec::CodecError, cursor::CursorError, engine::EngineError, filter::FilterError, key::MAX_USER_KEY};

/// Why the store did not do what it was asked. Nothing was written then, except after an unknown outcome of the engine.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The storage engine could not do its part.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// `set_if` found another revision than the one it was given, or a document where there was to be none.
    #[error("`{key}` is not at the revision that was expected: somebody else wrote it")]
    Conflict {
        /// The key.
        key: String,
    },
    /// `insert` found a document under its key.
    #[error("`{key}` is there already: `insert` writes only what is new; `set` replaces")]
    Exists {
        /// The key.
        key: String,
    },
    /// A unique index has a document with the same values.
    #[error("`{key}` is not stored: `{other}` has the same values in the unique index ({index})")]
    Duplicate {
        /// The key.
        key: String,
        /// The index, as it is declared.
        index: String,
        /// The key of the document that has them.
        other: String,
    },
    /// The values of the indexed fields are too long for a key.
    #[error(
        "`{key}` is not stored: its entry in the index ({index}) would have {size} bytes, the limit is {limit}; \
         index something shorter, such as a digest of it"
    )]
    IndexedTooLong {
        /// The key.
        key: String,
        /// The index, as it is declared.
        index: String,
        /// The size of the entry's key, in bytes.
        size: usize,
        /// What is allowed.
        limit: usize,
    },
    /// What a transaction had read was written by others, again and again.
    #[error("the transaction was given up after {attempts} attempts: others wrote what it had read each time")]
    TransactionConflict {
        /// How often it was tried.
        attempts: u32,
    },
    /// An index does not agree with the documents.
    #[error(
        "the index ({index}) is damaged: {problem}; `db verify` tells how much, and after it is dropped the next start builds it again"
    )]
    DamagedIndex {
        /// The index, as it is declared.
        index: String,
        /// What is wrong.
        problem: String,
    },
    /// What is being exported was dropped or imported anew meanwhile.
    #[error(
        "it was dropped or imported anew while it was exported: what was exported so far is not all of anything. Export it again"
    )]
    Renewed,
    /// Others wrote the key again and again between this call's reading and writing it.
    #[error("`{key}` is written by too many at once: gave up after {attempts} attempts")]
    Contended {
        /// The key.
        key: String,
        /// How often it was tried.
        attempts: usize,
    },
    /// The key is empty or too long.
    #[error("a key of {length} bytes is not allowed: it has 1 to {MAX_USER_KEY} bytes")]
    InvalidKey {
        /// How long it is.
        length: usize,
    },
    /// A document has no id.
    #[error("a document of `{collection}` has an empty id: it is stored under it, so give it one")]
    EmptyId {
        /// The collection.
        collection: &'static str,
    },
    /// A change gave a document another id.
    #[error(
        "the change makes `{changed}` of `{key}`: an id stays; put the document under the new one and delete the old"
    )]
    OtherId {
        /// Its key.
        key: String,
        /// The key that it would have.
        changed: String,
    },
    /// The value is too large.
    #[error("the value for `{key}` has {size} bytes as stored, the limit is {limit}")]
    TooLarge {
        /// The key.
        key: String,
        /// Its size, encoded.
        size: usize,
        /// What is allowed.
        limit: usize,
    },
    /// The value cannot be stored, or what is stored is not what was asked for.
    #[error("`{key}`: {source}")]
    Codec {
        /// The key.
        key: String,
        /// What is wrong.
        source: CodecError,
    },
    /// `increment` found something else than an integer.
    #[error("`{key}` holds {found}, not an integer of 64 bits")]
    NotAnInteger {
        /// The key.
        key: String,
        /// What it holds.
        found: &'static str,
    },
    /// `increment` would leave the range of its type.
    #[error("`{key}` holds {value}: {by} more is beyond 64 bits")]
    Overflow {
        /// The key.
        key: String,
        /// What it holds.
        value: i64,
        /// What was to be added.
        by: i64,
    },
    /// The filter is invalid.
    #[error("the filter is invalid: {0}")]
    Filter(#[from] FilterError),
    /// A field to sort by names no field.
    #[error(
        "`{given}` is nothing to sort by: give a path, such as `endedAt`, with one `-` before it for descending order"
    )]
    Sort {
        /// What was given.
        given: String,
    },
    /// Too many documents would have to be looked at.
    #[error(
        "looked at {documents} documents of {bytes} bytes and was not done within the budget of one call: {}{}",
        remedy(wanted),
        unknown(unknown_fields)
    )]
    BudgetExceeded {
        /// How many it looked at.
        documents: usize,
        /// How many bytes they have.
        bytes: usize,
        /// The fields that an index would need to have, in this order.
        wanted: Vec<String>,
        /// The fields of the query that no document has that was looked at: they may be misspelled.
        unknown_fields: Vec<String>,
    },
    /// A page of that size is not given.
    #[error("a page of {given} is not given: it has 1 to {limit}")]
    PageSize {
        /// What was asked.
        given: usize,
        /// What is allowed.
        limit: usize,
    },
    /// The cursor is not one of this query's.
    #[error(transparent)]
    Cursor(#[from] CursorError),
}

fn remedy(wanted: &[String]) -> String {
    match wanted {
        [] => {
            "no index would serve it better; narrow it to a key prefix with `.under(…)`, or ask for equal values".into()
        }
        wanted => format!("it needs an index on ({}), or a key prefix to look under: `.under(…)`", wanted.join(", ")),
    }
}

fn unknown(fields: &[String]) -> String {
    let names = || fields.iter().map(|field| format!("`{field}`")).collect::<Vec<_>>().join(", ");
    match fields {
        [] => String::new(),
        [_] => format!("; no document that was looked at has the field {}", names()),
        _ => format!("; no document that was looked at has the fields {}", names()),
    }
}

/// What the storage engine said, if that is what `error` goes back to.
pub fn engine_error(error: &crate::Error) -> Option<&EngineError> {
    let mut cause = error.source();
    while let Some(error) = cause {
        // A store error speaks as its engine error does, and is no link of its own in the chain.
        match error.downcast_ref() {
            Some(StoreError::Engine(found)) => return Some(found),
            _ => match error.downcast_ref() {
                Some(found) => return Some(found),
                None => cause = StdError::source(error),
            },
        }
    }
    None
}

impl StoreError {
    /// What `source` has to say about `key`.
    pub(super) fn codec(key: &str, source: CodecError) -> Self {
        Self::Codec { key: key.into(), source }
    }
}
