use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::*;
use crate::{
    AppId, Timestamp, query,
    store::{
        Db, Value,
        conformance::block_on,
        db::tests::{commit, db, insert, set},
        engine::{Durability, Engine, Keyspace, MAX_WRITES, Write},
        mem::strict::{Faults, StrictEngine},
    },
};

fn ask<Q: IntoFuture>(question: Q) -> Q::Output {
    block_on(question.into_future())
}

fn keys_of<T>(page: &Page<Entry<T>>) -> Vec<&str> {
    page.iter().map(|entry| &*entry.key).collect()
}

#[track_caller]
fn found(find: Find<Value>, keys: &[&str]) {
    assert_eq!(keys_of(&ask(find).expect("a page")), keys);
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ended {
    user_id: Option<String>,
    ended_at: Timestamp,
}

#[test]
fn the_latest_of_a_user_are_found_as_the_guide_has_it() {
    let db = db();
    let at = |text: &str| text.parse::<Timestamp>().expect("an instant");
    for (key, user, ended_at) in [
        ("conversations:1", "ada", "2026-07-01T09:00:00Z"),
        ("conversations:2", "grace", "2026-07-01T10:00:00Z"),
        ("conversations:3", "ada", "2026-07-01T12:00:00+02:00"),
        ("conversations:4", "ada", "2025-12-31T23:59:59.999999999Z"),
    ] {
        set(&db, key, Ended { user_id: Some(user.into()), ended_at: at(ended_at) });
    }
    let recent: Page<Entry<Ended>> =
        ask(db.find(query! { userId: Some("ada") }).sort("-endedAt").limit(2)).expect("a page");
    assert_eq!(keys_of(&recent), ["conversations:3", "conversations:1"]);
    assert_eq!(recent.items[0].value.ended_at, at("2026-07-01T10:00:00Z"));
    let rest: Page<Entry<Ended>> =
        ask(db.find(query! { userId: "ada" }).sort("-endedAt").limit(2).after(recent.next)).expect("a page");
    assert_eq!((keys_of(&rest), &rest.next), (vec!["conversations:4"], &None));
    assert_eq!(ask(db.count(query! { endedAt: { gte: "2026-07-01T10:00:00Z" } })).expect("a count"), 2);
}

#[test]
fn a_prefix_narrows_find_and_count() {
    let db = db();
    ["a", "b:1", "b:2", "b;", "c"].iter().for_each(|key| set(&db, key, json!({ "n": 1 })));
    found(db.find(query! { n: 1 }).under("b:"), &["b:1", "b:2"]);
    found(db.find(query! { n: 1 }).under("b:").sort("n"), &["b:1", "b:2"]);
    assert_eq!(ask(db.count(query! { n: 1 }).under("b:")).expect("a count"), 2);
    assert_eq!(ask(db.count(query! {}).under("b")).expect("a count"), 3);
}

#[test]
fn values_are_sorted_across_types_and_ties_by_key() {
    let db = db();
    let values = [json!({}), json!({ "v": null }), json!({ "v": false }), json!({ "v": -1 }), json!({ "v": 0.5 })];
    let more = [json!({ "v": 1 }), json!({ "v": 1.0 }), json!({ "v": "" }), json!({ "v": [0] }), json!({ "v": {} })];
    for (place, value) in values.iter().chain(&more).enumerate() {
        set(&db, &format!("k{place}"), value);
    }
    let ascending: Vec<String> = (0..10).map(|place| format!("k{place}")).collect();
    let page = |sort| ask(db.find::<Value>(query! {}).sort(sort)).expect("a page");
    assert_eq!(keys_of(&page("v")), ascending);
    let mut descending: Vec<&str> = ascending.iter().rev().map(|key| &**key).collect();
    // Equal values stay in the order of their keys.
    descending.swap(3, 4);
    assert_eq!(keys_of(&page("-v")), descending);
}

#[test]
fn pages_stay_in_place_while_documents_come_and_go() {
    let db = db();
    (0..6).for_each(|n| set(&db, &format!("k{n}"), json!({ "n": n })));
    for sort in [None, Some("n")] {
        let find = || {
            let find = db.find::<Value>(query! {}).limit(2);
            if let Some(sort) = sort { find.sort(sort) } else { find }
        };
        let first = ask(find()).expect("a page");
        assert_eq!(keys_of(&first), ["k0", "k1"]);
        // The one that the page ended at goes, one that comes before it is new.
        block_on(db.delete("k1")).expect("it can be deleted");
        set(&db, "k00", json!({ "n": 0.5 }));
        let second = ask(find().after(first.next)).expect("a page");
        assert_eq!(keys_of(&second), ["k2", "k3"]);
        block_on(db.delete("k00")).expect("it can be deleted");
        set(&db, "k1", json!({ "n": 1 }));
    }
}

#[test]
fn keys_come_in_pages() {
    let db = db();
    (0..5).for_each(|n| set(&db, &format!("k{n}"), n));
    let first = ask(db.keys("k").limit(3)).expect("a page");
    assert_eq!(first.items, ["k0", "k1", "k2"]);
    let last = ask(db.keys("k").limit(3).after(first.next)).expect("a page");
    assert_eq!((last.items, last.next), (vec!["k3".to_owned(), "k4".into()], None));
    assert_eq!(ask(db.keys("k").limit(5)).expect("a page").next, None, "a full page may be the last");
    assert!(ask(db.keys("x")).expect("a page").is_empty());
}

#[test]
fn a_page_has_100_documents_unless_it_is_said_otherwise_and_1000_at_most() {
    let db = db();
    fill(&db, 1_001);
    let sizes = |limit: Option<usize>| {
        let find = db.find::<Value>(query! {});
        let page = ask(if let Some(limit) = limit { find.limit(limit) } else { find }).expect("a page");
        (page.len(), page.next.is_some())
    };
    assert_eq!(sizes(None), (100, true));
    assert_eq!(sizes(Some(1_000)), (1_000, true));
    assert_eq!(ask(db.keys("")).expect("a page").len(), 1_000);
    for given in [0, 1_001] {
        let refused =
            [ask(db.find::<Value>(query! {}).limit(given)).map(drop), ask(db.keys("").limit(given)).map(drop)];
        for refused in refused {
            assert!(matches!(refused, Err(StoreError::PageSize { limit: 1_000, .. })), "{refused:?}");
        }
    }
}

/// Documents `0` to `count`, `{"n": …}` each.
fn fill(db: &Db, count: usize) {
    let writes = |numbers: &[usize]| -> Vec<Write> {
        let write = |n: &usize| insert(db, &format!("{n:06}"), &json!({ "n": n }));
        numbers.iter().map(write).collect()
    };
    for numbers in (0..count).collect::<Vec<_>>().chunks(MAX_WRITES) {
        commit(db, writes(numbers));
    }
}

#[test]
fn a_match_that_is_no_such_document_is_an_error_that_names_its_key() {
    let db = db();
    set(&db, "a", json!({ "n": 1, "endedAt": "2026-07-01T09:00:00Z" }));
    set(&db, "b", json!({ "n": 2 }));
    assert_eq!(ask(db.find::<Ended>(query! { n: 1 })).expect("a page").len(), 1, "what does not match is not read");
    let said = ask(db.find::<Ended>(query! {})).expect_err("b is no such document").to_string();
    assert_eq!(said, "`b`: missing field `endedAt`");
}

#[test]
fn what_is_no_query_is_a_typed_error() {
    let db = db();
    (0..3).for_each(|n| set(&db, &format!("k{n}"), json!({ "n": n })));
    let find = || db.find::<Value>(query! {}).limit(1);
    assert!(matches!(ask(db.find::<Value>(query! { n: u128::MAX })), Err(StoreError::Filter(_))));
    assert!(matches!(ask(db.count(query! { n: { in: 7 } })), Err(StoreError::Filter(_))));
    for sort in ["", "-", "a..b", "--a.", "--a"] {
        assert!(matches!(ask(find().sort(sort)), Err(StoreError::Sort { .. })), "{sort}");
    }
    let sorted = ask(find().sort("n")).expect("a page").next;
    assert!(matches!(ask(find().after(sorted.clone())), Err(StoreError::Cursor(_))));
    assert!(matches!(ask(find().sort("-n").after(sorted.clone())), Err(StoreError::Cursor(_))));
    assert!(matches!(ask(db.keys("").after(sorted)), Err(StoreError::Cursor(_))));
}

#[test]
fn who_goes_through_everything_has_a_page_read_at_a_time() {
    let engine = Arc::new(StrictEngine::new(1, Faults::NONE));
    let keyspace = Keyspace::of_plugin("tests");
    block_on(engine.open(&keyspace)).expect("a keyspace opens");
    let db = Db::new(Arc::<StrictEngine>::clone(&engine), keyspace, AppId::default(), Durability::Relaxed);
    (0..500).for_each(|n| set(&db, &format!("{n:03}"), n));
    let before = engine.calls().entries;
    let mut rows = db.find::<u32>(query! {}).limit(20).iter();
    for n in 0..500_u32 {
        let row = block_on(rows.next()).expect("it can be read").expect("there are more");
        assert_eq!(row.value, n);
        let pages = u64::from(n) / 20 + 1;
        assert!(
            engine.calls().entries - before <= pages * 21,
            "{n}: no more than was asked for, and one to know of the next"
        );
    }
    assert!(block_on(rows.next()).expect("it can be read").is_none());
}
