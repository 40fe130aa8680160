//! The one thread that writes. While a sync of the disk is under way further commits queue up; the next group takes them all with
//! one sync. Being alone it also is what makes a precondition and its write one step.

use std::{
    collections::HashMap,
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc::{self, Receiver, Sender},
    },
    thread::{self, JoinHandle},
};

use plugin_core::store::engine::{Change, Durability, EngineError, Keyspace, Precondition, Write};
use rocksdb::WriteBatch;
use tokio::sync::oneshot;

use super::{
    Db, failure, family,
    options::{self, Flush},
};

#[cfg(test)]
#[path = "writer_tests.rs"]
mod tests;

/// A group ends at this many requests or bytes, so that the first of it does not wait for ever.
const MAX_GROUP: usize = 512;
const MAX_GROUP_BYTES: usize = 16 << 20;

/// What the writer has done since it started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WriteCounts {
    /// Commits and syncs asked for, whatever became of them.
    pub requests: u64,
    /// Batches that they were written in.
    pub groups: u64,
    /// Batches that were brought to disk before they were answered.
    pub syncs: u64,
}

#[derive(Debug, Default)]
struct Counters {
    requests: AtomicU64,
    groups: AtomicU64,
    syncs: AtomicU64,
}

/// Something to be done in turn. Without a commit it asks only that all before it is on disk.
struct Request {
    commit: Option<Commit>,
    flush: Flush,
    reply: oneshot::Sender<Result<(), EngineError>>,
}

struct Commit {
    keyspace: Keyspace,
    writes: Vec<Write>,
}

/// The thread, and the way to it.
#[derive(Debug)]
pub(super) struct Writer {
    // Taken on drop, which is how the thread learns of the end.
    requests: Option<Sender<Request>>,
    thread: Option<JoinHandle<()>>,
    counters: Arc<Counters>,
}

impl Writer {
    pub(super) fn start(db: Arc<Db>) -> io::Result<Self> {
        let (requests, queue) = mpsc::channel();
        let counters = Arc::<Counters>::default();
        let work = Work { db, counters: Arc::clone(&counters), broken: None };
        let thread = thread::Builder::new().name("store-writer".into()).spawn(move || work.run(&queue))?;
        Ok(Self { requests: Some(requests), thread: Some(thread), counters })
    }

    pub(super) fn counts(&self) -> WriteCounts {
        let Counters { requests, groups, syncs } = &*self.counters;
        WriteCounts { requests: requests.load(Relaxed), groups: groups.load(Relaxed), syncs: syncs.load(Relaxed) }
    }

    pub(super) async fn commit(
        &self,
        keyspace: Keyspace,
        writes: Vec<Write>,
        durability: Durability,
    ) -> Result<(), EngineError> {
        let flush = match durability {
            Durability::Synced => Flush::ToDisk,
            Durability::Relaxed => Flush::ToSystem,
        };
        self.ask(Some(Commit { keyspace, writes }), flush).await
    }

    pub(super) async fn sync(&self) -> Result<(), EngineError> {
        self.ask(None, Flush::ToDisk).await
    }

    async fn ask(&self, commit: Option<Commit>, flush: Flush) -> Result<(), EngineError> {
        let (reply, answer) = oneshot::channel();
        let sent =
            self.requests.as_ref().is_some_and(|requests| requests.send(Request { commit, flush, reply }).is_ok());
        match sent {
            // Once it is sent it may be done, whether or not the thread lives to say so.
            true => answer.await.unwrap_or(Err(EngineError::UnknownOutcome)),
            false => Err(EngineError::Unavailable("the thread that writes has ended".into())),
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.requests.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been reported where it happened, and to all that waited.
            let _ = thread.join();
        }
    }
}

struct Work {
    db: Arc<Db>,
    counters: Arc<Counters>,
    /// Set by the first write that fails. RocksDB refuses what follows anyway, and only opening it again tells what is on disk.
    broken: Option<String>,
}

impl Work {
    fn run(mut self, queue: &Receiver<Request>) {
        while let Ok(first) = queue.recv() {
            let group = gather(first, queue);
            let results = self.answer(&group);
            for (request, result) in group.into_iter().zip(results) {
                // The one who asked may have gone away; what it asked for is done all the same.
                let _ = request.reply.send(result);
            }
        }
        if let Err(error) = self.db.flush_wal(true) {
            tracing::error!(%error, "the store could not be brought to disk while closing");
        }
    }

    fn answer(&mut self, group: &[Request]) -> Vec<Result<(), EngineError>> {
        self.counters.requests.fetch_add(group.len() as u64, Relaxed);
        if let Some(cause) = &self.broken {
            let refused = format!("a write has failed and the store takes no more until it is opened again: {cause}");
            return group.iter().map(|_| Err(EngineError::Unavailable(refused.clone()))).collect();
        }
        let mut batch = WriteBatch::default();
        let mut pending = Pending::default();
        let mut flush = Flush::ToSystem;
        let mut results = Vec::with_capacity(group.len());
        for request in group {
            let result = request.commit.as_ref().map_or(Ok(()), |commit| self.add(commit, &mut batch, &mut pending));
            if result.is_ok() && request.flush == Flush::ToDisk {
                flush = Flush::ToDisk;
            }
            results.push(result);
        }
        if let Err(error) = self.write(batch, flush) {
            tracing::error!(%error, "a write to the store has failed; it takes no more until it is opened again");
            self.broken = Some(error.into_string());
            for result in results.iter_mut().filter(|result| result.is_ok()) {
                // It may have reached the log, and then it is there when the store is opened again.
                *result = Err(EngineError::UnknownOutcome);
            }
        }
        results
    }

    /// Adds `commit` to the batch, or nothing of it.
    fn add<'group>(
        &self,
        commit: &'group Commit,
        batch: &mut WriteBatch,
        pending: &mut Pending<'group>,
    ) -> Result<(), EngineError> {
        let Commit { keyspace, writes } = commit;
        let family = family(&self.db, keyspace)?;
        for (place, write) in writes.iter().enumerate() {
            let holds = match &write.precondition {
                Precondition::Any => true,
                condition => match pending.get(keyspace, &write.key) {
                    Some(value) => met(condition, value),
                    None => {
                        let stored =
                            self.db.get_pinned_cf_opt(&family, &write.key, &options::reading()).map_err(failure)?;
                        met(condition, stored.as_deref())
                    }
                },
            };
            if !holds {
                return Err(EngineError::Conflict(place));
            }
        }
        for Write { key, change, .. } in writes {
            let value = match change {
                Change::Keep => continue,
                Change::Put(value) => {
                    batch.put_cf(&family, key, value);
                    Some(&**value)
                }
                Change::Delete => {
                    batch.delete_cf(&family, key);
                    None
                }
            };
            pending.set(keyspace, key, value);
        }
        Ok(())
    }

    fn write(&self, batch: WriteBatch, flush: Flush) -> Result<(), rocksdb::Error> {
        if batch.is_empty() && flush == Flush::ToSystem {
            return Ok(());
        }
        self.counters.groups.fetch_add(1, Relaxed);
        if flush == Flush::ToDisk {
            self.counters.syncs.fetch_add(1, Relaxed);
        }
        match batch.is_empty() {
            true => self.db.flush_wal(true),
            false => self.db.write_opt(batch, &options::writing(flush)),
        }
    }
}

/// All that waits, up to the limits of a group.
fn gather(first: Request, queue: &Receiver<Request>) -> Vec<Request> {
    let mut bytes = size(&first);
    let mut group = vec![first];
    while group.len() < MAX_GROUP && bytes < MAX_GROUP_BYTES {
        let Ok(next) = queue.try_recv() else { break };
        bytes += size(&next);
        group.push(next);
    }
    group
}

fn size(request: &Request) -> usize {
    let writes = request.commit.iter().flat_map(|commit| &commit.writes);
    writes.map(|write| write.key.len() + if let Change::Put(value) = &write.change { value.len() } else { 0 }).sum()
}

/// What the commits of a group that go before would leave behind.
#[derive(Default)]
struct Pending<'group>(HashMap<(&'group str, &'group [u8]), Option<&'group [u8]>>);

impl<'group> Pending<'group> {
    fn get(&self, keyspace: &'group Keyspace, key: &'group [u8]) -> Option<Option<&'group [u8]>> {
        self.0.get(&(keyspace.name(), key)).copied()
    }

    fn set(&mut self, keyspace: &'group Keyspace, key: &'group [u8], value: Option<&'group [u8]>) {
        self.0.insert((keyspace.name(), key), value);
    }
}

fn met(precondition: &Precondition, value: Option<&[u8]>) -> bool {
    match (precondition, value) {
        (Precondition::Any, _) | (Precondition::Absent, None) | (Precondition::Present, Some(_)) => true,
        (Precondition::Head(head), Some(value)) => value.starts_with(head),
        _ => false,
    }
}
