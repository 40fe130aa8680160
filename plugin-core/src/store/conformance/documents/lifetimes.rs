//! What is promised of documents that expire.

use std::{sync::Arc, time::Duration};

use serde_json::{Value as Json, json};

use super::{Store, ask, block_on, fill, get, indexes, manual, of_default, plant, rows, set, space};
use crate::{
    clock::ManualClock,
    query,
    store::{
        Access, Db, Filter, Space, StoreError,
        engine::Write,
        index::{IndexField, IndexMeta},
        key::Kind,
        query::Find,
    },
};

static INDEXES: [IndexMeta; 2] =
    [IndexMeta::of("", &[IndexField::ascending("n")]), IndexMeta::of("u:", &[IndexField::ascending("name")]).unique()];

const MINUTE: Duration = Duration::from_secs(60);

fn open(store: &impl Store) -> (Db, Arc<Space>, ManualClock) {
    let clock = manual();
    let space = space(store, indexes(&INDEXES), &clock.clone().into());
    (of_default(&space), space, clock)
}

fn set_for(db: &Db, key: &str, value: &Json, lifetime: Duration) {
    block_on(db.set_for(key, value, lifetime)).expect("it can be stored");
}

fn pass(clock: &ManualClock, time: Duration) {
    clock.set(clock.now().saturating_add(time));
}

fn gone_through(find: Find<Json>) -> Vec<String> {
    let (mut rows, mut keys) = (find.limit(1).iter(), Vec::new());
    while let Some(row) = block_on(rows.next()).expect("it can be read") {
        keys.push(row.key);
    }
    keys
}

/// What every kind of question says of a document whose `n` is 1.
#[track_caller]
fn is_there(db: &Db, key: &str) -> bool {
    let got = get(db, key).is_some();
    let versioned = block_on(db.get_versioned::<Json>(key)).expect("it can be read").is_some();
    let in_transaction = block_on(db.txn(|tx| async move { Ok(tx.get::<Json>(key).await?.is_some()) }));
    assert_eq!((versioned, in_transaction.expect("nobody is in between")), (got, got), "{key}");

    let one = || db.find::<Json>(query! { n: 1 });
    let brief = |fields: &[&str]| one().select::<Json>(fields.iter().copied());
    let plans =
        [block_on(one().explain()), block_on(brief(&["n"]).explain()), block_on(brief(&["n", "name"]).explain())];
    let plans = plans.map(|told| told.expect("it can be asked").plan);
    assert_eq!(plans, [Access::IndexInOrder, Access::CoveringIndexInOrder, Access::IndexInOrder]);
    let keys = [
        ask(db.keys(key)).items,
        ask(db.find::<Json>(Filter::all()).under(key)).into_iter().map(|found| found.key).collect(),
        ask(one()).into_iter().map(|found| found.key).collect(),
        ask(one().sort("-n")).into_iter().map(|found| found.key).collect(),
        ask(brief(&["n"])).into_iter().map(|found| found.key).collect(),
        ask(brief(&["n", "name"])).into_iter().map(|found| found.key).collect(),
        gone_through(db.find(Filter::all())),
        gone_through(one()),
    ];
    for (way, keys) in keys.iter().enumerate() {
        assert_eq!(keys.iter().filter(|found| *found == key).count(), usize::from(got), "{key}, way {way}: {keys:?}");
    }
    got
}

fn counts(db: &Db) -> (u64, u64) {
    (ask(db.count(Filter::all())), ask(db.count(query! { n: 1 })))
}

pub fn what_has_expired_is_gone_for_everybody_and_is_removed(store: impl Store) {
    let (db, space, clock) = open(&store);
    set_for(&db, "u:short", &json!({ "n": 1, "name": "ada" }), MINUTE);
    set_for(&db, "u:long", &json!({ "n": 1, "name": "eve" }), MINUTE * 60);
    set(&db, "for-ever", json!({ "n": 1 }));
    assert!(["u:short", "u:long", "for-ever"].iter().all(|key| is_there(&db, key)));
    assert_eq!(counts(&db), (3, 3));
    pass(&clock, MINUTE - Duration::from_millis(1));
    assert!(is_there(&db, "u:short"));
    pass(&clock, Duration::from_millis(1));
    assert!(!is_there(&db, "u:short") && is_there(&db, "u:long"));
    assert_eq!(counts(&db), (2, 2));
    assert!(!block_on(db.delete("u:short")).expect("it can be asked"), "it was not there");
    let stored =
        || [Kind::Document, Kind::Index, Kind::Unique, Kind::Expiry].map(|kind| rows(&space, Some(kind)).len());
    assert_eq!(stored(), [3, 3, 2, 2], "it is not removed yet");
    assert_eq!(block_on(space.reap()).expect("it is removed"), 1);
    assert_eq!(stored(), [2, 2, 1, 1], "with all that was of it");
    assert_eq!(block_on(space.reap()).expect("nothing is left"), 0);
    assert_eq!(counts(&db), (2, 2));
    assert!(block_on(space.verify()).expect("it can be looked at").is_whole());
}

pub fn what_has_expired_stands_in_nobodys_way(store: impl Store) {
    let (db, space, clock) = open(&store);
    set_for(&db, "u:1", &json!({ "n": 1, "name": "ada" }), MINUTE);
    let taken = block_on(db.insert("u:2", &json!({ "name": "ada" })));
    assert!(matches!(taken, Err(StoreError::Duplicate { .. })), "{taken:?}");
    set_for(&db, "k", &json!(1), MINUTE);
    assert!(matches!(block_on(db.insert("k", &2)), Err(StoreError::Exists { .. })));
    pass(&clock, MINUTE);
    assert!(block_on(db.insert("u:2", &json!({ "name": "ada" }))).is_ok());
    assert_eq!(block_on(db.insert("k", &2)).expect("nothing is there").number(), 1);
    assert_eq!(block_on(space.reap()).expect("nothing is left"), 0, "it went when its name was taken");
    assert_eq!(get(&db, "k"), Some(json!(2)), "what came after it stays");
}

pub fn a_write_without_a_lifetime_ends_it_and_an_increment_keeps_it(store: impl Store) {
    let (db, space, clock) = open(&store);
    set_for(&db, "a", &json!(1), MINUTE);
    set_for(&db, "b", &json!(1), MINUTE);
    set(&db, "a", json!(2));
    assert_eq!(block_on(db.increment("b", 1)).expect("a sum"), 2);
    pass(&clock, MINUTE);
    assert_eq!(block_on(space.reap()).expect("it is removed"), 1);
    assert_eq!(get(&db, "a"), Some(json!(2)));
    assert_eq!(block_on(db.increment("b", 1)).expect("a sum"), 1, "it begins again");
}

pub fn everything_is_counted_however_much_it_is_while_something_has_expired(store: impl Store) {
    let (db, _, clock) = open(&store);
    fill(&db, (0..10_001).map(|n| (format!("{n:05}"), json!(n))));
    set_for(&db, "short", &json!(1), MINUTE);
    pass(&clock, MINUTE);
    assert_eq!(ask(db.count(Filter::all())), 10_001);
}

pub fn what_expired_and_cannot_be_read_leaves_no_entry(store: impl Store) {
    let (db, space, clock) = open(&store);
    set_for(&db, "k", &json!({ "n": 1 }), MINUTE);
    let stored = block_on(db.0.read("k")).expect("it can be read").expect("it is there");
    // The payload is damaged, and when it expires is told before it.
    let damaged = [&stored[..35], &[0xff; 5]].concat();
    plant(&space, Write::put(db.0.place("k").expect("a key"), damaged));
    pass(&clock, MINUTE);
    assert_eq!(block_on(space.reap()).expect("it is removed"), 1);
    assert_eq!(ask(db.find::<Json>(query! { n: 1 })).len(), 0, "the index is whole");
}
