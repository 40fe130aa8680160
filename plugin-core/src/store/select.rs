//! Questions for some fields of documents, which an index may have without them.

use std::{future::IntoFuture, marker::PhantomData, pin::Pin, sync::Arc};

use serde::{Serialize, de::DeserializeOwned};

use super::{
    codec::CodecError,
    cursor::Cursor,
    error::StoreError,
    explain::Explain,
    index::Fields,
    page::Page,
    record::of_key,
    search::{Found, Search, Take},
    space::answered_otherwise,
};

/// A search for some fields of documents: [`Find::select`](super::query::Find::select). Await it.
///
/// ```
/// use plugin_core::{prelude::*, store::{Db, Selected, StoreError}};
///
/// #[model]
/// struct Brief { user_id: String, ended_at: Timestamp }
///
/// # async fn example(db: Db) -> Result<(), StoreError> {
/// let page: Page<Selected<Brief>> =
///     db.find::<Dynamic>(query! { userId: "ada" }).sort("-endedAt").select(["userId", "endedAt"]).await?;
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[must_use = "a search does nothing until it is awaited"]
pub struct Select<P> {
    search: Search,
    key: fn(&str) -> &str,
    of: PhantomData<fn() -> P>,
}

/// Some fields of a document, with its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Selected<P> {
    /// The document's key.
    pub key: String,
    /// The fields.
    pub value: P,
}

impl<P> Select<P> {
    /// What `search` finds, with what `key` makes of their keys.
    pub(super) fn new(search: Search, key: fn(&str) -> &str) -> Self {
        Self { search, key, of: PhantomData }
    }

    /// Goes on where a page ended.
    pub fn after(mut self, cursor: impl Into<Option<Cursor>>) -> Self {
        self.search.after = cursor.into();
        self
    }

    /// Asks the question, and tells how the answer was come by.
    ///
    /// # Errors
    /// As the question itself, but for documents that are found and are not of its type, and for the budget: that it ended the question is told.
    pub async fn explain(self) -> Result<Explain, StoreError> {
        self.search.explain().await
    }
}

impl<P: DeserializeOwned + Send + 'static> IntoFuture for Select<P> {
    type Output = Result<Page<Selected<P>>, StoreError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let mut taken = Fielded {
                search: &self.search,
                key: self.key,
                fields: None,
                items: Vec::with_capacity(self.search.room()),
            };
            let (next, _) = self.search.run(&mut taken).await?;
            Ok(Page { items: taken.items, next })
        })
    }
}

/// Takes the fields of what is found.
struct Fielded<'a, P> {
    search: &'a Search,
    key: fn(&str) -> &str,
    /// Once an index has them.
    fields: Option<Fields<'a>>,
    items: Vec<Selected<P>>,
}

impl<P: DeserializeOwned> Fielded<'_, P> {
    fn value(&mut self, key: &str, found: Found<'_>) -> Result<P, StoreError> {
        // Whoever wants fields selects them.
        let paths = self.search.selected.as_deref().ok_or_else(answered_otherwise)?;
        let value = match found {
            Found::Kept(index, kept) => {
                self.fields.get_or_insert_with(|| Fields::of(Arc::clone(index), paths)).read(kept)?
            }
            Found::Stored(bytes) => {
                let value = of_key(key, self.search.documents.record(key, bytes)?.value())?;
                value.selected(paths).into_typed().map_err(CodecError::from)
            }
        };
        of_key(key, value)
    }
}

impl<P: DeserializeOwned + Send> Take for Fielded<'_, P> {
    fn take(&mut self, key: &str, found: Found<'_>) -> Result<(), StoreError> {
        let value = self.value(key, found)?;
        self.items.push(Selected { key: (self.key)(key).into(), value });
        Ok(())
    }

    fn clear(&mut self) {
        self.fields = None;
        self.items.clear();
    }
}
