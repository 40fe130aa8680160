//! Opening the database: with every column family that exists, whether or not its plugin is still linked, and in words a person can
//! act on where that is not possible.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fmt, fs, io,
    path::{Path, PathBuf},
};

use plugin_core::store::engine::Keyspace;
use rocksdb::{ColumnFamilyDescriptor, ErrorKind};

use super::{DEFAULT_FAMILY, Db, options::Tuning};

/// Why a store was not opened.
#[derive(Debug)]
#[non_exhaustive]
pub enum OpenError {
    /// Another process, or another engine of this one, has the folder.
    InUse {
        /// The data folder.
        dir: PathBuf,
        /// Its process id, if it has written it down.
        holder: Option<u32>,
    },
    /// What is stored is damaged. Opened regardless it might give less than was acknowledged, so it was left as it is.
    Refused {
        /// The folder of the database.
        dir: PathBuf,
        /// What is damaged, in RocksDB's words.
        detail: String,
        /// The write-ahead log that was in use last, where the damage may be.
        newest_log: Option<PathBuf>,
    },
    /// The folder or a file in it cannot be used.
    Directory {
        /// What was tried, to be followed by the path.
        doing: &'static str,
        /// The folder or file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// The database is whole as far as known, but cannot be opened now: a full disk, rights, too many open files.
    Unavailable {
        /// The folder of the database.
        dir: PathBuf,
        /// What is wrong, in RocksDB's words.
        detail: String,
    },
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InUse { dir, holder } => {
                write!(f, "the data folder {} is in use by another server", dir.display())?;
                if let Some(pid) = holder {
                    write!(f, " (process {pid})")?;
                }
                f.write_str("; stop that one or give this one another folder with --data-dir")
            }
            Self::Refused { dir, detail, newest_log } => {
                write!(
                    f,
                    "the store in {} is damaged and was not opened, since rows might be missing: {detail}",
                    dir.display()
                )?;
                if let Some(log) = newest_log {
                    write!(f, " (newest log: {})", log.display())?;
                }
                f.write_str(
                    "; nothing was changed. Check the disk, keep a copy of the folder, and put back a backup of it",
                )
            }
            Self::Directory { doing, path, source } => write!(f, "could not {doing} {}: {source}", path.display()),
            Self::Unavailable { dir, detail } => {
                write!(f, "the store in {} cannot be opened now: {detail}; nothing was changed", dir.display())
            }
        }
    }
}

impl std::error::Error for OpenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Directory { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// Opens the database in `dir` and names the keyspaces it holds.
pub(super) fn database(dir: &Path, tuning: &Tuning) -> Result<(Db, BTreeSet<Keyspace>), OpenError> {
    let options = tuning.database();
    // CURRENT is the file that makes a folder a database.
    let families = match dir.join("CURRENT").exists() {
        true => Db::list_cf(&options, dir).map_err(|error| refusal(dir, error))?,
        false => refuse_headless(dir).map(|()| vec![DEFAULT_FAMILY.to_owned()])?,
    };
    let descriptors = families.iter().map(|name| ColumnFamilyDescriptor::new(name, tuning.family()));
    let db = Db::open_cf_descriptors(&options, dir, descriptors).map_err(|error| refusal(dir, error))?;
    Ok((db, families.iter().filter(|name| *name != DEFAULT_FAMILY).map(|name| Keyspace::from(name.as_str())).collect()))
}

/// A folder with rows in it and no CURRENT would be taken for an empty one, and its rows deleted.
fn refuse_headless(dir: &Path) -> Result<(), OpenError> {
    match files(dir).any(|file| matches!(extension(&file), Some("sst" | "log"))) {
        false => Ok(()),
        true => Err(OpenError::Refused {
            dir: dir.into(),
            detail: "its file CURRENT is missing, but there are rows".into(),
            newest_log: None,
        }),
    }
}

fn refusal(dir: &Path, error: rocksdb::Error) -> OpenError {
    let detail = error.as_ref().to_owned();
    match error.kind() {
        ErrorKind::IOError if !detail.contains("No such file") => OpenError::Unavailable { dir: dir.into(), detail },
        ErrorKind::Busy | ErrorKind::TryAgain | ErrorKind::TimedOut => {
            OpenError::Unavailable { dir: dir.into(), detail }
        }
        _ => OpenError::Refused {
            dir: dir.into(),
            detail,
            newest_log: files(dir).filter(|file| extension(file) == Some("log")).max(),
        },
    }
}

fn files(dir: &Path) -> impl Iterator<Item = PathBuf> {
    fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path())
}

fn extension(file: &Path) -> Option<&str> {
    file.extension().and_then(OsStr::to_str)
}
