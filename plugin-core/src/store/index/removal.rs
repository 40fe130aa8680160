//! Taking indexes away: one that is dropped, what is left of those that were, and everything.

use std::{ops::Range, sync::Arc};

use super::{definition::Progress, ledger};
use crate::store::{
    engine::{Direction, Scan, Wanted, Write},
    error::StoreError,
    key::{Key, Kind},
    space::Space,
    walk::after_key,
};

impl Space {
    /// Drops the index `number`: no query uses it any more, and its entries are removed. Whether there was one.
    ///
    /// One that is still declared is built again at the next start. It waits for who has the keyspace to himself.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails. What is left is removed after the next start.
    pub async fn drop_index(&self, number: u64) -> Result<bool, StoreError> {
        let _turn = self.to_myself().await;
        let index = self.indexes.all().iter().find(|index| index.number == number).cloned();
        let turn = match &index {
            Some(index) => Some(index.turn().await),
            None => None,
        };
        let Some(row) = ledger::row(self, number).await? else { return Ok(false) };
        let row = row.becomes(Progress::Dropping);
        if let Some(index) = &index {
            index.set_progress(Progress::Dropping);
        }
        // Commits keep it until it is on disk that it is none: what they leave out of it would be missing after a kill.
        ledger::commit(self, vec![ledger::write(number, &row)?]).await?;
        drop(turn);
        if let Some(index) = index {
            self.indexes.forget(&index);
            // What is under way still has entries for it.
            while Arc::strong_count(&index) > 1 {
                tokio::task::yield_now().await;
                self.pause(1).await;
            }
        }
        self.remove_entries(number, row.definition.unique).await?;
        Ok(true)
    }

    /// Removes the entries of indexes that were dropped, of all that are left over.
    pub(super) async fn remove_dropped(&self) -> Result<(), StoreError> {
        for (number, row) in ledger::rows(self).await? {
            if row.progress == Progress::Dropping {
                self.remove_entries(number, row.definition.unique).await?;
            }
        }
        Ok(())
    }

    async fn remove_entries(&self, number: u64, unique: bool) -> Result<(), StoreError> {
        let kind = if unique { Kind::Unique } else { Kind::Index };
        // Those of apps that have entries: since commits keep it no longer, an app may have them and no document.
        let mut app = self.next_app(kind, None).await?;
        while let Some(here) = app {
            self.clear_range(Key::of(kind).text(here.as_str()).int(number).range()).await?;
            app = self.next_app(kind, Some(&here)).await?;
        }
        ledger::commit(self, vec![Write::delete(ledger::place(number))]).await
    }

    /// Removes every row of a range, in chunks.
    pub(super) async fn clear_range(&self, mut range: Range<Vec<u8>>) -> Result<(), StoreError> {
        loop {
            let (direction, wanted) = (Direction::Forward, Wanted::Keys);
            let scan = Scan { range: range.clone(), limit: ledger::CHUNK, bytes: usize::MAX, direction, wanted };
            let found = self.scan(scan).await?;
            ledger::commit(self, found.iter().map(|(key, _)| Write::delete(key.to_vec())).collect()).await?;
            match found.last() {
                // What was removed is not gone over again, as an engine may have to that keeps note of it for a while.
                Some((last, _)) if found.more => range.start = after_key(last),
                _ => return Ok(()),
            }
            tokio::task::yield_now().await;
        }
    }

    /// Removes everything. What is declared is in place afterwards, over nothing.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails. What is left can be removed by the next call; until then no index of it is used.
    pub async fn clear(&self) -> Result<(), StoreError> {
        let _turn = self.to_myself().await;
        self.renewed();
        // First, so that no index is trusted whose documents are half gone.
        self.indexes.set(Vec::new());
        self.indexes.doubt();
        let mut writes = Vec::new();
        for (number, row) in ledger::rows(self).await? {
            writes.push(ledger::write(number, &row.becomes(Progress::Dropping))?);
        }
        ledger::commit(self, writes).await?;
        let meta = Key::of(Kind::Meta).range();
        self.clear_range(vec![0]..meta.start.clone()).await?;
        self.clear_range(meta.start..vec![0xff]).await?;
        self.prepare().await
    }
}
