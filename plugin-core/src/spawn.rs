//! Running tasks beside the caller. Which threads do it is the embedder's choice.

use std::{fmt, future::Future, pin::Pin};

/// Starts tasks: a runtime's threads in a server, the test itself in a test.
pub trait Spawn: Send + Sync + fmt::Debug {
    /// Runs `task` until it ends.
    fn spawn(&self, task: Pin<Box<dyn Future<Output = ()> + Send>>);

    /// Runs `work` on the thread that asks, which it may hold for as long as it likes. Whoever has few threads hands what else
    /// waits for this one to another first.
    fn in_place(&self, work: &mut dyn FnMut()) {
        work();
    }
}

/// Nobody's threads: what is started is dropped. For a host of which only dispatch is wanted.
impl Spawn for () {
    fn spawn(&self, _: Pin<Box<dyn Future<Output = ()> + Send>>) {}
}
