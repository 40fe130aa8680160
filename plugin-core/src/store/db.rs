//! A plugin's data in one app: documents by key.

use std::{
    future::Future,
    hash::{BuildHasher, RandomState},
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
};

use serde::{Serialize, de::DeserializeOwned};

use super::{
    codec::{self, Head},
    engine::{Direction, Durability, Engine, EngineError, Got, Keyspace, Precondition, Read, Scan, Wanted, Write},
    error::StoreError,
    filter::Filter,
    key::{self, Key, Kind, MAX_USER_KEY},
    page::{Entry, Revision, Versioned},
    query::{Count, Find, Keys},
    value::Value,
};
use crate::id::AppId;

/// The largest document, in bytes as it is encoded.
pub const MAX_DOCUMENT: usize = 1 << 20;
/// How often a write is tried when others write the same key at once. Each time one of them has succeeded.
const ATTEMPTS: usize = 1000;
/// How often a commit of unknown outcome is issued before its outcome stays unknown.
const REISSUES: usize = 5;

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
#[derive(Debug, Clone)]
pub struct Db {
    engine: Arc<dyn Engine>,
    keyspace: Keyspace,
    app: AppId,
    durability: Durability,
}

/// What became of a commit.
enum Committed {
    Done,
    Conflict,
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

    /// The keyspace that they are in.
    pub fn keyspace(&self) -> &Keyspace {
        &self.keyspace
    }

    /// What is stored under `key`, if anything.
    ///
    /// # Errors
    /// [`StoreError::Codec`] if it is no `T`, naming the field.
    pub async fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, StoreError> {
        let Some(bytes) = self.read(self.key(key)?).await? else { return Ok(None) };
        codec::decode(&bytes).map(Some).map_err(|source| StoreError::codec(key, source))
    }

    /// What is stored under `key`, if anything, with the revision that [`set_if`](Self::set_if) asks for.
    ///
    /// # Errors
    /// [`StoreError::Codec`] if it is no `T`, naming the field.
    pub async fn get_versioned<T: DeserializeOwned>(&self, key: &str) -> Result<Option<Versioned<T>>, StoreError> {
        let Some(bytes) = self.read(self.key(key)?).await? else { return Ok(None) };
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
                let before = self.head(key, &place).await?;
                if let Committed::Done = self.put(&place, &mut document, before).await?.0 {
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
            match self.put(&place, &mut document, expected.map(|revision| revision.0)).await? {
                (Committed::Done, head) => Ok(Revision(head)),
                (Committed::Conflict, _) => Err(StoreError::Conflict { key: key.into() }),
            }
        }
    }

    /// The write that stores `value` under `key` on top of `expected`, for a commit of several, with the revision that it
    /// will have.
    ///
    /// # Errors
    /// As [`set`](Self::set).
    pub fn write<T: Serialize + ?Sized>(
        &self,
        key: &str,
        value: &T,
        expected: Option<Revision>,
    ) -> Result<(Write, Revision), StoreError> {
        let (place, mut document) = self.seal(key, value)?;
        let expected = expected.map(|revision| revision.0);
        let head = next(expected);
        codec::set_head(&mut document, head);
        Ok((Write::put(place, document).when(precondition(expected)), Revision(head)))
    }

    /// Adds `by` to the integer under `key`, 0 if nothing is there, and gives back the sum. Nothing that others add at the
    /// same time is lost.
    ///
    /// # Errors
    /// [`StoreError::NotAnInteger`] if something else is there, [`StoreError::Overflow`] if the sum is beyond 64 bits.
    pub async fn increment(&self, key: &str, by: i64) -> Result<i64, StoreError> {
        let place = self.key(key)?;
        for _ in 0..ATTEMPTS {
            let before = self.read(place.clone()).await?;
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
            if let Committed::Done = self.put(&place, &mut document, head).await?.0 {
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
        let place = self.key(key)?;
        for _ in 0..ATTEMPTS {
            let Some(head) = self.head(key, &place).await? else { return Ok(false) };
            let write = Write::delete(place.clone()).when(Precondition::Head(head.to_bytes()));
            if let Committed::Done = self.commit(write, None).await? {
                return Ok(true);
            }
        }
        Err(contended(key))
    }

    /// The keys that begin with `prefix`, in the order of their bytes, a page of up to 1,000.
    pub fn keys(&self, prefix: &str) -> Keys {
        Keys::new(self.clone(), prefix)
    }

    /// How many documents match `filter`.
    pub fn count(&self, filter: Filter) -> Count {
        Count::new(self.clone(), filter)
    }

    /// The documents that match `filter`, in the order of their keys unless sorted, a page of 100 unless limited.
    pub fn find<T>(&self, filter: Filter) -> Find<T> {
        Find::new(self.clone(), filter)
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
            let found = self.scan(Scan {
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

    /// Where the document `key` lies.
    fn key(&self, key: &str) -> Result<Vec<u8>, StoreError> {
        match key.len() {
            1..=MAX_USER_KEY => Ok(key::document(&self.app, key).into_bytes()),
            length => Err(StoreError::InvalidKey { length }),
        }
    }

    fn seal<T: Serialize + ?Sized>(&self, key: &str, value: &T) -> Result<(Vec<u8>, Vec<u8>), StoreError> {
        let place = self.key(key)?;
        let document = codec::encode(value).map_err(|source| StoreError::codec(key, source))?;
        match document.len() {
            size if size > MAX_DOCUMENT => Err(StoreError::TooLarge { key: key.into(), size, limit: MAX_DOCUMENT }),
            _ => Ok((place, document)),
        }
    }

    async fn read(&self, place: Vec<u8>) -> Result<Option<Vec<u8>>, StoreError> {
        let got = self.engine.read(&self.keyspace, &[Read::Get(place)]).await?;
        match got.into_iter().next() {
            Some(Got::Value(value)) => Ok(value),
            _ => Err(answered_otherwise()),
        }
    }

    pub(super) async fn scan(&self, scan: Scan) -> Result<super::engine::Entries, StoreError> {
        let got = self.engine.read(&self.keyspace, &[Read::Scan(scan)]).await?;
        match got.into_iter().next() {
            Some(Got::Entries(entries)) => Ok(entries),
            _ => Err(answered_otherwise()),
        }
    }

    async fn head(&self, key: &str, place: &[u8]) -> Result<Option<Head>, StoreError> {
        let bytes = self.read(place.to_vec()).await?;
        bytes.map(|bytes| codec::head(&bytes)).transpose().map_err(|source| StoreError::codec(key, source))
    }

    /// Commits sealed bytes on top of `before`, under a head of their own.
    async fn put(
        &self,
        place: &[u8],
        document: &mut [u8],
        before: Option<Head>,
    ) -> Result<(Committed, Head), StoreError> {
        let head = next(before);
        codec::set_head(document, head);
        let write = Write::put(place.to_vec(), document.to_vec()).when(precondition(before));
        Ok((self.commit(write, Some(head)).await?, head))
    }

    /// Commits one write, after which the key has the head `after`. Where an engine cannot tell the outcome, the same commit
    /// is issued again, and a conflict with one's own tag means that it had succeeded.
    async fn commit(&self, write: Write, after: Option<Head>) -> Result<Committed, StoreError> {
        let mut unknown = false;
        for _ in 0..REISSUES {
            match self.engine.commit(&self.keyspace, vec![write.clone()], self.durability).await {
                Ok(()) => return Ok(Committed::Done),
                Err(EngineError::UnknownOutcome) => unknown = true,
                Err(EngineError::Conflict(_)) if !unknown => return Ok(Committed::Conflict),
                Err(EngineError::Conflict(_)) => {
                    let now = self.read(write.key.clone()).await?.and_then(|bytes| codec::head(&bytes).ok());
                    if now == after {
                        return Ok(Committed::Done);
                    }
                    // Somebody wrote after it, or instead of it: which, nobody can tell.
                    break;
                }
                Err(other) => return Err(other.into()),
            }
        }
        Err(EngineError::UnknownOutcome.into())
    }
}

fn answered_otherwise() -> StoreError {
    EngineError::Corrupt("the engine's answer is not one to the question".into()).into()
}

fn contended(key: &str) -> StoreError {
    StoreError::Contended { key: key.into(), attempts: ATTEMPTS }
}

fn precondition(before: Option<Head>) -> Precondition {
    before.map_or(Precondition::Absent, |head| Precondition::Head(head.to_bytes()))
}

/// The head of the next write. Its tag is drawn once a process and then counted under a keyed hash: unlike any other's, and
/// nothing that is computed depends on it.
fn next(before: Option<Head>) -> Head {
    static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let revision = before.map_or(0, |head| head.revision).saturating_add(1);
    Head { revision, tag: KEY.hash_one(COUNT.fetch_add(1, Ordering::Relaxed)) }
}

/// The value of a document.
pub(super) fn opened(key: &str, bytes: &[u8]) -> Result<Value, StoreError> {
    codec::open(bytes).map_err(|source| StoreError::codec(key, source))
}

/// A document as a `T`.
pub(super) fn entry<T: DeserializeOwned>(key: String, bytes: &[u8]) -> Result<Entry<T>, StoreError> {
    match codec::decode(bytes).and_then(|value| Ok((value, codec::head(bytes)?))) {
        Ok((value, head)) => Ok(Entry { key, value, revision: Revision(head) }),
        Err(source) => Err(StoreError::Codec { key, source }),
    }
}

#[cfg(test)]
mod tests;
