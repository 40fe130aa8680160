//! What an import has read and not written yet: rows and documents wait for one another until they make a commit.

use std::{collections::BTreeMap, sync::Arc};

use futures_util::future::join_all;

use super::{CHUNK, CHUNK_BYTES, Import, IntoWhat, OnExisting, Pending, Stage};
use crate::store::{
    codec::{self, Content, Envelope},
    db::{ATTEMPTS, contended},
    documents::{Documents, MAX_DOCUMENT, New},
    engine::{MAX_WRITES, Precondition, Write},
    error::StoreError,
    index::{Index, Said, entry, ledger},
    key::{self, Kind},
    space::Committed,
    transfer::{LineProblem, TransferError},
};

/// A row that is to be written as it is.
pub(super) struct Row {
    pub(super) stored: Vec<u8>,
    /// The line that it came with.
    line: u64,
    of: Of,
}

/// What a row is, to whoever finds another in its place.
enum Of {
    Itself,
    /// What the store keeps of an index, as it is after this line.
    Kept,
    /// What no two documents may have in this index.
    Unique {
        documents: Documents,
        index: Arc<Index>,
    },
}

impl Of {
    fn is_unique_in(&self, number: u64) -> bool {
        matches!(self, Self::Unique { index, .. } if index.number == number)
    }
}

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
        // Lines are written in their order, so that whatever is refused is the second of two.
        self.write_rows().await?;
        self.make_room(key.len() + new.payload.size()).await?;
        self.documents.push(Pending { line: self.line, documents, key, new });
        Ok(())
    }

    /// A row that is no document.
    pub(super) async fn put(&mut self, key: Vec<u8>, stored: Vec<u8>) -> Result<(), TransferError> {
        self.put_all(vec![(key, Row { stored, line: self.line, of: Of::Itself })]).await
    }

    /// A document as it was stored, with all that follows from it.
    pub(super) async fn put_document(
        &mut self,
        documents: &Documents,
        key: &str,
        stored: Vec<u8>,
    ) -> Result<(), TransferError> {
        self.begin_rows().await?;
        let line = self.line;
        let refused = |problem| TransferError::Line {
            line,
            problem: LineProblem::Refused(problem),
            imported: self.imported.rows,
        };
        let place = documents.place(key).map_err(refused)?;
        if stored.len() > MAX_DOCUMENT {
            return Err(refused(StoreError::TooLarge { key: key.into(), size: stored.len(), limit: MAX_DOCUMENT }));
        }
        let expiry = Envelope::of(&stored).ok().and_then(|envelope| envelope.expiry);
        let value = documents.record(key, &stored).ok().and_then(|record| record.value().ok());
        let mut rows = Vec::new();
        if let Some(expiry) = expiry {
            let expires = key::expiry(expiry, &documents.app, key).into_bytes();
            rows.push((expires, Row { stored: Vec::new(), line, of: Of::Itself }));
        }
        for index in self.space.indexes.of(key).into_iter().filter(|index| index.is_ready()) {
            let Some(value) = &value else {
                let kept = self.kept.entry(index.number).or_default();
                let row = ledger::leave_out(&self.space, &index, kept, &place).await;
                let row = row.map_err(|problem| self.failed(problem))?;
                rows.extend(row.map(|(key, stored)| (key, Row { stored, line, of: Of::Kept })));
                continue;
            };
            let entry = entry(&index, &documents.app, key, value, expiry).map_err(refused)?;
            rows.extend(entry.map(|entry| {
                let of = if entry.binds { Of::Unique { documents: documents.clone(), index } } else { Of::Itself };
                (entry.key, Row { stored: entry.value, line, of })
            }));
        }
        self.imported.unreadable += u64::from(value.is_none());
        rows.push((place, Row { stored, line, of: Of::Itself }));
        self.put_all(rows).await
    }

    /// The same into what is there, where `problem` keeps it from being written as plugins write it: nobody can read it. What can be read
    /// and is nothing that a plugin could write stays where it is already.
    pub(super) async fn merge_as_it_is(
        &mut self,
        documents: &Documents,
        key: &str,
        stored: Vec<u8>,
        problem: StoreError,
    ) -> Result<(), TransferError> {
        self.flush().await?;
        // A value without a type says itself what it is, whatever the type wants that its key stands for.
        let is_value = matches!(
            Envelope::of(&stored).map(|envelope| envelope.content),
            Ok(Content::Dynamic(bytes)) if codec::open_payload(bytes).is_ok()
        );
        let is_read = documents.record(key, &stored).is_ok_and(|record| record.value().is_ok());
        match (documents.read(key).await.map_err(|problem| self.failed(problem))?, self.into) {
            (Some(there), _) if there == stored => {
                self.imported.documents += 1;
                self.imported.rows += 1;
                self.imported.unreadable += u64::from(!is_read);
                return Ok(());
            }
            _ if is_value || is_read => return Err(self.wrong(self.line, LineProblem::Refused(problem))),
            (Some(_), IntoWhat::Merge(OnExisting::Replace)) => {
                documents.delete(key).await.map_err(|problem| self.failed(problem))?;
            }
            (Some(_), into) => return Err(self.wrong(self.line, existing(documents, key, into))),
            (None, _) => {}
        }
        self.put_document(documents, key, stored).await
    }

    async fn put_all(&mut self, rows: Vec<(Vec<u8>, Row)>) -> Result<(), TransferError> {
        self.begin_rows().await?;
        // Whoever finds another in the place of a row that only one may have looks whether that gives way, once it is written.
        let is_taken = |(key, row): &(Vec<u8>, Row)| matches!(row.of, Of::Unique { .. }) && self.rows.contains_key(key);
        let is_behind = !self.documents.is_empty();
        if is_behind || rows.iter().any(is_taken) || self.rows.len() + rows.len() > MAX_WRITES {
            self.flush().await?;
        }
        self.make_room(rows.iter().map(|(key, row)| key.len() + row.stored.len()).sum()).await?;
        for (key, row) in rows {
            let is_kept = matches!(row.of, Of::Kept);
            if self.rows.insert(key, row).is_some() && !is_kept {
                return Err(self.wrong(self.line, LineProblem::Twice));
            }
        }
        Ok(())
    }

    /// What the exported store kept about itself has come: its indexes are as it had them, over nothing.
    pub(super) async fn begin_rows(&mut self) -> Result<(), TransferError> {
        if self.stage != Stage::Ledger {
            return Ok(());
        }
        self.stage = Stage::Rows;
        self.bytes = 0;
        let ledger = std::mem::take(&mut self.ledger);
        let rows = ledger.len() as u64;
        ledger::adopt(&self.space, ledger).await.map_err(|problem| self.failed(problem))?;
        self.imported.rows += rows;
        Ok(())
    }

    /// Writes what waits, unless `size` bytes more may wait with it.
    async fn make_room(&mut self, size: usize) -> Result<(), TransferError> {
        if self.documents.len() >= CHUNK || self.bytes + size > CHUNK_BYTES {
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
            Some((it, StoreError::Exists { .. })) => {
                Err(self.wrong(it.line, existing(&it.documents, &it.key, self.into)))
            }
            // What is new was read: it is what is there that cannot be.
            Some((it, StoreError::Codec { .. })) if self.into != IntoWhat::Merge(OnExisting::Replace) => {
                Err(self.wrong(it.line, existing(&it.documents, &it.key, self.into)))
            }
            Some((it, problem)) => Err(self.wrong(it.line, LineProblem::Refused(problem))),
        }
    }

    async fn write_rows(&mut self) -> Result<(), TransferError> {
        let mut rows = std::mem::take(&mut self.rows);
        for _ in 0..ATTEMPTS {
            if rows.is_empty() {
                return Ok(());
            }
            let writes = rows
                .iter()
                .map(|(key, row)| Write::put(key.clone(), row.stored.clone()).when(self.precondition(key, &row.of)));
            let committed = self.space.commit_repeatable(writes.collect()).await;
            let place = match committed.map_err(|problem| self.failed(problem))? {
                Committed::Done => {
                    self.count(&rows);
                    return Ok(());
                }
                Committed::Conflict(place) => place,
            };
            let Some((key, row)) = rows.iter().nth(place) else { continue };
            match self.space.get(key.clone()).await.map_err(|problem| self.failed(problem))? {
                // The engine refused for reasons of its own.
                None => {}
                // All of a commit is there or nothing: where all of it is, it was this one, whose outcome had been unknown.
                Some(there) if there == row.stored && self.is_there(&rows).await? => {
                    self.count(&rows);
                    return Ok(());
                }
                Some(there) => {
                    let given_up = self.make_way(key, row, &there).await?;
                    if let Some(number) = given_up {
                        self.kept.remove(&number);
                        let kept = ledger::place(number);
                        rows.retain(|key, row| !row.of.is_unique_in(number) && *key != kept);
                    }
                }
            }
        }
        Err(self.failed(contended("import")))
    }

    fn precondition(&self, key: &[u8], of: &Of) -> Precondition {
        match (self.into, of) {
            (IntoWhat::Merge(OnExisting::Replace), _) | (_, Of::Kept) => Precondition::Any,
            // The host may keep it while the import goes on.
            _ if key.first() == Some(&(Kind::Cron as u8)) => Precondition::Any,
            _ => Precondition::Absent,
        }
    }

    /// Sees to it that a row can be written in whose place is `there`. Gives the number of the index that nothing is written of any more.
    async fn make_way(&self, key: &[u8], row: &Row, there: &[u8]) -> Result<Option<u64>, TransferError> {
        let Of::Unique { documents, index } = &row.of else {
            return Err(self.wrong(row.line, self.taken(key, row, there)));
        };
        let holder = Said::of(there).map(|said| said.key);
        let is_gone = match holder {
            Some(holder) => documents.reap(holder).await.map_err(|problem| self.failed(problem))?,
            None => false,
        };
        match (is_gone, self.is_live) {
            // It had expired.
            (true, _) => Ok(None),
            // Both were there, one after the other. That is told when the index is built.
            (false, true) => {
                let built_anew = ledger::build_anew(&self.space, index).await;
                built_anew.map(|()| Some(index.number)).map_err(|problem| self.failed(problem))
            }
            (false, false) => Err(self.wrong(row.line, self.taken(key, row, there))),
        }
    }

    /// Whether every one of `rows` is there as it is to be, but for those that the host may have written since.
    async fn is_there(&self, rows: &BTreeMap<Vec<u8>, Row>) -> Result<bool, TransferError> {
        let ours = || rows.iter().filter(|(key, _)| key.first() != Some(&(Kind::Cron as u8)));
        let places = ours().map(|(key, _)| key.clone()).collect();
        let there = self.space.get_all(places).await.map_err(|problem| self.failed(problem))?;
        Ok(ours().zip(there).all(|((_, row), there)| there.as_ref() == Some(&row.stored)))
    }

    fn count(&mut self, rows: &BTreeMap<Vec<u8>, Row>) {
        let follows = [Kind::Index, Kind::Unique, Kind::Expiry, Kind::Meta];
        for first in rows.keys().filter_map(|key| key.first()) {
            self.imported.documents += u64::from(*first == Kind::Document as u8);
            self.imported.rows += u64::from(!follows.iter().any(|kind| *first == *kind as u8));
        }
    }

    /// What is wrong with a line whose row is there already, as `there`.
    fn taken(&self, key: &[u8], row: &Row, there: &[u8]) -> LineProblem {
        match (&row.of, Said::of(&row.stored), Said::of(there)) {
            (Of::Unique { index, .. }, Some(own), Some(other)) => LineProblem::Refused(StoreError::Duplicate {
                key: own.key.to_owned(),
                index: index.definition.to_string(),
                other: other.key.to_owned(),
            }),
            // There was nothing: it came with an earlier line.
            _ if self.into == IntoWhat::Empty => LineProblem::Twice,
            _ => LineProblem::RowExists { row: hex::encode(key) },
        }
    }
}

/// What is wrong with a line whose document is there already.
fn existing(documents: &Documents, key: &str, into: IntoWhat) -> LineProblem {
    match into {
        // There was nothing: it came with an earlier line.
        IntoWhat::Empty => LineProblem::Twice,
        IntoWhat::Merge(_) => LineProblem::Exists { app: documents.app.to_string(), key: key.to_owned() },
    }
}
