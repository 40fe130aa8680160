//! The host's own tasks: started one by one, stopped together.

use std::{future::Future, sync::Arc, time::Duration};

use futures_util::future::{Either, select};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{clock::Clock, spawn::Spawn};

/// Tasks that end with their host.
#[derive(Debug, Clone)]
pub(crate) struct Background {
    spawn: Arc<dyn Spawn>,
    tasks: TaskTracker,
    closing: CancellationToken,
    abandoned: CancellationToken,
}

/// Whether all tasks came to their end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// They did.
    All,
    /// So many did not in the time they had, and were dropped where they stood.
    Abandoned(usize),
}

impl Background {
    pub(crate) fn new(spawn: Arc<dyn Spawn>) -> Self {
        let (closing, abandoned) = (CancellationToken::new(), CancellationToken::new());
        Self { spawn, tasks: TaskTracker::new(), closing, abandoned }
    }

    /// Runs `task` until it ends or is abandoned.
    pub(crate) fn start(&self, task: impl Future<Output = ()> + Send + 'static) {
        let abandoned = self.abandoned.clone();
        let task = async move { abandoned.run_until_cancelled(task).await.unwrap_or_default() };
        self.spawn.spawn(Box::pin(self.tasks.track_future(task)));
    }

    /// Runs `task` to its end, whatever becomes of the others: for what is short and must not be broken off.
    pub(crate) fn see_through(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.spawn.spawn(Box::pin(self.tasks.track_future(task)));
    }

    /// Cancelled when tasks are to begin nothing new.
    pub(crate) fn closing(&self) -> &CancellationToken {
        &self.closing
    }

    /// Tells the tasks to begin nothing new.
    pub(crate) fn close(&self) {
        self.closing.cancel();
    }

    /// The same, and waits `patience` for what they began.
    pub(crate) async fn stop(&self, clock: &Clock, patience: Duration) -> Stopped {
        self.close();
        self.tasks.close();
        let ended = std::pin::pin!(self.tasks.wait());
        if let Either::Left(_) = select(ended, clock.sleep(patience)).await {
            return Stopped::All;
        }
        let left = self.tasks.len();
        self.abandoned.cancel();
        Stopped::Abandoned(left)
    }
}

/// Lets the other tasks of the thread go on, in a loop that might never have to wait.
pub(crate) async fn give_way() {
    let mut waited = false;
    std::future::poll_fn(|cx| match std::mem::replace(&mut waited, true) {
        true => std::task::Poll::Ready(()),
        false => {
            cx.waker().wake_by_ref();
            std::task::Poll::Pending
        }
    })
    .await;
}
