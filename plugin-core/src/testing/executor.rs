//! Running futures in a test's own thread, under a clock that the test moves: no timers, no threads, the same every time.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use crate::{
    clock::{ManualClock, Timestamp},
    spawn::Spawn,
};

pub(super) type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Tasks that run when the test lets them.
#[derive(Clone, Default)]
pub(super) struct Tasks(Arc<Mutex<Vec<Task>>>);

impl Spawn for Tasks {
    fn spawn(&self, task: Task) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(task);
    }
}

impl std::fmt::Debug for Tasks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tasks")
    }
}

impl Tasks {
    /// Those that nobody has taken yet.
    pub(super) fn take(&self) -> Vec<Task> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Polls the tasks of a test.
#[derive(Debug)]
pub(super) struct Executor {
    tasks: Tasks,
    running: Vec<(Running, Arc<Signal>)>,
    clock: ManualClock,
}

struct Running(Task);

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Running")
    }
}

/// Whether a task was woken since it was last polled.
#[derive(Debug)]
pub(super) struct Signal(AtomicBool);

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Signal {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(AtomicBool::new(true)))
    }

    pub(super) fn take(&self) -> bool {
        self.0.swap(false, Ordering::SeqCst)
    }

    pub(super) fn is_set(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

impl Executor {
    pub(super) fn new(tasks: Tasks, clock: ManualClock) -> Self {
        Self { tasks, running: Vec::new(), clock }
    }

    /// Runs `future` to its end. When nothing can go on, time goes on to the next instant that somebody waits for.
    ///
    /// # Panics
    /// If nobody waits for any: then it would never end.
    pub(super) fn run<T>(&mut self, future: impl Future<Output = T>) -> T {
        let mut future = std::pin::pin!(future);
        let signal = Signal::new();
        let waker = Waker::from(Arc::clone(&signal));
        loop {
            if signal.take()
                && let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker))
            {
                return value;
            }
            if self.turn() || signal.is_set() {
                continue;
            }
            match self.clock.next_sleeper() {
                Some(instant) => self.clock.set(instant.max(self.clock.now())),
                None => panic!("deadlock: the call waits for something that no task and no time will bring"),
            }
        }
    }

    /// Runs the tasks until none can go on without time passing.
    pub(super) fn settle(&mut self) {
        while self.turn() {}
    }

    /// Moves time to `instant`, stopping wherever somebody waits for an instant before it.
    pub(super) fn advance_to(&mut self, instant: Timestamp) {
        self.settle();
        while let Some(next) = self.clock.next_sleeper().filter(|next| *next <= instant) {
            self.clock.set(next.max(self.clock.now()));
            self.settle();
        }
        self.clock.set(instant);
        self.settle();
    }

    /// Polls every task that was woken; whether there was any.
    fn turn(&mut self) -> bool {
        self.running.extend(self.tasks.take().into_iter().map(|task| (Running(task), Signal::new())));
        let mut any = false;
        self.running.retain_mut(|(Running(task), signal)| {
            if !signal.take() {
                return true;
            }
            any = true;
            let waker = Waker::from(Arc::clone(signal));
            task.as_mut().poll(&mut Context::from_waker(&waker)).is_pending()
        });
        any
    }
}
