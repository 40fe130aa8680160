//! Where the open database is found, and exchanged: after a write that failed it is closed and opened again while others go on
//! reading. Whether that is due is decided elsewhere.

use std::{
    collections::BTreeSet,
    convert::Infallible,
    fmt,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError, RwLock, Weak,
        atomic::AtomicBool,
        mpsc::{self, Receiver, Sender},
    },
};

use arc_swap::ArcSwapOption;
use plugin_core::store::engine::{EngineError, Keyspace};
use rocksdb::ReadOptions;
use tokio::sync::watch;

use super::{
    Db,
    options::{self, Tuning},
};
use crate::storage::Standing;

/// What the reads, the writer and those who look after the store have in common.
pub(super) struct Shared {
    pub(super) place: Place,
    /// Every keyspace that exists.
    pub(super) names: RwLock<BTreeSet<Keyspace>>,
    pub(super) standing: Standing,
    /// Had by whoever writes.
    pub(super) turn: Mutex<()>,
    /// Whether a write has succeeded since one failed.
    pub(super) wrote: AtomicBool,
    /// Held while a backup is made: it uses the database from its beginning to its end.
    pub(super) backing_up: Mutex<()>,
    pub(super) tuning: Tuning,
    /// Those of every read of one key, made once.
    pub(super) reading: ReadOptions,
    /// The folder of the database.
    pub(super) path: PathBuf,
}

impl Shared {
    pub(super) fn new(path: PathBuf, tuning: Tuning) -> Self {
        let (names, standing, turn, wrote, backing_up) = Default::default();
        let (place, reading) = (Place::empty(), options::reading());
        Self { place, names, standing, turn, wrote, backing_up, tuning, reading, path }
    }

    pub(super) fn names(&self) -> BTreeSet<Keyspace> {
        self.names.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts an open database in its place; the answer ends when it has closed.
    pub(super) fn put(&self, db: Db, names: BTreeSet<Keyspace>) -> Closed {
        *self.names.write().unwrap_or_else(PoisonError::into_inner) = names;
        self.place.put(db)
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("path", &self.path).field("standing", &self.standing).finish_non_exhaustive()
    }
}

/// Disconnected once the database that it came with has closed, whoever was the last to use it.
pub(super) type Closed = Receiver<Infallible>;

/// A place for one database.
pub(super) struct Place {
    current: ArcSwapOption<Open>,
    /// Whether the place is empty and about to be filled again.
    gap: watch::Sender<bool>,
}

pub(super) struct Open {
    // In this order: the database closes, and then whoever waits for that sees it.
    db: Db,
    _open: Sender<Infallible>,
}

impl Open {
    pub(super) fn db(&self) -> &Db {
        &self.db
    }
}

impl Place {
    fn empty() -> Self {
        Self { current: ArcSwapOption::empty(), gap: watch::Sender::new(false) }
    }

    /// What `work` makes of the database, which stays open for so long: it has to be short.
    ///
    /// # Errors
    /// [`EngineError::Unavailable`] while the database is being opened again; those of `work`.
    pub(super) fn with<T>(&self, work: impl FnOnce(&Db) -> Result<T, EngineError>) -> Result<T, EngineError> {
        match &*self.current.load() {
            Some(open) => work(&open.db),
            None => Err(EngineError::Unavailable("the store is being opened again after a failed write".into())),
        }
    }

    /// The database, which stays open for as long as this is kept.
    ///
    /// # Errors
    /// [`EngineError::Unavailable`] while the database is being opened again.
    pub(super) fn database(&self) -> Result<Arc<Open>, EngineError> {
        let opening = || EngineError::Unavailable("the store is being opened again after a failed write".into());
        self.current.load_full().ok_or_else(opening)
    }

    /// The same, but waits while the database is being opened again.
    pub(super) async fn when_open<T>(
        &self,
        work: impl FnOnce(&Db) -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        if self.current.load().is_none() {
            // The sender is this place's own, so there is always one.
            let _ = self.gap.subscribe().wait_for(|gap| !gap).await;
        }
        self.with(work)
    }

    fn put(&self, db: Db) -> Closed {
        let (open, closed) = mpsc::channel();
        self.current.store(Some(Arc::new(Open { db, _open: open })));
        self.gap.send_replace(false);
        closed
    }

    /// Takes the database away, to put another there soon. It closes with the last of those who still use it.
    pub(super) fn clear(&self) -> Weak<Open> {
        self.gap.send_replace(true);
        self.current.swap(None).as_ref().map(Arc::downgrade).unwrap_or_default()
    }

    /// Puts back what was taken away, if somebody still uses it; whether somebody does.
    pub(super) fn put_back(&self, taken: &Weak<Open>) -> bool {
        let Some(open) = taken.upgrade() else { return false };
        self.current.store(Some(open));
        self.gap.send_replace(false);
        true
    }

    /// There is none to be put there soon: nobody waits for it any longer.
    pub(super) fn leave_empty(&self) {
        self.gap.send_replace(false);
    }
}
