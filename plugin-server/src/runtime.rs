//! The threads that do the host's work beside HTTP: runs, deliveries, watchdogs.

use std::{future::Future, pin::Pin};

use plugin_core::spawn::Spawn;
use tokio::runtime::{Builder, Handle, Runtime};

use crate::exit::Failure;

/// Starts the host's tasks on a runtime of their own, so that what plugins do there does not hold up HTTP.
#[derive(Debug)]
pub(crate) struct Tasks(pub(crate) Handle);

impl Spawn for Tasks {
    fn spawn(&self, task: Pin<Box<dyn Future<Output = ()> + Send>>) {
        drop(self.0.spawn(task));
    }
}

/// The runtime for the host's tasks.
///
/// # Errors
/// If the operating system gives no threads.
pub(crate) fn start() -> Result<Runtime, Failure> {
    let runtime = Builder::new_multi_thread().thread_name("host").enable_all().build();
    runtime.map_err(|error| Failure::Failed(format!("cannot start the host's threads: {error}")))
}
