//! Questions for some fields of documents, which an index may have without them.

use std::{future::IntoFuture, marker::PhantomData, pin::Pin};

use serde::{Serialize, de::DeserializeOwned};

use super::{
    codec::CodecError,
    cursor::Cursor,
    error::StoreError,
    explain::Explain,
    index::Fields,
    page::Page,
    record::of_key,
    search::{Content, Found, Item, Search},
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
    key: fn(String) -> String,
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
    pub(super) fn new(search: Search, key: fn(String) -> String) -> Self {
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
    /// As the question itself.
    pub async fn explain(self) -> Result<Explain, StoreError> {
        Ok(self.search.run().await?.1.into())
    }
}

impl<P: DeserializeOwned + 'static> IntoFuture for Select<P> {
    type Output = Result<Page<Selected<P>>, StoreError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let Found { items, next, index } = self.search.run().await?.0;
            let paths = self.search.selected.as_deref().unwrap_or_default();
            let mut fields = index.as_deref().map(|index| Fields::of(index, paths));
            let selected = |Item { key, content }| {
                let value = match (content, &mut fields) {
                    (Content::Selected(value), _) => of_key(&key, value.into_typed().map_err(CodecError::from))?,
                    (Content::Kept(kept), Some(fields)) => of_key(&key, fields.read(&kept)?)?,
                    // Whoever wants fields selects them.
                    _ => return Err(answered_otherwise()),
                };
                Ok(Selected { key: (self.key)(key), value })
            };
            Ok(Page { items: items.into_iter().map(selected).collect::<Result<_, _>>()?, next })
        })
    }
}
