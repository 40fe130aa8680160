//! What is promised of one document.

use std::{future::IntoFuture, thread};

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Store, app, ask, block_on, db, db_of, get, set};
use crate::{
    clock::Timestamp,
    store::{Filter, StoreError, Value, Versioned, db::MAX_DOCUMENT, key::MAX_USER_KEY, value::bytes},
};

pub fn what_is_set_is_got_until_it_is_deleted(store: impl Store) {
    let db = db(&store);
    assert_eq!(get(&db, "k"), None);
    set(&db, "k", json!(1));
    assert_eq!(get(&db, "k"), Some(json!(1)));
    assert!(block_on(db.delete("k")).expect("it can be deleted"), "it was there");
    assert!(!block_on(db.delete("k")).expect("it can be deleted"), "it was not");
    assert_eq!(get(&db, "k"), None);
}

pub fn a_document_is_replaced_as_a_whole(store: impl Store) {
    let db = db(&store);
    set(&db, "k", json!({ "a": 1, "b": 2 }));
    set(&db, "k", json!({ "b": 3 }));
    assert_eq!(get(&db, "k"), Some(json!({ "b": 3 })));
}

pub fn a_value_comes_back_as_it_was_written(store: impl Store) {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Everything {
        at: Timestamp,
        #[serde(with = "bytes")]
        raw: Vec<u8>,
        whole: (u64, i64),
        float: f64,
        text: Option<String>,
        nothing: Option<u8>,
        nested: Vec<Vec<bool>>,
    }
    let everything = Everything {
        at: "2026-07-01T12:00:00.000000001Z".parse().expect("an instant"),
        raw: (0..=255).collect(),
        whole: (u64::MAX, i64::MIN),
        float: 0.1 + 0.2,
        text: Some("a\0ÿ\u{10ffff}".into()),
        nothing: None,
        nested: vec![vec![], vec![true, false]],
    };
    let db = db(&store);
    block_on(db.set("k", &everything)).expect("it can be stored");
    let found: Option<Everything> = block_on(db.get("k")).expect("it can be read");
    assert_eq!(found, Some(everything));
}

pub fn keys_have_1_to_1024_bytes_of_any_text(store: impl Store) {
    let db = db(&store);
    for key in ["\0", "a/b c", "ä\0b", "\u{10ffff}", &"k".repeat(MAX_USER_KEY)] {
        set(&db, key, json!(key));
        assert_eq!(get(&db, key), Some(json!(key)));
    }
    for key in ["", &"k".repeat(MAX_USER_KEY + 1)] {
        let refused = block_on(db.set(key, &1));
        assert!(matches!(refused, Err(StoreError::InvalidKey { length }) if length == key.len()), "{refused:?}");
    }
}

pub fn a_document_may_have_1_mib_and_no_more(store: impl Store) {
    let db = db(&store);
    set(&db, "k", json!("before"));
    let refused = block_on(db.set("k", &"x".repeat(MAX_DOCUMENT)));
    assert!(matches!(refused, Err(StoreError::TooLarge { size, .. }) if size > MAX_DOCUMENT), "{refused:?}");
    assert_eq!(get(&db, "k"), Some(json!("before")), "nothing was written");
    // The error tells how much of it surrounds the text.
    let mut length = MAX_DOCUMENT;
    while let Err(refused) = block_on(db.set("k", &"x".repeat(length))) {
        let StoreError::TooLarge { size, .. } = refused else { panic!("{refused:?}") };
        length -= size - MAX_DOCUMENT;
    }
    assert!(get(&db, "k") == Some(json!("x".repeat(length))), "it comes back whole");
    let refused = block_on(db.set("k", &"x".repeat(length + 1)));
    assert!(matches!(refused, Err(StoreError::TooLarge { size, .. }) if size == MAX_DOCUMENT + 1), "{refused:?}");
}

pub fn what_is_not_of_the_type_is_an_error_that_names_key_and_field(store: impl Store) {
    #[derive(Debug, Deserialize)]
    struct Ended {
        #[expect(dead_code, reason = "it is only read")]
        messages: u32,
    }
    let db = db(&store);
    set(&db, "conversations:1", json!({ "messages": "many" }));
    for refused in [
        block_on(db.get::<Ended>("conversations:1")).map(drop),
        block_on(db.find::<Ended>(Filter::all()).into_future()).map(drop),
    ] {
        let error = refused.expect_err("it is a text").to_string();
        assert!(error.contains("conversations:1") && error.contains("messages"), "{error}");
    }
}

pub fn set_if_nothing_is_there_inserts_once(store: impl Store) {
    let db = db(&store);
    block_on(db.set_if("k", &1, None)).expect("nothing is there");
    let refused = block_on(db.set_if("k", &2, None));
    assert!(matches!(&refused, Err(StoreError::Conflict { key }) if key == "k"), "{refused:?}");
    assert_eq!(get(&db, "k"), Some(json!(1)));
}

pub fn set_if_takes_only_the_revision_that_is_there(store: impl Store) {
    let db = db(&store);
    let first = block_on(db.set_if("k", &1, None)).expect("nothing is there");
    let found: Option<Versioned<u8>> = block_on(db.get_versioned("k")).expect("it can be read");
    assert_eq!(found.map(|found| (found.value, found.revision)), Some((1, first)));
    let second = block_on(db.set_if("k", &2, Some(first))).expect("it has that revision");
    for stale in [Some(first), None] {
        let refused = block_on(db.set_if("k", &3, stale));
        assert!(matches!(refused, Err(StoreError::Conflict { .. })), "{refused:?}");
    }
    set(&db, "k", json!(4));
    let refused = block_on(db.set_if("k", &5, Some(second)));
    assert!(matches!(refused, Err(StoreError::Conflict { .. })), "{refused:?}");
    assert_eq!(get(&db, "k"), Some(json!(4)));
}

pub fn no_revision_comes_twice(store: impl Store) {
    let db = db(&store);
    let mut revisions = Vec::new();
    for _ in 0..5 {
        let inserted = block_on(db.set_if("k", &1, None)).expect("nothing is there");
        let replaced = block_on(db.set_if("k", &1, Some(inserted))).expect("it has that revision");
        revisions.extend([inserted, replaced]);
        assert!(block_on(db.delete("k")).expect("it can be deleted"));
        let refused = block_on(db.set_if("k", &1, Some(replaced)));
        assert!(matches!(refused, Err(StoreError::Conflict { .. })), "what is gone has no revision: {refused:?}");
    }
    revisions.sort_by_key(ToString::to_string);
    let before = revisions.len();
    revisions.dedup();
    assert_eq!(revisions.len(), before);
}

pub fn increment_counts_from_nothing(store: impl Store) {
    let db = db(&store);
    for (by, sum) in [(5, 5), (-7, -2), (0, -2)] {
        assert_eq!(block_on(db.increment("n", by)).expect("a sum"), sum);
        assert_eq!(get(&db, "n"), Some(json!(sum)));
    }
}

pub fn increment_refuses_what_is_no_integer(store: impl Store) {
    let db = db(&store);
    for other in [json!("1"), json!(1.0), json!(null), json!(u64::MAX)] {
        set(&db, "n", other.clone());
        let refused = block_on(db.increment("n", 1));
        assert!(matches!(refused, Err(StoreError::NotAnInteger { .. })), "{other}: {refused:?}");
        assert_eq!(get(&db, "n"), Some(other));
    }
    set(&db, "n", json!(i64::MAX));
    let refused = block_on(db.increment("n", 1));
    assert!(matches!(refused, Err(StoreError::Overflow { value: i64::MAX, by: 1, .. })), "{refused:?}");
}

pub fn an_app_sees_only_its_own(store: impl Store) {
    let [one, other] = ["a", "ab"].map(|name| db_of(&store, app(name)));
    set(&one, "k", json!("of one"));
    set(&other, "k", json!("of other"));
    set(&other, "only", json!(1));
    assert_eq!((get(&one, "k"), get(&one, "only")), (Some(json!("of one")), None));
    assert_eq!(ask(one.keys("")).items, ["k"]);
    assert_eq!((ask(one.count(Filter::all())), ask(other.count(Filter::all()))), (1, 2));
    assert!(!block_on(one.delete("only")).expect("it can be asked"), "it is not theirs");
    assert_eq!(get(&other, "only"), Some(json!(1)));
}

pub fn apps_are_listed_while_they_have_documents(store: impl Store) {
    let apps = ["b", "a", "ab"].map(app);
    for app in &apps {
        set(&db_of(&store, app.clone()), "k", json!(1));
        set(&db_of(&store, app.clone()), "other", json!(1));
    }
    let db = db(&store);
    assert_eq!(block_on(db.apps()).expect("apps").iter().map(|app| app.as_str()).collect::<Vec<_>>(), ["a", "ab", "b"]);
    for key in ["k", "other"] {
        block_on(db_of(&store, app("ab")).delete(key)).expect("it can be deleted");
    }
    assert_eq!(block_on(db.apps()).expect("apps"), [app("a"), app("b")]);
}

pub fn everything_is_there_after_reopening(store: impl Store) {
    let revision = {
        let db = db(&store);
        (0..300).for_each(|n| set(&db, &format!("d{n:03}"), json!({ "n": n })));
        (0..300).step_by(3).for_each(|n| assert!(block_on(db.delete(&format!("d{n:03}"))).is_ok()));
        block_on(db.set_if("k", &json!("first"), None)).expect("nothing is there")
    };
    let store = store.reopen();
    let db = db(&store);
    assert_eq!(ask(db.count(Filter::all()).under("d")), 200);
    assert_eq!((get(&db, "d003"), get(&db, "d299")), (None, Some(json!({ "n": 299 }))));
    block_on(db.set_if("k", &json!("second"), Some(revision))).expect("it has the revision that it had");
    assert_eq!(get(&db, "k"), Some(json!("second")));
}

pub fn increments_at_once_are_all_counted(store: impl Store) {
    let db = db(&store);
    thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| (0..25).for_each(|_| assert!(block_on(db.increment("n", 1)).is_ok())));
        }
    });
    assert_eq!(get(&db, "n"), Some(json!(100)));
}

pub fn of_those_who_replace_a_revision_at_once_one_wins(store: impl Store) {
    let db = db(&store);
    for round in 0..10 {
        let key = format!("k{round}");
        let revision = block_on(db.set_if(&key, "nobody", None)).expect("nothing is there");
        let db = &db;
        let won: Vec<String> = thread::scope(|threads| {
            let replace = |name: String| {
                let key = key.clone();
                threads.spawn(move || block_on(db.set_if(&key, &name, Some(revision))).is_ok().then_some(name))
            };
            let replaced: Vec<_> = (0..4).map(|n| replace(format!("thread {n}"))).collect();
            replaced.into_iter().filter_map(|thread| thread.join().expect("it ends well")).collect()
        });
        assert_eq!(won.len(), 1, "{won:?}");
        assert_eq!(get(db, &key), Some(json!(won[0])));
    }
}

pub fn of_those_who_delete_at_once_one_is_told_that_it_was_there(store: impl Store) {
    let db = db(&store);
    for _ in 0..20 {
        set(&db, "k", json!(1));
        let told = thread::scope(|threads| {
            let deletes: Vec<_> = (0..4).map(|_| threads.spawn(|| block_on(db.delete("k")))).collect();
            deletes.into_iter().map(|delete| delete.join().expect("it ends well")).collect::<Vec<_>>()
        });
        assert_eq!(told.iter().filter(|told| matches!(told, Ok(true))).count(), 1, "{told:?}");
        assert!(block_on(db.get::<Value>("k")).expect("it can be read").is_none());
    }
}
