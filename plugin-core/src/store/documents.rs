//! The documents of one app in one keyspace: where they lie, and how a change of some becomes one commit with all that belongs to it, the
//! entries of indexes and the row that tells when a document expires.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    codec::{CodecError, Head},
    engine::{Change as Become, Direction, MAX_SCAN, Precondition, Scan, Wanted, Write},
    error::StoreError,
    index::{Entry, Index, Said, entry, key_of},
    key::{self, MAX_USER_KEY},
    record::{Payload, Record, of_key},
    space::{Committed, Space, precondition},
    value::Value,
    walk::after_key,
};
use crate::{clock::Timestamp, id::AppId};

/// The largest document, in bytes as it is encoded.
pub const MAX_DOCUMENT: usize = 1 << 20;

/// The documents of one app in one keyspace.
#[derive(Debug, Clone)]
pub(super) struct Documents {
    pub(super) space: Arc<Space>,
    pub(super) app: AppId,
}

/// What becomes of one document.
#[derive(Debug)]
pub(super) struct Change<'a> {
    pub(super) key: &'a str,
    /// What is stored there, expired or not.
    pub(super) before: Option<&'a [u8]>,
    pub(super) after: Option<&'a New>,
}

/// What is known of what is stored, as far as it can be read.
struct Before {
    head: Option<Head>,
    /// What has to be there still when it is written over.
    held: Precondition,
    /// Whether it has not expired.
    live: bool,
    expiry: Option<u64>,
}

/// What is to be stored.
#[derive(Debug, Clone)]
pub(super) struct New {
    pub(super) payload: Payload,
    /// When it expires, in milliseconds since the Unix epoch.
    pub(super) expiry: Option<u64>,
}

impl New {
    /// # Errors
    /// [`StoreError::TooLarge`], before anybody keeps it for a commit.
    pub(super) fn of(key: &str, payload: Payload, expiry: Option<u64>) -> Result<Self, StoreError> {
        match payload.size() {
            size if size > MAX_DOCUMENT => Err(StoreError::TooLarge { key: key.into(), size, limit: MAX_DOCUMENT }),
            _ => Ok(Self { payload, expiry }),
        }
    }
}

/// A commit in the making.
#[derive(Debug, Default)]
pub(super) struct Batch {
    documents: Vec<Write>,
    /// By their keys: what one document leaves another may take.
    entries: BTreeMap<Vec<u8>, Write>,
    /// The heads of the documents that are put, in the order of the changes.
    pub(super) heads: Vec<Head>,
    /// Those that it has entries for. Whoever drops one waits for the batches that hold it.
    indexes: Vec<Arc<Index>>,
}

/// What documents want of unique indexes, for which has to be seen who has it.
#[derive(Default)]
struct Wants<'a> {
    /// Entries that no other document may have.
    claims: Vec<Claim<'a>>,
    /// Documents and entries that go, of indexes that are being built. Another document may have such an entry, one with the same values
    /// from before the index was declared.
    left: Vec<(&'a str, Vec<u8>)>,
    /// Documents of which what is there cannot be read, so that nobody knows which entries they have.
    unreadable: Vec<&'a str>,
}

/// An entry that no other document may have, and whose it is to be.
struct Claim<'a> {
    key: &'a str,
    entry: Entry,
    index: Arc<Index>,
    /// Whether the document had it before, though nobody may have held it to that: the index is not complete.
    had_it: bool,
}

impl Documents {
    /// Where the document `key` lies.
    pub(super) fn place(&self, key: &str) -> Result<Vec<u8>, StoreError> {
        match key.len() {
            1..=MAX_USER_KEY => Ok(key::document(&self.app, key).into_bytes()),
            length => Err(StoreError::InvalidKey { length }),
        }
    }

    /// What is stored under `key`, expired or not.
    pub(super) async fn read(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.space.get(self.place(key)?).await
    }

    /// What `read` makes of the document `key`, if it is there.
    pub(super) async fn look<T: Send>(
        &self,
        key: &str,
        read: impl Fn(&Record<'_>) -> Result<T, CodecError> + Sync,
    ) -> Result<Option<T>, StoreError> {
        let place = self.place(key)?;
        let mut found = Ok(None);
        let mut show = |bytes: Option<&[u8]>| {
            found =
                self.live(key, bytes).and_then(|record| record.map(|record| of_key(key, read(&record))).transpose());
        };
        self.space.show(&place, &mut show).await?;
        found
    }

    /// The document that is stored as `bytes` under `key`.
    #[inline]
    pub(super) fn record<'a>(&'a self, key: &'a str, bytes: &'a [u8]) -> Result<Record<'a>, StoreError> {
        of_key(key, Record::of(&self.space.schema, key, bytes))
    }

    /// The same, where it has not expired.
    pub(super) fn live<'a>(&'a self, key: &'a str, bytes: Option<&'a [u8]>) -> Result<Option<Record<'a>>, StoreError> {
        let Some(bytes) = bytes else { return Ok(None) };
        let record = self.record(key, bytes)?;
        Ok(Some(record).filter(|record| self.is_live(record)))
    }

    fn is_live(&self, record: &Record<'_>) -> bool {
        // Most never expire, and what time it is need not be asked for them.
        record.expiry().is_none() || record.is_live(self.space.now())
    }

    /// `value` as it is to be stored under `key`, without a time at which it expires.
    pub(super) fn new_value(&self, key: &str, value: Value) -> Result<New, StoreError> {
        New::of(key, of_key(key, Payload::of(&self.space.schema, key, value))?, None)
    }

    /// Commits one change. What is there must still be what it was made on top of.
    pub(super) async fn commit(&self, change: Change<'_>) -> Result<(Committed, Option<Head>), StoreError> {
        let batch = self.compose(&[change]).await?;
        let head = batch.heads.first().copied();
        Ok((self.finish(batch, Vec::new()).await?, head))
    }

    /// Commits a batch and `more`, which does not concern documents.
    pub(super) async fn finish(&self, batch: Batch, more: Vec<Write>) -> Result<Committed, StoreError> {
        let Batch { documents, entries, heads, indexes: _held } = batch;
        let put = documents.iter().find(|write| matches!(write.change, Become::Put(_)));
        let mine = put.or(documents.first()).map(|write| write.key.clone()).unwrap_or_default();
        let after = put.and(heads.first().copied());
        let writes: Vec<Write> = documents.into_iter().chain(entries.into_values()).chain(more).collect();
        match writes.is_empty() {
            true => Ok(Committed::Done),
            false => self.space.commit(writes, (&mine, after)).await,
        }
    }

    /// The writes that make `changes`.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] if a unique index has such a document already.
    pub(super) async fn compose(&self, changes: &[Change<'_>]) -> Result<Batch, StoreError> {
        self.space.settle_indexes().await?;
        let mut batch = Batch::default();
        let mut wants = Wants::default();
        for change in changes {
            self.add(change, &mut batch, &mut wants)?;
        }
        for key in wants.unreadable {
            self.search_entries(key, &mut batch).await?;
        }
        self.leave(wants.left, &mut batch).await?;
        self.claim(wants.claims, &mut batch).await?;
        Ok(batch)
    }

    fn add<'a>(&self, change: &Change<'a>, batch: &mut Batch, wants: &mut Wants<'a>) -> Result<(), StoreError> {
        let Change { key, before, after } = *change;
        let place = self.place(key)?;
        let Before { head: before_head, held, live, expiry: before_expiry } = self.before(key, before);
        if before.is_none() && after.is_none() {
            batch.documents.push(Write { key: place, precondition: Precondition::Absent, change: Become::Keep });
            return Ok(());
        }
        let write = match after {
            None => Write::delete(place),
            Some(New { payload, expiry }) => {
                let head = self.space.next(before_head.filter(|_| live));
                batch.heads.push(head);
                let document = payload.seal(head, *expiry);
                if document.len() > MAX_DOCUMENT {
                    let size = document.len();
                    return Err(StoreError::TooLarge { key: key.into(), size, limit: MAX_DOCUMENT });
                }
                Write::put(place, document)
            }
        };
        batch.documents.push(write.when(held));

        let after_expiry = after.and_then(|after| after.expiry);
        if before_expiry != after_expiry {
            if let Some(expiry) = before_expiry {
                batch.delete(key::expiry(expiry, &self.app, key).into_bytes());
            }
            if let Some(expiry) = after_expiry {
                batch.put(key::expiry(expiry, &self.app, key).into_bytes(), Vec::new());
            }
        }
        self.index(change, before_expiry, batch, wants)
    }

    /// What is there. Bytes that are none of a document have a head as far as they go, so that they can be written over.
    fn before(&self, key: &str, before: Option<&[u8]>) -> Before {
        let Some(bytes) = before else {
            return Before { head: None, held: Precondition::Absent, live: false, expiry: None };
        };
        match (self.record(key, bytes), super::codec::head(bytes)) {
            (Ok(record), _) => {
                let (head, live) = (Some(record.head()), self.is_live(&record));
                Before { head, held: precondition(head), live, expiry: record.expiry() }
            }
            (Err(_), Ok(head)) => Before { head: Some(head), held: precondition(Some(head)), live: true, expiry: None },
            (Err(_), Err(_)) => {
                Before { head: None, held: Precondition::Head(bytes.to_vec()), live: true, expiry: None }
            }
        }
    }

    /// The entries of indexes that go and come.
    fn index<'a>(
        &self,
        change: &Change<'a>,
        before_expiry: Option<u64>,
        batch: &mut Batch,
        wants: &mut Wants<'a>,
    ) -> Result<(), StoreError> {
        let Change { key, before, after } = *change;
        let indexes = self.space.indexes.of(key);
        if indexes.is_empty() {
            return Ok(());
        }
        let before = before.and_then(|bytes| {
            let value = self.record(key, bytes).ok().and_then(|record| record.value().ok());
            wants.unreadable.extend(value.is_none().then_some(key));
            value
        });
        let after = after
            .map(|new| Ok::<_, StoreError>((of_key(key, new.payload.value(&self.space.schema, key))?, new.expiry)));
        let after = after.transpose()?;
        batch.indexes.extend(indexes.iter().cloned());
        for index in indexes {
            let old = match &before {
                Some(value) => self.old_entry(&index, key, value, before_expiry),
                None => None,
            };
            let new = match &after {
                Some((value, expiry)) => entry(&index, &self.app, key, value, *expiry)?,
                None => None,
            };
            // Before it is complete an entry may not be there yet that the document would have had; and never was there, where nobody could
            // read the document when the index was built.
            let is_complete = index.is_whole();
            let (is_there, had_it) = (is_complete && old == new, !is_complete && has_same_key(&old, &new));
            match old.filter(|old| new.as_ref().is_none_or(|new| new.key != old.key)) {
                Some(old) if old.binds && !is_complete => wants.left.push((key, old.key)),
                Some(old) => batch.delete(old.key),
                None => {}
            }
            match new {
                Some(_) if is_there => {}
                Some(entry) if entry.binds => wants.claims.push(Claim { key, entry, index, had_it }),
                Some(entry) => batch.put(entry.key, entry.value),
                None => {}
            }
        }
        Ok(())
    }

    /// Removes all entries that point to the document `key`: looks at every entry of its indexes in this app, for the rare case that
    /// damage, or a migration that refuses it, leaves no other way to be rid of it.
    async fn search_entries(&self, key: &str, batch: &mut Batch) -> Result<(), StoreError> {
        for index in self.space.indexes.of(key) {
            let mut left = Some(key_of(&index, &self.app).range());
            while let Some(range) = left.take() {
                let (direction, wanted) = (Direction::Forward, Wanted::Entries);
                let scan = Scan { range: range.clone(), limit: MAX_SCAN, bytes: 1 << 20, direction, wanted };
                let found = self.space.scan(scan).await?;
                for (entry, said) in found.iter() {
                    if Said::of(said).is_some_and(|said| said.key == key) {
                        batch.delete(entry.to_vec());
                    }
                }
                left = found.last().filter(|_| found.more).map(|(last, _)| after_key(last)..range.end);
                tokio::task::yield_now().await;
            }
        }
        Ok(())
    }

    /// What is too long for an index was never in it.
    fn old_entry(&self, index: &Index, key: &str, value: &Value, expiry: Option<u64>) -> Option<Entry> {
        entry(index, &self.app, key, value, expiry).ok().flatten()
    }

    /// Removes entries that only one document may have, where it is the one that leaves them.
    async fn leave(&self, left: Vec<(&str, Vec<u8>)>, batch: &mut Batch) -> Result<(), StoreError> {
        if left.is_empty() {
            return Ok(());
        }
        let found = self.space.get_all(left.iter().map(|(_, entry)| entry.clone()).collect()).await?;
        for ((key, entry), found) in left.into_iter().zip(found) {
            let is_own = found.as_deref().and_then(Said::of).is_some_and(|said| said.key == key);
            let change = if is_own { Become::Delete } else { Become::Keep };
            let precondition = found.map_or(Precondition::Absent, Precondition::Head);
            // Two that leave the same entry do not both have it.
            match batch.entries.get(&entry) {
                Some(Write { change: Become::Delete, .. }) => {}
                _ => drop(batch.entries.insert(entry.clone(), Write { key: entry, precondition, change })),
            }
        }
        Ok(())
    }

    /// Takes entries that only one document may have: those that are free, that the document has already, or that another one leaves in
    /// the same commit.
    async fn claim(&self, claims: Vec<Claim<'_>>, batch: &mut Batch) -> Result<(), StoreError> {
        if claims.is_empty() {
            return Ok(());
        }
        let keys = claims.iter().map(|claim| claim.entry.key.clone()).collect();
        let found = self.space.get_all(keys).await?;
        let mut taken = BTreeMap::new();
        for (Claim { key, entry, index, had_it }, found) in claims.into_iter().zip(found) {
            let duplicate = |other: String| {
                let (key, index) = (key.to_owned(), index.definition.to_string());
                StoreError::Duplicate { key, index, other }
            };
            if let Some(other) = taken.insert(entry.key.clone(), key) {
                return Err(duplicate(other.to_owned()));
            }
            let is_left = matches!(batch.entries.get(&entry.key), Some(Write { change: Become::Delete, .. }));
            let holder = found.as_deref().and_then(Said::of).map(|said| said.key.to_owned());
            match holder.filter(|holder| holder != key && !is_left) {
                None => batch.take(entry, found.map_or(Precondition::Absent, Precondition::Head)),
                // It had expired and is gone now; its entry with it.
                Some(other) if self.reap(&other).await? => batch.take(entry, Precondition::Absent),
                // Both were there before the index, which cannot be built of them. That is no reason to hold up a change of others.
                Some(_) if had_it => {}
                Some(other) => return Err(duplicate(other)),
            }
        }
        Ok(())
    }

    /// Removes the document `key` if it has expired; whether it is gone now.
    pub(super) async fn reap(&self, key: &str) -> Result<bool, StoreError> {
        loop {
            let Some(bytes) = self.read(key).await? else { return Ok(true) };
            if self.is_live(&self.record(key, &bytes)?) {
                return Ok(false);
            }
            let change = Change { key, before: Some(&bytes), after: None };
            // No claims are made for what is removed, so this does not lead back here.
            let (mut batch, mut wants) = (Batch::default(), Wants::default());
            self.add(&change, &mut batch, &mut wants)?;
            for key in wants.unreadable {
                self.search_entries(key, &mut batch).await?;
            }
            self.leave(wants.left, &mut batch).await?;
            if self.finish(batch, Vec::new()).await? == Committed::Done {
                return Ok(true);
            }
        }
    }

    /// Removes the row that tells that `key` expires at `expiry`, where what is there does not.
    pub(super) async fn forget_expiry(&self, key: &str, expiry: u64, bytes: Option<&[u8]>) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        let head = bytes.map(super::codec::head).transpose();
        batch.hold(self.place(key)?, of_key(key, head)?);
        batch.delete(key::expiry(expiry, &self.app, key).into_bytes());
        // Somebody wrote it meanwhile: it is looked at again another time.
        self.finish(batch, Vec::new()).await.map(drop)
    }

    /// When something expires that is to live for `lifetime`.
    pub(super) fn expiry(&self, lifetime: std::time::Duration) -> u64 {
        super::record::millis(self.space.now().saturating_add(lifetime)).max(1)
    }

    /// The time that decides what has expired.
    pub(super) fn now(&self) -> Timestamp {
        self.space.now()
    }
}

fn has_same_key(old: &Option<Entry>, new: &Option<Entry>) -> bool {
    matches!((old, new), (Some(old), Some(new)) if old.key == new.key)
}

impl Batch {
    fn delete(&mut self, key: Vec<u8>) {
        self.entries.entry(key.clone()).or_insert_with(|| Write::delete(key));
    }

    fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.entries.insert(key.clone(), Write::put(key, value));
    }

    fn take(&mut self, entry: Entry, precondition: Precondition) {
        let Entry { key, value, .. } = entry;
        self.entries.insert(key.clone(), Write::put(key, value).when(precondition));
    }

    /// Holds a document to what was read of it, without changing it.
    pub(super) fn hold(&mut self, place: Vec<u8>, head: Option<Head>) {
        self.documents.push(Write { key: place, precondition: precondition(head), change: Become::Keep });
    }
}
