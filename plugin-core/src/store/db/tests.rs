//! Documents by key. Questions over many of them have their tests beside `query`.

mod conformance;
mod model;
mod outcomes;
mod simulation;

use std::future::IntoFuture;

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
    send(db.find::<String>(Filter::all()).into_future());
    send(db.count(Filter::all()).into_future());
    send(db.keys("").into_future());
}
