//! Where data is: the directory, and the engine this build has.

use std::{
    fs, io,
    path::Path,
    sync::{Arc, Weak},
    thread,
    time::{Duration, Instant},
};

use arc_swap::ArcSwapOption;
use plugin_core::store::engine::{Engine, EngineError};

use crate::{
    backups::{Reader, Store},
    exit::Failure,
};

/// What a build says that has none.
#[cfg(not(feature = "rocksdb"))]
pub(crate) const NO_ENGINE: &str = "this build has no storage engine: build it with the feature `rocksdb`";

/// A store, and what else there is to know of it.
pub(crate) struct Opened {
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) store: Store,
    pub(crate) standing: Standing,
    pub(crate) closing: Closing,
}

/// A store that is only read, and what else there is to know of it.
pub(crate) struct ToRead {
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) store: Reader,
    pub(crate) closing: Closing,
}

/// Whether a store takes writes. It stops taking them after one has failed, and goes on when it has recovered.
#[derive(Debug, Clone, Default)]
pub struct Standing(Arc<ArcSwapOption<EngineError>>);

impl Standing {
    /// Why the store takes no writes, or nothing if it does.
    pub fn refusal(&self) -> Option<EngineError> {
        self.0.load().as_deref().cloned()
    }

    #[cfg_attr(not(any(feature = "rocksdb", test)), expect(dead_code, reason = "only an engine refuses"))]
    pub(crate) fn refuse(&self, why: EngineError) {
        self.0.store(Some(Arc::new(why)));
    }

    #[cfg_attr(not(any(feature = "rocksdb", test)), expect(dead_code, reason = "only an engine recovers"))]
    pub(crate) fn accept(&self) {
        self.0.store(None);
    }
}

/// Opens the store in `dir`, which is made if need be, for this user alone.
///
/// # Errors
/// Exit code 4 if another process has it, 5 if the store refuses to open, 2 if this build has no engine.
#[cfg(feature = "rocksdb")]
pub(crate) fn open(dir: &Path) -> Result<Opened, Failure> {
    use crate::rocks::RocksEngine;

    prepare(dir)?;
    match RocksEngine::open(dir) {
        Ok(engine) => {
            let (standing, closing) = (engine.standing(), Closing(engine.closed()));
            let engine = Arc::new(engine);
            Ok(Opened { store: Store::of(Arc::clone(&engine)), engine, standing, closing })
        }
        Err(error) => Err(refusal(&error)),
    }
}

/// The same for what makes no sense of a store that is only made by that.
///
/// # Errors
/// As [`open`]; if there is none.
pub(crate) fn open_stored(dir: &Path) -> Result<Opened, Failure> {
    #[cfg(feature = "rocksdb")]
    if !crate::rocks::place_of(dir).is_dir() {
        let told =
            format!("there is no store in {}: no server has been started with that data directory", dir.display());
        return Err(Failure::Failed(told));
    }
    open(dir)
}

/// Opens the store in `dir`, which is there, to look at it. Nothing of it is changed.
///
/// # Errors
/// As [`open`].
#[cfg(feature = "rocksdb")]
pub(crate) fn open_to_read(dir: &Path) -> Result<ToRead, Failure> {
    let reader = crate::rocks::RocksReader::open(dir).map_err(|error| refusal(&error))?;
    let (closing, reader) = (Closing(reader.closed()), Arc::new(reader));
    Ok(ToRead { store: Reader::of(Arc::clone(&reader)), engine: reader, closing })
}

#[cfg(feature = "rocksdb")]
fn refusal(error: &crate::rocks::OpenError) -> Failure {
    match error {
        crate::rocks::OpenError::InUse { .. } => Failure::InUse(error.to_string()),
        _ => Failure::Store(error.to_string()),
    }
}

/// Opens the store in `dir`.
///
/// # Errors
/// Always: this build has no engine.
#[cfg(not(feature = "rocksdb"))]
pub(crate) fn open(dir: &Path) -> Result<Opened, Failure> {
    let _ = (dir, prepare, Closing);
    Err(Failure::Usage(NO_ENGINE.to_owned()))
}

/// Opens the store in `dir` to look at it.
///
/// # Errors
/// Always: this build has no engine.
#[cfg(not(feature = "rocksdb"))]
pub(crate) fn open_to_read(_: &Path) -> Result<ToRead, Failure> {
    Err(Failure::Usage(NO_ENGINE.to_owned()))
}

/// How long a process that ends waits for threads that still hold the store.
const PATIENCE: Duration = Duration::from_secs(2);

/// An open store, for whoever ends the process. RocksDB's threads must not outlive `main`: what the C++ library takes down then, they
/// would use.
#[must_use = "the store may still be in use when the process ends"]
pub(crate) struct Closing(Weak<()>);

impl Closing {
    /// Waits until nobody holds the store any more and it has closed.
    pub(crate) fn wait(self) {
        let began = Instant::now();
        while self.0.strong_count() > 0 {
            if began.elapsed() > PATIENCE {
                tracing::warn!("the store is still in use while the process ends; what was written is safe");
                return;
            }
            #[expect(clippy::disallowed_methods, reason = "the threads that hold it tell nobody when they let go")]
            thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Makes `dir`, or takes it from everybody else: it holds tokens and what plugins keep.
pub(crate) fn prepare(dir: &Path) -> Result<(), Failure> {
    let made = fs::create_dir_all(dir).and_then(|()| close_to_others(dir));
    made.map_err(|error| Failure::Store(format!("cannot use the data directory {}: {error}", dir.display())))
}

#[cfg(unix)]
fn close_to_others(dir: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;

    let open_to_others = fs::metadata(dir)?.permissions().mode() & 0o077 != 0;
    match open_to_others {
        true => fs::set_permissions(dir, fs::Permissions::from_mode(0o700)),
        false => Ok(()),
    }
}

#[cfg(not(unix))]
fn close_to_others(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_data_directory_is_for_its_owner_alone() {
        let place = tempfile::tempdir().expect("a directory");
        for name in ["new/deep", "old"] {
            let dir = place.path().join(name);
            if name == "old" {
                fs::create_dir(&dir).expect("a directory");
                fs::set_permissions(&dir, fs::Permissions::from_mode(0o755)).expect("ours");
            }
            prepare(&dir).expect("it can be used");
            assert_eq!(fs::metadata(&dir).expect("it is there").permissions().mode() & 0o777, 0o700);
        }
    }
}
