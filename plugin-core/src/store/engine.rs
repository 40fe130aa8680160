//! The seam between the host and a storage engine: ordered keys in keyspaces, batched reads from one snapshot, and one-shot
//! atomic commits with preconditions. No interactive transactions and no long snapshots, so that a database across a network
//! can stand behind it as well as a library in the process.

mod entries;
mod visit;

use std::{fmt, future::Future, ops::Range, pin::Pin, sync::Arc};

pub use self::{
    entries::{Entries, Found},
    visit::{Row, Shown, Visitor, walked},
};

/// What an engine call gives back. Boxed: an engine is chosen at run time.
pub type EngineFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, EngineError>> + Send + 'a>>;

/// The longest key that an engine takes, in bytes, as encoded.
pub const MAX_KEY: usize = 2048;
/// The largest value that an engine takes, in bytes: a webhook's row of 1 MiB of body and 64 KiB of headers, and its envelope.
pub const MAX_VALUE: usize = (1 << 20) + (65 << 10);
/// The most writes in one commit.
pub const MAX_WRITES: usize = 512;
/// The most bytes of keys and values in one commit.
pub const MAX_COMMIT: usize = 4 << 20;
/// The most entries that one scan gives back.
pub const MAX_SCAN: usize = 1000;

/// The part of an engine that one owner has to itself: `p:{plugin}` for a plugin's, other names for the host's own.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Keyspace(Arc<str>);

impl Keyspace {
    /// The keyspace of the plugin `id`.
    pub fn of_plugin(id: &str) -> Self {
        Self(format!("p:{id}").into())
    }

    /// A keyspace of the host's own. `name` must not begin with `p:`.
    ///
    /// # Panics
    /// If `name` begins with `p:`: that would be a plugin's.
    pub fn of_host(name: &str) -> Self {
        assert!(!name.starts_with("p:"), "`{name}` is the keyspace of a plugin");
        Self(name.into())
    }

    /// Its name, as the engine knows it.
    pub fn name(&self) -> &str {
        &self.0
    }

    /// The plugin whose keyspace this is, if it is one's.
    pub fn plugin(&self) -> Option<&str> {
        self.0.strip_prefix("p:")
    }
}

impl From<&str> for Keyspace {
    /// The keyspace that an engine lists under `name`.
    fn from(name: &str) -> Self {
        Self(name.into())
    }
}

impl fmt::Debug for Keyspace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

/// One question of a batch.
#[derive(Debug, Clone)]
pub enum Read {
    /// The value of one key.
    Get(Vec<u8>),
    /// The values of several, in the order asked.
    MultiGet(Vec<Vec<u8>>),
    /// The entries of a range.
    Scan(Scan),
    /// The entries of a range, each with the row that it points to: its value begins with the length of that row's key, two bytes,
    /// big-endian, and with the key. See [`pointer()`]. The bytes of the rows count like those of the entries.
    Lookup(Scan),
}

impl Read {
    /// The range that is walked, if one is.
    fn scan(&self) -> Option<&Scan> {
        match self {
            Self::Scan(scan) | Self::Lookup(scan) => Some(scan),
            Self::Get(_) | Self::MultiGet(_) => None,
        }
    }
}

/// The key that the value of an entry points to, and what follows it.
#[inline]
pub fn pointer(value: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = value.split_first_chunk()?;
    rest.split_at_checked(u16::from_be_bytes(*length).into())
}

/// A range of keys to walk.
#[derive(Debug, Clone)]
pub struct Scan {
    /// First key that is in, first key that is out.
    pub range: Range<Vec<u8>>,
    /// The most entries to give back, at most [`MAX_SCAN`].
    pub limit: usize,
    /// The most bytes of keys and values to give back; the entry that crosses it is the last. At least one entry is given.
    pub bytes: usize,
    /// Which end to begin at.
    pub direction: Direction,
    /// Whether values are wanted.
    pub wanted: Wanted,
}

/// Which end a scan begins at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Ascending.
    Forward,
    /// Descending.
    Reverse,
}

/// What a scan gives back of each entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Key and value.
    Entries,
    /// The key; the value is left empty.
    Keys,
}

/// The answer to the [`Read`] in the same place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Got {
    /// To `Get`.
    Value(Option<Vec<u8>>),
    /// To `MultiGet`.
    Values(Vec<Option<Vec<u8>>>),
    /// To `Scan`.
    Entries(Entries),
    /// To `Lookup`.
    Found(Found),
}

/// What must hold of a key when a commit happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Precondition {
    /// Nothing.
    Any,
    /// The key has no value.
    Absent,
    /// The key has a value.
    Present,
    /// The key's value begins with these bytes: its revision and writer tag.
    Head(Vec<u8>),
}

/// What a commit does to one key.
#[derive(Debug, Clone)]
pub struct Write {
    /// The key. A commit names each at most once.
    pub key: Vec<u8>,
    /// What must hold of it.
    pub precondition: Precondition,
    /// What becomes of it.
    pub change: Change,
}

impl Write {
    /// Sets `key` to `value`, whatever was there.
    pub fn put(key: Vec<u8>, value: Vec<u8>) -> Self {
        Self { key, precondition: Precondition::Any, change: Change::Put(value) }
    }

    /// Removes `key`, if it is there.
    pub fn delete(key: Vec<u8>) -> Self {
        Self { key, precondition: Precondition::Any, change: Change::Delete }
    }

    /// The same write under another precondition.
    #[must_use]
    pub fn when(mut self, precondition: Precondition) -> Self {
        self.precondition = precondition;
        self
    }
}

/// What becomes of a key.
#[derive(Debug, Clone)]
pub enum Change {
    /// Only the precondition counts.
    Keep,
    /// It has this value.
    Put(Vec<u8>),
    /// It has none.
    Delete,
}

/// When a commit counts as done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// On disk: it survives a loss of power.
    #[default]
    Synced,
    /// In the operating system's hands: it survives the end of the process.
    Relaxed,
}

/// What can go wrong below the seam.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The precondition of the write at this place did not hold; nothing was written.
    #[error("the precondition of write {0} does not hold")]
    Conflict(usize),
    /// The commit may or may not have happened. Issue the same commit again: a conflict that carries one's own tag means that it had.
    #[error("the outcome of the commit is unknown")]
    UnknownOutcome,
    /// The engine cannot serve now.
    #[error("the storage engine is not available: {0}")]
    Unavailable(String),
    /// A limit of the seam was crossed; nothing was written.
    #[error("{what} of {size} is over the limit of {limit}")]
    TooLarge {
        /// Which limit.
        what: &'static str,
        /// What was asked.
        size: usize,
        /// What is allowed.
        limit: usize,
    },
    /// What is stored is damaged. The text names the file where the engine knows it.
    #[error("stored data is damaged: {0}")]
    Corrupt(String),
    /// The call itself breaks a rule of the seam.
    #[error("the call is not allowed: {0}")]
    Invalid(String),
}

impl EngineError {
    /// The answer of an engine that does not answer what it was asked.
    pub(super) fn answered_otherwise() -> Self {
        Self::Corrupt("the engine's answer is not one to the question".into())
    }

    /// The refusal of a call on a keyspace that does not exist.
    pub fn unknown_keyspace(keyspace: &Keyspace) -> Self {
        Self::Invalid(format!("keyspace {keyspace:?} does not exist; open it first"))
    }
}

/// A storage engine. `plugin_core::store::conformance` is the suite that each must pass.
pub trait Engine: Send + Sync + fmt::Debug + 'static {
    /// Opens `keyspace`, making it if need be.
    fn open<'a>(&'a self, keyspace: &'a Keyspace) -> EngineFuture<'a, ()>;

    /// Every keyspace that exists, opened or not, in the order of their names.
    fn keyspaces(&self) -> EngineFuture<'_, Vec<Keyspace>>;

    /// Answers all of `reads` from one snapshot of `keyspace`, which must exist.
    fn read<'a>(&'a self, keyspace: &'a Keyspace, reads: &'a [Read]) -> EngineFuture<'a, Vec<Got>>;

    /// Shows `show` the value of one key of `keyspace`, which must exist, where it lies: what [`read`](Self::read) answers to one
    /// [`Read::Get`]. Who is shown it does not wait, and calls no engine.
    fn show<'a>(&'a self, keyspace: &'a Keyspace, key: &'a [u8], show: &'a mut Shown<'a>) -> EngineFuture<'a, ()> {
        Box::pin(async move {
            let got = self.read(keyspace, &[Read::Get(key.to_vec())]).await?.pop();
            let Some(Got::Value(value)) = got else { return Err(EngineError::answered_otherwise()) };
            show(value.as_deref());
            Ok(())
        })
    }

    /// Walks a range as [`read`](Self::read) does for a [`Read::Scan`] or a [`Read::Lookup`], and shows each row to `visit` instead of giving
    /// it back. Gives back what is left of the range: nothing if the walk came to its end, something if a limit or the visitor ended it.
    ///
    /// All rows are of one snapshot, and the limits count for all that are shown. Whoever visits does not wait, and calls no engine.
    fn walk<'a>(
        &'a self,
        keyspace: &'a Keyspace,
        read: &'a Read,
        visit: &'a mut Visitor<'a>,
    ) -> EngineFuture<'a, Option<Range<Vec<u8>>>> {
        Box::pin(async move {
            walked(read)?;
            let got = self.read(keyspace, std::slice::from_ref(read)).await?.pop();
            visit::show(read, got, visit)
        })
    }

    /// Does all of `writes` in `keyspace`, which must exist, if every precondition holds at that moment, and none otherwise:
    /// [`EngineError::Conflict`] names the first that does not.
    ///
    /// A commit that begins when another has returned comes after it, and whoever sees it sees that one. Commits that are under way at the
    /// same time have no order among each other, whoever began first: one that must come after another is begun when that has returned.
    /// So it is also with [`Durability::Relaxed`], and with commits whose future is dropped or that nobody waits for.
    fn commit<'a>(&'a self, keyspace: &'a Keyspace, writes: Vec<Write>, durability: Durability)
    -> EngineFuture<'a, ()>;

    /// Returns when all that was committed is on disk.
    fn sync(&self) -> EngineFuture<'_, ()>;
}

/// Checks the limits that every engine keeps when it reads.
///
/// # Errors
/// [`EngineError::TooLarge`] for a scan whose limit is over [`MAX_SCAN`].
pub fn check_reads(reads: &[Read]) -> Result<(), EngineError> {
    let limits = reads.iter().filter_map(Read::scan).map(|scan| scan.limit);
    match limits.max() {
        Some(size) if size > MAX_SCAN => Err(EngineError::TooLarge { what: "a scan's limit", size, limit: MAX_SCAN }),
        _ => Ok(()),
    }
}

/// Checks the limits that every engine keeps when it commits.
///
/// # Errors
/// [`EngineError::TooLarge`] or, for a key named twice, [`EngineError::Invalid`].
pub fn check_commit(writes: &[Write]) -> Result<(), EngineError> {
    let within =
        |what, size, limit| if size <= limit { Ok(()) } else { Err(EngineError::TooLarge { what, size, limit }) };
    within("a commit's number of writes", writes.len(), MAX_WRITES)?;
    let mut bytes = 0;
    for write in writes {
        let value = if let Change::Put(value) = &write.change { value.len() } else { 0 };
        within("a key's length in bytes", write.key.len(), MAX_KEY)?;
        within("a value's size in bytes", value, MAX_VALUE)?;
        bytes += write.key.len() + value;
    }
    within("a commit's size in bytes", bytes, MAX_COMMIT)?;
    let mut keys: Vec<&[u8]> = writes.iter().map(|write| &*write.key).collect();
    keys.sort_unstable();
    match keys.windows(2).any(|pair| pair[0] == pair[1]) {
        true => Err(EngineError::Invalid("a commit names each key at most once".into())),
        false => Ok(()),
    }
}
