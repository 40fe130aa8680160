//! The data of plugins that this binary does not have: each is found once and stays the same for as long as the host lives, so that
//! all who do something to it wait for each other.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use super::Host;
use crate::{
    error::Result,
    store::{
        Space,
        engine::{Durability, Keyspace},
    },
};

/// Those that were looked at, by their ids.
#[derive(Debug, Default)]
pub(super) struct Orphans(Mutex<BTreeMap<String, Orphan>>);

/// What a plugin left behind.
#[derive(Debug, Clone)]
pub(super) struct Orphan {
    pub(super) space: Arc<Space>,
    /// Locked by who does something to all of it.
    pub(super) held: Arc<tokio::sync::Mutex<()>>,
}

impl Host {
    /// The plugins that are not part of this binary and of which there is data. It is kept.
    ///
    /// # Errors
    /// If the engine cannot be read.
    pub async fn orphans(&self) -> Result<Vec<String>> {
        let all = self.0.shared.engine.keyspaces().await?;
        let mut orphans = Vec::new();
        for id in all.iter().filter_map(Keyspace::plugin).filter(|id| self.0.catalog.plugin(id).is_none()) {
            // A keyspace stays when all that was in it was dropped.
            if self.orphan(id).space.is_used().await? {
                orphans.push(id.to_owned());
            }
        }
        Ok(orphans)
    }

    /// What the plugin `id` left behind, which this binary does not have.
    pub(super) fn orphan(&self, id: &str) -> Orphan {
        let mut known = self.0.orphans.0.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || {
            let engine = Arc::clone(&self.0.shared.engine);
            let space =
                Space::new(engine, Keyspace::of_plugin(id), Durability::Synced).with_clock(self.clock().clone());
            Orphan { space: Arc::new(space), held: Arc::default() }
        };
        known.entry(id.to_owned()).or_insert_with(new).clone()
    }
}
