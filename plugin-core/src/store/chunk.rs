//! The documents under a prefix in all apps, a chunk at a time, for work in the background that keeps its place on disk: building an index,
//! bringing documents to today's version.

use super::{
    engine::{Direction, Entries, Scan, Wanted},
    error::StoreError,
    key,
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
        let reached = key::parse_document(after).map(|(app, _)| app);
        for app in self.apps().await? {
            if reached.as_ref().is_some_and(|reached| app.as_str() < reached.as_str()) {
                continue;
            }
            let mut range = key::document(&app, prefix).range();
            if !after.is_empty() {
                range.start = range.start.max(after_key(after));
            }
            let found = self.scan(Scan { range, limit, bytes, direction: Direction::Forward, wanted }).await?;
            if !found.is_empty() {
                return Ok(Some((app, found)));
            }
        }
        Ok(None)
    }
}
