//! What is promised of questions over many documents: order, pages, and cursors.

use std::future::IntoFuture;

use serde_json::json;

use super::{Store, ask, block_on, db, set};
use crate::{
    query,
    store::{
        Cursor, Db, Entry, Filter, Page, StoreError, Value,
        query::{Find, MAX_PAGE},
    },
};

fn keys_of(page: &Page<Entry<Value>>) -> Vec<String> {
    page.iter().map(|entry| entry.key.clone()).collect()
}

/// The keys on all pages. No page has more than `limit`, and the cursor goes over the wire in between.
fn paged(limit: usize, ask: impl Fn(Option<Cursor>) -> (Vec<String>, Option<Cursor>)) -> Vec<String> {
    let (mut found, mut cursor) = (Vec::new(), None);
    loop {
        let (keys, next) = ask(cursor);
        assert!(keys.len() <= limit, "{keys:?}");
        found.extend(keys);
        assert!(found.len() < 1_000, "the pages have no end");
        cursor = next.map(|cursor| cursor.to_string().parse().expect("a cursor comes back"));
        if cursor.is_none() {
            return found;
        }
    }
}

fn found(limit: usize, find: impl Fn() -> Find<Value>) -> Vec<String> {
    paged(limit, |cursor| {
        let page = ask(find().limit(limit).after(cursor));
        (keys_of(&page), page.next)
    })
}

/// Twelve people of three towns, some without an age, one whose age is unknown.
fn people(db: &Db) -> Vec<String> {
    let towns = ["Ulm", "Bonn", "Kiel"];
    let keys: Vec<String> = (0..12).map(|n| format!("p{n:02}")).collect();
    for (n, key) in keys.iter().enumerate() {
        let town = towns[n % 3];
        set(
            db,
            key,
            match n {
                0..6 => json!({ "home": { "town": town }, "age": 30 + n % 2 }),
                6 => json!({ "home": { "town": town }, "age": null }),
                _ => json!({ "home": { "town": town } }),
            },
        );
    }
    keys
}

pub fn keys_come_in_the_order_of_their_bytes(store: impl Store) {
    let db = db(&store);
    let ordered = ["\0", "\0\0", "A", "a", "a\0", "aa", "b", "ÿ", "\u{10ffff}"];
    ordered.iter().rev().for_each(|key| set(&db, key, json!(1)));
    let keys = paged(MAX_PAGE, |cursor| {
        let page = ask(db.keys("").after(cursor));
        (page.items, page.next)
    });
    assert_eq!(keys, ordered);
}

pub fn a_prefix_is_meant_as_it_is_written(store: impl Store) {
    let db = db(&store);
    for key in ["a", "a%", "a%b", "ab", "a_", "b"] {
        set(&db, key, json!(1));
    }
    for (prefix, expected) in [("a%", &["a%", "a%b"][..]), ("ab", &["ab"]), ("c", &[])] {
        let keys = paged(MAX_PAGE, |cursor| {
            let page = ask(db.keys(prefix).after(cursor));
            (page.items, page.next)
        });
        assert_eq!(keys, expected);
        assert_eq!(found(100, || db.find(Filter::all()).under(prefix)), expected);
        assert_eq!(ask(db.count(Filter::all()).under(prefix)), expected.len() as u64);
    }
}

pub fn keys_come_page_by_page(store: impl Store) {
    let db = db(&store);
    let people = people(&db);
    for limit in [1, 5, 12, 1000] {
        let keys = paged(limit, |cursor| {
            let page = ask(db.keys("p").limit(limit).after(cursor));
            (page.items, page.next)
        });
        assert_eq!(keys, people);
    }
    for limit in [0, MAX_PAGE + 1] {
        let refused = block_on(db.keys("").limit(limit).into_future());
        assert!(matches!(refused, Err(StoreError::PageSize { .. })), "{refused:?}");
    }
}

pub fn count_counts_what_find_finds(store: impl Store) {
    let db = db(&store);
    people(&db);
    let filters = [
        (Filter::all(), 12),
        (query! { home.town: "Ulm" }, 4),
        (query! { home.town: { in: ["Ulm", "Kiel"] }, age: { gte: 31 } }, 2),
        (query! { age: { exists: false } }, 5),
        (query! { age: None::<u8> }, 1),
        (query! { age: { ne: 30 } }, 9),
        (query! { not { home.town: { prefix: "B" } } }, 8),
        (query! { or [{ age: { lt: 31 } }, { home.town: "Bonn" }] }, 6),
    ];
    for (filter, expected) in filters {
        assert_eq!(found(100, || db.find(filter.clone())).len(), expected, "{filter:?}");
        assert_eq!(ask(db.count(filter.clone())), expected as u64, "{filter:?}");
    }
}

pub fn what_is_found_comes_in_the_order_of_keys(store: impl Store) {
    let db = db(&store);
    people(&db);
    let page: Page<Entry<Value>> = ask(db.find(query! { home.town: "Bonn" }));
    assert_eq!(keys_of(&page), ["p01", "p04", "p07", "p10"]);
    assert_eq!(page.next, None);
}

pub fn what_is_found_is_sorted_by_each_field_in_turn(store: impl Store) {
    let db = db(&store);
    people(&db);
    let missing_first = ["p07", "p10", "p08", "p11", "p09", "p06", "p04", "p02", "p00", "p01", "p05", "p03"];
    let falling = ["p01", "p05", "p03", "p04", "p02", "p00", "p06", "p07", "p10", "p08", "p11", "p09"];
    for limit in [1, 5, 100] {
        assert_eq!(found(limit, || db.find(Filter::all()).sort("age").sort("home.town")), missing_first);
        assert_eq!(found(limit, || db.find(Filter::all()).sort("-age").sort("home.town")), falling);
    }
}

pub fn pages_go_on_where_they_ended(store: impl Store) {
    let db = db(&store);
    let people = people(&db);
    for limit in [1, 4, 5, 12, 100] {
        assert_eq!(found(limit, || db.find(Filter::all())), people);
        let mut by_town = found(limit, || db.find(query! { home.town: { exists: true } }).sort("-home.town"));
        assert!(by_town.starts_with(&["p00", "p03", "p06", "p09", "p02"].map(String::from)), "{by_town:?}");
        by_town.sort();
        assert_eq!(by_town, people, "each comes once");
    }
}

pub fn a_cursor_holds_while_others_write(store: impl Store) {
    let db = db(&store);
    people(&db);
    let first: Page<Entry<Value>> = ask(db.find(Filter::all()).limit(4));
    assert_eq!(keys_of(&first).last().map(|key| &**key), Some("p03"));
    // The one that the cursor stands at goes, one comes before it and one after it.
    assert!(block_on(db.delete("p03")).expect("it can be deleted"));
    set(&db, "p02x", json!({}));
    set(&db, "p04x", json!({}));
    let rest: Page<Entry<Value>> = ask(db.find(Filter::all()).limit(3).after(first.next));
    assert_eq!(keys_of(&rest), ["p04", "p04x", "p05"]);
}

pub fn a_cursor_holds_after_reopening(store: impl Store) {
    let next = {
        let db = db(&store);
        people(&db);
        let page: Page<Entry<Value>> = ask(db.find(Filter::all()).sort("-home.town").limit(6));
        page.next.expect("there are more").to_string()
    };
    let store = store.reopen();
    let cursor: Cursor = next.parse().expect("a cursor comes back");
    let rest: Page<Entry<Value>> = ask(db(&store).find(Filter::all()).sort("-home.town").after(cursor));
    assert_eq!(keys_of(&rest), ["p08", "p11", "p01", "p04", "p07", "p10"]);
}

pub fn a_cursor_is_refused_where_it_does_not_belong(store: impl Store) {
    let db = db(&store);
    people(&db);
    let page: Page<Entry<Value>> = ask(db.find(Filter::all()).sort("age").limit(1));
    let find = db.find::<Value>(Filter::all()).sort("-age").after(page.next);
    let refused = block_on(find.into_future());
    assert!(matches!(refused, Err(StoreError::Cursor(_))), "{refused:?}");
}
