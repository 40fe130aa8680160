//! A plugin's data in one app: documents by key.

use std::{future::Future, sync::Arc};

use serde::{Serialize, de::DeserializeOwned};

use super::{
    codec,
    documents::{Committed, Documents},
    engine::{Direction, Durability, Engine, Keyspace, Precondition, Scan, Wanted, Write},
    error::StoreError,
    filter::Filter,
    key::{self, Key, Kind},
    page::{Entry, Revision, Versioned, entry, opened},
    query::{Count, Find, Keys},
    value::Value,
};
use crate::id::AppId;

/// The largest document, in bytes as it is encoded.
pub const MAX_DOCUMENT: usize = 1 << 20;
/// How often a write is tried when others write the same key at once. Each time one of them has succeeded.
const ATTEMPTS: usize = 1000;

/// A plugin's data in one app: any value that serde can write, by key.
///
/// A key has 1 to 1,024 bytes of any text. A value has at most 1 MiB as it is encoded. It keeps the names of its fields, so
/// `find` and `count` can ask for any of them.
///
/// ```
/// use std::sync::Arc;
///
/// use plugin_core::store::{Db, MemEngine, conformance::block_on, engine::{Durability, Engine, Keyspace}};
/// use plugin_core::{AppId, query};
/// # use plugin_core::store::{Entry, Page, StoreError};
///
/// #[derive(serde::Serialize, serde::Deserialize)]
/// #[serde(rename_all = "camelCase")]
/// struct Ended { user_id: String, messages: u32 }
///
/// # block_on(async {
/// let (engine, keyspace) = (Arc::new(MemEngine::new()), Keyspace::of_plugin("analytics"));
/// engine.open(&keyspace).await?;
/// let db = Db::new(engine, keyspace, AppId::default(), Durability::Synced);
///
/// db.set("conversations:1", &Ended { user_id: "ada".into(), messages: 3 }).await?;
/// db.set("conversations:2", &Ended { user_id: "ada".into(), messages: 9 }).await?;
/// let longest: Page<Entry<Ended>> = db.find(query! { userId: "ada" }).sort("-messages").limit(1).await?;
/// assert_eq!(longest.items[0].key, "conversations:2");
///
/// assert_eq!(db.increment("visits", 1).await?, 1);
/// assert!(db.delete("conversations:1").await?, "it was there");
/// assert!(db.get::<Ended>("conversations:1").await?.is_none());
/// # Ok::<_, StoreError>(()) }).unwrap();
/// ```
///
/// What others stored is out of its reach: it gives out neither the engine behind it nor the keyspace.
#[derive(Debug, Clone)]
pub struct Db(Documents);

impl Db {
    /// The documents of `app` in `keyspace`, which must be open in `engine`. Commits return when they are as safe as
    /// `durability` says. For whoever has an engine, which no plugin is given.
    pub fn new(engine: Arc<dyn Engine>, keyspace: Keyspace, app: AppId, durability: Durability) -> Self {
        Self(Documents { engine, keyspace, app, durability })
    }

    /// The app whose documents these are.
    pub fn app(&self) -> &AppId {
        &self.0.app
    }

    /// What is stored under `key`, if anything.
    ///
    /// # Errors
    /// [`StoreError::Codec`] if it is no `T`, naming the field.
    pub async fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, StoreError> {
        let Some(bytes) = self.0.read(self.0.place(key)?).await? else { return Ok(None) };
        codec::decode(&bytes).map(Some).map_err(|source| StoreError::codec(key, source))
    }

    /// What is stored under `key`, if anything, with the revision that [`set_if`](Self::set_if) asks for.
    ///
    /// # Errors
    /// [`StoreError::Codec`] if it is no `T`, naming the field.
    pub async fn get_versioned<T: DeserializeOwned>(&self, key: &str) -> Result<Option<Versioned<T>>, StoreError> {
        let Some(bytes) = self.0.read(self.0.place(key)?).await? else { return Ok(None) };
        let Entry { value, revision, .. } = entry(key.to_owned(), &bytes)?;
        Ok(Some(Versioned { value, revision }))
    }

    /// Stores `value` under `key`, whatever was there.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`], [`StoreError::InvalidKey`], or [`StoreError::Codec`] if the value cannot be stored.
    pub fn set<T: Serialize + ?Sized>(
        &self,
        key: &str,
        value: &T,
    ) -> impl Future<Output = Result<(), StoreError>> + Send {
        // Encoded at once, so that the future does not hold on to a value of any type.
        let document = self.seal(key, value);
        async move {
            let (place, mut document) = document?;
            for _ in 0..ATTEMPTS {
                let before = self.0.head(key, &place).await?;
                if let Committed::Done = self.0.put(&place, &mut document, before).await?.0 {
                    return Ok(());
                }
            }
            Err(contended(key))
        }
    }

    /// Stores `value` under `key` if what is there has the revision `expected`, or if nothing is there and that is expected.
    /// Gives back the revision that it has now.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if somebody else wrote the key; otherwise as [`set`](Self::set).
    pub fn set_if<T: Serialize + ?Sized>(
        &self,
        key: &str,
        value: &T,
        expected: Option<Revision>,
    ) -> impl Future<Output = Result<Revision, StoreError>> + Send {
        let document = self.seal(key, value);
        async move {
            let (place, mut document) = document?;
            match self.0.put(&place, &mut document, expected.map(|revision| revision.0)).await? {
                (Committed::Done, head) => Ok(Revision(head)),
                (Committed::Conflict, _) => Err(StoreError::Conflict { key: key.into() }),
            }
        }
    }

    /// Adds `by` to the integer under `key`, 0 if nothing is there, and gives back the sum. Nothing that others add at the
    /// same time is lost.
    ///
    /// # Errors
    /// [`StoreError::NotAnInteger`] if something else is there, [`StoreError::Overflow`] if the sum is beyond 64 bits.
    pub async fn increment(&self, key: &str, by: i64) -> Result<i64, StoreError> {
        let place = self.0.place(key)?;
        for _ in 0..ATTEMPTS {
            let before = self.0.read(place.clone()).await?;
            let (value, head) = match &before {
                None => (0, None),
                Some(bytes) => {
                    let value = opened(key, bytes)?;
                    let head = codec::head(bytes).map_err(|source| StoreError::codec(key, source))?;
                    let integer = if let Value::Number(number) = value { number.as_i64() } else { None };
                    let refused = || StoreError::NotAnInteger { key: key.into(), found: value.kind() };
                    (integer.ok_or_else(refused)?, Some(head))
                }
            };
            let overflow = || StoreError::Overflow { key: key.into(), value, by };
            let sum = value.checked_add(by).ok_or_else(overflow)?;
            let mut document = self.seal(key, &sum)?.1;
            if let Committed::Done = self.0.put(&place, &mut document, head).await?.0 {
                return Ok(sum);
            }
        }
        Err(contended(key))
    }

    /// Removes what is stored under `key`, and tells whether there was something. Of several who delete it at once, one is
    /// told so.
    ///
    /// # Errors
    /// [`StoreError::InvalidKey`], or [`StoreError::Engine`].
    pub async fn delete(&self, key: &str) -> Result<bool, StoreError> {
        let place = self.0.place(key)?;
        for _ in 0..ATTEMPTS {
            let Some(head) = self.0.head(key, &place).await? else { return Ok(false) };
            let write = Write::delete(place.clone()).when(Precondition::Head(head.to_bytes()));
            if let Committed::Done = self.0.commit(write, None).await? {
                return Ok(true);
            }
        }
        Err(contended(key))
    }

    /// The keys that begin with `prefix`, in the order of their bytes, a page of up to 1,000.
    pub fn keys(&self, prefix: &str) -> Keys {
        Keys::new(self.0.clone(), prefix)
    }

    /// How many documents match `filter`.
    pub fn count(&self, filter: Filter) -> Count {
        Count::new(self.0.clone(), filter)
    }

    /// The documents that match `filter`, in the order of their keys unless sorted, a page of 100 unless limited.
    pub fn find<T>(&self, filter: Filter) -> Find<T> {
        Find::new(self.0.clone(), filter)
    }

    /// Every app that has a document here, in the order of their ids. The cost is a read for each app, however many
    /// documents each has.
    ///
    /// # Errors
    /// [`StoreError::Engine`] if the engine cannot be read.
    pub async fn apps(&self) -> Result<Vec<AppId>, StoreError> {
        let mut range = Key::of(Kind::Document).range();
        let mut apps = Vec::new();
        loop {
            let found = self.0.scan(Scan {
                range: range.clone(),
                limit: 1,
                bytes: usize::MAX,
                direction: Direction::Forward,
                wanted: Wanted::Keys,
            });
            let found = found.await?;
            let app = found.rows.first().and_then(|(key, _)| key::parse_document(key));
            let Some(app) = app.and_then(|(app, _)| AppId::new(app).ok()) else { return Ok(apps) };
            range.start = key::document(&app, "").range().end;
            apps.push(app);
        }
    }

    /// Where the document `key` lies, and its bytes under a head that is still to be set.
    fn seal<T: Serialize + ?Sized>(&self, key: &str, value: &T) -> Result<(Vec<u8>, Vec<u8>), StoreError> {
        let place = self.0.place(key)?;
        let document = codec::encode(value).map_err(|source| StoreError::codec(key, source))?;
        match document.len() {
            size if size > MAX_DOCUMENT => Err(StoreError::TooLarge { key: key.into(), size, limit: MAX_DOCUMENT }),
            _ => Ok((place, document)),
        }
    }
}

fn contended(key: &str) -> StoreError {
    StoreError::Contended { key: key.into(), attempts: ATTEMPTS }
}

#[cfg(test)]
pub(crate) mod tests;
