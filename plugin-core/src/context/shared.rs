//! What every call of a running host shares.

use std::{fmt, future::Future, pin::Pin, sync::Arc, time::Duration};

use crate::{
    clock::Clock,
    context::{call::Call, subscriptions::Subscriptions, table::PointTable},
    error::{Error, Result},
    plugin::state::PluginState,
    point::{Ix, Plugin},
    site::{Kind, Site},
    spawn::Spawn,
    stats::{Stats, thread::let_marks_arrive},
    store::{Committed, Txn, engine::Engine},
};

/// How often it is looked whether a plugin still holds a thread: nobody tells when a function returns.
const AGAIN: Duration = Duration::from_millis(5);

/// A boxed future that may move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// An item of the catalog, as far as logs and figures need it. Its place in [`Shared::items`] is its number.
#[derive(Debug, Clone, Copy)]
pub struct ItemInfo {
    /// The id of the plugin that has it.
    pub plugin: &'static str,
    /// What it is.
    pub kind: Kind,
    /// Where it was written.
    pub site: &'static Site,
}

/// The running host, as handlers reach it.
pub struct Shared {
    /// What time it is.
    pub clock: Clock,
    /// Whose threads do what runs beside the caller.
    pub spawn: Arc<dyn Spawn>,
    /// Where data is.
    pub engine: Arc<dyn Engine>,
    /// The plugins, in their order.
    pub plugins: Box<[PluginState]>,
    /// The handlers of hooks.
    pub hooks: PointTable,
    /// The handlers of filters.
    pub filters: PointTable,
    /// The items, by their number.
    pub items: Box<[ItemInfo]>,
    /// What the items did, in numbers.
    pub stats: Stats,
    /// Where events go.
    pub outbox: Box<dyn Outbox>,
    /// What subscribed while running.
    pub subscriptions: Subscriptions,
    /// The place in `plugins` for each plugin's [`Ix`].
    pub places: Places,
}

/// Takes events that are published.
pub trait Outbox: Send + Sync {
    /// Hands `event`, published by the plugin at `publisher` in the app of `call`, to its listeners: durable when it returns.
    fn emit<'a>(
        &'a self,
        call: &'a Call,
        publisher: usize,
        event: &'static str,
        body: serde_json::Value,
    ) -> BoxFuture<'a, Result<()>>;

    /// Commits `txn` and, in the same commit, `events` of its plugin; whether nobody was in between.
    fn commit<'a>(
        &'a self,
        call: &'a Call,
        txn: Txn,
        events: Vec<(&'static str, serde_json::Value)>,
    ) -> BoxFuture<'a, Result<Committed>> {
        let _ = call;
        Box::pin(async move {
            match events.first() {
                None => Ok(txn.commit().await?),
                Some((event, _)) => Err(Error::new(format!("`{event}` cannot be published with a transaction here"))),
            }
        })
    }
}

/// Which plugin of the host a plugin's type is.
#[derive(Debug, Default)]
pub struct Places(Box<[Option<u16>]>);

impl Places {
    /// The places of the plugins with these [`Ix`], in their order.
    pub fn new(plugins: impl IntoIterator<Item = &'static Ix>) -> Self {
        let mut places = Vec::new();
        for (place, ix) in plugins.into_iter().enumerate() {
            let number = ix.get();
            if places.len() <= number {
                places.resize(number + 1, None);
            }
            places[number] = Some(u16::try_from(place).expect("a binary has fewer plugins than that"));
        }
        Self(places.into())
    }

    /// The place of the plugin with `ix`, if the host has it.
    pub fn get(&self, ix: &Ix) -> Option<usize> {
        self.0.get(ix.peek()).copied().flatten().map(usize::from)
    }
}

impl Shared {
    /// The plugin `P`.
    ///
    /// # Panics
    /// If the host was built without it. Handlers of `P` only run in a host that has it.
    pub fn plugin<P: Plugin>(&self) -> &PluginState {
        let place = self.places.get(P::ix()).expect("a handler's plugin is part of the host that runs it");
        &self.plugins[place]
    }

    /// Waits until nothing of the plugin at `place` runs: no counted work, and no handler that holds a thread. What begins now sees
    /// that the plugin is off, if it is.
    pub async fn idle(&self, place: usize) {
        let Some(plugin) = self.plugins.get(place) else { return };
        let_marks_arrive();
        loop {
            // Marks first: work that is counted when it leaves its thread is counted before its mark goes.
            if self.holds_a_thread(plugin) {
                self.clock.sleep(AGAIN).await;
            } else if plugin.is_idle() {
                return;
            } else {
                plugin.drained().await;
            }
        }
    }

    fn holds_a_thread(&self, plugin: &PluginState) -> bool {
        self.stats.at_work().any(|item| self.items.get(item as usize).is_some_and(|info| info.plugin == plugin.id))
    }

    /// The plugin with this id.
    pub fn plugin_by_id(&self, id: &str) -> Option<(usize, &PluginState)> {
        self.plugins.iter().enumerate().find(|(_, plugin)| plugin.id == id)
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("plugins", &self.plugins).finish_non_exhaustive()
    }
}
