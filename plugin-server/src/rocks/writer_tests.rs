//! A group as the writer sees it, put together by hand so that its borders are known.

use std::{collections::BTreeSet, sync::Arc};

use futures_util::FutureExt;
use plugin_core::store::{
    conformance::block_on,
    engine::{Durability, EngineError, Keyspace, Precondition, Write},
};
use rocksdb::Options;
use tokio::sync::oneshot;

use super::{Commit, Counters, MAX_AT_ONCE, Message, Request, Work, Writer, gather, mpsc};
use crate::rocks::{
    Db,
    options::{Flush, Tuning},
    place::Shared,
};

fn work(db: Db) -> Work {
    let shared = Arc::new(Shared::new(db.path().to_owned(), Tuning::new()));
    let closed = shared.put(db, BTreeSet::new());
    Work::new(shared, closed)
}

/// What is stored under `key`.
fn stored(work: &Work, key: &str) -> Option<Vec<u8>> {
    let read = work.shared.place.with(|db| {
        let family = db.cf_handle(keyspace().name()).expect("made with the database");
        Ok(db.get_cf(&family, key).expect("a read"))
    });
    read.expect("the database is in its place")
}

fn keyspace() -> Keyspace {
    Keyspace::of_plugin("notes")
}

/// A database with the one keyspace, in a folder that goes with it.
fn database() -> (tempfile::TempDir, Db) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let db =
        Db::open_cf(&Tuning::new().database(), folder.path(), ["default", keyspace().name()]).expect("a new database");
    (folder, db)
}

fn request(write: Write, durability: Durability) -> Request {
    let flush = match durability {
        Durability::Synced => Flush::ToDisk,
        Durability::Relaxed => Flush::ToSystem,
    };
    Request { commit: Some(Commit { keyspace: keyspace(), writes: vec![write] }), flush, reply: oneshot::channel().0 }
}

fn put(key: &str, value: &str) -> Write {
    Write::put(key.into(), value.into())
}

#[test]
fn sixteen_durable_commits_that_wait_together_take_one_sync() {
    let (_folder, db) = database();
    let mut work = work(db);
    let group: Vec<_> = (0..16).map(|n| request(put(&n.to_string(), "value"), Durability::Synced)).collect();
    assert!(work.answer(&group).iter().all(Result::is_ok));
    let Counters { requests, groups, syncs } = &*work.counters;
    assert_eq!([requests, groups, syncs].map(|count| count.load(super::Relaxed)), [16, 1, 1]);
}

#[test]
fn relaxed_commits_take_no_sync_of_their_own() {
    let (_folder, db) = database();
    let mut work = work(db);
    work.answer(&[request(put("a", "1"), Durability::Relaxed)]);
    assert_eq!(work.counters.syncs.load(super::Relaxed), 0);
}

#[test]
fn a_precondition_sees_the_commits_of_its_group_that_go_before() {
    let (_folder, db) = database();
    let group = [
        request(put("key", "first").when(Precondition::Absent), Durability::Synced),
        request(put("key", "second").when(Precondition::Absent), Durability::Synced),
        request(put("key", "third").when(Precondition::Head(b"fir".to_vec())), Durability::Synced),
        request(Write::delete(b"key".to_vec()).when(Precondition::Present), Durability::Synced),
        request(put("key", "last").when(Precondition::Absent), Durability::Synced),
    ];
    let mut work = work(db);
    let results = work.answer(&group);
    assert!(
        matches!(results.as_slice(), [Ok(()), Err(EngineError::Conflict(0)), Ok(()), Ok(()), Ok(())]),
        "{results:?}"
    );
    assert_eq!(stored(&work, "key").as_deref(), Some(&b"last"[..]));
}

#[test]
fn a_commit_that_fails_leaves_nothing_of_itself_in_its_group() {
    let (_folder, db) = database();
    let mut failing = request(put("half", "written"), Durability::Synced);
    let commit = failing.commit.as_mut().expect("made with one");
    commit.writes.push(put("absent", "").when(Precondition::Present));
    let mut work = work(db);
    let results = work.answer(&[failing, request(put("other", "value"), Durability::Synced)]);
    assert!(matches!(results.as_slice(), [Err(EngineError::Conflict(1)), Ok(())]), "{results:?}");
    assert_eq!(stored(&work, "half"), None);
    assert!(stored(&work, "other").is_some());
}

#[test]
fn after_a_failed_write_the_store_takes_no_more() {
    let (folder, db) = database();
    drop(db);
    // A database that is open for reading only fails every write, as a full disk does.
    let names = ["default", keyspace().name()].map(str::to_owned);
    let db =
        Db::open_cf_for_read_only(&Options::default(), folder.path(), names, false).expect("the database made above");
    let mut work = work(db);
    let first = work.answer(&[
        request(put("key", "").when(Precondition::Present), Durability::Synced),
        request(put("key", ""), Durability::Synced),
    ]);
    assert!(matches!(first.as_slice(), [Err(EngineError::Conflict(0)), Err(EngineError::UnknownOutcome)]), "{first:?}");
    let later = work.answer(&[request(put("other", ""), Durability::Synced)]);
    let [Err(EngineError::Unavailable(said))] = later.as_slice() else { panic!("{later:?}") };
    assert!(said.contains("read only"), "{said}");
}

#[test]
fn a_failure_elsewhere_ends_the_group_that_it_comes_into() {
    let (_folder, db) = database();
    let mut work = work(db);
    let failed = Db::open(&Options::default(), "/dev/null/nothing").expect_err("no folder");
    let (messages, queue) = mpsc::channel();
    let (reply, answer) = oneshot::channel();
    let late = Request { reply, ..request(put("late", ""), Durability::Synced) };
    messages.send(Message::Failed(failed)).expect("the queue is there");
    messages.send(Message::Request(late)).expect("the queue is there");
    let mut group = Vec::new();
    let early = Message::Request(request(put("early", ""), Durability::Synced));
    assert!(gather(early, &queue, &mut group).is_some());
    assert_eq!(group.len(), 1);
    let again = Db::open(&Options::default(), "/dev/null/nothing").expect_err("no folder");
    work.take(Message::Failed(again), &queue);
    work.take(queue.try_recv().expect("the late one"), &queue);
    let said = answer.blocking_recv().expect("an answer");
    assert!(matches!(said, Err(EngineError::Unavailable(_))), "{said:?}");
}

fn writer(db: Db) -> Writer {
    let shared = Arc::new(Shared::new(db.path().to_owned(), Tuning::new()));
    let closed = shared.put(db, BTreeSet::new());
    Writer::start(shared, closed).expect("a thread")
}

/// What becomes of a commit before anything is waited for.
fn at_once(writer: &Writer, write: Write, durability: Durability) -> Option<Result<(), EngineError>> {
    writer.commit(keyspace(), vec![write], durability).now_or_never()
}

#[test]
fn a_small_relaxed_commit_is_done_before_it_is_waited_for() {
    let (_folder, db) = database();
    let writer = writer(db);
    let relaxed = |write| at_once(&writer, write, Durability::Relaxed);
    assert!(matches!(relaxed(put("key", "value").when(Precondition::Absent)), Some(Ok(()))));
    let again = relaxed(put("key", "other").when(Precondition::Absent));
    assert!(matches!(again, Some(Err(EngineError::Conflict(0)))), "{again:?}");
    let counts = writer.counts();
    assert_eq!((counts.requests, counts.groups, counts.syncs), (2, 1, 0));
}

#[test]
fn a_commit_that_is_large_or_to_be_on_disk_is_waited_for() {
    let (_folder, db) = database();
    let writer = writer(db);
    let large = Commit { keyspace: keyspace(), writes: vec![put("large", &"x".repeat(MAX_AT_ONCE))] };
    assert!(writer.at_once(&large).is_none(), "it is left to the thread");
    block_on(writer.commit(keyspace(), vec![put("synced", "")], Durability::Synced)).expect("a commit");
    assert_eq!(writer.counts().syncs, 1);
    let _turn = writer.shared.turn.lock().expect("nobody panics");
    assert!(at_once(&writer, put("small", ""), Durability::Relaxed).is_none(), "somebody else writes");
}

#[test]
fn a_relaxed_commit_that_fails_leaves_a_store_that_takes_no_more() {
    let (folder, db) = database();
    drop(db);
    let names = ["default", keyspace().name()].map(str::to_owned);
    let db =
        Db::open_cf_for_read_only(&Options::default(), folder.path(), names, false).expect("the database made above");
    let writer = writer(db);
    let first = at_once(&writer, put("key", ""), Durability::Relaxed);
    assert!(matches!(first, Some(Err(EngineError::UnknownOutcome))), "{first:?}");
    // The thread is told of it before it takes anything else.
    let later = block_on(writer.commit(keyspace(), vec![put("other", "")], Durability::Synced));
    assert!(matches!(later, Err(EngineError::Unavailable(_))), "{later:?}");
}
