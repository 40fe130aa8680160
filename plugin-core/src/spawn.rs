//! Running tasks beside the caller. Which threads do it is the embedder's choice.

use std::{fmt, future::Future, pin::Pin};

/// Starts tasks: a runtime's threads in a server, the test itself in a test.
pub trait Spawn: Send + Sync + fmt::Debug {
    /// Runs `task` until it ends.
    fn spawn(&self, task: Pin<Box<dyn Future<Output = ()> + Send>>);
}
