//! Transactions: several documents of one plugin and app, read and written as if nobody else were there.
//!
//! Nothing is locked. What is read is remembered by its revision, what is written is kept back, and one commit holds the one against the
//! store and writes the other. If somebody wrote meanwhile what was read, all of it is done again, on what is there now.

use std::{
    collections::{BTreeMap, btree_map},
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde::{Serialize, de::DeserializeOwned};

use super::{
    codec::Head,
    db::{Db, integer},
    documents::{Batch, Change, Documents, New},
    engine::{EngineError, Write},
    error::StoreError,
    page::{Revision, Versioned},
    record::of_key,
    space::Committed,
    typed::Document,
    value::Value,
};
use crate::error::Result;

/// How often a transaction is tried again when others got in between.
const RETRIES: u32 = 5;

/// A transaction that is under way: what [`Db::txn`] gives its closure. Cheap to clone; all clones are the same.
///
/// It reads what it has written. Nothing of it is there for others, nor on disk, before the closure has returned `Ok` and the commit is
/// done.
#[derive(Debug, Clone)]
pub struct Txn {
    documents: Documents,
    state: Arc<Mutex<State>>,
}

/// What a transaction knows and wants.
#[derive(Debug, Default)]
struct State {
    /// What is stored under the keys that were looked at, expired or not.
    read: BTreeMap<String, Option<Arc<Vec<u8>>>>,
    /// What is to be there; none for what is to be gone.
    written: BTreeMap<String, Option<New>>,
    /// Rows of other kinds that leave with the commit.
    more: Vec<Write>,
}

impl Db {
    /// Does `work` as one: all that it writes is there afterwards or nothing, and nobody else wrote what it read in the meantime.
    ///
    /// `work` may run several times and must be able to: its only effect should be what it asks of the transaction. An `Err` of it gives
    /// everything up and is handed on. It reads documents by their keys; whoever needs to be sure that there is none like another uses a
    /// unique index. At most 512 documents, index entries and events, and 4 MiB, make one commit.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use plugin_core::store::{Db, MemEngine, conformance::block_on, engine::{Durability, Engine, Keyspace}};
    /// # block_on(async {
    /// # let (engine, keyspace) = (Arc::new(MemEngine::new()), Keyspace::of_plugin("bank"));
    /// # engine.open(&keyspace).await?;
    /// # let db = Db::new(engine, keyspace, Default::default(), Durability::Synced);
    /// db.set("accounts:ada", &10).await?;
    /// db.set("accounts:eve", &0).await?;
    /// let moved = db.txn(|tx| async move {
    ///     let all: i64 = tx.get("accounts:ada").await?.unwrap_or(0);
    ///     tx.increment("accounts:ada", -all).await?;
    ///     tx.increment("accounts:eve", all).await?;
    ///     Ok(all)
    /// });
    /// assert_eq!(moved.await?, 10);
    /// assert_eq!(db.get::<i64>("accounts:eve").await?, Some(10));
    /// # Ok::<_, plugin_core::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    /// [`StoreError::TransactionConflict`] when others were in between each of six times; what `work` fails with; otherwise
    /// [`StoreError`] as the writes by themselves.
    pub fn txn<'a, R, F, Fut>(&'a self, work: F) -> impl Future<Output = Result<R>> + Send + 'a
    where
        R: Send + 'a,
        F: Fn(Txn) -> Fut + Send + 'a,
        Fut: Future<Output = Result<R>> + Send + 'a,
    {
        self.0.transaction(work, |txn| async move { Ok(txn.commit().await?) })
    }
}

impl Db {
    /// Runs `work`, and `commit` with what it wants, until nobody is in between.
    pub(crate) async fn transaction<R, F, Fut, Done>(&self, work: F, commit: impl Fn(Txn) -> Done) -> Result<R>
    where
        F: Fn(Txn) -> Fut,
        Fut: Future<Output = Result<R>>,
        Done: Future<Output = Result<Committed>>,
    {
        self.0.transaction(work, commit).await
    }
}

impl Documents {
    /// Runs `work` and `commit` until nobody is in between.
    async fn transaction<R, F, Fut, Done>(&self, work: F, commit: impl Fn(Txn) -> Done) -> Result<R>
    where
        F: Fn(Txn) -> Fut,
        Fut: Future<Output = Result<R>>,
        Done: Future<Output = Result<Committed>>,
    {
        for attempt in 0..=RETRIES {
            if attempt > 0 {
                self.space.pause(attempt).await;
            }
            let txn = Txn { documents: self.clone(), state: Arc::default() };
            match work(txn.clone()).await {
                Ok(done) => {
                    if commit(txn).await? == Committed::Done {
                        return Ok(done);
                    }
                }
                // It may have failed because it read the one thing before somebody's commit and the other after it.
                Err(error) => {
                    if txn.is_up_to_date().await? {
                        return Err(error);
                    }
                }
            }
        }
        Err(StoreError::TransactionConflict { attempts: RETRIES + 1 }.into())
    }
}

impl Txn {
    /// The transaction's own state. Nothing panics while it is locked.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is stored under `key`, as of the first time that it was looked at.
    async fn stored(&self, key: &str) -> Result<Option<Arc<Vec<u8>>>, StoreError> {
        if let Some(known) = self.state().read.get(key) {
            return Ok(known.clone());
        }
        let bytes = self.documents.read(key).await?.map(Arc::new);
        match self.state().read.entry(key.to_owned()) {
            // Two were looking at once.
            btree_map::Entry::Occupied(known) => Ok(known.get().clone()),
            btree_map::Entry::Vacant(place) => Ok(place.insert(bytes).clone()),
        }
    }

    /// The value under `key` as this transaction sees it.
    async fn value(&self, key: &str) -> Result<Option<Value>, StoreError> {
        self.documents.place(key)?;
        if let Some(written) = self.state().written.get(key) {
            let value = |new: &New| of_key(key, new.payload.value(&self.documents.space.schema, key));
            return written.as_ref().map(value).transpose();
        }
        let bytes = self.stored(key).await?;
        let record = self.documents.live(key, bytes.as_ref().map(|bytes| &***bytes))?;
        record.map(|record| of_key(key, record.value())).transpose()
    }

    /// The typed document under `key` as this transaction sees it.
    pub(super) async fn document<T: Document>(&self, key: &str) -> Result<Option<T>, StoreError> {
        self.documents.place(key)?;
        if let Some(written) = self.state().written.get(key) {
            let document = |new: &New| of_key(key, new.payload.document());
            return written.as_ref().map(document).transpose();
        }
        let bytes = self.stored(key).await?;
        let record = self.documents.live(key, bytes.as_ref().map(|bytes| &***bytes))?;
        record.map(|record| of_key(key, record.document())).transpose()
    }

    /// What is stored under `key`, if anything.
    ///
    /// # Errors
    /// [`StoreError::Codec`] if it is no `T`.
    pub async fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, StoreError> {
        let value = self.value(key).await?;
        let typed = |value: Value| of_key(key, super::codec::typed(|| Ok(value.clone())));
        value.map(typed).transpose()
    }

    /// What is stored under `key`, with its revision: that of what was there before, if this transaction has written it.
    ///
    /// # Errors
    /// [`StoreError::Codec`] if it is no `T`.
    pub async fn get_versioned<T: DeserializeOwned>(&self, key: &str) -> Result<Option<Versioned<T>>, StoreError> {
        let Some(value) = self.get(key).await? else { return Ok(None) };
        let bytes = self.stored(key).await?;
        let record = self.documents.live(key, bytes.as_ref().map(|bytes| &***bytes))?;
        let revision = Revision(record.map(|record| record.head()).unwrap_or_default());
        Ok(Some(Versioned { value, revision }))
    }

    /// Stores `value` under `key`, whatever was there.
    ///
    /// # Errors
    /// [`StoreError::InvalidKey`], or [`StoreError::Codec`] if the value cannot be stored.
    pub fn set<T: Serialize + ?Sized>(&self, key: &str, value: &T) -> Result<(), StoreError> {
        self.put(key, value, None)
    }

    /// Stores `value` under `key` for `lifetime`, whatever was there.
    ///
    /// # Errors
    /// As [`set`](Self::set).
    pub fn set_for<T: Serialize + ?Sized>(&self, key: &str, value: &T, lifetime: Duration) -> Result<(), StoreError> {
        self.put(key, value, Some(self.documents.expiry(lifetime)))
    }

    /// Stores `value` under `key` if nothing is there.
    ///
    /// # Errors
    /// [`StoreError::Exists`] if something is; otherwise as [`set`](Self::set).
    pub async fn insert<T: Serialize + ?Sized + Sync>(&self, key: &str, value: &T) -> Result<(), StoreError> {
        match self.value(key).await? {
            Some(_) => Err(StoreError::Exists { key: key.into() }),
            None => self.set(key, value),
        }
    }

    /// Adds `by` to the integer under `key`, 0 if nothing is there, and gives back the sum.
    ///
    /// # Errors
    /// [`StoreError::NotAnInteger`], [`StoreError::Overflow`].
    pub async fn increment(&self, key: &str, by: i64) -> Result<i64, StoreError> {
        let value = match self.value(key).await? {
            Some(value) => integer(key, &value)?,
            None => 0,
        };
        let sum = value.checked_add(by).ok_or_else(|| StoreError::Overflow { key: key.into(), value, by })?;
        let expiry = self.expiry(key).await?;
        self.put(key, &sum, expiry)?;
        Ok(sum)
    }

    /// Removes what is stored under `key`, and tells whether there was something.
    ///
    /// # Errors
    /// [`StoreError::InvalidKey`], or [`StoreError::Engine`].
    pub async fn delete(&self, key: &str) -> Result<bool, StoreError> {
        self.documents.place(key)?;
        let written = self.state().written.get(key).map(Option::is_some);
        let was_there = match written {
            Some(is_there) => is_there,
            None => {
                let bytes = self.stored(key).await?;
                // What cannot be read can be removed all the same.
                !matches!(self.documents.live(key, bytes.as_ref().map(|bytes| &***bytes)), Ok(None))
            }
        };
        self.state().written.insert(key.to_owned(), None);
        Ok(was_there)
    }

    /// When what is under `key` expires.
    async fn expiry(&self, key: &str) -> Result<Option<u64>, StoreError> {
        if let Some(written) = self.state().written.get(key) {
            return Ok(written.as_ref().and_then(|new| new.expiry));
        }
        let bytes = self.stored(key).await?;
        let record = self.documents.live(key, bytes.as_ref().map(|bytes| &***bytes))?;
        Ok(record.and_then(|record| record.expiry()))
    }

    fn put<T: Serialize + ?Sized>(&self, key: &str, value: &T, expiry: Option<u64>) -> Result<(), StoreError> {
        self.documents.place(key)?;
        let value = Value::of(value).map_err(|problem| StoreError::codec(key, problem.into()))?;
        let new = New { expiry, ..self.documents.new_value(key, value)? };
        self.write(key, Some(new));
        Ok(())
    }

    pub(super) fn documents(&self) -> &Documents {
        &self.documents
    }

    pub(super) fn write(&self, key: &str, new: Option<New>) {
        self.state().written.insert(key.to_owned(), new);
    }

    /// Lets rows of another kind leave with the commit.
    pub(crate) fn with(&self, rows: Vec<Write>) {
        self.state().more.extend(rows);
    }

    /// Whether nobody has written what was read since.
    async fn is_up_to_date(&self) -> Result<bool, StoreError> {
        let read = self.state().read.clone();
        let places = read.keys().map(|key| self.documents.place(key)).collect::<Result<_, _>>()?;
        let now = self.documents.space.get_all(places).await?;
        Ok(read.values().zip(now).all(|(then, now)| then.as_ref().map(|then| &***then) == now.as_deref()))
    }

    /// Commits what it wants, if nobody has written what it read.
    pub(crate) async fn commit(&self) -> Result<Committed, StoreError> {
        match self.try_to_commit().await {
            // What it wants may be impossible for no other reason than that somebody has.
            Err(problem) if wrote_nothing(&problem) && !self.is_up_to_date().await? => Ok(Committed::Conflict(0)),
            ended => ended,
        }
    }

    async fn try_to_commit(&self) -> Result<Committed, StoreError> {
        // What is written without having been read is written on top of what is there now.
        let unread: Vec<String> = {
            let state = self.state();
            state.written.keys().filter(|key| !state.read.contains_key(*key)).cloned().collect()
        };
        for key in unread {
            self.stored(&key).await?;
        }
        let (read, written, more) = {
            let state = self.state();
            (state.read.clone(), state.written.clone(), state.more.clone())
        };
        // Who wrote nothing only has to have seen one moment.
        if written.is_empty() && more.is_empty() {
            return Ok(if self.is_up_to_date().await? { Committed::Done } else { Committed::Conflict(0) });
        }
        let before = |key: &String| read.get(key).and_then(Option::as_ref).map(|bytes| &***bytes);
        let changes: Vec<Change<'_>> =
            written.iter().map(|(key, new)| Change { key, before: before(key), after: new.as_ref() }).collect();
        let mut batch: Batch = self.documents.compose(&changes).await?;
        for key in read.keys().filter(|key| !written.contains_key(*key)) {
            let head: Option<Head> =
                before(key).map(super::codec::head).transpose().or_else(|source| of_key(key, Err(source)))?;
            batch.hold(self.documents.place(key)?, head);
        }
        self.documents.finish(batch, more).await
    }
}

/// Whether a commit that ends so was not begun, because of what it was to hold.
fn wrote_nothing(problem: &StoreError) -> bool {
    match problem {
        StoreError::Engine(problem) => matches!(problem, EngineError::TooLarge { .. } | EngineError::Invalid(_)),
        _ => true,
    }
}

#[cfg(test)]
mod tests;
