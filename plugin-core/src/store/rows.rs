//! Going through all that a query finds, page by page behind the scenes.

use std::collections::VecDeque;

use super::{
    documents::Documents,
    error::StoreError,
    look::{Budget, Unseen},
    page::Entry,
    search::{Found, Search, Taken},
};

/// All documents that a query finds, one by one: [`Find::iter`](super::query::Find::iter).
///
/// ```
/// # use plugin_core::store::{Db, Entry, StoreError};
/// # async fn example(db: Db) -> Result<(), StoreError> {
/// let mut rows = db.find::<String>(plugin_core::query! {}).under("notes:").iter();
/// while let Some(Entry { key, value, .. }) = rows.next().await? {
///     println!("{key}: {value}");
/// }
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[must_use = "rows are read when the next one is asked for"]
pub struct Rows<T> {
    search: Option<Search>,
    read: VecDeque<Result<Entry<T>, StoreError>>,
    /// What none of the documents so far has.
    unseen: Unseen,
    entry: Read<T>,
}

/// How a document becomes a row.
type Read<T> = fn(&Documents, &str, Found<'_>) -> Result<Entry<T>, StoreError>;

impl<T: Send> Rows<T> {
    /// What `search` finds, each as `entry` reads it.
    pub(super) fn new(search: Search, entry: Read<T>) -> Self {
        let search = Search { budget: Budget::None, ..search };
        Self { search: Some(search), read: VecDeque::new(), unseen: Unseen::default(), entry }
    }

    /// The next document; none after the last.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails, or if the document is no `T`. The call after that goes on with the next one.
    pub async fn next(&mut self) -> Result<Option<Entry<T>>, StoreError> {
        loop {
            if let Some(row) = self.read.pop_front() {
                return row.map(Some);
            }
            let Some(search) = &mut self.search else { return Ok(None) };
            let (documents, entry) = (&search.documents, self.entry);
            let mut taken = Taken::by(|key, found| Ok(entry(documents, key, found)), 0);
            let (next, report) = search.answer(&mut taken).await?;
            let unseen = std::mem::take(&mut self.unseen).and(report.unseen.clone());
            if next.is_none() {
                unseen.warn(documents);
            }
            report.answered()?;
            self.unseen = unseen;
            self.read = taken.items.into();
            match next {
                Some(next) => search.after = Some(next),
                None => self.search = None,
            }
        }
    }
}
