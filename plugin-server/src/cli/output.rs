//! Where an export goes: to stdout, into what is open already or is no file, or into a file that has its name only once it is whole.

use std::{
    fs::{self, File, Permissions},
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
};

use super::show::Pieces;
use crate::exit::Failure;

/// How many links lead on at most, as in the system.
const LINKS: usize = 40;

/// Where an export goes.
pub(super) enum Output {
    Stdout,
    /// To stdout, where somebody looks at it.
    Terminal(Pieces),
    /// What is no file, as a pipe, or open already: it is written to as it is.
    Stream(File, PathBuf),
    File(NewFile),
}

/// A file that is there under its name once all of it is written.
pub(super) struct NewFile {
    file: File,
    fresh: PathBuf,
    path: PathBuf,
    /// Who may read the file that it takes the place of.
    permissions: Option<Permissions>,
    is_done: bool,
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if !self.is_done {
            // Half an export is none. Where it cannot be removed either, its name tells what it is.
            let _ = fs::remove_file(&self.fresh);
        }
    }
}

impl Output {
    /// To `path`, or to stdout if none is said.
    ///
    /// # Errors
    /// If nothing can be written there.
    pub(super) fn to(path: Option<PathBuf>) -> Result<Self, Failure> {
        let Some(path) = path else { return Ok(Self::stdout()) };
        let file = match fs::metadata(&path) {
            Ok(there) if there.is_dir() => {
                return Err(Failure::Failed(format!("cannot write {}: it is a folder", path.display())));
            }
            // Under whatever name: it is written to where it is written to already.
            Ok(there) if is_stdout(&there) => return Ok(Self::stdout()),
            Ok(there) => there.is_file(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => true,
            Err(error) => return Err(cannot("write", &path, &error)),
        };
        let led = led_to(path);
        if !file || is_open(&led) {
            let stream = File::options().append(true).open(&led).map_err(|error| cannot("write", &led, &error))?;
            return Ok(Self::Stream(stream, led));
        }
        // Of a name that is no longer than others, however long that of the file is.
        let fresh = led.with_file_name(format!("export-{}.part", uuid::Uuid::now_v7()));
        let mut options = File::options();
        options.write(true).create_new(true);
        // It holds what plugins keep.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&fresh).map_err(|error| cannot("write", &led, &error))?;
        let permissions = fs::metadata(&led).ok().map(|there| there.permissions());
        Ok(Self::File(NewFile { file, fresh, path: led, permissions, is_done: false }))
    }

    fn stdout() -> Self {
        match io::stdout().is_terminal() {
            true => Self::Terminal(Pieces::default()),
            false => Self::Stdout,
        }
    }

    pub(super) fn write(&mut self, piece: &[u8]) -> Result<(), Failure> {
        match self {
            Self::Stdout => to_stdout(piece),
            Self::Terminal(pieces) => to_stdout(pieces.escaped(piece).as_bytes()),
            Self::Stream(file, path) => file.write_all(piece).map_err(|error| cannot("write", path, &error)),
            Self::File(new) => new.file.write_all(piece).map_err(|error| cannot("write", &new.path, &error)),
        }
    }

    pub(super) fn done(self) -> Result<(), Failure> {
        match self {
            Self::Stdout | Self::Terminal(_) => {
                io::stdout().lock().flush().map_err(|error| cannot("write", "to stdout", &error))
            }
            Self::Stream(mut file, path) => file.flush().map_err(|error| cannot("write", path, &error)),
            Self::File(mut new) => {
                let permitted = new.permissions.take().map(|permissions| new.file.set_permissions(permissions));
                let done = permitted.transpose().and_then(|_| new.file.sync_all());
                let done = done.and_then(|()| fs::rename(&new.fresh, &new.path));
                new.is_done = done.is_ok();
                done.map_err(|error| cannot("write", &new.path, &error))
            }
        }
    }
}

fn to_stdout(bytes: &[u8]) -> Result<(), Failure> {
    io::stdout().lock().write_all(bytes).map_err(|error| cannot("write", "to stdout", &error))
}

/// Whether it is the same file, pipe or terminal that stdout is.
#[cfg(unix)]
fn is_stdout(there: &fs::Metadata) -> bool {
    use std::os::{fd::AsFd, unix::fs::MetadataExt};

    let stdout = io::stdout().as_fd().try_clone_to_owned().and_then(|stdout| File::from(stdout).metadata());
    stdout.is_ok_and(|stdout| (stdout.dev(), stdout.ino()) == (there.dev(), there.ino()))
}

#[cfg(not(unix))]
fn is_stdout(_: &fs::Metadata) -> bool {
    false
}

/// Where the links lead that `path` may be, also where there is nothing yet. What is open already has no name of its own.
fn led_to(mut path: PathBuf) -> PathBuf {
    for _ in 0..LINKS {
        match fs::read_link(&path) {
            Ok(next) if !is_open(&path) => path = path.parent().unwrap_or(Path::new("")).join(next),
            _ => break,
        }
    }
    path
}

/// Whether it is the system's name for a file that a process has open.
fn is_open(path: &Path) -> bool {
    let folder = path.parent().and_then(|folder| folder.canonicalize().ok());
    folder.is_some_and(|folder| folder.starts_with("/proc") && folder.ends_with("fd"))
}

pub(super) fn cannot(what: &str, path: impl AsRef<Path>, error: &io::Error) -> Failure {
    Failure::Failed(format!("cannot {what} {}: {error}", path.as_ref().display()))
}
