//! How much room the disk has, and how much the store needs of it.

use std::{fs, path::Path};

/// What opening writes beside the tables that it makes of the logs: a manifest, the options, a new log.
pub(super) const TO_OPEN: u64 = 1 << 20;
/// What must be left after opening, so that the store does not run out again with the next writes.
pub(super) const TO_GO_ON: u64 = 4 << 20;

/// Free bytes less than needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Short {
    pub(super) free: u64,
    pub(super) needed: u64,
}

/// Whether the disk has room to open the database in `dir`, or a new one there, and for `more` bytes.
///
/// # Errors
/// If it is known to have less.
pub(super) fn check(dir: &Path, more: u64) -> Result<(), Short> {
    // The logs become tables while the database is opened.
    let needed = logs(dir) + more;
    match free(dir) {
        Some(free) if free < needed => Err(Short { free, needed }),
        _ => Ok(()),
    }
}

/// Bytes of all write-ahead logs.
fn logs(dir: &Path) -> u64 {
    let files = super::open::logs(dir);
    files.iter().filter_map(|file| fs::metadata(file).ok()).map(|file| file.len()).sum()
}

/// Bytes that this user may still write, where the file system tells.
#[cfg(unix)]
pub(super) fn free(dir: &Path) -> Option<u64> {
    let existing = dir.ancestors().find(|folder| folder.exists())?;
    let told = rustix::fs::statvfs(existing).ok()?;
    (told.f_blocks > 0).then(|| told.f_bavail.saturating_mul(told.f_frsize))
}

#[cfg(not(unix))]
pub(super) fn free(_: &Path) -> Option<u64> {
    None
}
