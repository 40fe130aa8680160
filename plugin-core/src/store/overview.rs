//! What there is in a keyspace, in numbers.

use serde::Serialize;

use super::{
    engine::{Direction, MAX_SCAN, Scan, Wanted},
    error::StoreError,
    index::IndexState,
    key,
    migrate::Left,
    space::Space,
    walk::after_key,
};

/// What there is in a keyspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Overview {
    /// All documents; those that have expired count until they are removed.
    pub documents: u64,
    /// The same by app.
    pub apps: Vec<AppCount>,
    /// Every index.
    pub indexes: Vec<IndexState>,
    /// The collections of which not every document was brought to today's version.
    pub migrations: Vec<MigrationState>,
}

/// The documents of one app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct AppCount {
    /// The app.
    pub app: String,
    /// How many documents it has.
    pub documents: u64,
}

/// How far the documents of a collection are brought to today's version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct MigrationState {
    /// The collection.
    pub collection: String,
    /// The version that they are brought to.
    pub version: u16,
    /// Whether every document was looked at.
    pub done: bool,
    /// How many could not be migrated, and stay as they are.
    pub failed: u64,
}

impl Space {
    /// Counts what there is, by keys: however many documents there are, none is read.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub async fn overview(&self) -> Result<Overview, StoreError> {
        let mut apps = Vec::new();
        for app in self.apps().await? {
            let mut range = key::document(&app, "").range();
            let mut documents = 0;
            loop {
                let (limit, bytes, direction) = (MAX_SCAN, usize::MAX, Direction::Forward);
                let scan = Scan { range: range.clone(), limit, bytes, direction, wanted: Wanted::Keys };
                let found = self.scan(scan).await?;
                documents += found.len() as u64;
                match found.last().filter(|_| found.more) {
                    Some((last, _)) => range.start = after_key(last),
                    None => break,
                }
                tokio::task::yield_now().await;
            }
            apps.push(AppCount { app: app.to_string(), documents });
        }
        let documents = apps.iter().map(|it| it.documents).sum();
        let left = self.migrations_left().await?.into_iter();
        let migrations = left.map(|Left { collection, version, is_done, failed }| MigrationState {
            collection: collection.to_owned(),
            version,
            done: is_done,
            failed,
        });
        Ok(Overview { documents, apps, indexes: self.index_states().await?, migrations: migrations.collect() })
    }

    /// Whether there is any row.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub async fn is_used(&self) -> Result<bool, StoreError> {
        let (range, direction, wanted) = (vec![0]..vec![0xff], Direction::Forward, Wanted::Keys);
        Ok(!self.scan(Scan { range, limit: 1, bytes: 0, direction, wanted }).await?.is_empty())
    }
}
