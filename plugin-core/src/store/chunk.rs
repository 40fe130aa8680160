//! The documents under a prefix in all apps, a chunk at a time, for work in the background that keeps its place on disk: building an index,
//! bringing documents to today's version.

use super::{
    engine::{Direction, Entries, Scan, Wanted},
    error::StoreError,
    key::{self, Kind},
    space::Space,
    walk::after_key,
};
use crate::id::AppId;

impl Space {
    /// The next documents under `prefix` behind the row `after`, empty at the beginning, all of one app; none at the end. At most `limit`
    /// documents and about `bytes` bytes.
    pub(super) async fn next_documents(
        &self,
        prefix: &str,
        after: &[u8],
        (limit, bytes, wanted): (usize, usize, Wanted),
    ) -> Result<Option<(AppId, Entries)>, StoreError> {
        // It goes on from where it stands: however many apps there are, they are not looked for anew with each chunk.
        let reached = key::parse_document(after).and_then(|(app, _)| AppId::new(app).ok());
        let mut next = match reached {
            Some(reached) => Some(reached),
            None => self.next_app(Kind::Document, None).await?,
        };
        while let Some(app) = next {
            let mut range = key::document(&app, prefix).range();
            if !after.is_empty() {
                range.start = range.start.max(after_key(after));
            }
            let found = self.scan(Scan { range, limit, bytes, direction: Direction::Forward, wanted }).await?;
            if !found.is_empty() {
                return Ok(Some((app, found)));
            }
            next = self.next_app(Kind::Document, Some(&app)).await?;
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests;
