//! The storage engine on RocksDB: a column family a keyspace, reads inline on the thread that asks, writes through one thread
//! that commits them in groups. Knows keys and bytes; what they mean is decided above the seam.

mod lock;
mod open;
mod options;
mod read;
#[cfg(test)]
mod tests;
mod writer;

use std::{
    collections::BTreeSet,
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock, Weak},
};

use plugin_core::store::engine::{
    Durability, Engine, EngineError, EngineFuture, Got, Keyspace, Read, Write, check_commit, check_reads,
};
use rocksdb::{BoundColumnFamily, DBWithThreadMode, ErrorKind, MultiThreaded};

use lock::DirectoryLock;
pub use open::OpenError;
use options::Tuning;
pub use writer::WriteCounts;
use writer::Writer;

type Db = DBWithThreadMode<MultiThreaded>;

/// The column family that every RocksDB has. It holds nothing of ours.
const DEFAULT_FAMILY: &str = "default";

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
    db: Arc<Db>,
    names: RwLock<BTreeSet<Keyspace>>,
    tuning: Tuning,
    path: PathBuf,
    _lock: DirectoryLock,
    closed: Arc<()>,
}

impl RocksEngine {
    /// Opens the store in `dir`, with every keyspace that it holds; makes an empty one where there is none. The folder is made
    /// readable by its owner alone.
    ///
    /// # Errors
    /// [`OpenError::InUse`] while another server has it, [`OpenError::Refused`] if what is stored is damaged, and
    /// [`OpenError::Directory`] or [`OpenError::Unavailable`] if the folder or the disk cannot serve.
    pub fn open(dir: &Path) -> Result<Self, OpenError> {
        let lock = DirectoryLock::take(dir)?;
        let tuning = Tuning::new();
        let path = dir.join("store");
        let (db, names) = open::database(&path, &tuning)?;
        let db = Arc::new(db);
        let writer = Writer::start(Arc::clone(&db)).map_err(|source| OpenError::Directory {
            doing: "start the thread that writes to",
            path: path.clone(),
            source,
        })?;
        Ok(Self { writer, db, names: RwLock::new(names), tuning, path, _lock: lock, closed: Arc::default() })
    }

    /// What is gone when the store has closed.
    pub fn closed(&self) -> Weak<()> {
        Arc::downgrade(&self.closed)
    }

    /// How many commits were asked for, and how many groups and disk syncs they took.
    pub fn write_counts(&self) -> WriteCounts {
        self.writer.counts()
    }

    fn create(&self, keyspace: &Keyspace) -> Result<(), EngineError> {
        if keyspace.name() == DEFAULT_FAMILY {
            return Err(EngineError::Invalid(format!("`{DEFAULT_FAMILY}` is RocksDB's own and no keyspace")));
        }
        let mut names = self.names.write().unwrap_or_else(PoisonError::into_inner);
        if !names.contains(keyspace) {
            self.db.create_cf(keyspace.name(), &self.tuning.family()).map_err(failure)?;
            names.insert(keyspace.clone());
        }
        Ok(())
    }
}

impl Engine for RocksEngine {
    /// Making a keyspace takes about a millisecond of file work, once in its life: done where it is asked for.
    fn open<'a>(&'a self, keyspace: &'a Keyspace) -> EngineFuture<'a, ()> {
        Box::pin(async move { self.create(keyspace) })
    }

    fn keyspaces(&self) -> EngineFuture<'_, Vec<Keyspace>> {
        let names = self.names.read().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect();
        Box::pin(async move { Ok(names) })
    }

    fn read<'a>(&'a self, keyspace: &'a Keyspace, reads: &'a [Read]) -> EngineFuture<'a, Vec<Got>> {
        Box::pin(async move {
            check_reads(reads)?;
            read::all(&self.db, &family(&self.db, keyspace)?, reads)
        })
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
        f.debug_struct("RocksEngine").field("path", &self.path).field("writes", &self.write_counts()).finish()
    }
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
        _ => EngineError::Unavailable(error.into_string()),
    }
}
