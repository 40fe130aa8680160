//! A plugin as the running host has it.

use std::{
    any::Any,
    fmt,
    sync::atomic::{AtomicBool, AtomicU32, Ordering, compiler_fence},
    sync::{Arc, OnceLock},
};

use actix_web::http::StatusCode;
use arc_swap::{ArcSwap, ArcSwapOption};
use serde::Serialize;
use tokio::sync::{Mutex, Notify, OwnedMutexGuard};
use tokio_util::sync::CancellationToken;

use crate::{
    clock::Clock,
    error::Error,
    store::{
        Space,
        engine::{Durability, Engine, Keyspace},
    },
};

/// Where in its life a plugin stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Life {
    /// Part of the binary, not started.
    Linked,
    /// At work.
    Active,
    /// Switched off by an admin.
    Inactive,
    /// It cannot work, for this reason.
    Failed(String),
}

impl Life {
    /// The state as one word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Linked => "linked",
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Failed(_) => "failed",
        }
    }
}

/// How many plugins of the process, in whatever host, take no work.
static OFF: AtomicU32 = AtomicU32::new(0);

/// A plugin of the running host.
pub struct PluginState {
    /// Its id.
    pub id: &'static str,
    /// Where its data is.
    pub keyspace: Keyspace,
    /// When its commits count as done.
    pub durability: Durability,
    /// Its data, with all that is declared for it.
    space: OnceLock<Arc<Space>>,
    /// Its settings, of the type it declared; none if they are wrong.
    pub config: Option<Box<dyn Any + Send + Sync>>,
    /// What is wrong with its settings, for which it cannot be started.
    pub problem: Option<String>,
    /// Why it failed, in words for callers outside.
    told: ArcSwapOption<String>,
    life: ArcSwap<Life>,
    on: AtomicBool,
    running: AtomicU32,
    idle: Notify,
    turned: Notify,
    stop: ArcSwap<CancellationToken>,
    /// Locked by who switches it on, and by who does something to all of its data.
    held: Arc<Mutex<()>>,
}

impl PluginState {
    /// The plugin `id`, linked and not started.
    pub fn new(id: &'static str, durability: Durability, config: Option<Box<dyn Any + Send + Sync>>) -> Self {
        OFF.fetch_add(1, Ordering::SeqCst);
        Self {
            id,
            keyspace: Keyspace::of_plugin(id),
            durability,
            space: OnceLock::new(),
            config,
            problem: None,
            told: ArcSwapOption::empty(),
            life: ArcSwap::from_pointee(Life::Linked),
            on: AtomicBool::new(false),
            running: AtomicU32::new(0),
            idle: Notify::new(),
            turned: Notify::new(),
            stop: ArcSwap::from_pointee(CancellationToken::new()),
            held: Arc::default(),
        }
    }

    /// Its data. Where nobody said what is declared for it, that is nothing.
    pub fn space(&self, engine: &Arc<dyn Engine>, clock: &Clock) -> &Arc<Space> {
        self.space.get_or_init(|| {
            let space = Space::new(Arc::clone(engine), self.keyspace.clone(), self.durability);
            Arc::new(space.with_clock(clock.clone()))
        })
    }

    /// Says what is declared for its data, before anything of it runs.
    pub(crate) fn set_space(&self, space: Arc<Space>) {
        // It is set once, while the host is built.
        let _ = self.space.set(space);
    }

    /// Keeps it from being switched on until what is given is dropped; none if somebody else does, or is switching it on.
    pub(crate) fn hold(&self) -> Option<OwnedMutexGuard<()>> {
        Arc::clone(&self.held).try_lock_owned().ok()
    }

    /// Whether all plugins of the process take work, so that nobody needs to ask for one.
    ///
    /// To be asked after the thread has said what it is about to run: then whoever switches a plugin off and lets the marks of other
    /// threads arrive sees every handler that was not kept from running.
    #[inline]
    pub(crate) fn all_on() -> bool {
        compiler_fence(Ordering::SeqCst);
        OFF.load(Ordering::Acquire) == 0
    }

    /// Whether it takes work.
    #[inline]
    pub fn is_on(&self) -> bool {
        self.on.load(Ordering::Relaxed)
    }

    /// Where in its life it stands.
    pub fn life(&self) -> Life {
        Life::clone(&self.life.load())
    }

    /// Lets it fail for `reason`, of which callers outside read `told` alone.
    pub fn fail(&self, reason: String, told: String) {
        self.turn(Life::Failed(reason), Some(told));
    }

    /// Moves it to `life`: it takes work when that is [`Life::Active`], and is told to stop when it is not. Why it failed is told to
    /// everybody; see [`fail`](Self::fail).
    pub fn set_life(&self, life: Life) {
        self.turn(life, None);
    }

    fn turn(&self, life: Life, told: Option<String>) {
        let active = life == Life::Active;
        self.told.store(told.map(Into::into));
        self.life.store(life.into());
        match (self.on.swap(active, Ordering::SeqCst), active) {
            (false, true) => OFF.fetch_sub(1, Ordering::SeqCst),
            (true, false) => OFF.fetch_add(1, Ordering::SeqCst),
            _ => 0,
        };
        match active {
            true => self.begin(),
            false => self.stop.load().cancel(),
        }
        self.turned.notify_waiters();
    }

    /// Begins a life at whose end [`stop`](Self::stop) is cancelled, before it takes work: what is started meanwhile ends with it.
    pub fn begin(&self) {
        if self.stop.load().is_cancelled() {
            self.stop.store(CancellationToken::new().into());
        }
    }

    /// 503, saying why it takes no work, in words for callers outside.
    pub fn unavailable(&self) -> Error {
        let id = self.id;
        let detail = match self.life() {
            Life::Failed(reason) => {
                let told = self.told.load();
                format!("the plugin `{id}` has failed: {}", told.as_deref().unwrap_or(&reason))
            }
            Life::Inactive => format!("the plugin `{id}` is switched off"),
            _ => format!("the plugin `{id}` is not running"),
        };
        Error::public(StatusCode::SERVICE_UNAVAILABLE, "plugin-unavailable", detail)
    }

    /// Waits until it takes work.
    pub async fn turned_on(&self) {
        loop {
            let turned = self.turned.notified();
            if self.on.load(Ordering::SeqCst) {
                return;
            }
            turned.await;
        }
    }

    /// Resolves when the plugin stops.
    pub fn stop(&self) -> CancellationToken {
        CancellationToken::clone(&self.stop.load())
    }

    /// Counts a piece of work until it is dropped; `None` if the plugin takes none.
    pub fn enter(&self) -> Option<Entered<'_>> {
        self.running.fetch_add(1, Ordering::SeqCst);
        let entered = Entered(self);
        self.on.load(Ordering::SeqCst).then_some(entered)
    }

    /// Counts a piece of work that has begun, whether the plugin still takes any or not.
    pub(crate) fn go_on(&self) -> Entered<'_> {
        self.running.fetch_add(1, Ordering::SeqCst);
        Entered(self)
    }

    /// Whether no counted work is left.
    pub(crate) fn is_idle(&self) -> bool {
        self.running.load(Ordering::SeqCst) == 0
    }

    /// Waits until no counted work is left. What holds a thread is not counted: see [`idle`](crate::context::shared::Shared::idle).
    pub async fn drained(&self) {
        loop {
            let idle = self.idle.notified();
            if self.is_idle() {
                return;
            }
            idle.await;
        }
    }
}

impl Drop for PluginState {
    fn drop(&mut self) {
        if !self.is_on() {
            OFF.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

impl fmt::Debug for PluginState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PluginState").field("id", &self.id).field("life", &self.life.load()).finish_non_exhaustive()
    }
}

/// A piece of work of a plugin, counted while this lives.
#[derive(Debug)]
pub struct Entered<'a>(&'a PluginState);

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        if self.0.running.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.idle.notify_waiters();
        }
    }
}
