//! Building an index of documents that were there before it, while plugins work: chunk by chunk, each with the place where it ended in
//! the same commit, so that a process that is killed goes on there. Commits keep the index from the moment it is declared, so whoever is
//! overtaken by one leaves that document to it.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    Said,
    definition::{Index, Progress},
    entry::entry,
    ledger::{self, Row},
    left_out::Unread,
};
use crate::store::{
    documents::Documents,
    engine::{Change, Entries, Precondition, Wanted, Write},
    error::StoreError,
    key,
    record::Record,
    space::{Committed, Space, precondition},
};

/// The most documents of one commit: each is two writes.
const CHUNK: usize = 200;
/// The most bytes of documents that one commit looks at.
const CHUNK_BYTES: usize = 1 << 20;

/// What became of a chunk.
enum Step {
    Done(Row),
    /// Somebody wrote one of the documents meanwhile.
    Overtaken,
    /// A document cannot be in the index.
    Unfit(String),
}

impl Space {
    /// Builds the indexes that are not built yet, and removes what is left of those that were dropped. Returns when all is done, or once
    /// `goes_on` says no.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails; it goes on where it was at the next call.
    pub async fn build_indexes(self: &Arc<Self>, goes_on: impl Fn() -> bool) -> Result<(), StoreError> {
        self.remove_dropped().await?;
        // Whoever drops one waits until nobody has it: it is not held on to while others are built.
        let numbers: Vec<u64> = self.indexes.all().iter().map(|index| index.number).collect();
        for number in numbers {
            let index = self.indexes.all().iter().find(|index| index.number == number).cloned();
            if let Some(index) = index {
                self.build(&index, &goes_on).await?;
            }
        }
        Ok(())
    }

    /// Builds unique indexes of documents whose version has changed: what was held unique before goes on being so. To be called before
    /// anything is written.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails; it goes on where it was at the next call.
    pub(crate) async fn build_at_once(self: &Arc<Self>) -> Result<(), StoreError> {
        for number in self.wanted_at_once().await? {
            let index = self.indexes.all().iter().find(|index| index.number == number).cloned();
            if let Some(index) = index {
                tracing::info!(keyspace = self.keyspace.name(), index = %index.definition, "an index is built before anything is written");
                self.build(&index, &|| true).await?;
            }
        }
        Ok(())
    }

    async fn build(self: &Arc<Self>, index: &Index, goes_on: &impl Fn() -> bool) -> Result<(), StoreError> {
        if index.progress() != Progress::Building {
            return Ok(());
        }
        let Some(mut row) = ledger::row(self, index.number).await? else { return Ok(()) };
        let mut chunk = CHUNK;
        while goes_on() {
            let turn = index.turn().await;
            if index.progress() != Progress::Building {
                break;
            }
            let upto = (chunk, CHUNK_BYTES, Wanted::Entries);
            let Some((app, found)) = self.next_documents(&row.definition.prefix, &row.after, upto).await? else {
                let built = Row { left_out: row.left_out.clone(), ..row.becomes(Progress::Ready) };
                ledger::commit(self, vec![ledger::write(index.number, &built)?]).await?;
                match Unread::of(&built.left_out) {
                    None => {
                        tracing::info!(keyspace = self.keyspace.name(), index = %index.definition, "an index is built");
                    }
                    Some(Unread { documents, app, key }) => {
                        index.leaves_out();
                        tracing::warn!(keyspace = self.keyspace.name(), index = %index.definition, documents, app, key, "an index is built without documents that cannot be read, of which this is the first");
                    }
                }
                index.set_progress(Progress::Ready);
                return Ok(());
            };
            let documents = Documents { space: Arc::clone(self), app };
            let next = Row { after: found.last().map(|(key, _)| key.to_vec()).unwrap_or_default(), ..row.clone() };
            match step(&documents, index, &found, next).await? {
                Step::Done(next) => (row, chunk) = (next, (chunk * 2).min(CHUNK)),
                Step::Overtaken => chunk = (chunk / 2).max(1),
                Step::Unfit(reason) => {
                    tracing::error!(keyspace = self.keyspace.name(), index = %index.definition, reason, "an index cannot be built");
                    let failed = Row { reason: Some(reason), ..row.becomes(Progress::Failed) };
                    ledger::commit(self, vec![ledger::write(index.number, &failed)?]).await?;
                    index.set_progress(Progress::Failed);
                    return Ok(());
                }
            }
            drop(turn);
            tokio::task::yield_now().await;
        }
        Ok(())
    }
}

/// Adds the entries of some documents, unless one of them was written since it was read. Those that cannot be read are noted in `next`,
/// the row afterwards.
async fn step(documents: &Documents, index: &Index, found: &Entries, mut next: Row) -> Result<Step, StoreError> {
    let mut writes = Vec::with_capacity(2 * found.len() + 1);
    let mut claims = BTreeMap::new();
    for (place, bytes) in found.iter() {
        let Some(key) = key::tail_of_document(place) else { continue };
        let record = Record::of(&documents.space.schema, key, bytes);
        let Ok((record, value)) =
            record.and_then(|record| Ok((record.value()?, record))).map(|(value, it)| (it, value))
        else {
            // Nobody can tell what it has. Whoever writes it leaves its entry himself.
            next.left_out.add(place);
            continue;
        };
        let added = match entry(index, &documents.app, key, &value, record.expiry()) {
            Ok(added) => added,
            Err(problem) => return Ok(Step::Unfit(problem.to_string())),
        };
        let Some(added) = added else { continue };
        let hold = Write { key: place.to_vec(), precondition: precondition(Some(record.head())), change: Change::Keep };
        writes.push(hold);
        match added.binds {
            false => writes.push(Write::put(added.key, added.value)),
            true => {
                if let Some((other, _)) = claims.insert(added.key, (key.to_owned(), added.value)) {
                    return Ok(Step::Unfit(duplicates(key, &other)));
                }
            }
        }
    }
    let taken = documents.space.get_all(claims.keys().cloned().collect()).await?;
    for ((entry_key, (key, value)), taken) in claims.into_iter().zip(taken) {
        let holder = taken.as_deref().and_then(Said::of).map(|said| said.key.to_owned());
        let precondition = match (taken, holder) {
            (None, _) => Precondition::Absent,
            (Some(taken), Some(holder)) if holder == key => Precondition::Head(taken),
            (Some(_), holder) => {
                let holder = holder.unwrap_or_default();
                return match documents.reap(&holder).await {
                    // It had expired. The chunk is read again without it.
                    Ok(true) => Ok(Step::Overtaken),
                    // Of one that was damaged since nobody knows whether it has.
                    Ok(false) | Err(StoreError::Codec { .. }) => Ok(Step::Unfit(duplicates(&key, &holder))),
                    Err(problem) => Err(problem),
                };
            }
        };
        writes.push(Write::put(entry_key, value).when(precondition));
    }
    writes.push(ledger::write(index.number, &next)?);
    match documents.space.commit_repeatable(writes).await? {
        Committed::Done => Ok(Step::Done(next)),
        Committed::Conflict(_) => Ok(Step::Overtaken),
    }
}

fn duplicates(one: &str, other: &str) -> String {
    format!("`{one}` and `{other}` have the same values, and it is unique")
}
