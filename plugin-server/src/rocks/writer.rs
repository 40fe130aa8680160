//! The one thread that writes. While a sync of the disk is under way further commits queue up; the next group takes them all with
//! one sync. Whoever writes has the turn, which makes a precondition and its write one step: that is the thread, or, where nobody has
//! it, the one who asks for a small commit that need not be on disk. That takes microseconds, and to be woken by the thread takes ten
//! times as many.

use std::{
    collections::HashMap,
    io,
    sync::{
        Arc, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc::{self, Receiver, RecvTimeoutError, Sender},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use plugin_core::store::engine::{Change, Durability, EngineError, Keyspace, Precondition, Write};
use rocksdb::{ErrorKind, WriteBatch, properties};
use tokio::sync::oneshot;

use super::{
    Db, failure, family,
    options::{self, Flush},
    place::{Closed, Shared},
    recovery::Recovery,
};

#[cfg(test)]
#[path = "writer_tests.rs"]
mod tests;

/// A group ends at this many requests or bytes, so that the first of it does not wait for ever.
const MAX_GROUP: usize = 512;
const MAX_GROUP_BYTES: usize = 16 << 20;
/// The most bytes that are written on the thread of the one who asks.
const MAX_AT_ONCE: usize = 64 << 10;

/// How long a write waits for tables to be made before it asks whether they can be.
const LONG_STALL: Duration = Duration::from_millis(500);
/// How long it waits before it is written again.
const MOMENT: Duration = Duration::from_millis(1);

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

/// What the thread is sent.
enum Message {
    Request(Request),
    /// Something that changes the database has failed elsewhere.
    Failed(rocksdb::Error),
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

impl Commit {
    /// The bytes of its keys and values.
    fn size(&self) -> usize {
        let size = |it: &Write| it.key.len() + if let Change::Put(value) = &it.change { value.len() } else { 0 };
        self.writes.iter().map(size).sum()
    }
}

/// The thread, and the way to it.
#[derive(Debug)]
pub(super) struct Writer {
    // Taken on drop, which is how the thread learns of the end.
    messages: Option<Sender<Message>>,
    thread: Option<JoinHandle<()>>,
    shared: Arc<Shared>,
    counters: Arc<Counters>,
}

impl Writer {
    /// Starts the thread on the database that is in its place; `closed` is what came with that.
    pub(super) fn start(shared: Arc<Shared>, closed: Closed) -> io::Result<Self> {
        let (messages, queue) = mpsc::channel();
        let work = Work::new(Arc::clone(&shared), closed);
        let counters = Arc::clone(&work.counters);
        let thread = thread::Builder::new().name("store-writer".into()).spawn(move || work.run(&queue))?;
        Ok(Self { messages: Some(messages), thread: Some(thread), shared, counters })
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
        let commit = Commit { keyspace, writes };
        let flush = match durability {
            Durability::Synced => Flush::ToDisk,
            Durability::Relaxed => match self.at_once(&commit) {
                Some(result) => return result,
                None => Flush::ToSystem,
            },
        };
        self.ask(Some(commit), flush).await
    }

    /// Writes `commit`, if that is small and nobody else writes. It is not written where nothing is given back.
    fn at_once(&self, commit: &Commit) -> Option<Result<(), EngineError>> {
        if commit.size() > MAX_AT_ONCE {
            return None;
        }
        let _turn = self.shared.turn.try_lock().ok()?;
        if self.shared.standing.refusal().is_some() {
            return None;
        }
        let written = self.shared.place.with(|db| {
            let mut batch = WriteBatch::default();
            add(db, commit, &mut batch, &mut Pending::default())?;
            Ok(self.counters.flush(db, batch, Flush::ToSystem))
        });
        let result = match written {
            Ok(Ok(())) => {
                self.shared.wrote.store(true, Relaxed);
                Ok(())
            }
            // It was not written. The thread waits until it can be.
            Ok(Err(error)) if is_stall(&error) => return None,
            Ok(Err(error)) => {
                self.failed(error);
                Err(EngineError::UnknownOutcome)
            }
            Err(refusal) => Err(refusal),
        };
        self.counters.requests.fetch_add(1, Relaxed);
        Some(result)
    }

    pub(super) async fn sync(&self) -> Result<(), EngineError> {
        self.ask(None, Flush::ToDisk).await
    }

    /// Tells the thread that a change of the database has failed which it did not make itself.
    pub(super) fn failed(&self, error: rocksdb::Error) {
        // Where the thread has ended, no write is taken either.
        let _ = self.messages.as_ref().map(|messages| messages.send(Message::Failed(error)));
    }

    async fn ask(&self, commit: Option<Commit>, flush: Flush) -> Result<(), EngineError> {
        let (reply, answer) = oneshot::channel();
        let request = Message::Request(Request { commit, flush, reply });
        let sent = self.messages.as_ref().is_some_and(|messages| messages.send(request).is_ok());
        match sent {
            // Once it is sent it may be done, whether or not the thread lives to say so.
            true => answer.await.unwrap_or(Err(EngineError::UnknownOutcome)),
            false => Err(EngineError::Unavailable("the thread that writes has ended".into())),
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.messages.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been reported where it happened, and to all that waited.
            let _ = thread.join();
        }
    }
}

struct Work {
    shared: Arc<Shared>,
    counters: Arc<Counters>,
    recovery: Recovery,
}

impl Work {
    fn new(shared: Arc<Shared>, closed: Closed) -> Self {
        Self { recovery: Recovery::new(Arc::clone(&shared), closed), shared, counters: Arc::default() }
    }

    fn run(mut self, queue: &Receiver<Message>) {
        loop {
            let next = match self.recovery.due() {
                None => queue.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(due) => queue.recv_timeout(due.saturating_duration_since(Instant::now())),
            };
            match next {
                Ok(message) => self.take(message, queue),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            // Refusing those who ask does not hold it up.
            self.recovery.attempt();
        }
        if self.recovery.refusal().is_none()
            && let Err(error) = self.shared.place.with(|db| db.flush_wal(true).map_err(failure))
        {
            tracing::error!(%error, "the store could not be brought to disk while closing");
        }
    }

    fn take(&mut self, message: Message, queue: &Receiver<Message>) {
        let mut group = Vec::new();
        let failed = gather(message, queue, &mut group);
        let results = self.answer(&group);
        for (request, result) in group.into_iter().zip(results) {
            // The one who asked may have gone away; what it asked for is done all the same.
            let _ = request.reply.send(result);
        }
        if let Some(error) = failed {
            self.recovery.failed(&error);
        }
    }

    fn answer(&mut self, group: &[Request]) -> Vec<Result<(), EngineError>> {
        self.counters.requests.fetch_add(group.len() as u64, Relaxed);
        let refused = |refusal: EngineError| group.iter().map(|_| Err(refusal.clone())).collect();
        if let Some(refusal) = self.recovery.refusal() {
            return refused(refusal);
        }
        let turn = Arc::clone(&self.shared);
        let _turn = turn.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut stall = Stall::default();
        let written = self.shared.place.with(|db| {
            loop {
                match self.counters.write(db, group) {
                    (_, Err(error)) if is_stall(&error) && stall.may_end(db) => {}
                    written => return Ok(written),
                }
            }
        });
        match written {
            Ok((mut results, Err(error))) if is_stall(&error) => {
                let refusal = self.recovery.stuck();
                results.iter_mut().filter(|result| result.is_ok()).for_each(|result| *result = Err(refusal.clone()));
                results
            }
            Ok((results, Ok(()))) => {
                self.shared.wrote.store(true, Relaxed);
                results
            }
            Ok((mut results, Err(error))) => {
                self.recovery.failed(&error);
                for result in results.iter_mut().filter(|result| result.is_ok()) {
                    // It may have reached the log, and then it is there when the store is opened again.
                    *result = Err(EngineError::UnknownOutcome);
                }
                results
            }
            Err(refusal) => refused(refusal),
        }
    }
}

/// A write that waits for RocksDB to make tables of what was written before.
#[derive(Default)]
struct Stall(Option<Instant>);

impl Stall {
    /// Waits a moment. False if it has taken long and making tables has failed: it does not end by itself then.
    fn may_end(&mut self, db: &Db) -> bool {
        let began = *self.0.get_or_insert_with(Instant::now);
        // How often it has failed is nowhere else to be had.
        let failed =
            || db.property_int_value(properties::BACKGROUND_ERRORS).ok().flatten().is_some_and(|count| count > 0);
        if began.elapsed() > LONG_STALL && failed() {
            return false;
        }
        thread::park_timeout(MOMENT);
        true
    }
}

fn is_stall(error: &rocksdb::Error) -> bool {
    error.kind() == ErrorKind::Incomplete
}

impl Counters {
    /// What becomes of each of `group` provided that the write succeeds, and whether it did.
    fn write(&self, db: &Db, group: &[Request]) -> (Vec<Result<(), EngineError>>, Result<(), rocksdb::Error>) {
        let mut batch = WriteBatch::default();
        let mut pending = Pending::default();
        let mut flush = Flush::ToSystem;
        let mut results = Vec::with_capacity(group.len());
        for request in group {
            let result = request.commit.as_ref().map_or(Ok(()), |commit| add(db, commit, &mut batch, &mut pending));
            if result.is_ok() && request.flush == Flush::ToDisk {
                flush = Flush::ToDisk;
            }
            results.push(result);
        }
        (results, self.flush(db, batch, flush))
    }

    fn flush(&self, db: &Db, batch: WriteBatch, flush: Flush) -> Result<(), rocksdb::Error> {
        if batch.is_empty() && flush == Flush::ToSystem {
            return Ok(());
        }
        self.groups.fetch_add(1, Relaxed);
        if flush == Flush::ToDisk {
            self.syncs.fetch_add(1, Relaxed);
        }
        match batch.is_empty() {
            true => db.flush_wal(true),
            false => db.write_opt(batch, &options::writing(flush)),
        }
    }
}

/// Adds `commit` to the batch, or nothing of it.
fn add<'group>(
    db: &Db,
    commit: &'group Commit,
    batch: &mut WriteBatch,
    pending: &mut Pending<'group>,
) -> Result<(), EngineError> {
    let Commit { keyspace, writes } = commit;
    let family = family(db, keyspace)?;
    for (place, write) in writes.iter().enumerate() {
        let holds = match &write.precondition {
            Precondition::Any => true,
            condition => match pending.get(keyspace, &write.key) {
                Some(value) => met(condition, value),
                None => {
                    let stored = db.get_pinned_cf_opt(&family, &write.key, &options::reading()).map_err(failure)?;
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

/// Gathers all that waits, up to the limits of a group or the news of a failure, which is given back.
fn gather(first: Message, queue: &Receiver<Message>, group: &mut Vec<Request>) -> Option<rocksdb::Error> {
    let mut bytes = 0;
    let mut next = Some(first);
    while let Some(message) = next {
        let request = match message {
            Message::Request(request) => request,
            Message::Failed(error) => return Some(error),
        };
        bytes += request.commit.as_ref().map_or(0, Commit::size);
        group.push(request);
        next = (group.len() < MAX_GROUP && bytes < MAX_GROUP_BYTES).then(|| queue.try_recv().ok()).flatten();
    }
    None
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
