//! A plugin's data in one app: documents by key.

use std::{future::Future, sync::Arc, time::Duration};

use serde::{Serialize, de::DeserializeOwned};

pub use super::documents::MAX_DOCUMENT;
use super::{
    codec::Head,
    documents::{Change, Documents, New},
    engine::{Durability, Engine, Keyspace},
    error::StoreError,
    filter::Filter,
    page::{Revision, Versioned},
    query::{Count, Find, Keys},
    record::{Record, of_key},
    space::{Committed, Space},
    value::Value,
};
use crate::id::AppId;

/// How often a write is tried when others write the same key at once. Each time one of them has succeeded.
pub(super) const ATTEMPTS: usize = 1000;

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
pub struct Db(pub(super) Documents);

impl Db {
    /// The documents of `app` in `keyspace`, which must be open in `engine`. Commits return when they are as safe as
    /// `durability` says. For whoever has an engine, which no plugin is given.
    pub fn new(engine: Arc<dyn Engine>, keyspace: Keyspace, app: AppId, durability: Durability) -> Self {
        Self::over(Arc::new(Space::new(engine, keyspace, durability)), app)
    }

    /// The documents of `app` in `space`.
    pub fn over(space: Arc<Space>, app: AppId) -> Self {
        Self(Documents { space, app })
    }

    /// The app whose documents these are.
    pub fn app(&self) -> &AppId {
        &self.0.app
    }

    /// What is stored under `key`, if anything.
    ///
    /// # Errors
    /// [`StoreError::Codec`] if it is no `T`, naming the field.
    pub async fn get<T: DeserializeOwned + Send>(&self, key: &str) -> Result<Option<T>, StoreError> {
        self.0.look(key, |record: &Record<'_>| record.read()).await
    }

    /// What is stored under `key`, if anything, with the revision that [`set_if`](Self::set_if) asks for.
    ///
    /// # Errors
    /// [`StoreError::Codec`] if it is no `T`, naming the field.
    pub async fn get_versioned<T: DeserializeOwned + Send>(
        &self,
        key: &str,
    ) -> Result<Option<Versioned<T>>, StoreError> {
        let versioned =
            |record: &Record<'_>| Ok(Versioned { value: record.read()?, revision: Revision(record.head()) });
        self.0.look(key, versioned).await
    }

    /// Stores `value` under `key`, whatever was there. It does not expire.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`], [`StoreError::InvalidKey`], [`StoreError::Codec`] if the value cannot be stored,
    /// [`StoreError::Duplicate`] if a unique index has another document with the same values.
    pub fn set<T: Serialize + ?Sized>(
        &self,
        key: &str,
        value: &T,
    ) -> impl Future<Output = Result<(), StoreError>> + Send {
        // Encoded at once, so that the future does not hold on to a value of any type.
        let new = self.encode(key, value);
        async move { self.0.put(key, &new?).await }
    }

    /// Stores `value` under `key` for `lifetime`, whatever was there: after that it is as if it had been deleted.
    ///
    /// ```
    /// # use std::{sync::Arc, time::Duration};
    /// # use plugin_core::store::{Db, MemEngine, StoreError, conformance::block_on, engine::{Durability, Engine, Keyspace}};
    /// # block_on(async {
    /// # let (engine, keyspace) = (Arc::new(MemEngine::new()), Keyspace::of_plugin("analytics"));
    /// # engine.open(&keyspace).await?;
    /// # let db = Db::new(engine, keyspace, Default::default(), Durability::Synced);
    /// db.set_for("sign-in:7f", &"ada", Duration::from_secs(600)).await?;
    /// # Ok::<_, StoreError>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    /// As [`set`](Self::set).
    pub fn set_for<T: Serialize + ?Sized>(
        &self,
        key: &str,
        value: &T,
        lifetime: Duration,
    ) -> impl Future<Output = Result<(), StoreError>> + Send {
        let new = self.encode(key, value).map(|new| New { expiry: Some(self.0.expiry(lifetime)), ..new });
        async move { self.0.put(key, &new?).await }
    }

    /// Stores `value` under `key` if nothing is there.
    ///
    /// # Errors
    /// [`StoreError::Exists`] if something is; otherwise as [`set`](Self::set).
    pub fn insert<T: Serialize + ?Sized>(
        &self,
        key: &str,
        value: &T,
    ) -> impl Future<Output = Result<Revision, StoreError>> + Send {
        let new = self.encode(key, value);
        async move { self.0.insert(key, &new?).await.map(Revision) }
    }

    /// Stores `value` under `key` if what is there has the revision `expected`, or if nothing is there and that is expected.
    /// Gives back the revision that it has now. It does not expire.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if somebody else wrote the key; otherwise as [`set`](Self::set).
    pub fn set_if<T: Serialize + ?Sized>(
        &self,
        key: &str,
        value: &T,
        expected: Option<Revision>,
    ) -> impl Future<Output = Result<Revision, StoreError>> + Send {
        let new = self.encode(key, value);
        async move { self.0.replace(key, &new?, expected.map(|it| it.0)).await.map(Revision) }
    }

    /// Adds `by` to the integer under `key`, 0 if nothing is there, and gives back the sum. Nothing that others add at the
    /// same time is lost. When it expires stays as it is.
    ///
    /// # Errors
    /// [`StoreError::NotAnInteger`] if something else is there, [`StoreError::Overflow`] if the sum is beyond 64 bits.
    pub async fn increment(&self, key: &str, by: i64) -> Result<i64, StoreError> {
        for _ in 0..ATTEMPTS {
            let before = self.0.read(key).await?;
            let (value, expiry) = match self.0.live(key, before.as_deref())? {
                None => (0, None),
                Some(record) => (integer(key, &of_key(key, record.value())?)?, record.expiry()),
            };
            let sum = value.checked_add(by).ok_or_else(|| StoreError::Overflow { key: key.into(), value, by })?;
            let new = New { expiry, ..self.0.new_value(key, Value::from(sum))? };
            let change = Change { key, before: before.as_deref(), after: Some(&new) };
            if let (Committed::Done, _) = self.0.commit(change).await? {
                return Ok(sum);
            }
        }
        Err(contended(key))
    }

    /// Removes what is stored under `key`, and tells whether there was something. Of several who delete it at once, one is
    /// told so.
    ///
    /// # Errors
    /// [`StoreError::InvalidKey`], or [`StoreError::Engine`]. After an unknown outcome nobody can tell who removed a key that is gone: then
    /// it is [`EngineError::UnknownOutcome`](super::engine::EngineError::UnknownOutcome).
    pub async fn delete(&self, key: &str) -> Result<bool, StoreError> {
        self.0.delete(key).await
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
        self.0.space.apps().await
    }

    fn encode<T: Serialize + ?Sized>(&self, key: &str, value: &T) -> Result<New, StoreError> {
        let value = Value::of(value).map_err(|problem| StoreError::codec(key, problem.into()))?;
        self.0.new_value(key, value)
    }
}

impl Documents {
    /// Stores `new` under `key`, whatever was there.
    pub(super) async fn put(&self, key: &str, new: &New) -> Result<(), StoreError> {
        for _ in 0..ATTEMPTS {
            let before = self.read(key).await?;
            let change = Change { key, before: before.as_deref(), after: Some(new) };
            if let (Committed::Done, _) = self.commit(change).await? {
                return Ok(());
            }
        }
        Err(contended(key))
    }

    /// Stores `new` under `key` if nothing is there.
    pub(super) async fn insert(&self, key: &str, new: &New) -> Result<Head, StoreError> {
        match self.replace(key, new, None).await {
            Err(StoreError::Conflict { key }) => Err(StoreError::Exists { key }),
            done => done,
        }
    }

    /// Stores `new` under `key` on top of the write `expected`, or of nothing.
    pub(super) async fn replace(&self, key: &str, new: &New, expected: Option<Head>) -> Result<Head, StoreError> {
        for _ in 0..ATTEMPTS {
            let before = self.read(key).await?;
            if self.live(key, before.as_deref())?.map(|record| record.head()) != expected {
                return Err(StoreError::Conflict { key: key.into() });
            }
            let change = Change { key, before: before.as_deref(), after: Some(new) };
            if let (Committed::Done, Some(head)) = self.commit(change).await? {
                return Ok(head);
            }
        }
        Err(contended(key))
    }

    /// Removes the document `key`, and tells whether it was there.
    pub(super) async fn delete(&self, key: &str) -> Result<bool, StoreError> {
        for _ in 0..ATTEMPTS {
            let before = self.read(key).await?;
            // What cannot be read can be removed all the same.
            if let Ok(None) = self.live(key, before.as_deref()) {
                return Ok(false);
            }
            let change = Change { key, before: before.as_deref(), after: None };
            if let (Committed::Done, _) = self.commit(change).await? {
                return Ok(true);
            }
        }
        Err(contended(key))
    }
}

/// The integer that `key` holds.
pub(super) fn integer(key: &str, value: &Value) -> Result<i64, StoreError> {
    let integer = if let Value::Number(number) = value { number.as_i64() } else { None };
    integer.ok_or_else(|| StoreError::NotAnInteger { key: key.into(), found: value.kind() })
}

pub(super) fn contended(key: &str) -> StoreError {
    StoreError::Contended { key: key.into(), attempts: ATTEMPTS }
}

#[cfg(test)]
pub(crate) mod tests;
