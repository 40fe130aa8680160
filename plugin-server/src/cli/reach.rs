//! Commands that need data: a running server has it, or they open the store themselves.

use std::path::Path;

use actix_web::rt::System;
use plugin_core::{catalog::Catalog, host::Host};
use tokio::runtime::Handle;

use super::{args::Place, catalog, load, remote::Remote};
use crate::{
    backups::{Reader, Store},
    control::Control,
    exit::Failure,
    runtime, serve,
    settings::Settings,
    storage::{self, Closing, Opened},
};

/// Who does the work.
pub(super) enum Reach<S> {
    /// The server that has the data directory.
    Server(Remote),
    /// This process: nobody else has it.
    Store(S),
}

/// A host of this process, not started.
pub(super) struct Offline {
    pub(super) host: Host,
    pub(super) settings: Settings,
    pub(super) tasks: Handle,
}

/// A host of this process that only looks at what is stored.
pub(super) struct Looking {
    pub(super) host: Host,
    pub(super) store: Reader,
}

/// A store that is copied, whatever is in it.
pub(super) struct Copying {
    pub(super) store: Store,
    pub(super) settings: Settings,
}

/// Runs `work` with whoever has the data that `place` names.
///
/// # Errors
/// If neither a server answers nor the store opens; what `work` fails with.
pub(super) fn with<T>(
    place: Place,
    work: impl AsyncFnOnce(Reach<Offline>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    reach(Here::at(place)?, to_change, work)
}

/// The same for what makes sense only where something is stored: a folder that is none is a mistake then, and is not made.
///
/// # Errors
/// As [`with`]; if the data directory is not there.
pub(super) fn with_stored<T>(
    place: Place,
    work: impl AsyncFnOnce(Reach<Offline>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    reach(Here::stored_at(place)?, to_change, work)
}

/// The same for what only looks: in the data directory nothing changes.
///
/// # Errors
/// As [`with_stored`].
pub(super) fn looking<T>(
    place: Place,
    work: impl AsyncFnOnce(Reach<Looking>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    reach(Here::stored_at(place)?, to_look, work)
}

/// The same for what copies the store.
///
/// # Errors
/// As [`with_stored`].
pub(super) fn copying<T>(
    place: Place,
    work: impl AsyncFnOnce(Reach<Copying>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    reach(Here::stored_at(place)?, to_copy, work)
}

/// What a host of this process is made of, but for the store.
struct Here {
    catalog: Catalog,
    settings: Settings,
}

impl Here {
    fn at(place: Place) -> Result<Self, Failure> {
        let settings = load(place, None)?;
        Ok(Self { catalog: catalog()?, settings })
    }

    fn stored_at(place: Place) -> Result<Self, Failure> {
        let here = Self::at(place)?;
        match here.settings.data_dir.is_dir() {
            true => Ok(here),
            false => Err(Failure::Failed(format!(
                "there is no data directory {}: `--data-dir` or `data_dir` of the settings names another one, or no server has \
                 been started there yet",
                here.settings.data_dir.display()
            ))),
        }
    }
}

/// Runs `work` with the server, or with what `open` opens. `open` leaves what ends with the store as soon as it has it.
fn reach<S, T>(
    here: Here,
    open: impl AsyncFnOnce(Here, Handle, &mut Option<Closing>) -> Result<S, Failure>,
    work: impl AsyncFnOnce(Reach<S>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let dir = here.settings.data_dir.clone();
    // It outlives the work: its threads cannot be waited for where futures run.
    let runtime = runtime::start()?;
    let tasks = runtime.handle().clone();
    let mut closing = None;
    let done = System::new().block_on(async {
        match open(here, tasks, &mut closing).await {
            Ok(opened) => work(Reach::Store(opened)).await,
            Err(in_use @ Failure::InUse(_)) => work(Reach::Server(server(&dir, in_use).await?)).await,
            Err(other) => Err(other),
        }
    });
    runtime.shutdown_background();
    closing.map(Closing::wait).unwrap_or_default();
    done
}

async fn to_change(here: Here, tasks: Handle, closing: &mut Option<Closing>) -> Result<Offline, Failure> {
    let Here { catalog, settings } = here;
    let opened = storage::open(&settings.data_dir)?;
    *closing = Some(opened.closing);
    let host = serve::built(serve::host(&settings, catalog, opened.engine, tasks.clone())).await?;
    Ok(Offline { host, settings, tasks })
}

async fn to_look(here: Here, tasks: Handle, closing: &mut Option<Closing>) -> Result<Looking, Failure> {
    let Here { catalog, settings } = here;
    let opened = storage::open_to_read(&settings.data_dir)?;
    *closing = Some(opened.closing);
    let host = serve::built(serve::host(&settings, catalog, opened.engine, tasks).to_read()).await?;
    Ok(Looking { host, store: opened.store })
}

async fn to_copy(here: Here, _: Handle, closing: &mut Option<Closing>) -> Result<Copying, Failure> {
    let Opened { store, closing: closes, .. } = storage::open_stored(&here.settings.data_dir)?;
    *closing = Some(closes);
    Ok(Copying { store, settings: here.settings })
}

/// The server that has `dir`. Only while it has: what a server that was killed left there may name the port of another.
async fn server(dir: &Path, in_use: Failure) -> Result<Remote, Failure> {
    match Control::read(dir) {
        Some(control) => Remote::reach(control).await.ok_or(in_use),
        None => Err(in_use),
    }
}
