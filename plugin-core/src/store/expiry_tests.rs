use std::{future::IntoFuture, time::Duration};

use serde_json::{Value as Json, json};

use super::*;
use crate::{
    clock::{Clock, ManualClock},
    query,
    store::{
        Db, Filter, MemEngine, Schema, StoreError,
        conformance::block_on,
        engine::{Durability, Engine, Keyspace},
        index::{IndexField, IndexMeta},
    },
};

static INDEXES: [IndexMeta; 2] =
    [IndexMeta::of("", &[IndexField::ascending("n")]), IndexMeta::of("u:", &[IndexField::ascending("name")]).unique()];

const MINUTE: Duration = Duration::from_secs(60);

fn store() -> (Db, Arc<Space>, ManualClock) {
    let engine: Arc<dyn Engine> = Arc::new(MemEngine::new());
    let keyspace = Keyspace::of_plugin("tests");
    block_on(engine.open(&keyspace)).expect("a keyspace opens");
    let clock = ManualClock::at("2026-07-01T00:00:00Z".parse().expect("an instant"));
    let space = Space::new(engine, keyspace, Durability::Relaxed).with_clock(Clock::from(clock.clone()));
    let space = space.with_schema(Schema::new([], [], [], &INDEXES));
    block_on(space.prepare()).expect("indexes are brought in line");
    let space = Arc::new(space);
    (Db::over(Arc::clone(&space), AppId::default()), space, clock)
}

fn ask<Q: IntoFuture>(question: Q) -> Q::Output {
    block_on(question.into_future())
}

/// What every kind of question says of a document.
fn is_there(db: &Db, key: &str) -> bool {
    let got = block_on(db.get::<Json>(key)).expect("it can be read").is_some();
    let keys = ask(db.keys(key)).expect("keys").items.len();
    let all = ask(db.find::<Json>(Filter::all()).under(key)).expect("a page").len();
    let indexed =
        ask(db.find::<Json>(query! { n: 1 })).expect("a page").iter().filter(|found| found.key == key).count();
    let covered = ask(db.find::<Json>(query! { n: 1 }).select::<Json>(["n"])).expect("a page");
    let covered = covered.iter().filter(|found| found.key == key).count();
    assert_eq!((keys, all, indexed, covered), (got.into(), got.into(), got.into(), got.into()), "{key}");
    got
}

fn counts(db: &Db) -> (u64, u64) {
    (ask(db.count(Filter::all())).expect("a count"), ask(db.count(query! { n: 1 })).expect("a count"))
}

#[test]
fn what_has_expired_is_not_there_for_anybody_and_is_removed_later() {
    let (db, space, clock) = store();
    block_on(db.set_for("short", &json!({ "n": 1 }), MINUTE)).expect("it can be stored");
    block_on(db.set_for("long", &json!({ "n": 1 }), MINUTE * 60)).expect("it can be stored");
    block_on(db.set("for-ever", &json!({ "n": 1 }))).expect("it can be stored");
    assert!(["short", "long", "for-ever"].iter().all(|key| is_there(&db, key)));
    assert_eq!(counts(&db), (3, 3));
    clock.set(clock.now().saturating_add(MINUTE - Duration::from_millis(1)));
    assert!(is_there(&db, "short"));
    clock.set(clock.now().saturating_add(Duration::from_millis(1)));
    assert!(!is_there(&db, "short") && is_there(&db, "long"));
    assert_eq!(counts(&db), (2, 2));
    assert!(!block_on(db.delete("short")).expect("it can be asked"), "it was not there");
    assert_eq!(block_on(space.reap()).expect("it is removed"), 1);
    assert_eq!(block_on(space.reap()).expect("nothing is left"), 0);
    assert_eq!(counts(&db), (2, 2));
    let stored = block_on(db.0.read("short")).expect("it can be read");
    assert!(stored.is_none(), "not even as bytes");
}

#[test]
fn everything_is_counted_however_much_it_is_while_something_has_expired() {
    let (db, _, clock) = store();
    for chunk in (0..10_001).collect::<Vec<u32>>().chunks(200) {
        let put = db.txn(|tx| async move {
            chunk.iter().try_for_each(|n| tx.set(&format!("{n:05}"), &n))?;
            Ok(())
        });
        block_on(put).expect("they can be stored");
    }
    block_on(db.set_for("short", &1, MINUTE)).expect("it can be stored");
    clock.set(clock.now().saturating_add(MINUTE));
    assert_eq!(ask(db.count(Filter::all())).expect("a count"), 10_001);
}

#[test]
fn what_has_expired_stands_in_nobodys_way() {
    let (db, space, clock) = store();
    block_on(db.set_for("u:1", &json!({ "n": 1, "name": "ada" }), MINUTE)).expect("it can be stored");
    let taken = block_on(db.insert("u:2", &json!({ "name": "ada" })));
    assert!(matches!(taken, Err(StoreError::Duplicate { .. })), "{taken:?}");
    block_on(db.set_for("k", &1, MINUTE)).expect("it can be stored");
    assert!(matches!(block_on(db.insert("k", &2)), Err(StoreError::Exists { .. })));
    clock.set(clock.now().saturating_add(MINUTE));
    assert!(block_on(db.insert("u:2", &json!({ "name": "ada" }))).is_ok());
    assert_eq!(block_on(db.insert("k", &2)).expect("nothing is there").number(), 1);
    assert_eq!(block_on(space.reap()).expect("nothing is left"), 0, "it went when its name was taken");
    assert_eq!(block_on(db.get::<i64>("k")).expect("it can be read"), Some(2), "what came after it stays");
}

#[test]
fn a_write_without_a_lifetime_ends_it_and_an_increment_keeps_it() {
    let (db, space, clock) = store();
    block_on(db.set_for("a", &1, MINUTE)).expect("it can be stored");
    block_on(db.set_for("b", &1, MINUTE)).expect("it can be stored");
    block_on(db.set("a", &2)).expect("it can be stored");
    assert_eq!(block_on(db.increment("b", 1)).expect("a sum"), 2);
    clock.set(clock.now().saturating_add(MINUTE));
    assert_eq!(block_on(space.reap()).expect("it is removed"), 1);
    assert_eq!(block_on(db.get::<i64>("a")).expect("it can be read"), Some(2));
    assert_eq!(block_on(db.increment("b", 1)).expect("a sum"), 1, "it begins again");
}

#[test]
fn what_expired_and_cannot_be_read_leaves_no_entry() {
    let (db, space, clock) = store();
    block_on(db.set_for("k", &json!({ "n": 1 }), MINUTE)).expect("it can be stored");
    let stored = block_on(db.0.read("k")).expect("it can be read").expect("it is there");
    // The payload is damaged, and when it expires is told before it.
    let damaged = [&stored[..35], &[0xff; 5]].concat();
    let write = Write::put(db.0.place("k").expect("a key"), damaged);
    block_on(space.commit_repeatable(vec![write])).expect("raw writes");
    clock.set(clock.now().saturating_add(MINUTE));
    assert_eq!(block_on(space.reap()).expect("it is removed"), 1);
    assert_eq!(ask(db.find::<Json>(query! { n: 1 })).expect("the index is whole").len(), 0);
}
