//! What can go wrong above the seam.

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
        "`{given}` is nothing to sort by: give a path, such as `endedAt`, with a `-` before it for descending order"
    )]
    Sort {
        /// What was given.
        given: String,
    },
    /// Too many documents would have to be looked at.
    #[error(
        "looked at {documents} documents of {bytes} bytes and was not done, which is the budget of one call: {}",
        remedy(wanted)
    )]
    BudgetExceeded {
        /// How many it looked at.
        documents: usize,
        /// How many bytes they have.
        bytes: usize,
        /// The fields that an index would need to have, in this order.
        wanted: Vec<String>,
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
        [] => "narrow it to a key prefix with `.under(…)`".into(),
        wanted => format!("it needs an index on ({}), or a key prefix to look under: `.under(…)`", wanted.join(", ")),
    }
}

impl StoreError {
    /// What `source` has to say about `key`.
    pub(super) fn codec(key: &str, source: CodecError) -> Self {
        Self::Codec { key: key.into(), source }
    }
}
