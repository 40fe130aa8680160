//! The right to use a data folder: a file in it that one process at a time holds locked. The operating system takes the lock back
//! however the process ends, so nothing stale is left to clean up.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    process,
};

use super::{Holder, OpenError};

const FILE: &str = "server.lock";

/// Held for as long as the folder is used.
#[derive(Debug)]
pub(super) struct DirectoryLock(#[expect(dead_code, reason = "dropping it gives the lock back")] File);

impl DirectoryLock {
    /// Makes `dir` if need be and takes it, or says who has it.
    pub(super) fn take(dir: &Path) -> Result<Self, OpenError> {
        let mut file = open(dir)?;
        match file.try_lock() {
            Ok(()) => {}
            // Those who look keep it from those who change, but not from each other.
            Err(TryLockError::WouldBlock) => {
                let by = match file.try_lock_shared() {
                    Ok(()) => Holder::Looks,
                    Err(_) => Holder::Changes(process_in(&mut file)),
                };
                return Err(OpenError::InUse { dir: dir.into(), by });
            }
            Err(TryLockError::Error(source)) => return Err(at("lock the file", &dir.join(FILE))(source)),
        }
        // The process id is for people, and a full disk no reason to refuse: the lock alone decides.
        let _ = record(&mut file);
        Ok(Self(file))
    }

    /// The same to look at what is in `dir`, as others may do at the same time. In the lock file nothing changes. None where there is
    /// no such file and none can be made: what nobody can write to, nobody changes.
    pub(super) fn take_to_look(dir: &Path) -> Result<Option<Self>, OpenError> {
        let path = dir.join(FILE);
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => match open(dir) {
                Ok(file) => file,
                Err(OpenError::Directory { source, .. }) if is_read_only(&source) => return Ok(None),
                Err(error) => return Err(error),
            },
            Err(error) => return Err(at("open the lock file", &path)(error)),
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(Some(Self(file))),
            Err(TryLockError::WouldBlock) => {
                Err(OpenError::InUse { dir: dir.into(), by: Holder::Changes(process_in(&mut file)) })
            }
            Err(TryLockError::Error(source)) => Err(at("lock the file", &path)(source)),
        }
    }
}

/// The lock file of `dir`, both made if need be.
fn open(dir: &Path) -> Result<File, OpenError> {
    make_private(dir).map_err(at("make the data folder", dir))?;
    let path = dir.join(FILE);
    let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
    opened.map_err(at("open the lock file", &path))
}

fn is_read_only(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied)
}

fn record(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    writeln!(file, "{}", process::id())
}

fn process_in(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

pub(super) fn make_private(dir: &Path) -> io::Result<()> {
    if let Some(parent) = dir.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(dir) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && dir.is_dir() => Ok(()),
        made => made,
    }
}

fn at(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> OpenError {
    let path = PathBuf::from(path);
    move |source| OpenError::Directory { doing, path, source }
}
