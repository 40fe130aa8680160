//! What is promised of what is declared, and of what takes several documents or time: indexes, transactions, lifetimes.

use std::{sync::Arc, thread, time::Duration};

use serde_json::{Value as Json, json};

use super::{Store, app, ask, block_on, get, set};
use crate::{
    clock::{Clock, ManualClock, Timestamp},
    error::Error,
    id::AppId,
    query,
    store::{
        Access, Db, Filter, Schema, Space, StoreError,
        engine::{Durability, Keyspace},
        index::{IndexField, IndexMeta, Progress},
    },
};

static INDEXES: [IndexMeta; 3] = [
    IndexMeta::of("talks:", &[IndexField::ascending("user"), IndexField::descending("endedAt")]),
    IndexMeta::of("users:", &[IndexField::ascending("email")]).unique(),
    IndexMeta::of("", &[IndexField::ascending("topic")]).sparse(),
];

fn space(store: &impl Store, indexes: &'static [IndexMeta], clock: &Clock) -> Arc<Space> {
    let (engine, keyspace) = (store.engine(), Keyspace::of_plugin(super::KEYSPACE));
    block_on(engine.open(&keyspace)).expect("a keyspace opens");
    let space = Space::new(engine, keyspace, Durability::Relaxed).with_clock(clock.clone());
    let space = space.with_schema(Schema::new([], [], [], indexes));
    block_on(space.prepare()).expect("indexes are brought in line");
    Arc::new(space)
}

fn manual() -> ManualClock {
    ManualClock::at(Timestamp::UNIX_EPOCH.saturating_add(Duration::from_secs(1_000_000)))
}

fn indexed(store: &impl Store) -> Db {
    Db::over(space(store, &INDEXES, &manual().into()), AppId::default())
}

fn talk(db: &Db, n: u32) {
    set(
        db,
        &format!("talks:{n:04}"),
        json!({ "user": n % 7, "endedAt": n / 2, "topic": n.is_multiple_of(5).then_some("rust") }),
    );
}

/// The keys of the talks of a user, the latest first, page by page, and how they were come by.
fn talks(db: &Db, user: u32) -> (Vec<String>, Access) {
    let find = || db.find::<Json>(query! { user: user }).under("talks:").sort("-endedAt").limit(10);
    let (mut keys, mut page) = (Vec::new(), ask(find()));
    loop {
        keys.extend(page.items.into_iter().map(|found| found.key));
        match page.next {
            Some(next) => page = ask(find().after(next)),
            None => return (keys, block_on(find().explain()).expect("it can be asked").plan),
        }
    }
}

pub fn what_an_index_gives_is_what_is_there(store: impl Store) {
    let db = indexed(&store);
    (0..300).for_each(|n| talk(&db, n));
    for n in (0..300).step_by(3) {
        match n % 2 {
            0 => talk(&db, 1000 + n),
            _ => assert!(block_on(db.delete(&format!("talks:{n:04}"))).expect("it can be deleted")),
        }
    }
    let plain = Db::over(space(&store, &[], &Clock::system()), AppId::default());
    for user in 0..7 {
        let (expected, _) = {
            let all = ask(plain.find::<Json>(Filter::all()).under("talks:").limit(1000));
            let mut mine: Vec<_> = all.into_iter().filter(|found| found.value["user"] == user).collect();
            mine.sort_by_key(|found| (std::cmp::Reverse(found.value["endedAt"].as_u64()), found.key.clone()));
            (mine.into_iter().map(|found| found.key).collect::<Vec<_>>(), ())
        };
        assert_eq!(talks(&db, user), (expected, Access::IndexInOrder));
    }
    let told = block_on(db.count(query! { topic: "rust" }).explain()).expect("it can be asked");
    assert_eq!((told.plan, told.documents_read), (Access::IndexKeys, 0));
    let rust =
        ask(plain.find::<Json>(Filter::all()).limit(1000)).iter().filter(|it| it.value["topic"] == "rust").count();
    assert_eq!(told.found, rust as u64);
}

pub fn an_index_of_what_was_there_is_built_and_is_there_after_reopening(store: impl Store) {
    let before = Db::over(space(&store, &[], &Clock::system()), AppId::default());
    (0..500).for_each(|n| talk(&before, n));
    let other = Db::over(space(&store, &[], &Clock::system()), app("other"));
    talk(&other, 1);
    drop((before, other));
    let building = space(&store, &INDEXES, &Clock::system());
    let looks = std::cell::Cell::new(0);
    let twice = || {
        looks.set(looks.get() + 1);
        looks.get() <= 2
    };
    block_on(building.build_indexes(twice)).expect("it is broken off");
    assert_eq!(talks(&Db::over(building, AppId::default()), 3).1, Access::Everything, "it is not complete");
    let store = store.reopen();
    let whole = space(&store, &INDEXES, &Clock::system());
    block_on(whole.build_indexes(|| true)).expect("it goes on");
    let (keys, plan) = talks(&Db::over(Arc::clone(&whole), AppId::default()), 3);
    assert_eq!((keys.len(), plan), ((0..500).filter(|n| n % 7 == 3).count(), Access::IndexInOrder));
    assert_eq!(talks(&Db::over(whole, app("other")), 1).0, ["talks:0001"]);
    let store = store.reopen();
    let states = block_on(space(&store, &INDEXES, &Clock::system()).index_states()).expect("they can be read");
    assert!(states.iter().all(|state| state.progress == Progress::Ready && state.declared), "{states:?}");
}

pub fn of_those_who_take_a_unique_value_at_once_one_has_it(store: impl Store) {
    let db = indexed(&store);
    for round in 0..20 {
        let took = thread::scope(|threads| {
            let take = |n: u32| {
                let user = json!({ "email": format!("{round}@example.com") });
                block_on(db.insert(&format!("users:{round}-{n}"), &user))
            };
            let all: Vec<_> = (0..4).map(|n| threads.spawn(move || take(n))).collect();
            all.into_iter().map(|one| one.join().expect("it ends well")).collect::<Vec<_>>()
        });
        assert_eq!(took.iter().filter(|took| took.is_ok()).count(), 1);
        let refused = |took: &Result<_, _>| matches!(took, Ok(_) | Err(StoreError::Duplicate { .. }));
        assert!(took.iter().all(refused), "{took:?}");
    }
    assert_eq!(ask(db.count(query! { email: { prefix: "1" } }).under("users:")), 11);
}

pub fn insert_writes_only_what_is_new(store: impl Store) {
    let db = indexed(&store);
    assert_eq!(block_on(db.insert("k", &1)).expect("nothing is there").number(), 1);
    assert!(matches!(block_on(db.insert("k", &2)), Err(StoreError::Exists { key }) if key == "k"));
    assert_eq!(get(&db, "k"), Some(json!(1)));
}

pub fn a_transaction_is_there_as_a_whole_or_not_at_all(store: impl Store) {
    let db = indexed(&store);
    set(&db, "from", json!(3));
    let refused = block_on(db.txn(|tx| async move {
        tx.increment("from", -3).await?;
        tx.increment("to", 3).await?;
        Err::<(), _>(Error::new("on second thought"))
    }));
    assert!(refused.is_err());
    assert_eq!((get(&db, "from"), get(&db, "to")), (Some(json!(3)), None));
    block_on(db.txn(|tx| async move {
        tx.increment("from", -3).await?;
        Ok(tx.increment("to", 3).await?)
    }))
    .expect("nobody is in between");
    assert_eq!((get(&db, "from"), get(&db, "to")), (Some(json!(0)), Some(json!(3))));
}

pub fn transactions_at_once_keep_what_holds_of_all(store: impl Store) {
    let db = indexed(&store);
    (0..3).for_each(|n| set(&db, &format!("account:{n}"), json!(50)));
    thread::scope(|threads| {
        for worker in 0..3 {
            let db = &db;
            threads.spawn(move || {
                for round in 0..25 {
                    let (from, to) = ((worker + round) % 3, (worker + 2 * round + 1) % 3);
                    let moved = block_on(db.txn(|tx| async move {
                        tx.increment(&format!("account:{from}"), -1).await?;
                        Ok(tx.increment(&format!("account:{to}"), 1).await?)
                    }));
                    let conflict =
                        |error: &Error| matches!(error.downcast_ref(), Some(StoreError::TransactionConflict { .. }));
                    assert!(moved.as_ref().err().is_none_or(conflict), "{moved:?}");
                }
            });
        }
    });
    let sum: i64 =
        (0..3).filter_map(|n| get(&db, &format!("account:{n}"))).filter_map(|balance| balance.as_i64()).sum();
    assert_eq!(sum, 150);
}

pub fn what_has_expired_is_gone_for_everybody_and_is_removed(store: impl Store) {
    let clock = manual();
    let space = space(&store, &INDEXES, &clock.clone().into());
    let db = Db::over(Arc::clone(&space), AppId::default());
    let lifetime = Duration::from_secs(60);
    block_on(db.set_for("users:1", &json!({ "email": "a", "topic": "x" }), lifetime)).expect("it can be stored");
    set(&db, "users:2", json!({ "email": "b", "topic": "x" }));
    let there = |db: &Db| {
        let keys = ask(db.keys("users:")).items.len();
        let indexed = ask(db.find::<Json>(query! { topic: "x" })).len();
        assert_eq!((keys as u64, indexed), (ask(db.count(query! { topic: "x" })), keys));
        keys
    };
    assert_eq!(there(&db), 2);
    clock.set(clock.now().saturating_add(lifetime));
    assert_eq!((there(&db), get(&db, "users:1")), (1, None));
    assert_eq!(block_on(space.reap()).expect("it is removed"), 1);
    assert_eq!((there(&db), block_on(space.reap()).expect("nothing is left")), (1, 0));
    assert!(block_on(db.insert("users:3", &json!({ "email": "a" }))).is_ok(), "what it had is free");
}
