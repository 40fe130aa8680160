//! The threads that do the host's work beside HTTP: runs, deliveries, watchdogs.

use std::{future::Future, pin::Pin};

use plugin_core::spawn::Spawn;
use tokio::{
    runtime::{Builder, Handle, Runtime, RuntimeFlavor},
    task::block_in_place,
};

use crate::exit::Failure;

/// Starts the host's tasks on a runtime of their own, so that what plugins do there does not hold up HTTP.
#[derive(Debug)]
pub(crate) struct Tasks(pub(crate) Handle);

impl Spawn for Tasks {
    fn spawn(&self, task: Pin<Box<dyn Future<Output = ()> + Send>>) {
        drop(self.0.spawn(task));
    }

    fn in_place(&self, work: &mut dyn FnMut()) {
        match Handle::try_current().map(|here| here.runtime_flavor()) {
            Ok(RuntimeFlavor::MultiThread) => block_in_place(work),
            // A runtime of one thread, such as each of those that serve HTTP, has no other to hand its tasks to.
            _ => work(),
        }
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

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, time::Duration};

    use super::*;

    /// Long enough to be seen only where something went wrong.
    const PATIENCE: Duration = Duration::from_secs(10);

    #[test]
    fn a_task_that_holds_the_only_thread_lets_the_others_go_on() {
        let runtime = Builder::new_multi_thread().worker_threads(1).build().expect("a thread");
        let tasks = Tasks(runtime.handle().clone());
        let (let_go, held) = mpsc::channel();
        let (done, ended) = mpsc::channel();
        let holding = Tasks(runtime.handle().clone());
        tasks.spawn(Box::pin(async move {
            // Woken from within the task, it waits where no other thread takes it from.
            holding.spawn(Box::pin(async move {
                let_go.send(()).expect("somebody waits");
            }));
            let mut told = None;
            holding.in_place(&mut || told = Some(held.recv_timeout(PATIENCE)));
            done.send(told).expect("the test listens");
        }));
        assert_eq!(ended.recv(), Ok(Some(Ok(()))));
    }

    #[test]
    fn on_a_thread_that_is_alone_work_is_done_at_once() {
        let alone = Builder::new_current_thread().build().expect("a thread");
        let tasks = Tasks(alone.handle().clone());
        let mut done = 0;
        alone.block_on(async { tasks.in_place(&mut || done += 1) });
        tasks.in_place(&mut || done += 1);
        assert_eq!(done, 2);
    }
}
