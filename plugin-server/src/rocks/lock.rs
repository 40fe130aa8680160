//! The right to use a data folder: a file in it that one process at a time holds locked. The operating system takes the lock back
//! however the process ends, so nothing stale is left to clean up.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    process,
};

use super::OpenError;

const FILE: &str = "server.lock";

/// Held for as long as the folder is used.
#[derive(Debug)]
pub(super) struct DirectoryLock(#[expect(dead_code, reason = "dropping it gives the lock back")] File);

impl DirectoryLock {
    /// Makes `dir` if need be and takes it, or says who has it.
    pub(super) fn take(dir: &Path) -> Result<Self, OpenError> {
        make_private(dir).map_err(at("make the data folder", dir))?;
        let path = dir.join(FILE);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(at("open the lock file", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(OpenError::InUse { dir: dir.into(), holder: holder(&mut file) });
            }
            Err(TryLockError::Error(source)) => return Err(at("lock the file", &path)(source)),
        }
        // The process id is for people, and a full disk no reason to refuse: the lock alone decides.
        let _ = record(&mut file);
        Ok(Self(file))
    }
}

fn record(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    writeln!(file, "{}", process::id())
}

fn holder(file: &mut File) -> Option<u32> {
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
