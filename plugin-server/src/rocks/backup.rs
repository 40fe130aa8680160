//! Copies of a store that are made while it is used, and stores made of them again. Who asks for them and when is decided elsewhere.

mod folder;

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
    backup::{BackupEngine, BackupEngineOptions, RestoreOptions},
};

use folder::{Damage, Known};

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
    /// The first of its files that is not what was backed up, and what is wrong with it. None if all of it was read and is whole.
    pub damage: Option<String>,
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
    #[error("backup {id} in {} is damaged: {detail}; use another, which the list of backups says is whole", .folder.display())]
    Damaged {
        /// The folder of backups.
        folder: PathBuf,
        /// Its number.
        id: u32,
        /// What is wrong with it.
        detail: String,
    },
    /// What was made is not what was to be backed up, and was deleted. Those made before are there still.
    #[error(
        "the new backup was not kept, since {} is not what was backed up: {detail}. Check the disk. Older backups may have this file \
         too: move it away, and the next backup copies it anew for all of them",
        .file.display()
    )]
    NotKept {
        /// The file.
        file: PathBuf,
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
    /// before any row that is in it. The store goes on working. Every file of the backup is read again, also those that others had
    /// before, and held against its checksum, and so is all of the store. Takes as long as copying what is new since the last backup
    /// and reading both; to be called where a thread may block.
    ///
    /// # Errors
    /// [`BackupError::InUse`] while another is made, [`BackupError::Engine`] if the store is damaged or takes no writes,
    /// [`BackupError::NotKept`] if what was made is damaged, and whatever keeps the copy from being written.
    pub fn create(&self, engine: &RocksEngine) -> Result<Backup, BackupError> {
        self.create_and_keep(engine, None)
    }

    /// The same, and then deletes older backups as [`keep`](Self::keep) does if there is a number of those that are to stay.
    ///
    /// # Errors
    /// As [`create`](Self::create) and [`keep`](Self::keep). No older one is deleted unless the new one is whole.
    pub fn create_and_keep(&self, engine: &RocksEngine, count: Option<NonZeroU32>) -> Result<Backup, BackupError> {
        make_private(&self.folder).map_err(at("make the folder of backups", &self.folder))?;
        let _lock = self.lock()?;
        self.copy(engine)?;
        let mut known = Known::default();
        let id = self.ids()?.pop().ok_or_else(|| self.missing(Vec::new()))?;
        let made = match self.look(id, &mut known)? {
            Some((made, None)) => made,
            Some((_, Some(Damage { file, what }))) => {
                self.delete(&[id])?;
                return Err(BackupError::NotKept { file, detail: what });
            }
            None => return Err(self.missing(self.ids()?)),
        };
        // A backup is as whole as what was copied.
        let refusal = match engine.verify() {
            Ok(damage) => damage.into_iter().next().map(|damage| {
                EngineError::Corrupt(format!(
                    "the new backup was not kept, and no older one deleted, since the store itself is damaged: {}",
                    damage.detail
                ))
            }),
            Err(error) => Some(error),
        };
        if let Some(refusal) = refusal {
            if let Err(error) = self.delete(&[id]) {
                tracing::error!("the backup {id} is not to be trusted, and could not be deleted: {error}");
            }
            return Err(BackupError::Engine(refusal));
        }
        if let Some(count) = count {
            self.delete_before(count, &mut known)?;
        }
        Ok(made)
    }

    fn copy(&self, engine: &RocksEngine) -> Result<(), BackupError> {
        let mut backups = self.open()?;
        let shared = &engine.shared;
        let _undisturbed = shared.backing_up.lock().unwrap_or_else(PoisonError::into_inner);
        let copied = shared.place.with(|db| backups.create_new_backup_flush(db, true).map_err(failure));
        copied.map_err(BackupError::Engine)
    }

    /// Every backup of the folder, oldest first, and whether it is whole; none if there is no such folder. Reads every file of them
    /// once, and changes nothing: another may be made meanwhile.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn list(&self) -> Result<Vec<Backup>, BackupError> {
        let (mut all, mut known) = (Vec::new(), Known::default());
        for id in self.ids()? {
            all.extend(self.look(id, &mut known)?.map(|(backup, _)| backup));
        }
        Ok(all)
    }

    /// Makes a store of a backup in the data folder `data_dir`, which no server may be using. Every file is checked against the
    /// checksum that it was backed up with, and the store is opened once, before it takes its place.
    ///
    /// # Errors
    /// [`BackupError::NoSuchBackup`]; [`BackupError::StoreExists`] if there is a store and `existing` says that it stays;
    /// [`BackupError::Damaged`]; [`BackupError::Open`] if a server has `data_dir` or what was restored does not open.
    pub fn restore(&self, which: Which, data_dir: &Path, existing: Existing) -> Result<Restored, BackupError> {
        let id = self.pick(which)?;
        let _lock = self.lock()?;
        let listed = folder::listed(&self.folder, id).map_err(at("read a backup in", &self.folder))?;
        let backup = listed.ok_or_else(|| self.missing(Vec::new()))?.backup;
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
        let restored = self.open()?.restore_from_backup(&fresh, &fresh, &RestoreOptions::default(), id);
        restored.map_err(|error| self.damaged(id, error.into_string()))?;
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

    /// Deletes all backups that are older than the newest `count` whole ones, and gives back how many. One that is damaged does not
    /// count, and while there are fewer whole ones than that nothing is deleted. Reads every file of those that count.
    ///
    /// # Errors
    /// [`BackupError::InUse`], or if the folder cannot be read or changed.
    pub fn keep(&self, count: NonZeroU32) -> Result<usize, BackupError> {
        if self.ids()?.is_empty() {
            return Ok(0);
        }
        let _lock = self.lock()?;
        self.delete_before(count, &mut Known::default())
    }

    fn delete_before(&self, count: NonZeroU32, known: &mut Known) -> Result<usize, BackupError> {
        let mut older = self.ids()?;
        let mut missing = usize::try_from(count.get()).unwrap_or(usize::MAX);
        while missing > 0 && missing < older.len() {
            let Some(newest) = older.pop() else { break };
            if let Some((_, None)) = self.look(newest, known)? {
                missing -= 1;
            }
        }
        if missing > 0 || older.is_empty() {
            return Ok(0);
        }
        self.delete(&older)?;
        Ok(older.len())
    }

    /// The numbers of all backups, lowest first.
    fn ids(&self) -> Result<Vec<u32>, BackupError> {
        folder::ids(&self.folder).map_err(at("read the folder of backups", &self.folder))
    }

    fn look(&self, id: u32, known: &mut Known) -> Result<Option<(Backup, Option<Damage>)>, BackupError> {
        folder::looked_at(&self.folder, id, known).map_err(at("read a backup in", &self.folder))
    }

    fn delete(&self, ids: &[u32]) -> Result<(), BackupError> {
        folder::delete(&self.folder, ids).map_err(at("delete a backup in", &self.folder))
    }

    /// The number of the one that is meant.
    fn pick(&self, which: Which) -> Result<u32, BackupError> {
        let ids = self.ids()?;
        let picked = match which {
            Which::Latest => ids.last(),
            Which::Id(wanted) => ids.iter().find(|id| **id == wanted),
        };
        picked.copied().ok_or_else(|| self.missing(ids))
    }

    fn missing(&self, ids: Vec<u32>) -> BackupError {
        BackupError::NoSuchBackup { folder: self.folder.clone(), ids }
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

fn at(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> BackupError {
    let path = PathBuf::from(path);
    move |source| BackupError::File { doing, path, source }
}
