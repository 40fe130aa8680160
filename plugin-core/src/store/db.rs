//! A plugin's data in one app.

use std::sync::Arc;

use super::{
    engine::{Direction, Durability, Engine, Got, Keyspace, Read, Scan, Wanted},
    error::StoreError,
    key::{self, Key, Kind},
};
use crate::id::AppId;

/// A plugin's data in one app.
#[derive(Debug, Clone)]
pub struct Db {
    pub(super) engine: Arc<dyn Engine>,
    pub(super) keyspace: Keyspace,
    pub(super) app: AppId,
    pub(super) durability: Durability,
}

impl Db {
    /// The documents of `app` in `keyspace`, which must be open in `engine`. Commits return when they are as safe as
    /// `durability` says.
    pub fn new(engine: Arc<dyn Engine>, keyspace: Keyspace, app: AppId, durability: Durability) -> Self {
        Self { engine, keyspace, app, durability }
    }

    /// The app whose documents these are.
    pub fn app(&self) -> &AppId {
        &self.app
    }

    /// Every app that has a document here, in the order of their ids. One look a document of another app: the cost is a read
    /// for each app, however many documents each has.
    ///
    /// # Errors
    /// [`StoreError::Engine`] if the engine cannot be read.
    pub async fn apps(&self) -> Result<Vec<AppId>, StoreError> {
        let mut range = Key::of(Kind::Document).range();
        let mut apps = Vec::new();
        loop {
            let first = Scan {
                range: range.clone(),
                limit: 1,
                bytes: usize::MAX,
                direction: Direction::Forward,
                wanted: Wanted::Keys,
            };
            let got = self.engine.read(&self.keyspace, &[Read::Scan(first)]).await?;
            let Some(Got::Entries(found)) = got.into_iter().next() else { return Ok(apps) };
            let Some((key, _)) = found.rows.first() else { return Ok(apps) };
            let Some(app) = key::parse_document(key).and_then(|(app, _)| AppId::new(app).ok()) else { return Ok(apps) };
            range.start = key::document(&app, "").range().end;
            apps.push(app);
        }
    }
}
