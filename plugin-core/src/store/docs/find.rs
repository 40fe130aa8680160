//! `find` over typed documents: the same search, whose filter, order and result know the type.

use std::{future::IntoFuture, marker::PhantomData, pin::Pin};

use crate::store::{
    Cursor, Entry, Explain, Page, Revision, Rows, Select, StoreError,
    documents::Documents,
    record::of_key,
    search::{Found, Search, Taken},
    typed::{Document, query::SortKey, query::fields},
};

/// A search for documents of the type `T`: [`Docs::find`](super::Docs::find). Await it.
///
/// It is [`Find`](crate::store::query::Find) for typed documents. What does not fit the type does not compile:
///
/// ```compile_fail,E0599
/// # use plugin_core::prelude::*;
/// # #[plugin(id = "notes")]
/// # struct Notes;
/// # #[document(plugin = Notes, collection = "notes")]
/// # struct Note { #[id] id: String, author: String }
/// # fn example(ctx: &Context<Notes>) {
/// let _ = ctx.docs::<Note>().find(query!(Note { autor: "ada" }));
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a search does nothing until it is awaited"]
pub struct FindDocs<T> {
    search: Search,
    of: PhantomData<fn() -> T>,
}

impl<T: Document> FindDocs<T> {
    pub(super) fn new(search: Search) -> Self {
        Self { search, of: PhantomData }
    }

    /// Sorts by a field, as in `.sort(|note| note.writtenAt().descending())`. Further ones decide where those before are equal, and the
    /// id at last.
    pub fn sort(mut self, key: impl FnOnce(T::Of<T>) -> SortKey<T>) -> Self {
        self.search.sort.push(key(fields::<T>()).into_inner());
        self
    }

    /// Gives at most `limit` documents, 1 to 1,000. It is the most, no promise: a page ends early once its documents have 16 MiB, and then
    /// has a `next`.
    pub fn limit(mut self, limit: usize) -> Self {
        self.search.limit = limit;
        self
    }

    /// Goes on where a page ended.
    pub fn after(mut self, cursor: impl Into<Option<Cursor>>) -> Self {
        self.search.after = cursor.into();
        self
    }

    /// Looks only at documents whose id begins with `prefix`.
    pub fn under(mut self, prefix: &str) -> Self {
        self.search.under = super::Docs::<T>::key(prefix);
        self
    }

    /// Gives these fields alone, by their paths in documents: where an index has all that is asked, no document is read. `P` is an object
    /// of them. What is read counts for the 16 MiB of a page: the fields that an index has, or else the whole document.
    pub fn select<P>(self, paths: impl IntoIterator<Item = impl Into<String>>) -> Select<P> {
        let selected = Some(paths.into_iter().map(Into::into).collect());
        Select::new(Search { selected, ..self.search }, id_of)
    }

    /// Goes through all documents that match, however many, without keeping more than a page of them, 16 MiB and one document.
    ///
    /// The limit is the size of the pages. Sorted, it wants an index that has the order.
    pub fn iter(self) -> Rows<T> {
        Rows::new(self.search, entry)
    }

    /// Asks the question, and tells how the answer was come by.
    ///
    /// # Errors
    /// As the question itself, but for documents that are found and are not of its type, and for the budget: that it ended the question is told.
    pub async fn explain(self) -> Result<Explain, StoreError> {
        self.search.explain().await
    }
}

impl<T: Document> IntoFuture for FindDocs<T> {
    type Output = Result<Page<Entry<T>>, StoreError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let documents = &self.search.documents;
            let mut taken = Taken::by(|key, found| entry(documents, key, found), self.search.room());
            let (next, _) = self.search.run(&mut taken).await?;
            Ok(Page { items: taken.items, next })
        })
    }
}

fn entry<T: Document>(documents: &Documents, key: &str, found: Found<'_>) -> Result<Entry<T>, StoreError> {
    let record = documents.record(key, found.stored()?)?;
    let (value, revision) = (of_key(key, record.document())?, Revision(record.head()));
    Ok(Entry { key: id_of(key).into(), value, revision })
}

/// What follows the collection.
fn id_of(key: &str) -> &str {
    key.split_once(':').map_or(key, |(_, id)| id)
}
