//! Names what holds its thread: a time limit stops a future that waits, but no function that does not return.

use std::{
    collections::HashMap,
    fmt, io,
    sync::{Arc, Weak, mpsc},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use crate::{
    context::shared::Shared,
    stats::{
        Ended,
        thread::{Mark, marks, name_mark},
    },
};

/// How often a started watchdog looks.
const EVERY: Duration = Duration::from_secs(1);

/// Looks at what the threads of the process run, and says in the log what holds one for longer than its time limit: plugin, item,
/// and where it was written. It says so again whenever the time has doubled.
///
/// It sees every handler that the host runs: a `fn` that blocks, and an `async fn` that does so between two `.await`s.
#[derive(Debug)]
pub struct Watchdog {
    shared: Weak<Shared>,
    limits: Box<[Duration]>,
    seen: HashMap<usize, Seen>,
}

#[derive(Debug)]
struct Seen {
    mark: Mark,
    since: Duration,
    /// After how long it is named next.
    patience: Duration,
}

/// An item that holds its thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// Its number.
    pub item: u32,
    /// For how long at least.
    pub time: Duration,
}

/// A running [`Watchdog`], which ends when this is dropped.
pub struct Watching {
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watchdog {
    /// A watchdog over the items of `shared`, each with its time limit in `limits`, by its number.
    pub fn new(shared: &Arc<Shared>, limits: impl Into<Box<[Duration]>>) -> Self {
        Self { shared: Arc::downgrade(shared), limits: limits.into(), seen: HashMap::new() }
    }

    /// Looks once. `now` is the time since any fixed point; a call counts as long as it was seen, so it is named only after it was
    /// seen twice. What is named is logged, and counted as a timeout the first time; not where somebody on another thread waits
    /// for it, who counts it.
    pub fn scan(&mut self, now: Duration) -> Vec<Held> {
        let Some(shared) = self.shared.upgrade() else { return Vec::new() };
        let mut held = Vec::new();
        let mut seen = HashMap::new();
        for (thread, mark) in marks() {
            let Some(item) = mark.item_of(shared.stats.host()) else { continue };
            let limit = self.limits.get(item as usize).copied().unwrap_or(super::hook::LIMIT);
            let before = self.seen.remove(&thread).filter(|seen| seen.mark == mark);
            let mut now_seen = before.unwrap_or(Seen { mark, since: now, patience: limit });
            let time = now.saturating_sub(now_seen.since);
            if time > now_seen.patience {
                if now_seen.patience == limit && !mark.is_minded() && name_mark(thread, mark) {
                    shared.stats.failed(item, Ended::Timeout);
                }
                now_seen.patience = 2 * time;
                name(&shared, item, time);
                held.push(Held { item, time });
            }
            seen.insert(thread, now_seen);
        }
        self.seen = seen;
        held
    }

    /// Looks every second, in a thread of its own.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn start(mut self) -> io::Result<Watching> {
        let (stop, stopped) = mpsc::channel();
        let thread = std::thread::Builder::new().name("watchdog".into()).spawn(move || {
            let began = Instant::now();
            while let Err(mpsc::RecvTimeoutError::Timeout) = stopped.recv_timeout(EVERY) {
                self.scan(began.elapsed());
            }
        })?;
        Ok(Watching { stop: Some(stop), thread: Some(thread) })
    }
}

#[cold]
fn name(shared: &Shared, item: u32, time: Duration) {
    let Some(info) = shared.items.get(item as usize) else { return };
    let (plugin, kind, name, at) = (info.plugin, info.kind.word(), info.site.name, info.site);
    let seconds = time.as_secs_f64();
    tracing::error!(
        target: "plugin", plugin, kind, item = name, at = %at,
        "has held its thread for {seconds:.1} s: a function that blocks cannot be stopped; let it return, or move the work to a thread",
    );
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // It looks at marks and writes log lines; should that panic, there is nothing to be done here.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Watching {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watching").finish_non_exhaustive()
    }
}
