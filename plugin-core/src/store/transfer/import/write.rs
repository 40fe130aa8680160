//! What an import has read and not written yet: rows and documents wait for one another until they make a commit.

use std::collections::BTreeMap;

use futures_util::future::join_all;

use super::{CHUNK, CHUNK_BYTES, Import, IntoWhat, OnExisting, Pending, Stage};
use crate::store::{
    db::{ATTEMPTS, contended},
    documents::{Documents, New},
    engine::{Precondition, Write},
    error::StoreError,
    index::ledger,
    key::{self, Kind},
    space::Committed,
    transfer::{LineProblem, TransferError},
};

impl Pending {
    async fn write(&self, into: IntoWhat) -> Result<(), StoreError> {
        match into {
            IntoWhat::Merge(OnExisting::Replace) => self.documents.put(&self.key, &self.new).await,
            _ => self.documents.insert(&self.key, &self.new).await.map(drop),
        }
    }
}

impl Import {
    pub(super) async fn pend(&mut self, documents: Documents, key: String, new: New) -> Result<(), TransferError> {
        let is_same = |it: &Pending| it.documents.app == documents.app && it.key == key;
        if self.documents.iter().any(is_same) {
            self.flush().await?;
        }
        self.make_room(key.len() + new.payload.size()).await?;
        self.documents.push(Pending { line: self.line, documents, key, new });
        Ok(())
    }

    pub(super) async fn put(&mut self, row: Vec<u8>, stored: Vec<u8>) -> Result<(), TransferError> {
        self.begin_rows().await?;
        self.make_room(row.len() + stored.len()).await?;
        match self.rows.insert(row, (stored, self.line)) {
            None => Ok(()),
            Some(_) => Err(self.wrong(self.line, LineProblem::Twice)),
        }
    }

    /// What the exported store kept about itself has come: its indexes are as it had them, but none is ready yet.
    pub(super) async fn begin_rows(&mut self) -> Result<(), TransferError> {
        if self.stage != Stage::Ledger {
            return Ok(());
        }
        self.stage = Stage::Rows;
        self.bytes = 0;
        let installed = ledger::install(&self.space, &self.ledger).await;
        installed.map_err(|problem| self.failed(problem))?;
        self.imported.rows += self.ledger.len() as u64;
        Ok(())
    }

    /// Writes what waits, unless `size` bytes more may wait with it.
    async fn make_room(&mut self, size: usize) -> Result<(), TransferError> {
        if self.rows.len() + self.documents.len() >= CHUNK || self.bytes + size > CHUNK_BYTES {
            self.flush().await?;
        }
        self.bytes += size;
        Ok(())
    }

    pub(super) async fn flush(&mut self) -> Result<(), TransferError> {
        self.bytes = 0;
        self.write_rows().await?;
        self.write_documents().await
    }

    async fn write_documents(&mut self) -> Result<(), TransferError> {
        let pending = std::mem::take(&mut self.documents);
        // Beside one another, so that they share the disk's syncs.
        let done = join_all(pending.iter().map(|it| it.write(self.into))).await;
        let mut wrong = None;
        for (it, done) in pending.iter().zip(done) {
            match done {
                Ok(()) => {
                    self.imported.documents += 1;
                    self.imported.rows += 1;
                }
                Err(problem) => wrong = wrong.or(Some((it, problem))),
            }
        }
        match wrong {
            None => Ok(()),
            Some((_, problem @ StoreError::Engine(_))) => Err(self.failed(problem)),
            Some((it, StoreError::Exists { key })) => {
                Err(self.wrong(it.line, LineProblem::Exists { app: it.documents.app.to_string(), key }))
            }
            Some((it, problem)) => Err(self.wrong(it.line, LineProblem::Refused(problem))),
        }
    }

    async fn write_rows(&mut self) -> Result<(), TransferError> {
        let rows = std::mem::take(&mut self.rows);
        if rows.is_empty() {
            return Ok(());
        }
        let precondition = |row: &[u8]| match self.into {
            IntoWhat::Merge(OnExisting::Replace) => Precondition::Any,
            // The host may keep it while the import goes on.
            _ if row.first() == Some(&(Kind::Cron as u8)) => Precondition::Any,
            _ => Precondition::Absent,
        };
        let write = |(row, (stored, _)): (&Vec<u8>, &(Vec<u8>, u64))| {
            Write::put(row.clone(), stored.clone()).when(precondition(row))
        };
        let writes: Vec<Write> = rows.iter().map(write).collect();
        for _ in 0..ATTEMPTS {
            let committed = self.space.commit_repeatable(writes.clone()).await;
            let place = match committed.map_err(|problem| self.failed(problem))? {
                Committed::Done => {
                    self.count(&rows);
                    return Ok(());
                }
                Committed::Conflict(place) => place,
            };
            let Some((row, (stored, line))) = rows.iter().nth(place) else { continue };
            match self.space.get(row.clone()).await.map_err(|problem| self.failed(problem))? {
                // The engine refused for reasons of its own.
                None => {}
                // All of a commit is there or nothing: where all of it is, it was this one, whose outcome had been unknown.
                Some(there) if there == *stored && self.is_there(&rows).await? => {
                    self.count(&rows);
                    return Ok(());
                }
                Some(_) => return Err(self.wrong(*line, existing(row))),
            }
        }
        Err(self.failed(contended("import")))
    }

    /// Whether every one of `rows` is there as it is to be, but for those that the host may have written since.
    async fn is_there(&self, rows: &BTreeMap<Vec<u8>, (Vec<u8>, u64)>) -> Result<bool, TransferError> {
        let ours = || rows.iter().filter(|(row, _)| row.first() != Some(&(Kind::Cron as u8)));
        let places = ours().map(|(row, _)| row.clone()).collect();
        let there = self.space.get_all(places).await.map_err(|problem| self.failed(problem))?;
        Ok(ours().zip(there).all(|((_, (stored, _)), there)| there.as_ref() == Some(stored)))
    }

    fn count(&mut self, rows: &BTreeMap<Vec<u8>, (Vec<u8>, u64)>) {
        let of_kind = |kind: Kind| rows.keys().filter(|row| row.first() == Some(&(kind as u8))).count() as u64;
        self.imported.documents += of_kind(Kind::Document);
        self.imported.rows += rows.len() as u64 - of_kind(Kind::Expiry);
    }
}

fn existing(row: &[u8]) -> LineProblem {
    match key::parse_document(row) {
        Some((app, key)) => LineProblem::Exists { app, key: key.to_owned() },
        None => LineProblem::RowExists { row: hex::encode(row) },
    }
}
