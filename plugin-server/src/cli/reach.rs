//! Commands that need data: a running server has it, or they open the store themselves.

use std::{path::Path, sync::Arc};

use actix_web::rt::System;
use plugin_core::{catalog::Catalog, host::Host, store::engine::Engine};
use tokio::runtime::Handle;

use super::{args::Place, catalog, load, remote::Remote};
use crate::{
    backups::Store,
    control::Control,
    exit::Failure,
    runtime, serve,
    settings::Settings,
    storage::{self, Closing},
};

/// Who does the work.
pub(super) enum Reach {
    /// The server that has the data directory.
    Server(Remote),
    /// This process: nobody else has it.
    Store(Offline),
}

/// A host of this process, not started.
pub(super) struct Offline {
    pub(super) host: Host,
    pub(super) store: Store,
    pub(super) settings: Settings,
    pub(super) tasks: Handle,
}

/// Runs `work` with whoever has the data that `place` names.
///
/// # Errors
/// If neither a server answers nor the store opens; what `work` fails with.
pub(super) fn with<T>(place: Place, work: impl AsyncFnOnce(Reach) -> Result<T, Failure>) -> Result<T, Failure> {
    reach(load(place, None)?, work)
}

/// The same for what makes sense only where something is stored: a folder that is none is a mistake then, and is not made.
///
/// # Errors
/// As [`with`]; if the data directory is not there.
pub(super) fn with_stored<T>(place: Place, work: impl AsyncFnOnce(Reach) -> Result<T, Failure>) -> Result<T, Failure> {
    let settings = load(place, None)?;
    match settings.data_dir.is_dir() {
        true => reach(settings, work),
        false => Err(Failure::Failed(format!(
            "there is no data directory {}: `--data-dir` or `data_dir` of the settings names another one, or no server has \
             been started there yet",
            settings.data_dir.display()
        ))),
    }
}

fn reach<T>(settings: Settings, work: impl AsyncFnOnce(Reach) -> Result<T, Failure>) -> Result<T, Failure> {
    let catalog = catalog()?;
    // It outlives the work: its threads cannot be waited for where futures run.
    let runtime = runtime::start()?;
    let tasks = runtime.handle().clone();
    let mut closing = None;
    let done = System::new().block_on(async {
        let (engine, store) = match storage::open(&settings.data_dir) {
            Ok(opened) => {
                closing = Some(opened.closing);
                (opened.engine, opened.store)
            }
            Err(in_use @ Failure::InUse(_)) => {
                return work(Reach::Server(server(&settings.data_dir, in_use).await?)).await;
            }
            Err(other) => return Err(other),
        };
        work(Reach::Store(Offline::open(catalog, settings, (engine, store), tasks).await?)).await
    });
    runtime.shutdown_background();
    closing.map(Closing::wait).unwrap_or_default();
    done
}

/// The server that has `dir`. Only while it has: what a server that was killed left there may name the port of another.
async fn server(dir: &Path, in_use: Failure) -> Result<Remote, Failure> {
    match Control::read(dir) {
        Some(control) => Remote::reach(control).await.ok_or(in_use),
        None => Err(in_use),
    }
}

impl Offline {
    async fn open(
        catalog: Catalog,
        settings: Settings,
        (engine, store): (Arc<dyn Engine>, Store),
        tasks: Handle,
    ) -> Result<Self, Failure> {
        let host = serve::host(&settings, catalog, engine, tasks.clone()).await?;
        Ok(Self { host, store, settings, tasks })
    }
}
