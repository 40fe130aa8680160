//! Copies of a store that are made while it is used, and stores made of them again. Who asks for them and when is decided elsewhere.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    num::NonZeroU32,
    path::{Path, PathBuf},
    sync::PoisonError,
};

use plugin_core::{Timestamp, store::engine::EngineError};
use rocksdb::{
    Env,
    backup::{BackupEngine, BackupEngineInfo, BackupEngineOptions, RestoreOptions},
};

use super::{
    OpenError, RocksEngine, STORE, failure,
    lock::{DirectoryLock, make_private},
    open,
    options::Tuning,
};

/// A folder of backups. Files that did not change from one to the next are there once.
///
/// ```no_run
/// use plugin_server::rocks::{RocksEngine, backup::{Backups, Existing, Which}};
///
/// let backups = Backups::at("./backups");
/// let engine = RocksEngine::open("./data".as_ref())?;
/// let made = backups.create(&engine)?;
/// backups.restore(Which::Id(made.id), "./restored".as_ref(), Existing::Refuse)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Backups {
    folder: PathBuf,
}

/// One backup of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Backup {
    /// Its number; a later one has a higher.
    pub id: u32,
    /// When it was made, to the second.
    pub made_at: Timestamp,
    /// The bytes of all its files, also of those that other backups share.
    pub size: u64,
    /// How many files it has.
    pub files: u32,
}

/// Which backup is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The newest.
    Latest,
    /// The one with this number.
    Id(u32),
}

/// What becomes of a store that is where one is to be restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and nothing is restored.
    Refuse,
    /// It is renamed to `store.before-restore-` and this time. Nothing of it is deleted.
    MoveAside(Timestamp),
}

/// What was restored.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Restored {
    /// The backup that it was made of.
    pub backup: Backup,
    /// Where the store is now that was there before.
    pub moved_aside: Option<PathBuf>,
}

/// Why nothing was backed up or restored. What was there before is there still.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// The folder of backups is being used.
    #[error("another backup or restore is using {}; try again when it has ended", .0.display())]
    InUse(PathBuf),
    /// There is no such backup.
    #[error("there is no such backup in {}; it has {}", .folder.display(), known(.ids))]
    NoSuchBackup {
        /// The folder of backups.
        folder: PathBuf,
        /// Those that there are.
        ids: Vec<u32>,
    },
    /// There is a store where one was to be restored.
    #[error("there is a store in {} already; move it away, or have it moved aside", .0.display())]
    StoreExists(PathBuf),
    /// The backup is not what was backed up.
    #[error("backup {id} in {} is damaged: {detail}; use another", .folder.display())]
    Damaged {
        /// The folder of backups.
        folder: PathBuf,
        /// Its number.
        id: u32,
        /// What is wrong with it.
        detail: String,
    },
    /// The folder of backups cannot be read or written.
    #[error("the backups in {} cannot be used: {detail}", .folder.display())]
    Folder {
        /// The folder of backups.
        folder: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// A file or folder cannot be made or renamed.
    #[error("could not {doing} {}: {source}", .path.display())]
    File {
        /// What was tried, to be followed by the path.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// The store cannot be copied.
    #[error("the store could not be backed up: {0}")]
    Engine(#[source] EngineError),
    /// The data folder cannot be had, or what was restored does not open.
    #[error(transparent)]
    Open(#[from] OpenError),
}

fn known(ids: &[u32]) -> String {
    match ids {
        [] => "none".to_owned(),
        ids => ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    }
}

impl Backups {
    /// The backups in `folder`, which is made with the first of them.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Copies the store of `engine` as it is when this begins, and some of what is written meanwhile: always all that was written
    /// before any row that is in it. The store goes on working. Takes as long as copying what is new since the last backup;
    /// to be called where a thread may block.
    ///
    /// # Errors
    /// [`BackupError::InUse`] while another is made, [`BackupError::Engine`] if the store cannot be read or takes no writes, and
    /// whatever keeps the copy from being written or makes it differ from what was copied.
    pub fn create(&self, engine: &RocksEngine) -> Result<Backup, BackupError> {
        make_private(&self.folder).map_err(at("make the folder of backups", &self.folder))?;
        let _lock = self.lock()?;
        let mut backups = self.open()?;
        let shared = &engine.shared;
        let _undisturbed = shared.backing_up.lock().unwrap_or_else(PoisonError::into_inner);
        let copied = shared.place.with(|db| backups.create_new_backup_flush(db, true).map_err(failure));
        copied.map_err(BackupError::Engine)?;
        let made = pick(&backups, &self.folder, Which::Latest)?;
        let verified = backups.verify_backup(made.id);
        verified.map_err(|error| self.damaged(made.id, error.into_string()))?;
        Ok(made)
    }

    /// Every backup of the folder, oldest first; none if there is no such folder.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn list(&self) -> Result<Vec<Backup>, BackupError> {
        match self.folder.is_dir() {
            true => Ok(all_of(&self.open()?)),
            false => Ok(Vec::new()),
        }
    }

    /// Makes a store of a backup in the data folder `data_dir`, which no server may be using. Every file is checked against the
    /// checksum that it was backed up with, and the store is opened once, before it takes its place.
    ///
    /// # Errors
    /// [`BackupError::NoSuchBackup`]; [`BackupError::StoreExists`] if there is a store and `existing` says that it stays;
    /// [`BackupError::Damaged`]; [`BackupError::Open`] if a server has `data_dir` or what was restored does not open.
    pub fn restore(&self, which: Which, data_dir: &Path, existing: Existing) -> Result<Restored, BackupError> {
        if !self.folder.is_dir() {
            return Err(BackupError::NoSuchBackup { folder: self.folder.clone(), ids: Vec::new() });
        }
        let _lock = self.lock()?;
        let mut backups = self.open()?;
        let backup = pick(&backups, &self.folder, which)?;
        let _data = DirectoryLock::take(data_dir)?;
        let store = data_dir.join(STORE);
        let occupied = fs::read_dir(&store).is_ok_and(|mut entries| entries.next().is_some());
        if occupied && existing == Existing::Refuse {
            return Err(BackupError::StoreExists(data_dir.to_owned()));
        }

        // It takes its place when it is whole: what was begun and broken off is never taken for a store.
        let fresh = data_dir.join(format!("{STORE}.restoring"));
        if fresh.exists() {
            fs::remove_dir_all(&fresh).map_err(at("remove what an earlier restore left in", &fresh))?;
        }
        let restored = backups.restore_from_backup(&fresh, &fresh, &RestoreOptions::default(), backup.id);
        restored.map_err(|error| self.damaged(backup.id, error.into_string()))?;
        drop(open::database(&fresh, &Tuning::new())?);

        let moved_aside = match existing {
            Existing::MoveAside(time) if occupied => {
                // Without what some file systems do not take in a name.
                let time = time.to_string().replace(['-', ':'], "");
                let aside = data_dir.join(format!("{STORE}.before-restore-{time}"));
                fs::rename(&store, &aside).map_err(at("move aside", &store))?;
                Some(aside)
            }
            _ => None,
        };
        fs::rename(&fresh, &store).map_err(at("put the restored store into", &store))?;
        // The names are on disk as the files are.
        File::open(data_dir).and_then(|folder| folder.sync_all()).map_err(at("bring to disk", data_dir))?;
        Ok(Restored { backup, moved_aside })
    }

    /// Deletes all backups but the newest `count`, and gives back how many.
    ///
    /// # Errors
    /// [`BackupError::InUse`], or if the folder cannot be changed.
    pub fn keep(&self, count: NonZeroU32) -> Result<usize, BackupError> {
        if !self.folder.is_dir() {
            return Ok(0);
        }
        let _lock = self.lock()?;
        let mut backups = self.open()?;
        let before = all_of(&backups).len();
        let newest = usize::try_from(count.get()).unwrap_or(usize::MAX);
        backups.purge_old_backups(newest).map_err(|error| self.unusable(error))?;
        Ok(before.saturating_sub(all_of(&backups).len()))
    }

    fn open(&self) -> Result<BackupEngine, BackupError> {
        let opened =
            BackupEngineOptions::new(&self.folder).and_then(|options| BackupEngine::open(&options, &Env::new()?));
        opened.map_err(|error| self.unusable(error))
    }

    /// RocksDB leaves it to its users that one at a time changes a folder.
    fn lock(&self) -> Result<File, BackupError> {
        let path = self.folder.join("backup.lock");
        let opened = OpenOptions::new().write(true).create(true).truncate(false).open(&path);
        let file = opened.map_err(at("open the lock file", &path))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(BackupError::InUse(self.folder.clone())),
            Err(TryLockError::Error(source)) => Err(at("lock the file", &path)(source)),
        }
    }

    fn damaged(&self, id: u32, detail: String) -> BackupError {
        BackupError::Damaged { folder: self.folder.clone(), id, detail }
    }

    fn unusable(&self, error: rocksdb::Error) -> BackupError {
        BackupError::Folder { folder: self.folder.clone(), detail: error.into_string() }
    }
}

/// All of `backups`, oldest first.
fn all_of(backups: &BackupEngine) -> Vec<Backup> {
    let backup = |info: BackupEngineInfo| Backup {
        id: info.backup_id,
        made_at: Timestamp::from_nanosecond(i128::from(info.timestamp) * 1_000_000_000)
            .unwrap_or(Timestamp::UNIX_EPOCH),
        size: info.size,
        files: info.num_files,
    };
    let mut all: Vec<_> = backups.get_backup_info().into_iter().map(backup).collect();
    all.sort_unstable_by_key(|backup| backup.id);
    all
}

/// The one of `backups` that is meant.
fn pick(backups: &BackupEngine, folder: &Path, which: Which) -> Result<Backup, BackupError> {
    let mut all = all_of(backups);
    let ids = all.iter().map(|backup| backup.id).collect();
    if let Which::Id(wanted) = which {
        all.retain(|backup| backup.id == wanted);
    }
    all.pop().ok_or_else(|| BackupError::NoSuchBackup { folder: folder.to_owned(), ids })
}

fn at(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> BackupError {
    let path = PathBuf::from(path);
    move |source| BackupError::File { doing, path, source }
}
