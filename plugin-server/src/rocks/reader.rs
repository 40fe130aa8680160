//! A store that is looked at and not changed. What was acknowledged before a crash is in it, read from the logs into memory; on disk
//! nothing is made of them.

use std::{
    fmt,
    ops::Range,
    path::Path,
    sync::{Arc, Weak},
};

use plugin_core::store::engine::{
    Durability, Engine, EngineError, EngineFuture, Got, Keyspace, Read, Shown, Visitor, Write,
};
use rocksdb::BoundColumnFamily;

use super::{
    DEFAULT_FAMILY, Db, OpenError, family, lock::DirectoryLock, open, options::Tuning, place::Shared, place_of,
};

/// A store in a folder of this machine that is only read, and the right that nobody changes it meanwhile. A keyspace that it does not have
/// is empty.
///
/// ```no_run
/// use plugin_server::rocks::RocksReader;
///
/// let engine = RocksReader::open("./data".as_ref())?;
/// # Ok::<(), plugin_server::rocks::OpenError>(())
/// ```
pub struct RocksReader {
    // In the order in which they must go: the database closes, the folder is free, and whoever waits for that sees it.
    pub(super) shared: Shared,
    _lock: Option<DirectoryLock>,
    closed: Arc<()>,
}

impl RocksReader {
    /// Opens the store in `dir`, which is empty if there is none.
    ///
    /// # Errors
    /// [`OpenError::InUse`] while a server has it, [`OpenError::Refused`] if what is stored is damaged, and
    /// [`OpenError::Directory`] or [`OpenError::Unavailable`] if the folder cannot be read.
    pub fn open(dir: &Path) -> Result<Self, OpenError> {
        let lock = DirectoryLock::take_to_look(dir)?;
        let (path, tuning) = (place_of(dir), Tuning::new());
        let (db, names) = open::to_look_at(&path, &tuning)?;
        let shared = Shared::new(path, tuning);
        drop(shared.put(db, names));
        Ok(Self { shared, _lock: lock, closed: Arc::default() })
    }

    /// What is gone when the store has closed.
    pub fn closed(&self) -> Weak<()> {
        Arc::downgrade(&self.closed)
    }
}

/// RocksDB's own family, in which nothing is ever written, stands for those that there are not.
fn family_or_empty<'db>(db: &'db Db, keyspace: &Keyspace) -> Result<Arc<BoundColumnFamily<'db>>, EngineError> {
    family(db, keyspace).or_else(|unknown| db.cf_handle(DEFAULT_FAMILY).ok_or(unknown))
}

impl Engine for RocksReader {
    /// Makes nothing.
    fn open<'a>(&'a self, _: &'a Keyspace) -> EngineFuture<'a, ()> {
        Box::pin(async { Ok(()) })
    }

    fn keyspaces(&self) -> EngineFuture<'_, Vec<Keyspace>> {
        let names = self.shared.names().into_iter().collect();
        Box::pin(async move { Ok(names) })
    }

    fn read<'a>(&'a self, keyspace: &'a Keyspace, reads: &'a [Read]) -> EngineFuture<'a, Vec<Got>> {
        Box::pin(self.shared.read(family_or_empty, keyspace, reads))
    }

    fn walk<'a>(
        &'a self,
        keyspace: &'a Keyspace,
        read: &'a Read,
        visit: &'a mut Visitor<'a>,
    ) -> EngineFuture<'a, Option<Range<Vec<u8>>>> {
        Box::pin(self.shared.walk(family_or_empty, keyspace, read, visit))
    }

    fn show<'a>(&'a self, keyspace: &'a Keyspace, key: &'a [u8], show: &'a mut Shown<'a>) -> EngineFuture<'a, ()> {
        Box::pin(self.shared.show(family_or_empty, keyspace, key, show))
    }

    /// Always refused.
    fn commit<'a>(&'a self, _: &'a Keyspace, _: Vec<Write>, _: Durability) -> EngineFuture<'a, ()> {
        Box::pin(async { Err(EngineError::Unavailable("the store was opened to be read, and takes no writes".into())) })
    }

    fn sync(&self) -> EngineFuture<'_, ()> {
        Box::pin(async { Ok(()) })
    }
}

impl fmt::Debug for RocksReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RocksReader").field("path", &self.shared.path).finish_non_exhaustive()
    }
}
