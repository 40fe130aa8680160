//! A host in miniature for tests of what runs beside it: two plugins, the engine in memory, a clock that the test moves, and
//! tasks that run when the test lets them. Dropping it is what a kill is to a process; the engine lives on.

use std::{
    future::Future,
    pin::{Pin, pin},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use crate::{
    clock::{Clock, ManualClock, Timestamp},
    context::{
        shared::{ItemInfo, Outbox, Places, Shared},
        subscriptions::Subscriptions,
        table::PointTable,
    },
    plugin::{
        secret::Secret,
        state::{Life, PluginState},
    },
    point::{Ix, PLUGINS, Plugin},
    site::{Kind, Site},
    spawn::Spawn,
    stats::{Stats, Timing},
    store::{
        conformance::block_on,
        engine::{Durability, Engine},
        mem::MemEngine,
    },
};

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Publishes; it is the plugin at place 0.
pub(crate) struct Source;
/// Listens, takes webhooks and has jobs; it is the plugin at place 1.
pub(crate) struct Sink;

macro_rules! plugin {
    ($name:ident, $id:literal) => {
        impl Plugin for $name {
            type Config = ();
            const ID: &'static str = $id;

            fn ix() -> &'static Ix {
                static IX: Ix = Ix::of(&PLUGINS);
                &IX
            }
        }
    };
}
plugin!(Source, "source");
plugin!(Sink, "sink");

pub(crate) const SOURCE: usize = 0;
pub(crate) const SINK: usize = 1;

/// What outlives a kill.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) engine: Arc<MemEngine>,
    pub(crate) clock: ManualClock,
}

impl World {
    pub(crate) fn at(now: &str) -> Self {
        Self { engine: Arc::new(MemEngine::new()), clock: ManualClock::at(instant(now)) }
    }
}

pub(crate) fn instant(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

/// A site for an item called `name`.
pub(crate) fn site(name: &'static str) -> &'static Site {
    let (file, module, package) = (file!(), module_path!(), env!("CARGO_PKG_NAME"));
    Box::leak(Box::new(Site { name, ident: name, doc: "", file, line: 1, module, package }))
}

/// The tasks of a process.
#[derive(Default)]
pub(crate) struct Tasks {
    new: Mutex<Vec<Task>>,
    running: Mutex<Vec<(Task, Arc<Signal>)>>,
}

impl std::fmt::Debug for Tasks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tasks")
    }
}

impl Spawn for Tasks {
    fn spawn(&self, task: Task) {
        lock(&self.new).push(task);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether a task was woken since it was last polled.
struct Signal(AtomicBool);

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Tasks {
    /// Polls every task that was woken; whether there was any.
    fn turn(&self) -> bool {
        let mut running = std::mem::take(&mut *lock(&self.running));
        let mut any = false;
        running.extend(lock(&self.new).drain(..).map(|task| (task, Arc::new(Signal(AtomicBool::new(true))))));
        running.retain_mut(|(task, signal)| {
            if !signal.0.swap(false, Ordering::SeqCst) {
                return true;
            }
            any = true;
            let waker = Waker::from(Arc::clone(signal));
            task.as_mut().poll(&mut Context::from_waker(&waker)).is_pending()
        });
        lock(&self.running).extend(running);
        any
    }

    pub(crate) fn settle(&self) {
        while self.turn() {}
    }

    /// Runs `future` to its end without any time passing.
    pub(crate) fn run<T>(&self, future: impl Future<Output = T>) -> T {
        let signal = Arc::new(Signal(AtomicBool::new(true)));
        let waker = Waker::from(Arc::clone(&signal));
        let mut future = pin!(future);
        loop {
            if signal.0.swap(false, Ordering::SeqCst)
                && let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker))
            {
                return value;
            }
            assert!(self.turn() || signal.0.load(Ordering::SeqCst), "nothing can go on without time passing");
        }
    }

    fn clear(&self) {
        // What is dropped may wake others, so the lists are not locked meanwhile.
        let (new, running) = (std::mem::take(&mut *lock(&self.new)), std::mem::take(&mut *lock(&self.running)));
        drop((new, running));
    }
}

/// What the calls of a host share whose items are `sites`, the place of each its number, and all of them the sink's. Both plugins
/// are on.
pub(crate) fn shared(
    world: &World,
    sites: &[&'static Site],
    outbox: Box<dyn Outbox>,
    spawn: Arc<dyn Spawn>,
    secret: Option<Secret>,
) -> Arc<Shared> {
    let secret = secret.map(|secret| Box::new(secret) as _);
    let plugins = [
        PluginState::new(Source::ID, Durability::Synced, None),
        PluginState::new(Sink::ID, Durability::Synced, secret),
    ];
    for plugin in &plugins {
        block_on(world.engine.open(&plugin.keyspace)).expect("memory opens");
        plugin.set_life(Life::Active);
    }
    let item = |site: &&'static Site| ItemInfo { plugin: Sink::ID, kind: Kind::Listener, site };
    Arc::new(Shared {
        clock: Clock::from(world.clock.clone()),
        spawn,
        engine: world.engine.clone(),
        plugins: plugins.into(),
        hooks: PointTable::default(),
        filters: PointTable::default(),
        items: sites.iter().map(item).collect(),
        stats: Stats::new(sites.len(), [], Timing::All),
        outbox,
        subscriptions: Subscriptions::default(),
        places: Places::new([Source::ix(), Sink::ix()]),
    })
}

/// A process: everything that a kill ends.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) shared: Arc<Shared>,
    pub(crate) tasks: Arc<Tasks>,
    clock: ManualClock,
}

impl Drop for Process {
    fn drop(&mut self) {
        self.tasks.clear();
    }
}

impl Process {
    /// A process of [`shared`], with `tasks` for its threads.
    pub(crate) fn start(
        world: &World,
        sites: &[&'static Site],
        outbox: Box<dyn Outbox>,
        tasks: Arc<Tasks>,
        secret: Option<Secret>,
    ) -> Self {
        let shared = shared(world, sites, outbox, tasks.clone(), secret);
        Self { shared, tasks, clock: world.clock.clone() }
    }

    pub(crate) fn settle(&self) {
        self.tasks.settle();
    }

    pub(crate) fn run<T>(&self, future: impl Future<Output = T>) -> T {
        self.tasks.run(future)
    }

    /// Moves time on, stopping wherever somebody waits.
    pub(crate) fn advance(&self, by: Duration) {
        self.advance_to(self.clock.now().saturating_add(by));
    }

    pub(crate) fn advance_to(&self, instant: Timestamp) {
        self.settle();
        while let Some(next) = self.clock.next_sleeper().filter(|next| *next <= instant) {
            self.clock.set(next.max(self.clock.now()));
            self.settle();
        }
        self.clock.set(instant);
        self.settle();
    }
}
