//! Bringing typed documents to today's version in the background: what an older binary wrote is read through its migrations until then,
//! and stored anew here.

use std::sync::{Arc, atomic::Ordering};

use serde::{Deserialize, Serialize};

use super::{
    codec::{self, CodecError},
    documents::{Change, Documents, New},
    engine::{Wanted, Write},
    error::StoreError,
    index::commit,
    key::{self, Key, Kind, Parts},
    record::of_key,
    schema::Collection,
    space::{Committed, Space},
    value::bytes,
};

const MIGRATION: &str = "migration";
/// How many documents are read at a time. After each of these the place is kept.
const CHUNK: usize = 200;

/// How far the documents of a collection are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Row {
    /// The version that they are brought to.
    version: u16,
    /// The fingerprint of that version.
    fingerprint: u64,
    /// The last document that was looked at; none once all were.
    #[serde(with = "bytes")]
    after: Vec<u8>,
    is_done: bool,
    /// How many could not be migrated.
    failed: u64,
}

/// Where its row is.
fn place(collection: &Collection) -> Vec<u8> {
    Key::of(Kind::Meta).text(MIGRATION).text(collection.meta.collection).into_bytes()
}

/// Looks whether this is a row that a store keeps about its migrations: whether it is about them at all, and whether it can be read.
pub(super) fn check(key: &[u8], value: &[u8]) -> Option<Result<(), CodecError>> {
    let is_migration =
        Parts::of(Kind::Meta, key).and_then(|mut parts| parts.text()).is_some_and(|text| text == MIGRATION);
    is_migration.then(|| codec::decode::<Row>(value).map(drop))
}

/// A collection of which not every document was brought to today's version.
pub(super) struct Left {
    pub(super) collection: &'static str,
    pub(super) version: u16,
    pub(super) is_done: bool,
    pub(super) failed: u64,
}

impl Space {
    /// The collections that are not brought to today's version as a whole.
    pub(super) async fn migrations_left(&self) -> Result<Vec<Left>, StoreError> {
        let mut left = Vec::new();
        for collection in self.schema.collections() {
            let (version, fingerprint) = (collection.meta.version, collection.fingerprint);
            let known = self.get(place(collection)).await?.map(|bytes| codec::decode::<Row>(&bytes)).transpose();
            let known = known.map_err(|source| StoreError::codec(MIGRATION, source))?;
            let known = known.filter(|row| (row.version, row.fingerprint) == (version, fingerprint));
            let (is_done, failed) = known.map_or((false, 0), |row| (row.is_done, row.failed));
            if !is_done || failed > 0 {
                left.push(Left { collection: collection.meta.collection, version, is_done, failed });
            }
        }
        Ok(left)
    }

    /// Stores documents of older versions as they would be written today. Returns when all were looked at, or once `goes_on` says no.
    ///
    /// One that cannot be migrated stays as it is, and is told of in the log.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails; it goes on where it was at the next call.
    pub async fn migrate(self: &Arc<Self>, goes_on: impl Fn() -> bool) -> Result<(), StoreError> {
        for collection in self.schema.collections() {
            self.migrate_all(collection, &goes_on).await?;
        }
        // One that made room for somebody has not seen them all.
        if goes_on() {
            self.migrated.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    async fn migrate_all(
        self: &Arc<Self>,
        collection: &Collection,
        goes_on: &impl Fn() -> bool,
    ) -> Result<(), StoreError> {
        let place = place(collection);
        let (version, fingerprint) = (collection.meta.version, collection.fingerprint);
        let known = self.get(place.clone()).await?;
        let known: Option<Row> = known
            .map(|bytes| codec::decode(&bytes))
            .transpose()
            .map_err(|source| StoreError::codec(MIGRATION, source))?;
        let new = Row { version, fingerprint, after: Vec::new(), is_done: false, failed: 0 };
        // What could not be migrated is tried again by the next process: its migration may be another.
        let is_tried = |row: &Row| !row.is_done || row.failed == 0 || self.migrated.load(Ordering::Relaxed);
        let mut row = match known {
            Some(row) if (row.version, row.fingerprint) == (version, fingerprint) && is_tried(&row) => row,
            _ => new,
        };
        while !row.is_done && goes_on() {
            match self.next_documents(&collection.prefix(), &row.after, (CHUNK, usize::MAX, Wanted::Keys)).await? {
                None => row = Row { is_done: true, after: Vec::new(), ..row },
                Some((app, found)) => {
                    let documents = Documents { space: Arc::clone(self), app };
                    for (place, _) in found.iter() {
                        if let Some(key) = key::tail_of_document(place)
                            && let Err(problem) = documents.renew(key).await
                        {
                            if matches!(problem, StoreError::Engine(_)) {
                                return Err(problem);
                            }
                            row.failed += 1;
                            tracing::error!(keyspace = self.keyspace.name(), app = %documents.app, %problem, "a document is not migrated and stays as it is");
                        }
                    }
                    row.after = found.last().map(|(place, _)| place.to_vec()).unwrap_or_default();
                }
            }
            let encoded = codec::encode(&row).map_err(|source| StoreError::codec(MIGRATION, source))?;
            commit(self, vec![Write::put(place.clone(), encoded)]).await?;
            tokio::task::yield_now().await;
        }
        Ok(())
    }
}

impl Documents {
    /// Stores the document `key` as it would be written today, if it is not.
    async fn renew(&self, key: &str) -> Result<(), StoreError> {
        loop {
            let Some(bytes) = self.read(key).await? else { return Ok(()) };
            let record = self.record(key, &bytes)?;
            if record.is_current() {
                return Ok(());
            }
            let payload = of_key(key, record.payload(&self.space.schema, key))?;
            let new = New { payload, expiry: record.expiry() };
            let change = Change { key, before: Some(&bytes), after: Some(&new) };
            if let (Committed::Done, _) = self.commit(change).await? {
                return Ok(());
            }
        }
    }
}
