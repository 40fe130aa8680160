//! Listeners that subscribed while running: in memory, best effort, gone when their plugin stops.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use crate::{
    context::{call::OwnedScope, shared::BoxFuture},
    error::Result,
    point::Dynamic,
};

/// What a subscription runs.
pub type Subscriber = Arc<dyn Fn(OwnedScope, Arc<Dynamic>) -> BoxFuture<'static, Result<()>> + Send + Sync>;

/// One subscription.
#[derive(Clone)]
pub struct Subscription {
    /// Its number, unique in the host.
    pub id: u64,
    /// The place of the plugin that subscribed.
    pub plugin: usize,
    /// The item that subscribed.
    pub item: u32,
    /// What to run.
    pub run: Subscriber,
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").field("id", &self.id).field("plugin", &self.plugin).finish_non_exhaustive()
    }
}

/// The subscriptions of a running host, by event.
#[derive(Debug, Default)]
pub struct Subscriptions(RwLock<Inner>);

#[derive(Debug, Default)]
struct Inner {
    next: u64,
    by_event: HashMap<String, Vec<Subscription>>,
}

impl Subscriptions {
    /// Adds one to `event` and gives its number.
    pub fn add(&self, event: &str, plugin: usize, item: u32, run: Subscriber) -> u64 {
        let mut inner = self.0.write().unwrap_or_else(PoisonError::into_inner);
        inner.next += 1;
        let id = inner.next;
        inner.by_event.entry(event.to_owned()).or_default().push(Subscription { id, plugin, item, run });
        id
    }

    /// Removes one of the plugin at `plugin`; whether it was there.
    pub fn remove(&self, plugin: usize, id: u64) -> bool {
        self.retain(|subscription| (subscription.plugin, subscription.id) != (plugin, id))
    }

    /// Removes all of the plugin at `plugin`.
    pub fn forget(&self, plugin: usize) {
        self.retain(|subscription| subscription.plugin != plugin);
    }

    /// Those of `event`.
    pub fn of(&self, event: &str) -> Vec<Subscription> {
        let inner = self.0.read().unwrap_or_else(PoisonError::into_inner);
        inner.by_event.get(event).cloned().unwrap_or_default()
    }

    fn retain(&self, keep: impl Fn(&Subscription) -> bool) -> bool {
        let mut inner = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let mut removed = false;
        inner.by_event.retain(|_, list| {
            let before = list.len();
            list.retain(&keep);
            removed |= list.len() < before;
            !list.is_empty()
        });
        removed
    }
}
