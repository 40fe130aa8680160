//! Whether a keyspace is whole: every document can be read, and what follows from documents, entries of indexes and rows that tell when
//! they expire, is what it would be if it were made anew.
//!
//! It goes over the documents once and asks for what must follow from each, then over all that follows and asks for its document, so
//! that it needs no more memory than a chunk of either. Others may write meanwhile: what looks wrong is looked at again, all of it from
//! one moment, before it is told of.

mod documents;
mod entries;

use std::{fmt, sync::Arc};

use serde::Serialize;

use super::{
    codec::CodecError,
    engine::{Entries, Scan},
    error::StoreError,
    index::{Index, Progress, Unread, ledger, told},
    space::Space,
    walk::after_key,
};

/// The most problems that are told of one by one.
const MAX_PROBLEMS: usize = 1000;
/// How many rows are looked at together.
const CHUNK: usize = 200;
/// The bytes of rows that are looked at together, about.
const CHUNK_BYTES: usize = 1 << 20;
/// How often a document is looked at again that others write at the same time.
const LOOKS: usize = 100;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Verified {
    /// How many documents were looked at.
    pub documents: u64,
    /// How many of them could not be looked into: their `#[document]` is not in this build.
    pub opaque: u64,
    /// How many entries of indexes were looked at.
    pub entries: u64,
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// How many more problems there are than are told of.
    pub more_problems: u64,
}

impl Verified {
    /// Whether nothing is wrong.
    pub fn is_whole(&self) -> bool {
        self.problems.is_empty() && self.more_problems == 0
    }
}

/// Something that is wrong with a document, with what follows from it, or with an index itself, which has no app and no key then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Problem {
    /// The app of the document.
    pub app: String,
    /// Its key. Of a row whose key is none, that key in hexadecimal digits.
    pub key: String,
    /// The index, as it is declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<String>,
    /// What is wrong.
    #[schemars(with = "String")]
    pub problem: Fault,
    /// The number of the index.
    #[serde(skip)]
    number: Option<u64>,
}

/// What can be wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The document cannot be read.
    #[error("it cannot be read: {0}")]
    Unreadable(CodecError),
    /// The id in the document is not the one in its key.
    #[error(transparent)]
    OtherId(CodecError),
    /// The document cannot be in an index that it belongs to.
    #[error("it cannot be in the index: {0}")]
    Unfit(String),
    /// It has no entry in an index.
    #[error("it has no entry")]
    Missing,
    /// Its entry in an index has another value than it ought to have.
    #[error("its entry is not what follows from it")]
    Differs,
    /// An index has an entry that does not follow from its document, or whose document is not there.
    #[error("an entry is there that does not follow from it")]
    Surplus,
    /// A unique index has the same values of another document.
    #[error("`{other}` has the same values, and it is unique")]
    Duplicate {
        /// The key of the other.
        other: String,
    },
    /// It expires, and no row tells so.
    #[error("it expires, and no row tells when")]
    NoExpiry,
    /// A row tells that it expires when it does not.
    #[error("a row tells that it expires at another time than it does")]
    OtherExpiry,
    /// A row is none that the store writes.
    #[error("it is no row that the store writes")]
    Malformed,
    /// An index could not be built.
    #[error(
        "it could not be built: {reason}. No query uses it, and where it is unique not every document is held to that: change what is in \
         the way and start the server again, which builds it anew, or drop it by its number {number} if no plugin declares it any more"
    )]
    NotBuilt {
        /// The number of the index.
        number: u64,
        /// What is in the way.
        reason: String,
    },
    /// An index was built without documents that cannot be read.
    #[error(
        "it was built without {}: no query finds them by it, and where it is unique their values are not held. The next start of a server \
         that can read them builds it anew",
        told(*documents, app, key)
    )]
    LeftOut {
        /// How many there are.
        documents: u64,
        /// The app of the first.
        app: String,
        /// Its key.
        key: String,
    },
    /// An index that is declared and unique is not there: it was dropped, or no server has started since it was declared.
    #[error(
        "it is declared, and is not there: until the next start of the server builds it nothing is held to be unique by it"
    )]
    NotThere,
    /// An entry of an index that there is not.
    #[error("an entry is there of the index {number}, which is not")]
    NoIndex {
        /// The number of the index.
        number: u64,
    },
}

impl Serialize for Fault {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.index {
            Some(index) if self.key.is_empty() => write!(f, "the index ({index})")?,
            Some(index) => write!(f, "`{}` of the app `{}`, index ({index})", self.key, self.app)?,
            None => write!(f, "`{}` of the app `{}`", self.key, self.app)?,
        }
        write!(f, ": {}", self.problem)
    }
}

/// One look over everything.
struct Look<'a> {
    space: &'a Arc<Space>,
    indexes: Vec<Index>,
    verified: Verified,
}

impl Space {
    /// Looks at everything, and changes nothing.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails, or if what it keeps about itself cannot be read.
    pub async fn verify(self: &Arc<Self>) -> Result<Verified, StoreError> {
        let mut look = Look { space: self, indexes: ledger::known(self).await?, verified: Verified::default() };
        look.at_indexes().await?;
        look.at_documents().await?;
        look.at_entries().await?;
        look.at_expiry().await?;
        let mut verified = look.verified;
        // An index that was dropped meanwhile was taken apart under our eyes.
        let kept = ledger::known(self).await?;
        let is_kept = |number: u64| kept.iter().any(|index| index.number == number && is_kept_up(index));
        verified.problems.retain(|problem| problem.number.is_none_or(is_kept));
        Ok(verified)
    }
}

impl Look<'_> {
    /// Indexes that are not what their declarations say, whatever their entries are.
    async fn at_indexes(&mut self) -> Result<(), StoreError> {
        let missing = self.space.missing_unique().into_iter().map(|index| (index.to_string(), Fault::NotThere));
        let there = self.space.index_states().await?.into_iter().filter_map(|index| {
            let fault = match (index.progress, index.left_out) {
                (Progress::Failed, _) => {
                    Fault::NotBuilt { number: index.number, reason: index.reason.unwrap_or_default() }
                }
                (Progress::Ready, Some(Unread { documents, app, key })) => Fault::LeftOut { documents, app, key },
                _ => return None,
            };
            Some((index.definition, fault))
        });
        let problem = |(index, problem)| Problem {
            app: String::new(),
            key: String::new(),
            index: Some(index),
            problem,
            // It is told of whether commits keep it or not.
            number: None,
        };
        self.verified.problems.extend(missing.chain(there).map(problem));
        Ok(())
    }

    fn tell(&mut self, app: &str, key: &str, index: Option<usize>, problem: Fault) {
        if self.verified.problems.len() >= MAX_PROBLEMS {
            self.verified.more_problems += 1;
            return;
        }
        let of = index.and_then(|place| self.indexes.get(place));
        let number = of.map(|index| index.number);
        let index = of.map(|index| index.definition.to_string());
        self.verified.problems.push(Problem { app: app.to_owned(), key: key.to_owned(), index, problem, number });
    }

    /// The next rows, and where those after them begin, if there are any.
    async fn rows(&self, scan: Scan) -> Result<(Entries, Option<Vec<u8>>), StoreError> {
        let found = self.space.scan(scan).await?;
        let next = found.last().filter(|_| found.more).map(|(last, _)| after_key(last));
        // Other work on this thread has its turn.
        tokio::task::yield_now().await;
        Ok((found, next))
    }
}

/// Whether commits keep what is in the index what follows from documents.
fn is_kept_up(index: &Index) -> bool {
    matches!(index.progress(), Progress::Ready | Progress::Building)
}

#[cfg(test)]
mod tests;
