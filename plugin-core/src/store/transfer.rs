//! A keyspace as lines of text, and such lines as a keyspace again.
//!
//! The first line says what it is, the last how many rows came before it, so that a file that was cut short is noticed. Between them
//! each line is a row: a document, readable, with the exact bytes beside it; or anything else that is stored, as bytes alone.

mod export;
mod import;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::error::StoreError;
use crate::clock::Timestamp;

pub(super) use self::export::instant;
pub use self::{
    export::Export,
    import::{Import, Imported, IntoWhat, OnExisting},
};

/// What the first line says that the lines are.
const FORMAT: &str = "plugin-server-export";
/// The version of the lines that this build writes, and the newest that it reads.
const VERSION: u32 = 1;
/// The longest line, in bytes: a document of the largest size, six bytes of JSON for each of its own, with its bytes beside it. One whose
/// JSON is longer, as field names that its bytes do not have may make it, is exported as its bytes alone.
pub const MAX_LINE: usize = 8 << 20;

/// Whether others may write to a keyspace while it is exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stillness {
    /// Nobody does: all rows are of one moment.
    Still,
    /// They may: each row is as it was at some moment of the export, not all at the same.
    Live,
}

/// The first line.
#[derive(Serialize)]
struct First<'a> {
    format: &'static str,
    version: u32,
    plugin: &'a str,
    at: Timestamp,
    /// Whether others wrote meanwhile: rows are of several moments then.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    live: bool,
}

/// The last line.
#[derive(Serialize)]
struct Last {
    end: u64,
}

/// A document.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    app: &'a str,
    key: &'a str,
    value: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unreadable: Option<String>,
    stored: &'a str,
    /// [`check_of`] where it lies and what is stored there, a dash, and that of the value as it is written: what was changed is seen also
    /// where the importer would show it otherwise, or not at all.
    check: String,
}

/// Any other row.
#[derive(Serialize)]
struct Raw {
    row: String,
    stored: String,
    /// [`check_of`] both.
    check: String,
}

/// A line as it is read: which of them it is, is seen by its fields.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Line<'a> {
    format: Option<String>,
    version: Option<u32>,
    plugin: Option<String>,
    at: Option<Timestamp>,
    live: bool,
    end: Option<u64>,
    app: Option<String>,
    key: Option<String>,
    /// As it is written: most lines have the bytes beside it, and nobody reads it then.
    #[serde(borrow, deserialize_with = "given")]
    value: Option<&'a RawValue>,
    expires_at: Option<Timestamp>,
    unreadable: Option<String>,
    stored: Option<String>,
    check: Option<String>,
    row: Option<String>,
}

impl Line<'_> {
    fn is_first(&self) -> bool {
        self.format.is_some()
    }

    fn has_fields_of_first(&self) -> bool {
        self.version.is_some() || self.plugin.is_some() || self.at.is_some() || self.live
    }
}

/// Tells `parts` from others.
fn check_of(parts: &[&[u8]]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part.len().to_be_bytes());
        digest.update(part);
    }
    hex::encode(digest.finalize().first_chunk::<8>().unwrap_or(&[0; 8]))
}

/// Tells where a document lies and what is stored there from others.
fn check_of_document(app: &str, key: &str, stored: &[u8]) -> String {
    check_of(&[app.as_bytes(), key.as_bytes(), stored])
}

/// A null that is there is not the same as nothing.
fn given<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'a RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

/// Why lines do not become rows.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum TransferError {
    /// A line is wrong. What was imported stays: that are most of the lines before it, and of those written by hand some that follow soon.
    #[error("line {line}: {problem}; {imported} other rows were imported")]
    Line {
        /// The line, counted from 1.
        line: u64,
        /// What is wrong with it.
        problem: LineProblem,
        /// How many rows were imported.
        imported: u64,
    },
    /// The lines end before the one that says so.
    #[error("the file is cut short: {told}; {imported} rows were imported, and stay")]
    CutShort {
        /// What it lacks.
        told: String,
        /// How many rows were imported.
        imported: u64,
    },
    /// There is data already, and nobody asked for both to be merged.
    #[error("there is data already: import it with `merge` into what is there, or drop that first")]
    NotEmpty,
    /// The store failed.
    #[error("{problem}; {imported} rows were imported, and stay")]
    Store {
        /// What went wrong.
        problem: StoreError,
        /// How many rows were imported.
        imported: u64,
    },
}

/// What is wrong with a line.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum LineProblem {
    /// It is no JSON, or has other fields than a line has.
    #[error("it is no line of an export: {0}")]
    Malformed(String),
    /// It is longer than any that an export has.
    #[error("it is longer than {MAX_LINE} bytes")]
    TooLong,
    /// A later build wrote it.
    #[error(
        "it begins an export of version {found}, this build reads up to {VERSION}; import it with the build that wrote it, or a later one"
    )]
    NewerVersion {
        /// Its version.
        found: u32,
    },
    /// It begins the export of another plugin.
    #[error("it begins an export of the plugin `{found}`; to have its data here, change the id in that line")]
    OtherPlugin {
        /// The plugin whose data it is.
        found: String,
    },
    /// What people read of a document was edited, and its bytes were not.
    #[error(
        "the `{field}` of `{key}` is not what its `stored` says: remove `stored` from the line to import it as it was edited, or `value` and \
         `expiresAt` to import it as it was stored"
    )]
    Edited {
        /// The key of the document.
        key: String,
        /// The field of the line.
        field: &'static str,
    },
    /// What a line says was exported is something else.
    #[error(
        "the `app`, the `key` or the `stored` of `{key}` is not what was exported, so its `check` says: put that back; or remove `stored` and \
         `check` to import the `value` that is shown, or `check` alone if `stored` is what you want and this binary can read it"
    )]
    Changed {
        /// The key of the document, as the line has it now.
        key: String,
    },
    /// Nobody can tell whether the bytes of a document are what was exported.
    #[error(
        "the `stored` of `{key}` cannot be read ({problem}), and no `check` says that it is what was exported: put that back, or remove \
         `stored` to import the `value` that is shown"
    )]
    Unreadable {
        /// The key of the document.
        key: String,
        /// Why it cannot be read.
        problem: String,
    },
    /// A row that is bytes alone was changed, or made by hand.
    #[error(
        "a row of bytes alone is imported as it was exported or not at all, and its `check` says that it is another: put it back, or take the line out"
    )]
    ChangedRow,
    /// Rows that are bytes alone come without a first line.
    #[error("a row of bytes alone is imported only as part of a whole export, which begins with its first line")]
    NoFirstLine,
    /// There is such a row already.
    #[error("`{key}` of the app `{app}` is there already: `replace` writes over it")]
    Exists {
        /// Its app.
        app: String,
        /// Its key.
        key: String,
    },
    /// There is such a row already, which is no document.
    #[error("the row {row} is there already: `replace` writes over it")]
    RowExists {
        /// Its key, in hexadecimal digits.
        row: String,
    },
    /// Two lines are the same row.
    #[error("it is the same row as an earlier line")]
    Twice,
    /// The document cannot be stored.
    #[error(transparent)]
    Refused(StoreError),
}

#[cfg(test)]
mod tests;
