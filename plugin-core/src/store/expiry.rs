//! Documents that expire: as if they were not there from that moment on, and removed some time later.

use std::sync::Arc;

use super::{
    documents::Documents,
    engine::{Direction, MAX_SCAN, Scan, Wanted, Write},
    error::StoreError,
    key::{self, Key, Kind},
    record::millis,
    space::Space,
    walk::after_key,
};
use crate::id::AppId;

impl Space {
    /// Whether something has expired and is not removed yet. What expires from now on is not asked for: whoever counts keys does so as of
    /// the moment at which it began.
    pub(super) async fn has_expired(&self) -> Result<bool, StoreError> {
        Ok(!self.expired(&[], 1).await?.is_empty())
    }

    /// Rows of what has expired, behind the row `after`.
    async fn expired(&self, after: &[u8], limit: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        let start = after_key(after).max(Key::of(Kind::Expiry).into_bytes());
        let end = Key::of(Kind::Expiry).int(millis(self.now()).saturating_add(1)).into_bytes();
        let (direction, wanted) = (Direction::Forward, Wanted::Keys);
        let found = self.scan(Scan { range: start..end, limit, bytes: usize::MAX, direction, wanted }).await?;
        Ok(found.iter().map(|(key, _)| key.to_vec()).collect())
    }

    /// Removes what has expired, unless somebody wants the keyspace to himself meanwhile. How many documents that were.
    ///
    /// What cannot be removed is told of in the log, and stands in nobody's way.
    ///
    /// # Errors
    /// [`StoreError`] if the engine fails. What is left is removed by the next call.
    pub async fn reap(self: &Arc<Self>) -> Result<usize, StoreError> {
        let (mut reaped, mut after) = (0, Vec::new());
        loop {
            let rows = self.expired(&after, MAX_SCAN).await?;
            let Some(last) = rows.last() else { return Ok(reaped) };
            after.clone_from(last);
            for row in rows {
                if self.is_asked_for() {
                    return Ok(reaped);
                }
                match self.remove_expired(&row).await {
                    Ok(was_there) => reaped += usize::from(was_there),
                    Err(problem @ StoreError::Engine(_)) => return Err(problem),
                    Err(problem) => {
                        tracing::error!(keyspace = self.keyspace.name(), %problem, "what has expired cannot be removed");
                    }
                }
                tokio::task::yield_now().await;
            }
        }
    }

    /// Removes what a row of what has expired tells of; whether it was there.
    async fn remove_expired(self: &Arc<Self>, row: &[u8]) -> Result<bool, StoreError> {
        let told = key::parse_expiry(row).and_then(|(expiry, app, key)| Some((expiry, AppId::new(app).ok()?, key)));
        let Some((expiry, app, key)) = told else {
            // It tells of nothing.
            return self.commit_repeatable(vec![Write::delete(row.to_vec())]).await.map(|_| false);
        };
        Documents { space: Arc::clone(self), app }.remove_expired(key, expiry).await
    }
}

impl Documents {
    /// Removes the document `key` if it still expires at `expiry`. A row that tells of what is no longer so goes with it, or alone.
    async fn remove_expired(&self, key: &str, expiry: u64) -> Result<bool, StoreError> {
        let bytes = self.read(key).await?;
        let is_it = match &bytes {
            Some(bytes) => self.record(key, bytes)?.expiry() == Some(expiry),
            None => false,
        };
        match is_it {
            true => self.reap(key).await,
            false => self.forget_expiry(key, expiry, bytes.as_deref()).await.map(|()| false),
        }
    }
}
