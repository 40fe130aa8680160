//! Opening the database: with every column family that exists, whether or not its plugin is still linked, and in words a person can
//! act on where that is not possible.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fmt, fs, io,
    path::{Path, PathBuf},
};

use plugin_core::store::engine::Keyspace;
use rocksdb::{ColumnFamilyDescriptor, Env, ErrorKind};

use super::{
    DEFAULT_FAMILY, Db,
    options::Tuning,
    room::{self, Short},
    wal::{self, Found},
};

/// A database, and the keyspaces that it holds.
pub(super) type Opened = (Db, BTreeSet<Keyspace>);

/// Why a store was not opened.
#[derive(Debug)]
#[non_exhaustive]
pub enum OpenError {
    /// Another process, or another engine of this one, has the folder.
    InUse {
        /// The data folder.
        dir: PathBuf,
        /// What the other does with it.
        by: Holder,
    },
    /// What is stored is damaged. Opened regardless it might give less than was acknowledged, so it was left as it is.
    Refused {
        /// The folder of the database.
        dir: PathBuf,
        /// What is damaged.
        detail: String,
        /// The file that is damaged, or the newest log where that is not known.
        file: Option<PathBuf>,
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
    /// The disk has too little room to open the database.
    Full {
        /// The folder of the database.
        dir: PathBuf,
        /// Bytes that are free.
        free: u64,
        /// Bytes that opening needs.
        needed: u64,
    },
    /// The database is whole as far as known, but cannot be opened now: rights, too many open files.
    Unavailable {
        /// The folder of the database.
        dir: PathBuf,
        /// What is wrong, in RocksDB's words.
        detail: String,
    },
}

/// What another does with a data folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Holder {
    /// It is a server, or a command that changes what is stored. Its process id, if it has written it down.
    Changes(Option<u32>),
    /// It only looks, and there may be several who do: nobody changes anything meanwhile.
    Looks,
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InUse { dir, by } => {
                let process = |pid: &u32| format!(" (process {pid})");
                let (by, then) = match by {
                    Holder::Changes(pid) => (
                        format!("in use by another server or command{}", pid.as_ref().map(process).unwrap_or_default()),
                        "stop that one, or wait for it, or give this one another folder with --data-dir",
                    ),
                    Holder::Looks => ("being looked at by a command".to_owned(), "try again when that has ended"),
                };
                write!(f, "the data folder {} is {by}; {then}", dir.display())
            }
            Self::Refused { dir, detail, file } => {
                write!(
                    f,
                    "the store in {} is damaged and was not opened, since rows might be missing: {detail}",
                    dir.display()
                )?;
                if let Some(file) = file {
                    write!(f, " (file: {})", file.display())?;
                }
                f.write_str(
                    "; nothing was changed. Check the disk, keep a copy of the folder, and put back a backup of it",
                )
            }
            Self::Full { dir, free, needed } => write!(
                f,
                "the disk is full: the store in {} cannot be opened with {} KiB free, it needs {} KiB; nothing was changed. Make \
                 room and start again",
                dir.display(),
                free / 1024,
                needed.div_ceil(1024)
            ),
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

/// Opens the database in `dir`, or makes one.
pub(super) fn database(dir: &Path, tuning: &Tuning) -> Result<Opened, OpenError> {
    let short = |Short { free, needed }| OpenError::Full { dir: dir.into(), free, needed };
    room::check(dir, room::TO_OPEN).map_err(short)?;
    look_into_logs(dir)?;
    let options = tuning.database();
    let families = families(dir, tuning)?;
    let descriptors = families.iter().map(|name| ColumnFamilyDescriptor::new(name, tuning.family()));
    let db = Db::open_cf_descriptors(&options, dir, descriptors).map_err(|error| refusal(dir, error))?;
    Ok((db, keyspaces(&families)))
}

/// Opens the database in `dir`, which is there, and takes no writes: nothing on disk changes.
pub(super) fn for_reading(dir: &Path, tuning: &Tuning) -> Result<Opened, OpenError> {
    look_into_logs(dir)?;
    let options = tuning.database();
    let families = families(dir, tuning)?;
    let descriptors = families.iter().map(|name| ColumnFamilyDescriptor::new(name, tuning.family()));
    let db = Db::open_cf_descriptors_read_only(&options, dir, descriptors, false);
    Ok((db.map_err(|error| refusal(dir, error))?, keyspaces(&families)))
}

/// What [`for_reading`] gives, or an empty database in memory where there is none in `dir` yet.
pub(super) fn to_look_at(dir: &Path, tuning: &Tuning) -> Result<Opened, OpenError> {
    if is_database(dir) {
        return for_reading(dir, tuning);
    }
    refuse_headless(dir)?;
    // The binding makes the folder on disk, also for a database that is none there: one that is there.
    let known = dir.parent().unwrap_or(dir);
    // What is in memory has no folder that a path could begin in.
    let known = std::path::absolute(known).map_err(|source| OpenError::Directory {
        doing: "name",
        path: known.into(),
        source,
    })?;
    let in_memory = || {
        let mut options = tuning.database();
        options.set_env(&Env::mem_env()?);
        Db::open_cf_descriptors(&options, &known, [ColumnFamilyDescriptor::new(DEFAULT_FAMILY, tuning.family())])
    };
    Ok((in_memory().map_err(|error| refusal(dir, error))?, BTreeSet::new()))
}

/// The column families that there are, or those of a new database.
fn families(dir: &Path, tuning: &Tuning) -> Result<Vec<String>, OpenError> {
    match is_database(dir) {
        true => Db::list_cf(&tuning.database(), dir).map_err(|error| refusal(dir, error)),
        false => refuse_headless(dir).map(|()| vec![DEFAULT_FAMILY.to_owned()]),
    }
}

/// CURRENT is the file that makes a folder a database.
fn is_database(dir: &Path) -> bool {
    dir.join("CURRENT").exists()
}

fn keyspaces(families: &[String]) -> BTreeSet<Keyspace> {
    families.iter().filter(|name| *name != DEFAULT_FAMILY).map(|name| Keyspace::from(name.as_str())).collect()
}

/// RocksDB takes several kinds of damage in a log for its end, and says neither what it left out nor of which file. So the logs are
/// looked at before it reads them.
fn look_into_logs(dir: &Path) -> Result<(), OpenError> {
    for log in logs(dir) {
        let found = wal::inspect(&log).map_err(|source| OpenError::Directory {
            doing: "read the log",
            path: log.clone(),
            source,
        })?;
        match found {
            Found::Whole => {}
            Found::Torn { at, bytes } => tracing::warn!(
                log = %log.display(), at, bytes,
                "the log ends in the middle of a write that was never acknowledged; the bytes of it are dropped"
            ),
            Found::Damaged { at, what } => {
                return Err(OpenError::Refused {
                    dir: dir.into(),
                    detail: format!("at byte {at} of a log, {what}"),
                    file: Some(log),
                });
            }
        }
    }
    Ok(())
}

/// A folder with rows in it and no CURRENT would be taken for an empty one, and its rows deleted.
fn refuse_headless(dir: &Path) -> Result<(), OpenError> {
    let restoring = dir.with_extension("restoring");
    if restoring.exists() {
        let detail = "a restore was cut off before it put the store in its place; restore again".into();
        return Err(OpenError::Refused { dir: dir.into(), detail, file: Some(restoring) });
    }
    match files(dir).any(|file| matches!(extension(&file), Some("sst" | "log"))) {
        false => Ok(()),
        true => Err(OpenError::Refused {
            dir: dir.into(),
            detail: "the file that names the manifest is missing, but there are rows".into(),
            file: Some(dir.join("CURRENT")),
        }),
    }
}

fn refusal(dir: &Path, error: rocksdb::Error) -> OpenError {
    let detail = error.as_ref().to_owned();
    match error.kind() {
        ErrorKind::IOError if !is_missing_file(&error) => OpenError::Unavailable { dir: dir.into(), detail },
        ErrorKind::Busy | ErrorKind::TryAgain | ErrorKind::TimedOut => {
            OpenError::Unavailable { dir: dir.into(), detail }
        }
        _ => {
            let file = file_in(dir, &detail).or_else(|| logs(dir).pop());
            OpenError::Refused { dir: dir.into(), detail, file }
        }
    }
}

/// A file of the database that is gone is damage, whatever the system calls it.
pub(super) fn is_missing_file(error: &rocksdb::Error) -> bool {
    error.kind() == ErrorKind::IOError && error.as_ref().contains("No such file")
}

/// The file of the database in `dir` that `text` of RocksDB's is about: `000012.sst`, `000012.log` or `MANIFEST-000012`.
pub(super) fn file_in(dir: &Path, text: &str) -> Option<PathBuf> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '.' || c == '-'));
    let mut names = words.map(|word| word.trim_end_matches('.'));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_file = |name: &&str| match name.split_once('.') {
        Some((number, "sst" | "log")) => is_number(number),
        _ => name.strip_prefix("MANIFEST-").is_some_and(is_number),
    };
    names.find(is_file).map(|name| dir.join(name))
}

/// The write-ahead logs in `dir`, oldest first.
pub(super) fn logs(dir: &Path) -> Vec<PathBuf> {
    let mut logs: Vec<_> = files(dir).filter(|file| extension(file) == Some("log")).collect();
    // The number of a log has six digits until it has more.
    logs.sort_unstable_by_key(|log| (log.as_os_str().len(), log.clone()));
    logs
}

fn files(dir: &Path) -> impl Iterator<Item = PathBuf> {
    fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path())
}

fn extension(file: &Path) -> Option<&str> {
    file.extension().and_then(OsStr::to_str)
}
