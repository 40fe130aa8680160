//! For how long each item may hold its thread.

use std::time::Duration;

use crate::{
    dispatch::{filter, hook, watchdog::Watchdog},
    endpoint::{self, Place},
    host::Host,
    registration::Item,
};

impl Host {
    /// A watchdog over all items of the host; [`start`](Watchdog::start) it where there are threads.
    pub fn watchdog(&self) -> Watchdog {
        let entries = self.catalog().entries();
        Watchdog::new(self.shared(), entries.iter().map(|entry| patience(entry.item)).collect::<Vec<_>>())
    }
}

/// Hooks, filters and endpoints on the blocking pool may use their time limit. All else may take longer, but not hold a thread
/// on which others wait meanwhile.
fn patience(item: &Item) -> Duration {
    match item {
        Item::Hook(hook) => hook.timeout.unwrap_or(hook::LIMIT),
        Item::Filter(filter) => filter.timeout.unwrap_or(filter::LIMIT),
        Item::Endpoint(endpoint) if matches!(endpoint.place, Place::Pool) => {
            endpoint.meta.timeout.unwrap_or(endpoint::TIMEOUT)
        }
        _ => hook::LIMIT,
    }
}
