//! Backups for whoever asks for them, on the command line or over HTTP: in which folder, how many stay, and what is told of them. How a
//! store is copied is the engine's to know.

use std::{
    num::NonZeroU32,
    path::{Path, PathBuf},
};

use plugin_core::Timestamp;
use serde::Serialize;

use crate::exit::Failure;

/// A backup, as it is listed.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BackupView {
    /// Its number; a later one has a higher.
    pub(crate) id: u32,
    pub(crate) made_at: Timestamp,
    /// The bytes of all its files, also of those that other backups share.
    pub(crate) size: u64,
    pub(crate) files: u32,
    /// What is wrong with it, if it cannot be restored. All of it was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) damage: Option<String>,
}

/// A place of a store that cannot be read.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub(crate) struct DamageView {
    /// Whose keys are there.
    pub(crate) keyspace: String,
    /// The damaged file, where it is known.
    pub(crate) file: Option<PathBuf>,
    /// What is wrong.
    pub(crate) detail: String,
}

/// What is left where a store was that is replaced.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RestoredView {
    #[serde(flatten)]
    pub(crate) backup: BackupView,
    pub(crate) moved_aside: Option<PathBuf>,
}

/// What a restore is asked for.
#[derive(Debug)]
pub(crate) struct Wanted {
    /// The number of the backup; the newest if none is said.
    pub(crate) id: Option<u32>,
    /// When that is asked for: a store that is there is moved aside, instead of being kept.
    pub(crate) replace_at: Option<Timestamp>,
}

#[cfg(feature = "rocksdb")]
mod with_engine {
    use std::sync::Arc;

    use plugin_core::store::engine::EngineError;

    use super::{BackupView, DamageView, Failure, NonZeroU32, Path, RestoredView, Wanted};
    use crate::rocks::{
        Damage, OpenError, RocksEngine, RocksReader,
        backup::{Backup, BackupError, Backups, Existing, Which},
    };

    /// A store that is open, to be backed up and looked through.
    #[derive(Clone)]
    pub(crate) struct Store(Arc<RocksEngine>);

    impl Store {
        pub(crate) fn of(engine: Arc<RocksEngine>) -> Self {
            Self(engine)
        }

        /// Backs the store up into `folder`, of which the newest `keep` whole ones stay if a number is said. Blocks its thread.
        ///
        /// # Errors
        /// What keeps the backup from being made.
        pub(crate) fn back_up(&self, folder: &Path, keep: Option<NonZeroU32>) -> Result<BackupView, Failure> {
            Backups::at(folder).create_and_keep(&self.0, keep).map(view).map_err(failure)
        }

        /// Reads everything that is stored, with its checksums. Blocks its thread.
        ///
        /// # Errors
        /// If it cannot be read for another reason than damage.
        pub(crate) fn sweep(&self) -> Result<Vec<DamageView>, Failure> {
            self.0.verify().map(views).map_err(Failure::failed)
        }
    }

    /// A store that is only read, to be looked through.
    pub(crate) struct Reader(Arc<RocksReader>);

    impl Reader {
        pub(crate) fn of(reader: Arc<RocksReader>) -> Self {
            Self(reader)
        }

        /// The same as [`Store::sweep`].
        ///
        /// # Errors
        /// If it cannot be read for another reason than damage.
        pub(crate) fn sweep(&self) -> Result<Vec<DamageView>, Failure> {
            self.0.verify().map(views).map_err(Failure::failed)
        }
    }

    fn views(found: Vec<Damage>) -> Vec<DamageView> {
        let view = |damage: Damage| DamageView {
            keyspace: damage.keyspace.name().to_owned(),
            file: damage.file,
            detail: damage.detail,
        };
        found.into_iter().map(view).collect()
    }

    /// The backups in `folder`, the oldest first, with all of their files read. Blocks its thread.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub(crate) fn list(folder: &Path) -> Result<Vec<BackupView>, Failure> {
        Ok(Backups::at(folder).list().map_err(failure)?.into_iter().map(view).collect())
    }

    /// Makes a store in `data_dir` of a backup in `folder`.
    ///
    /// # Errors
    /// If there is no such backup, it is damaged, or there is a store that nobody said to move aside.
    pub(crate) fn restore(folder: &Path, data_dir: &Path, wanted: &Wanted) -> Result<RestoredView, Failure> {
        crate::storage::prepare(data_dir)?;
        let which = wanted.id.map_or(Which::Latest, Which::Id);
        let existing = wanted.replace_at.map_or(Existing::Refuse, Existing::MoveAside);
        let restored = Backups::at(folder).restore(which, data_dir, existing).map_err(failure)?;
        Ok(RestoredView { backup: view(restored.backup), moved_aside: restored.moved_aside })
    }

    fn view(backup: Backup) -> BackupView {
        let Backup { id, made_at, size, files, damage, .. } = backup;
        BackupView { id, made_at, size, files, damage }
    }

    fn failure(error: BackupError) -> Failure {
        let said = match &error {
            BackupError::StoreExists(_) => format!("{error}, with `--replace`"),
            _ => error.to_string(),
        };
        match error {
            BackupError::Open(OpenError::InUse { .. }) => Failure::InUse(said),
            BackupError::Damaged { .. }
            | BackupError::NotKept { .. }
            | BackupError::Engine(EngineError::Corrupt(_))
            | BackupError::Open(_) => Failure::Store(said),
            _ => Failure::Failed(said),
        }
    }
}

#[cfg(not(feature = "rocksdb"))]
mod with_engine {
    use super::{BackupView, DamageView, Failure, NonZeroU32, Path, RestoredView, Wanted};

    /// No store is ever open in a build without an engine.
    #[derive(Clone)]
    pub(crate) enum Store {}

    impl Store {
        pub(crate) fn back_up(&self, _: &Path, _: Option<NonZeroU32>) -> Result<BackupView, Failure> {
            match *self {}
        }

        pub(crate) fn sweep(&self) -> Result<Vec<DamageView>, Failure> {
            match *self {}
        }
    }

    /// Nor is one read.
    pub(crate) enum Reader {}

    impl Reader {
        pub(crate) fn sweep(&self) -> Result<Vec<DamageView>, Failure> {
            match *self {}
        }
    }

    pub(crate) fn list(_: &Path) -> Result<Vec<BackupView>, Failure> {
        Err(Failure::Usage(crate::storage::NO_ENGINE.to_owned()))
    }

    pub(crate) fn restore(_: &Path, _: &Path, wanted: &Wanted) -> Result<RestoredView, Failure> {
        // Nobody asks for more where there is no engine.
        let Wanted { id, replace_at } = wanted;
        let _ = (id, replace_at);
        Err(Failure::Usage(crate::storage::NO_ENGINE.to_owned()))
    }
}

pub(crate) use with_engine::{Reader, Store, list, restore};
