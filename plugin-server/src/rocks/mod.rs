//! The storage engine on RocksDB: a column family a keyspace, reads inline on the thread that asks, writes through one thread
//! that commits them in groups. Knows keys and bytes; what they mean is decided above the seam.

pub mod backup;
#[cfg(test)]
mod backup_tests;
mod crc32c;
mod cursor;
#[cfg(test)]
mod damage_tests;
mod lock;
mod open;
mod options;
mod place;
mod read;
mod reader;
mod recovery;
#[cfg(test)]
mod recovery_tests;
mod room;
#[cfg(test)]
mod tests;
mod verify;
mod wal;
mod writer;

use std::{
    fmt,
    ops::Range,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, Weak},
};

use plugin_core::store::engine::{
    Durability, Engine, EngineError, EngineFuture, Got, Keyspace, Read, Shown, Visitor, Write, check_commit,
};
use rocksdb::{BoundColumnFamily, DBWithThreadMode, ErrorKind, MultiThreaded};

use lock::DirectoryLock;
pub use open::{Holder, OpenError};
use options::Tuning;
use place::Shared;
pub use reader::RocksReader;
pub use verify::Damage;
pub use writer::WriteCounts;
use writer::Writer;

use crate::storage::Standing;

/// RocksDB, with families that are made while it is used.
#[doc(hidden)]
pub type Db = DBWithThreadMode<MultiThreaded>;

/// An open database.
#[doc(hidden)]
pub struct Database(Arc<place::Open>);

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Database")
    }
}

impl std::ops::Deref for Database {
    type Target = Db;

    fn deref(&self) -> &Db {
        self.0.db()
    }
}

/// The column family that every RocksDB has. It holds nothing of ours.
const DEFAULT_FAMILY: &str = "default";
/// The folder of the database, in the data folder.
const STORE: &str = "store";

/// A store in a folder of this machine, and the right to be its only user.
///
/// Dropping it finishes the commits under way, brings everything to disk and gives the folder free.
///
/// ```no_run
/// use plugin_server::rocks::RocksEngine;
///
/// let engine = RocksEngine::open("./data".as_ref())?;
/// # Ok::<(), plugin_server::rocks::OpenError>(())
/// ```
pub struct RocksEngine {
    // In the order in which they must go: the writer ends, the database closes, the folder is free, and whoever waits for that sees it.
    writer: Writer,
    shared: Arc<Shared>,
    _lock: DirectoryLock,
    closed: Arc<()>,
}

impl RocksEngine {
    /// Opens the store in `dir`, with every keyspace that it holds; makes an empty one where there is none. The folder is made
    /// readable by its owner alone.
    ///
    /// # Errors
    /// [`OpenError::InUse`] while another server has it, [`OpenError::Refused`] if what is stored is damaged, and
    /// [`OpenError::Directory`], [`OpenError::Full`] or [`OpenError::Unavailable`] if the folder or the disk cannot serve.
    pub fn open(dir: &Path) -> Result<Self, OpenError> {
        Self::with_tuning(dir, Tuning::new())
    }

    fn with_tuning(dir: &Path, tuning: Tuning) -> Result<Self, OpenError> {
        let lock = DirectoryLock::take(dir)?;
        let path = place_of(dir);
        let (db, names) = open::database(&path, &tuning)?;
        let shared = Arc::new(Shared::new(path, tuning));
        let closed = shared.put(db, names);
        let writer = Writer::start(Arc::clone(&shared), closed).map_err(|source| OpenError::Directory {
            doing: "start the thread that writes to",
            path: shared.path.clone(),
            source,
        })?;
        Ok(Self { writer, shared, _lock: lock, closed: Arc::default() })
    }

    /// What is gone when the store has closed.
    pub fn closed(&self) -> Weak<()> {
        Arc::downgrade(&self.closed)
    }

    /// How many commits were asked for, and how many groups and disk syncs they took.
    pub fn write_counts(&self) -> WriteCounts {
        self.writer.counts()
    }

    /// Whether the store takes writes, for those who must say so outside.
    pub fn standing(&self) -> Standing {
        self.shared.standing.clone()
    }

    /// Moves the rows of `keyspace` from memory into a table.
    #[cfg(test)]
    fn flush(&self, keyspace: &Keyspace) {
        let flushed = self.shared.place.with(|db| db.flush_cf(&family(db, keyspace)?).map_err(failure));
        flushed.expect("the disk takes it");
    }

    /// The database itself, for benchmarks that hold the store against it. Who writes to a keyspace here goes past all that the store
    /// promises of it. It stays open for as long as this is kept.
    ///
    /// # Errors
    /// [`EngineError::Unavailable`] while it is being opened again.
    #[doc(hidden)]
    pub fn database(&self) -> Result<Database, EngineError> {
        self.shared.place.database().map(Database)
    }

    fn create(&self, keyspace: &Keyspace) -> Result<(), EngineError> {
        if keyspace.name() == DEFAULT_FAMILY {
            return Err(EngineError::Invalid(format!("`{DEFAULT_FAMILY}` is RocksDB's own and no keyspace")));
        }
        let Shared { place, names, standing, tuning, .. } = &*self.shared;
        // Opening the database again replaces the names, so the database is asked for first.
        place.with(|db| {
            let mut names = names.write().unwrap_or_else(PoisonError::into_inner);
            if names.contains(keyspace) {
                return Ok(());
            }
            if let Some(refusal) = standing.refusal() {
                return Err(refusal);
            }
            if let Err(error) = db.create_cf(keyspace.name(), &tuning.family()) {
                self.writer.failed(error.clone());
                return Err(failure(error));
            }
            names.insert(keyspace.clone());
            Ok(())
        })
    }
}

impl Engine for RocksEngine {
    /// Making a keyspace takes about a millisecond of file work, once in its life: done where it is asked for.
    fn open<'a>(&'a self, keyspace: &'a Keyspace) -> EngineFuture<'a, ()> {
        Box::pin(async move { self.create(keyspace) })
    }

    fn keyspaces(&self) -> EngineFuture<'_, Vec<Keyspace>> {
        let names = self.shared.names().into_iter().collect();
        Box::pin(async move { Ok(names) })
    }

    fn read<'a>(&'a self, keyspace: &'a Keyspace, reads: &'a [Read]) -> EngineFuture<'a, Vec<Got>> {
        Box::pin(self.shared.read(family, keyspace, reads))
    }

    fn walk<'a>(
        &'a self,
        keyspace: &'a Keyspace,
        read: &'a Read,
        visit: &'a mut Visitor<'a>,
    ) -> EngineFuture<'a, Option<Range<Vec<u8>>>> {
        Box::pin(self.shared.walk(family, keyspace, read, visit))
    }

    fn show<'a>(&'a self, keyspace: &'a Keyspace, key: &'a [u8], show: &'a mut Shown<'a>) -> EngineFuture<'a, ()> {
        Box::pin(self.shared.show(family, keyspace, key, show))
    }

    fn commit<'a>(
        &'a self,
        keyspace: &'a Keyspace,
        writes: Vec<Write>,
        durability: Durability,
    ) -> EngineFuture<'a, ()> {
        Box::pin(async move {
            check_commit(&writes)?;
            self.writer.commit(keyspace.clone(), writes, durability).await
        })
    }

    fn sync(&self) -> EngineFuture<'_, ()> {
        Box::pin(self.writer.sync())
    }
}

impl fmt::Debug for RocksEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RocksEngine").field("path", &self.shared.path).field("writes", &self.write_counts()).finish()
    }
}

/// Where in a data directory the store is.
pub(crate) fn place_of(dir: &Path) -> PathBuf {
    dir.join(STORE)
}

fn family<'db>(db: &'db Db, keyspace: &Keyspace) -> Result<Arc<BoundColumnFamily<'db>>, EngineError> {
    match keyspace.name() {
        DEFAULT_FAMILY => None,
        name => db.cf_handle(name),
    }
    .ok_or_else(|| EngineError::unknown_keyspace(keyspace))
}

/// RocksDB's own error as one of the seam's.
fn failure(error: rocksdb::Error) -> EngineError {
    match error.kind() {
        ErrorKind::Corruption => EngineError::Corrupt(error.into_string()),
        ErrorKind::IOError if open::is_missing_file(&error) => EngineError::Corrupt(error.into_string()),
        _ => EngineError::Unavailable(error.into_string()),
    }
}
