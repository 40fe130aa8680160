use std::{sync::Arc, time::Duration};

use serde_json::json;

use super::*;
use crate::{
    AppId,
    store::{
        Db, MemEngine, Schema,
        conformance::block_on,
        engine::{Direction as Walk, Durability, Engine, Keyspace, Wanted, Write},
        index::{IndexField, IndexMeta},
        key::{self, Key, Kind},
    },
};

static INDEXES: [IndexMeta; 2] = [
    IndexMeta::of("c:", &[IndexField::ascending("a")]),
    IndexMeta::of("c:", &[IndexField::ascending("u")]).unique().sparse(),
];

/// A keyspace with documents that have entries in both indexes, and one that expires.
struct Store {
    engine: Arc<MemEngine>,
    keyspace: Keyspace,
    space: Arc<Space>,
}

impl Store {
    fn new() -> Self {
        let (engine, keyspace) = (Arc::new(MemEngine::new()), Keyspace::of_plugin("tests"));
        block_on(engine.open(&keyspace)).expect("memory opens");
        let space = Arc::new(Self::opened(&engine, &keyspace));
        block_on(space.prepare()).expect("indexes are brought in line");
        for app in ["default", "shop"] {
            let db = Db::over(Arc::clone(&space), AppId::new(app).expect("an id"));
            for n in 0..30 {
                block_on(db.set(&format!("c:{n:02}"), &json!({ "a": n % 3, "u": n }))).expect("stored");
            }
            block_on(db.set_for("late", &1, Duration::from_secs(3600))).expect("stored");
        }
        Self { engine, keyspace, space }
    }

    fn opened(engine: &Arc<MemEngine>, keyspace: &Keyspace) -> Space {
        let space = Space::new(Arc::clone(engine) as Arc<dyn Engine>, keyspace.clone(), Durability::Relaxed);
        space.with_schema(Schema::new([], [], [], &INDEXES))
    }

    fn rows(&self, kind: Kind) -> Vec<(Vec<u8>, Vec<u8>)> {
        let (range, direction) = (Key::of(kind).range(), Walk::Forward);
        let scan = Scan { range, limit: 1000, bytes: usize::MAX, direction, wanted: Wanted::Entries };
        let found = block_on(self.space.scan(scan)).expect("readable");
        found.iter().map(|(key, value)| (key.to_vec(), value.to_vec())).collect()
    }

    /// Writes behind the back of everything.
    fn write(&self, write: Write) {
        block_on(self.engine.commit(&self.keyspace, vec![write], Durability::Relaxed)).expect("written");
    }

    fn verified(&self) -> Verified {
        block_on(self.space.verify()).expect("it can be looked at")
    }

    /// The problems, each with key, index and what is wrong.
    fn problems(&self) -> Vec<(String, Option<String>, Fault)> {
        self.verified().problems.into_iter().map(|it| (it.key, it.index, it.problem)).collect()
    }
}

const A: &str = "\"c:\", a";
const U: &str = "\"c:\", u, unique, sparse";

fn place(key: &str) -> Vec<u8> {
    key::document(&AppId::default(), key).into_bytes()
}

#[test]
fn a_document_whose_bytes_are_damaged_is_named() {
    let store = Store::new();
    store.write(Write::put(place("c:03"), b"\0\0".to_vec()));
    let problems = store.problems();
    assert!(matches!(&*problems, [(key, None, Fault::Unreadable(_))] if key == "c:03"), "{problems:?}");
}

#[test]
fn an_entry_with_another_value_is_named() {
    let store = Store::new();
    let (key, value) = store.rows(Kind::Index)[0].clone();
    store.write(Write::put(key, [&*value, &[9]].concat()));
    assert_eq!(store.problems(), [("c:00".into(), Some(A.into()), Fault::Differs)]);
}

#[test]
fn two_documents_with_the_values_of_a_unique_index_are_named() {
    let store = Store::new();
    let stored = block_on(store.space.get(place("c:04"))).expect("readable").expect("there");
    store.write(Write::put(place("c:05"), stored));
    let problems = store.problems();
    let duplicate = ("c:05".to_owned(), Some(U.to_owned()), Fault::Duplicate { other: "c:04".into() });
    assert!(problems.contains(&duplicate), "{problems:?}");
}

#[test]
fn a_document_that_expires_without_a_row_that_tells_so_is_named() {
    let store = Store::new();
    store.write(Write::delete(store.rows(Kind::Expiry)[0].0.clone()));
    assert_eq!(store.problems(), [("late".into(), None, Fault::NoExpiry)]);
}

#[test]
fn a_row_that_tells_of_another_expiry_is_named() {
    let store = Store::new();
    store.write(Write::put(key::expiry(7, &AppId::default(), "late").into_bytes(), Vec::new()));
    assert_eq!(store.problems(), [("late".into(), None, Fault::OtherExpiry)]);
}

#[test]
fn entries_of_an_index_that_is_not_are_named() {
    let store = Store::new();
    let value = store.rows(Kind::Index)[0].1.clone();
    store.write(Write::put(Key::of(Kind::Index).text("default").int(99).into_bytes(), value));
    assert_eq!(store.problems(), [("c:00".into(), None, Fault::NoIndex { number: 99 })]);
}

#[test]
fn rows_that_are_none_of_the_stores_are_named() {
    let store = Store::new();
    for kind in [Kind::Document, Kind::Index, Kind::Expiry] {
        store.write(Write::put(vec![kind as u8, 0xff], Vec::new()));
    }
    let problems = store.problems();
    assert_eq!(problems.len(), 3, "{problems:?}");
    assert!(problems.iter().all(|(_, _, fault)| *fault == Fault::Malformed), "{problems:?}");
}

#[test]
fn more_problems_than_are_told_of_are_counted() {
    let store = Store::new();
    for n in 0..MAX_PROBLEMS as u64 + 5 {
        store.write(Write::put(key::expiry(n + 1, &AppId::default(), "late").into_bytes(), Vec::new()));
    }
    let verified = store.verified();
    assert_eq!((verified.problems.len(), verified.more_problems), (MAX_PROBLEMS, 5));
}

#[test]
fn an_index_that_does_not_hold_is_told_of() {
    let store = Store::new();
    let first = store.verified();
    assert!(first.is_whole(), "{:?}", first.problems);
    let number = store.space.indexes.all()[1].number;
    assert!(block_on(store.space.drop_index(number)).expect("it can be dropped"));
    let told = |verified: &Verified| verified.problems.iter().map(ToString::to_string).collect::<Vec<_>>();
    let dropped = store.verified();
    assert_eq!(dropped.problems.len(), 1, "{:?}", told(&dropped));
    assert_eq!((&dropped.problems[0].problem, &*dropped.problems[0].key), (&Fault::NotThere, ""));
    assert!(
        told(&dropped)[0].starts_with("the index (\"c:\", u, unique, sparse): it is declared, and is not there"),
        "{:?}",
        told(&dropped)
    );

    // Whoever opens the store to read it, while no server runs, is told the same.
    let reader = Store::opened(&store.engine, &store.keyspace);
    block_on(reader.prepare_to_read()).expect("readable");
    let read = block_on(Arc::new(reader).verify()).expect("it can be read");
    assert_eq!(told(&read), told(&dropped));

    let db = Db::over(Arc::clone(&store.space), AppId::default());
    block_on(db.set("c:twice", &json!({ "u": 7 }))).expect("nothing is held to be unique");
    // As the next start does.
    block_on(store.space.prepare()).expect("it is declared");
    block_on(store.space.build_indexes(|| true)).expect("it is tried");
    let failed = store.verified();
    let [Problem { problem: Fault::NotBuilt { number, reason }, .. }] = &*failed.problems else {
        panic!("{:?}", told(&failed));
    };
    assert!(reason.contains("`c:twice`") && reason.contains("`c:07`"), "{reason}");
    let state = block_on(store.space.index_states()).expect("readable").into_iter().find(|it| it.number == *number);
    assert!(state.is_some_and(|it| it.unique && it.declared && it.reason.as_ref() == Some(reason)));

    block_on(db.delete("c:twice")).expect("it can be");
    block_on(store.space.prepare()).expect("it is tried again");
    block_on(store.space.build_indexes(|| true)).expect("it is built");
    assert!(store.verified().is_whole());
}

#[test]
fn an_index_that_is_not_unique_may_be_dropped() {
    let store = Store::new();
    let number = store.space.indexes.all()[0].number;
    assert!(block_on(store.space.drop_index(number)).expect("it can be dropped"));
    assert!(store.verified().is_whole());
}
