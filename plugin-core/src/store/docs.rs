//! Typed documents of a plugin in one app.

mod find;
#[cfg(test)]
mod tests;

use std::{future::Future, marker::PhantomData, time::Duration};

pub use self::find::FindDocs;
use super::{
    db::{ATTEMPTS, Db, contended},
    documents::{Change, Documents, New},
    error::StoreError,
    page::{Revision, Versioned},
    query::Count,
    record::{Payload, Record, of_key},
    search::Search,
    space::Committed,
    txn::Txn,
    typed::{Document, query::TypedFilter},
};

/// The documents of the type `T` of a plugin in one app: `ctx.docs::<T>()`.
///
/// A document is stored as its type's own bytes under `{collection}:{id}`. Older versions are read through their migrations.
///
/// ```
/// use plugin_core::{prelude::*, store::StoreError};
///
/// #[plugin(id = "notes")]
/// struct Notes;
///
/// #[document(plugin = Notes, collection = "notes")]
/// #[index(author, -written_at)]
/// struct Note { #[id] id: String, author: String, written_at: Timestamp, text: String }
///
/// # async fn example(ctx: &Context<Notes>) -> Result<()> {
/// let notes = ctx.docs::<Note>();
/// notes.put(&Note { id: "1".into(), author: "ada".into(), written_at: ctx.now(), text: "…".into() }).await?;
/// let note = notes.get("1").await?.expect("it was put");
/// let latest: Page<Entry<Note>> =
///     notes.find(query!(Note { author: "ada" })).sort(|note| note.writtenAt().descending()).limit(10).await?;
/// notes.update("1", |note| note.text.push('!')).await?;
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Docs<T> {
    pub(super) documents: Documents,
    of: PhantomData<fn() -> T>,
}

impl<T> Clone for Docs<T> {
    fn clone(&self) -> Self {
        Self { documents: self.documents.clone(), of: PhantomData }
    }
}

impl Db {
    /// The documents of the type `T`, which must be declared for this keyspace: of another plugin's type it would store bytes that are
    /// none of its own. What authors have asks the compiler whether it is.
    pub(crate) fn docs<T: Document>(&self) -> Docs<T> {
        Docs { documents: self.0.clone(), of: PhantomData }
    }
}

impl<T: Document> Docs<T> {
    pub(super) fn key(id: &str) -> String {
        format!("{}:{id}", T::COLLECTION)
    }

    /// The documents that match `filter`, in the order of their ids unless sorted, a page of 100 unless limited. The keys of what is
    /// found are ids.
    pub fn find(&self, filter: TypedFilter<T>) -> FindDocs<T> {
        let under = Self::key("");
        FindDocs::new(Search { under, ..Search::new(self.documents.clone(), filter.into()) })
    }

    /// How many documents match `filter`.
    pub fn count(&self, filter: TypedFilter<T>) -> Count {
        Count::new(self.documents.clone(), filter.into()).under(&Self::key(""))
    }

    /// A document as it is to be stored. An empty id is none.
    fn prepared(documents: &Documents, document: &T, expiry: Option<u64>) -> Result<(String, New), StoreError> {
        let id = document.id();
        if id.is_empty() {
            return Err(StoreError::EmptyId { collection: T::COLLECTION });
        }
        let key = Self::key(id);
        let payload = of_key(&key, Payload::of_document(&documents.space.schema, &key, document))?;
        let new = New::of(&key, payload, expiry)?;
        Ok((key, new))
    }

    fn made(&self, document: &T, lifetime: Option<Duration>) -> Result<(String, New), StoreError> {
        Self::prepared(&self.documents, document, lifetime.map(|lifetime| self.documents.expiry(lifetime)))
    }

    /// The document `id`, if there is one.
    ///
    /// # Errors
    /// [`StoreError::Codec`] if a later build wrote it, if it cannot be migrated, or if it is damaged.
    pub async fn get(&self, id: &str) -> Result<Option<T>, StoreError> {
        self.documents.look(&Self::key(id), |record: &Record<'_>| record.document()).await
    }

    /// The document `id`, if there is one, with the revision that [`replace`](Self::replace) asks for.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub async fn get_versioned(&self, id: &str) -> Result<Option<Versioned<T>>, StoreError> {
        let versioned =
            |record: &Record<'_>| Ok(Versioned { value: record.document()?, revision: Revision(record.head()) });
        self.documents.look(&Self::key(id), versioned).await
    }

    /// Stores `document` under its id, whatever was there.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`], [`StoreError::InvalidKey`] or [`StoreError::EmptyId`]; [`StoreError::Duplicate`] if a unique index has
    /// another document with the same values.
    pub fn put(&self, document: &T) -> impl Future<Output = Result<(), StoreError>> + Send + use<T> {
        self.putting(self.made(document, None))
    }

    /// Stores `document` for `lifetime`: after that it is as if it had been deleted.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn put_for(
        &self,
        document: &T,
        lifetime: Duration,
    ) -> impl Future<Output = Result<(), StoreError>> + Send + use<T> {
        self.putting(self.made(document, Some(lifetime)))
    }

    fn putting(
        &self,
        made: Result<(String, New), StoreError>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send + use<T> {
        let documents = self.documents.clone();
        async move {
            let (key, new) = made?;
            documents.put(&key, &new).await
        }
    }

    /// Stores `document` if there is none with its id.
    ///
    /// # Errors
    /// [`StoreError::Exists`] if there is; otherwise as [`put`](Self::put).
    pub fn insert(&self, document: &T) -> impl Future<Output = Result<Revision, StoreError>> + Send + use<T> {
        let (documents, made) = (self.documents.clone(), self.made(document, None));
        async move {
            let (key, new) = made?;
            documents.insert(&key, &new).await.map(Revision)
        }
    }

    /// Stores `document` in place of the one with its id, if that has the revision `expected`.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if somebody else wrote it; otherwise as [`put`](Self::put).
    pub fn replace(
        &self,
        document: &T,
        expected: Revision,
    ) -> impl Future<Output = Result<Revision, StoreError>> + Send + use<T> {
        let (documents, made) = (self.documents.clone(), self.made(document, None));
        async move {
            let (key, new) = made?;
            documents.replace(&key, &new, Some(expected.0)).await.map(Revision)
        }
    }

    /// Changes the document `id` if there is one, as often as others get in between, and gives it back as it is then. When it expires
    /// stays as it is.
    ///
    /// # Errors
    /// [`StoreError::OtherId`] if the change gives it another id; otherwise as [`get`](Self::get) and [`put`](Self::put).
    pub async fn update(&self, id: &str, change: impl Fn(&mut T) + Send) -> Result<Option<T>, StoreError> {
        self.change(id, || None, change).await
    }

    /// Changes the document `id`, or the one that `first` makes where there is none, as often as others get in between, and gives it back
    /// as it is then.
    ///
    /// # Errors
    /// As [`update`](Self::update).
    pub async fn update_or(
        &self,
        id: &str,
        first: impl Fn() -> T + Send,
        change: impl Fn(&mut T) + Send,
    ) -> Result<T, StoreError> {
        let changed = self.change(id, move || Some(first()), change).await?;
        changed.ok_or_else(|| contended(&Self::key(id)))
    }

    async fn change(
        &self,
        id: &str,
        first: impl Fn() -> Option<T> + Send,
        change: impl Fn(&mut T) + Send,
    ) -> Result<Option<T>, StoreError> {
        let key = Self::key(id);
        for _ in 0..ATTEMPTS {
            let before = self.documents.read(&key).await?;
            let found = match self.documents.live(&key, before.as_deref())? {
                Some(record) => Some((of_key(&key, record.document())?, record.expiry())),
                None => first().map(|document| (document, None)),
            };
            let Some((mut document, expiry)) = found else { return Ok(None) };
            change(&mut document);
            let (changed, new) = Self::prepared(&self.documents, &document, expiry)?;
            if changed != key {
                return Err(StoreError::OtherId { key, changed });
            }
            let change = Change { key: &key, before: before.as_deref(), after: Some(&new) };
            if let (Committed::Done, _) = self.documents.commit(change).await? {
                return Ok(Some(document));
            }
        }
        Err(contended(&key))
    }

    /// Removes the document `id`, and tells whether it was there.
    ///
    /// # Errors
    /// [`StoreError::Engine`] if the store fails.
    pub async fn delete(&self, id: &str) -> Result<bool, StoreError> {
        self.documents.delete(&Self::key(id)).await
    }
}

/// The documents of the type `T` as a transaction sees them.
#[derive(Debug)]
pub struct TxnDocs<'a, T> {
    txn: &'a Txn,
    of: PhantomData<fn() -> T>,
}

impl Txn {
    /// The documents of the type `T`, which must be declared for this keyspace, as for [`Db::docs`].
    pub(crate) fn docs_of<T: Document>(&self) -> TxnDocs<'_, T> {
        TxnDocs { txn: self, of: PhantomData }
    }
}

impl<T: Document> TxnDocs<'_, T> {
    /// The document `id`, if there is one.
    ///
    /// # Errors
    /// As [`Docs::get`].
    pub async fn get(&self, id: &str) -> Result<Option<T>, StoreError> {
        self.txn.document(&Docs::<T>::key(id)).await
    }

    /// Stores `document` under its id, whatever was there.
    ///
    /// # Errors
    /// As [`Docs::put`]; what indexes have to say comes with the commit.
    pub fn put(&self, document: &T) -> Result<(), StoreError> {
        let (key, new) = Docs::<T>::prepared(self.txn.documents(), document, None)?;
        self.txn.write(&key, Some(new));
        Ok(())
    }

    /// Stores `document` for `lifetime`, whatever was there.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn put_for(&self, document: &T, lifetime: Duration) -> Result<(), StoreError> {
        let documents = self.txn.documents();
        let (key, new) = Docs::<T>::prepared(documents, document, Some(documents.expiry(lifetime)))?;
        self.txn.write(&key, Some(new));
        Ok(())
    }

    /// Stores `document` if there is none with its id.
    ///
    /// # Errors
    /// [`StoreError::Exists`] if there is; otherwise as [`put`](Self::put).
    pub async fn insert(&self, document: &T) -> Result<(), StoreError> {
        let key = Docs::<T>::key(document.id());
        match self.txn.document::<T>(&key).await? {
            Some(_) => Err(StoreError::Exists { key }),
            None => self.put(document),
        }
    }

    /// Removes the document `id`, and tells whether it was there.
    ///
    /// # Errors
    /// [`StoreError::Engine`] if the store fails.
    pub async fn delete(&self, id: &str) -> Result<bool, StoreError> {
        self.txn.delete(&Docs::<T>::key(id)).await
    }
}
