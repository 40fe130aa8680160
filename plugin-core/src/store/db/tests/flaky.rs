//! What the store makes of an engine that does not know what became of a commit.

use std::sync::{
    Mutex,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use super::*;
use crate::store::{
    codec::{self, Head},
    engine::{EngineError, EngineFuture, Got, Read, Write},
};

/// What happens to one commit, and what is said of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It happens; nobody knows.
    DoneInSilence,
    /// It does not; nobody knows.
    LostInSilence,
    /// It happens, somebody else writes the same key after it; nobody knows.
    Overwritten,
    /// Somebody else writes the same key before it.
    Overtaken,
    /// The engine cannot serve, and says so.
    Down,
    /// The engine does its part, and from then on it can read nothing.
    ThenBlind,
}

/// An engine whose next commits have these fates, the last of them first.
#[derive(Debug)]
pub(crate) struct Flaky {
    inner: MemEngine,
    fates: Mutex<Vec<Fate>>,
    blind: AtomicBool,
    /// How often somebody else wrote.
    others: AtomicU64,
}

impl Flaky {
    pub(crate) fn new(fates: &[Fate]) -> Self {
        Self {
            inner: MemEngine::new(),
            fates: Mutex::new(fates.to_vec()),
            blind: AtomicBool::new(false),
            others: AtomicU64::new(0),
        }
    }

    async fn overwrite(&self, keyspace: &Keyspace, key: &[u8]) -> Result<(), EngineError> {
        let document = codec::seal(
            Head { revision: 1, tag: self.others.fetch_add(1, Ordering::SeqCst) },
            None,
            &Value::from("of somebody else"),
        )
        .expect("it can be sealed");
        self.inner.commit(keyspace, vec![Write::put(key.to_vec(), document)], Durability::Relaxed).await
    }
}

impl Engine for Flaky {
    fn open<'a>(&'a self, keyspace: &'a Keyspace) -> EngineFuture<'a, ()> {
        self.inner.open(keyspace)
    }

    fn keyspaces(&self) -> EngineFuture<'_, Vec<Keyspace>> {
        self.inner.keyspaces()
    }

    fn read<'a>(&'a self, keyspace: &'a Keyspace, reads: &'a [Read]) -> EngineFuture<'a, Vec<Got>> {
        match self.blind.load(Ordering::SeqCst) {
            true => Box::pin(async { Err(down()) }),
            false => self.inner.read(keyspace, reads),
        }
    }

    fn commit<'a>(&'a self, keyspace: &'a Keyspace, writes: Vec<Write>, how: Durability) -> EngineFuture<'a, ()> {
        let fate = self.fates.lock().expect("nobody panics with it").pop();
        Box::pin(async move {
            let key = writes.first().map(|write| write.key.clone()).unwrap_or_default();
            match fate {
                None => return self.inner.commit(keyspace, writes, how).await,
                Some(Fate::LostInSilence) => {}
                Some(Fate::DoneInSilence) => self.inner.commit(keyspace, writes, how).await?,
                Some(Fate::Overwritten) => {
                    self.inner.commit(keyspace, writes, how).await?;
                    self.overwrite(keyspace, &key).await?;
                }
                Some(Fate::Overtaken) => {
                    self.overwrite(keyspace, &key).await?;
                    return self.inner.commit(keyspace, writes, how).await;
                }
                Some(Fate::Down) => return Err(down()),
                Some(Fate::ThenBlind) => {
                    self.blind.store(true, Ordering::SeqCst);
                    return self.inner.commit(keyspace, writes, how).await;
                }
            }
            Err(EngineError::UnknownOutcome)
        })
    }

    fn sync(&self) -> EngineFuture<'_, ()> {
        self.inner.sync()
    }
}

fn down() -> EngineError {
    EngineError::Unavailable("it is down".into())
}

/// A store with `k` = 1 whose next commits have these fates, the last of them first.
fn store(fates: &[Fate]) -> Db {
    let flaky = Arc::new(Flaky::new(&[]));
    let db = over(Arc::clone(&flaky) as Arc<dyn Engine>);
    set(&db, "k", 1);
    flaky.fates.lock().expect("nobody panics with it").extend(fates);
    db
}

#[test]
fn a_commit_of_unknown_outcome_takes_effect_once() {
    for fates in [
        &[Fate::DoneInSilence][..],
        &[Fate::LostInSilence],
        &[Fate::LostInSilence; 4],
        &[Fate::DoneInSilence, Fate::LostInSilence],
    ] {
        assert_eq!(block_on(store(fates).increment("k", 1)).expect("a sum"), 2, "{fates:?}");
        let db = store(fates);
        block_on(db.increment("k", 1)).expect("a sum");
        assert_eq!(get(&db, "k"), Some(json!(2)), "{fates:?}");

        let db = store(fates);
        set(&db, "k", 5);
        assert_eq!(get(&db, "k"), Some(json!(5)), "{fates:?}");

        let db = store(fates);
        assert!(block_on(db.set_if("new", &5, None)).is_ok(), "{fates:?}");
        assert_eq!(get(&db, "new"), Some(json!(5)), "{fates:?}");

        // Of a key that is gone nobody can tell who removed it.
        let db = store(fates);
        let is_told = !fates.contains(&Fate::DoneInSilence);
        match block_on(db.delete("k")) {
            Ok(was_there) => assert!(was_there && is_told, "{fates:?}"),
            Err(unknown) => {
                assert!(matches!(unknown, StoreError::Engine(EngineError::UnknownOutcome)) && !is_told, "{fates:?}");
            }
        }
        assert_eq!(get(&db, "k"), None, "{fates:?}");
    }
}

#[test]
fn an_outcome_that_nobody_can_tell_stays_unknown() {
    for fates in [&[Fate::Overwritten][..], &[Fate::LostInSilence; 5]] {
        for result in [block_on(store(fates).increment("k", 1)).map(drop), block_on(store(fates).set("k", &5))] {
            assert!(matches!(result, Err(StoreError::Engine(EngineError::UnknownOutcome))), "{fates:?}: {result:?}");
        }
    }
}

#[test]
fn once_an_outcome_is_unknown_no_failure_after_it_says_that_nothing_was_written() {
    let writes = |fates: &[Fate]| {
        let deleted = block_on(store(fates).delete("k")).map(drop);
        [block_on(store(fates).increment("k", 1)).map(drop), block_on(store(fates).set("k", &5)), deleted]
    };
    for before in [Fate::LostInSilence, Fate::DoneInSilence] {
        for result in writes(&[Fate::Down, before]) {
            assert!(matches!(result, Err(StoreError::Engine(EngineError::UnknownOutcome))), "{before:?}: {result:?}");
        }
    }
    for result in writes(&[Fate::ThenBlind, Fate::Overwritten]) {
        assert!(matches!(result, Err(StoreError::Engine(EngineError::UnknownOutcome))), "{result:?}");
    }
    for result in writes(&[Fate::Down]) {
        assert!(matches!(result, Err(StoreError::Engine(EngineError::Unavailable(_)))), "{result:?}");
    }
}

#[test]
fn who_is_overtaken_tries_again() {
    let db = store(&[Fate::Overtaken]);
    set(&db, "k", 5);
    assert_eq!(get(&db, "k"), Some(json!(5)));
    assert!(block_on(store(&[Fate::Overtaken]).delete("k")).expect("it can be deleted"));
    let what_came_between = block_on(store(&[Fate::Overtaken]).increment("k", 1));
    assert!(matches!(what_came_between, Err(StoreError::NotAnInteger { found: "a string", .. })));
}

#[test]
fn who_is_always_overtaken_gives_up() {
    let refused = block_on(store(&[Fate::Overtaken; ATTEMPTS]).set("k", &5));
    assert!(matches!(refused, Err(StoreError::Contended { attempts: ATTEMPTS, .. })), "{refused:?}");
}
