//! Documents by key. Questions over many of them have their tests beside `query`.

mod conformance;
pub(crate) mod flaky;
mod model;
mod simulation;

use std::{future::IntoFuture, thread};

use serde::Deserialize;
use serde_json::json;

use super::*;
use crate::store::{
    MemEngine,
    codec::CodecError,
    conformance::block_on,
    engine::{Precondition, Write},
    key::MAX_USER_KEY,
};

pub(in crate::store) fn db() -> Db {
    over(Arc::new(MemEngine::new()))
}

fn over(engine: Arc<dyn Engine>) -> Db {
    let keyspace = Keyspace::of_plugin("tests");
    block_on(engine.open(&keyspace)).expect("a keyspace opens");
    Db::new(engine, keyspace, AppId::default(), Durability::Relaxed)
}

fn get(db: &Db, key: &str) -> Option<serde_json::Value> {
    block_on(db.get(key)).expect("it can be read")
}

/// Commits raw writes to the keyspace of `db`.
pub(in crate::store) fn commit(db: &Db, writes: Vec<Write>) {
    let done = block_on(db.0.space.commit_repeatable(writes)).expect("raw writes");
    assert_eq!(done, Committed::Done);
}

/// The raw write that stores `value` under `key`, where nothing is yet.
pub(in crate::store) fn insert(db: &Db, key: &str, value: &impl Serialize) -> Write {
    let document = db.encode(key, value).expect("it can be stored").payload.seal(db.0.space.next(None), None);
    Write::put(db.0.place(key).expect("a key"), document).when(Precondition::Absent)
}

pub(in crate::store) fn set(db: &Db, key: &str, value: impl Serialize) {
    block_on(db.set(key, &value)).expect("it can be stored");
}

#[test]
fn what_is_set_is_there_until_it_is_deleted() {
    let db = db();
    assert_eq!(get(&db, "k"), None);
    set(&db, "k", json!({ "a": 1 }));
    set(&db, "k", json!({ "a": 2 }));
    assert_eq!(get(&db, "k"), Some(json!({ "a": 2 })));
    assert!(block_on(db.delete("k")).expect("it can be deleted"), "it was there");
    assert!(!block_on(db.delete("k")).expect("it can be deleted"), "it was not");
    assert_eq!(get(&db, "k"), None);
}

#[test]
fn an_app_sees_only_its_own() {
    let one = db();
    let other = Db(Documents { app: AppId::new("other").expect("valid"), ..one.0.clone() });
    set(&one, "k", 1);
    set(&other, "k", 2);
    set(&other, "only", 3);
    assert_eq!((get(&one, "k"), get(&one, "only")), (Some(json!(1)), None));
    assert_eq!(block_on(one.keys("").into_future()).expect("keys").items, ["k"]);
    assert_eq!(block_on(other.count(Filter::all()).into_future()).expect("a count"), 2);
    assert_eq!(block_on(one.apps()).expect("apps"), [AppId::default(), other.app().clone()]);
    assert!(block_on(other.delete("only")).is_ok() && block_on(other.delete("k")).is_ok());
    assert_eq!(block_on(one.apps()).expect("apps"), [AppId::default()]);
}

#[test]
fn keys_have_1_to_1024_bytes_of_any_text() {
    let db = db();
    for key in ["\0", "ä/b c", &"k".repeat(MAX_USER_KEY)] {
        set(&db, key, key);
        assert_eq!(get(&db, key), Some(json!(key)));
    }
    for key in ["", &"k".repeat(MAX_USER_KEY + 1)] {
        let refused = |result: Result<(), StoreError>| {
            assert!(matches!(result, Err(StoreError::InvalidKey { length }) if length == key.len()), "{result:?}");
        };
        refused(block_on(db.set(key, "v")));
        refused(block_on(db.get::<String>(key)).map(drop));
        refused(block_on(db.delete(key)).map(drop));
        refused(block_on(db.increment(key, 1)).map(drop));
        refused(block_on(db.set_if(key, "v", None)).map(drop));
    }
}

#[test]
fn a_value_over_the_limit_is_refused_and_nothing_is_written() {
    let db = db();
    set(&db, "k", "before");
    let refused = block_on(db.set("k", &"x".repeat(MAX_DOCUMENT)));
    let over = |size| size > MAX_DOCUMENT;
    assert!(matches!(refused, Err(StoreError::TooLarge { size, limit: MAX_DOCUMENT, .. }) if over(size)));
    assert_eq!(get(&db, "k"), Some(json!("before")));
    set(&db, "k", "x".repeat(MAX_DOCUMENT - 64));
}

#[test]
fn what_cannot_be_stored_or_read_names_the_key_and_the_field() {
    let db = db();
    let said = block_on(db.set("k", &u128::MAX)).expect_err("it does not fit").to_string();
    assert!(said.starts_with("`k`: the integer 3402"), "{said}");

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "it is only ever refused")]
    struct Row {
        count: u8,
    }
    set(&db, "k", json!({ "count": "many" }));
    let said = block_on(db.get::<Row>("k")).expect_err("it is no such row").to_string();
    assert_eq!(said, "`k`: `count`: invalid type: string \"many\", expected u8");
}

#[test]
fn damaged_documents_are_typed_errors() {
    let db = db();
    let place = db.0.place("k").expect("valid");
    commit(&db, vec![Write::put(place, vec![0; 20])]);
    let damaged = block_on(db.get::<u8>("k"));
    assert!(matches!(damaged, Err(StoreError::Codec { source: CodecError::Truncated, .. })), "{damaged:?}");
    assert!(block_on(db.find::<u8>(Filter::all()).into_future()).is_err());
    set(&db, "k", 7);
    assert_eq!(get(&db, "k"), Some(json!(7)), "it can be written over");
}

#[test]
fn set_if_holds_to_the_revision_it_was_given() {
    let db = db();
    let conflict = |result: Result<Revision, StoreError>| {
        assert!(matches!(&result, Err(StoreError::Conflict { key }) if key == "k"), "{result:?}");
    };
    let first = block_on(db.set_if("k", &1, None)).expect("nothing is there");
    assert_eq!(first.number(), 1);
    conflict(block_on(db.set_if("k", &2, None)));
    let second = block_on(db.set_if("k", &2, Some(first))).expect("it has that revision");
    assert_eq!(second.number(), 2);
    conflict(block_on(db.set_if("k", &3, Some(first))));
    set(&db, "k", 3);
    conflict(block_on(db.set_if("k", &4, Some(second))));
    let found: Versioned<u8> = block_on(db.get_versioned("k")).expect("it can be read").expect("it is there");
    assert_eq!((found.value, found.revision.number()), (3, 3));
}

#[test]
fn a_revision_of_a_deleted_document_is_not_that_of_the_next_one() {
    let db = db();
    let first = block_on(db.set_if("k", &1, None)).expect("nothing is there");
    assert!(block_on(db.delete("k")).expect("it can be deleted"));
    let again = block_on(db.set_if("k", &1, None)).expect("nothing is there");
    assert_eq!(first.number(), again.number());
    assert!(matches!(block_on(db.set_if("k", &2, Some(first))), Err(StoreError::Conflict { .. })));
}

#[test]
fn increment_counts_from_nothing_and_refuses_what_is_no_integer() {
    let db = db();
    let add = |key: &str, by| block_on(db.increment(key, by));
    assert_eq!(add("n", 5).expect("a sum"), 5);
    assert_eq!(add("n", -7).expect("a sum"), -2);
    assert_eq!(get(&db, "n"), Some(json!(-2)));

    set(&db, "n", i64::MAX - 1);
    assert_eq!(add("n", 1).expect("a sum"), i64::MAX);
    assert!(matches!(add("n", 1), Err(StoreError::Overflow { value: i64::MAX, by: 1, .. })));
    for other in [json!("1"), json!(1.0), json!(null), json!(u64::MAX)] {
        set(&db, "n", &other);
        assert!(matches!(add("n", 1), Err(StoreError::NotAnInteger { .. })), "{other}");
        assert_eq!(get(&db, "n"), Some(other));
    }
}

#[test]
fn increments_at_once_are_all_counted() {
    let db = db();
    thread::scope(|threads| {
        for _ in 0..8 {
            threads.spawn(|| (0..50).for_each(|_| assert!(block_on(db.increment("n", 1)).is_ok())));
        }
    });
    assert_eq!(get(&db, "n"), Some(json!(400)));
}

#[test]
fn of_those_who_delete_at_once_one_is_told_that_it_was_there() {
    let db = db();
    for _ in 0..50 {
        set(&db, "k", 1);
        let told = thread::scope(|threads| {
            let deletes: Vec<_> = (0..4).map(|_| threads.spawn(|| block_on(db.delete("k")))).collect();
            deletes.into_iter().map(|delete| delete.join().expect("it ends well")).collect::<Vec<_>>()
        });
        assert_eq!(told.into_iter().filter(|told| matches!(told, Ok(true))).count(), 1);
    }
}

#[test]
fn every_future_can_move_between_threads() {
    fn send<T: Send>(_: T) {}
    let db = db();
    /// Neither `Send` nor `Sync`, and none of it may matter.
    #[derive(serde::Serialize, Deserialize)]
    struct Tied(std::marker::PhantomData<*const ()>);
    send(db.set("k", &Tied(std::marker::PhantomData)));
    send(db.set_if("k", &Tied(std::marker::PhantomData), None));
    send(db.get::<String>("k"));
    send(db.get_versioned::<String>("k"));
    send(db.delete("k"));
    send(db.increment("k", 1));
    send(db.apps());
    send(db.find::<Tied>(Filter::all()).into_future());
    send(db.count(Filter::all()).into_future());
    send(db.keys("").into_future());
}
