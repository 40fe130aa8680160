//! A disk that a test can fill.

use std::{
    error::Error,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

/// What a test does not expect to fail.
type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Set to `skip` where mounting is not permitted and the tests on full disks are not to be run.
const VARIABLE: &str = "FULL_DISK_TESTS";

/// A file system in memory of a size that can be changed, until it is dropped.
#[derive(Debug)]
pub struct SmallDisk(TempDir);

impl SmallDisk {
    /// One of `size`, in the words of `mount`: `48m`. None if whoever runs the tests wants none on full disks; that is said on stderr.
    ///
    /// # Errors
    /// If it cannot be mounted.
    pub fn new(size: &str) -> Result<Option<Self>> {
        if std::env::var_os(VARIABLE).is_some_and(|value| value == "skip") {
            writeln!(io::stderr(), "NOT RUN: a test on a full disk, because {VARIABLE}=skip is set")?;
            return Ok(None);
        }
        let folder = tempfile::tempdir()?;
        mount(&["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"], folder.path()).map_err(|problem| {
            format!(
                "a test on a full disk mounts a small one, which is not permitted here ({problem}). Run it as a user who may mount, \
                 as under `unshare --map-root-user --mount`, or leave it out with {VARIABLE}=skip"
            )
        })?;
        Ok(Some(Self(folder)))
    }

    /// A folder on it, for a server's data.
    pub fn data(&self) -> PathBuf {
        self.0.path().join("data")
    }

    /// Makes it larger or smaller, and one that takes writes.
    ///
    /// # Errors
    /// If `mount` refuses it.
    pub fn resize(&self, size: &str) -> Result<()> {
        mount(&["-o", &format!("remount,rw,size={size}")], self.0.path())
    }

    /// Takes no writes from now on.
    ///
    /// # Errors
    /// If `mount` refuses it, as while a file is open to be written.
    pub fn read_only(&self) -> Result<()> {
        mount(&["-o", "remount,ro"], self.0.path())
    }

    /// Leaves no byte free, until the file whose path is given is removed.
    ///
    /// # Errors
    /// If no file can be made.
    pub fn fill(&self) -> Result<PathBuf> {
        let path = self.0.path().join("ballast");
        let mut ballast = fs::File::create(&path)?;
        for size in [1 << 16, 1 << 12] {
            while ballast.write_all(&vec![7; size]).is_ok() {}
        }
        Ok(path)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Somebody may still use it: then it stays until the machine ends.
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

fn mount(args: &[&str], at: &Path) -> Result<()> {
    let done = Command::new("mount").args(args).arg(at).output()?;
    match done.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&done.stderr).trim().into()),
    }
}
