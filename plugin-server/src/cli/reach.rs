//! Commands that need data: a running server has it, or they open the store themselves.

use actix_web::rt::System;
use plugin_core::{catalog::Catalog, host::Host};
use tokio::runtime::{Handle, Runtime};

use super::{args::Place, catalog, load, remote::Remote};
use crate::{control::Control, exit::Failure, runtime, serve, settings::Settings, storage};

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
    pub(super) settings: Settings,
    pub(super) tasks: Handle,
    /// The host's threads, which end with this.
    _runtime: Runtime,
}

/// Runs `work` with whoever has the data that `place` names.
///
/// # Errors
/// If neither a server answers nor the store opens; what `work` fails with.
pub(super) fn with<T>(place: Place, work: impl AsyncFnOnce(Reach) -> Result<T, Failure>) -> Result<T, Failure> {
    let catalog = catalog()?;
    let settings = load(place, None)?;
    System::new().block_on(async move {
        if let Some(control) = Control::read(&settings.data_dir)
            && let Some(remote) = Remote::reach(control).await
        {
            return work(Reach::Server(remote)).await;
        }
        work(Reach::Store(Offline::open(catalog, settings).await?)).await
    })
}

impl Offline {
    async fn open(catalog: Catalog, settings: Settings) -> Result<Self, Failure> {
        let engine = storage::open(&settings.data_dir)?;
        let runtime = runtime::start()?;
        let tasks = runtime.handle().clone();
        let host = serve::host(&settings, catalog, engine, tasks.clone()).await?;
        Ok(Self { host, settings, tasks, _runtime: runtime })
    }
}
