//! What is promised of indexes.

use std::{sync::Arc, thread};

use serde_json::{Value as Json, json};

use super::{Store, app, ask, block_on, fill, get, indexes, manual, of_default, rows, set, space, times};
use crate::{
    clock::Clock,
    id::AppId,
    query,
    store::{
        Access, Db, Filter, StoreError,
        index::{IndexField, IndexMeta, Progress},
        key::Kind,
    },
};

static INDEXES: [IndexMeta; 3] = [
    IndexMeta::of("talks:", &[IndexField::ascending("user"), IndexField::descending("endedAt")]),
    IndexMeta::of("users:", &[IndexField::ascending("email")]).unique(),
    IndexMeta::of("", &[IndexField::ascending("topic")]).sparse(),
];

fn indexed(store: &impl Store) -> Db {
    of_default(&space(store, indexes(&INDEXES), &manual().into()))
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
    let plain = Db::over(space(&store, indexes(&[]), &Clock::system()), AppId::default());
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
    let before = Db::over(space(&store, indexes(&[]), &Clock::system()), AppId::default());
    (0..500).for_each(|n| talk(&before, n));
    let other = Db::over(space(&store, indexes(&[]), &Clock::system()), app("other"));
    talk(&other, 1);
    drop((before, other));
    let building = space(&store, indexes(&INDEXES), &Clock::system());
    block_on(building.build_indexes(times(2))).expect("it is broken off");
    assert_eq!(talks(&Db::over(building, AppId::default()), 3).1, Access::Everything, "it is not complete");
    let store = store.reopen();
    let whole = space(&store, indexes(&INDEXES), &Clock::system());
    block_on(whole.build_indexes(|| true)).expect("it goes on");
    let (keys, plan) = talks(&Db::over(Arc::clone(&whole), AppId::default()), 3);
    assert_eq!((keys.len(), plan), ((0..500).filter(|n| n % 7 == 3).count(), Access::IndexInOrder));
    assert_eq!(talks(&Db::over(whole, app("other")), 1).0, ["talks:0001"]);
    let store = store.reopen();
    let states = block_on(space(&store, indexes(&INDEXES), &Clock::system()).index_states()).expect("they can be read");
    assert!(states.iter().all(|state| state.progress == Progress::Ready && state.declared), "{states:?}");
}

pub fn unique_means_unique_but_for_what_is_missing_or_null(store: impl Store) {
    static UNIQUE: [IndexMeta; 2] = [
        IndexMeta::of("u:", &[IndexField::ascending("a")]).unique(),
        IndexMeta::of("u:", &[IndexField::ascending("a"), IndexField::descending("b")]).unique().sparse(),
    ];
    let db = of_default(&space(&store, indexes(&UNIQUE), &manual().into()));
    set(&db, "u:1", json!({ "a": 7, "b": 1 }));
    let refused = block_on(db.set("u:2", &json!({ "a": 7.0, "b": 2 })));
    assert!(
        matches!(&refused, Err(StoreError::Duplicate { key, other, .. }) if key == "u:2" && other == "u:1"),
        "{refused:?}"
    );
    assert_eq!(get(&db, "u:2"), None, "nothing was written");
    for key in ["u:3", "u:4"] {
        set(&db, key, json!({ "a": null }));
        set(&db, key, json!({}));
    }
    set(&db, "u:1", json!({ "a": 7, "b": 3 }));
    set(&db, "u:1", json!({ "a": 8 }));
    set(&db, "u:2", json!({ "a": 7 }));
    assert!(block_on(db.delete("u:1")).expect("it can be deleted"));
    set(&db, "u:5", json!({ "a": 8 }));
    assert_eq!(ask(db.count(query! { a: { gte: 7 } }).under("u:")), 2);
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

pub fn an_index_that_is_dropped_leaves_nothing_and_is_not_used(store: impl Store) {
    let open = || space(&store, indexes(&INDEXES[..1]), &manual().into());
    let one = open();
    let db = of_default(&one);
    fill(&db, (0..600).map(|n| (format!("talks:{n}"), json!({ "user": n % 3 }))));
    let number = one.indexes.all()[0].number;
    assert!(block_on(one.drop_index(number)).expect("it can be dropped"));
    assert!(!block_on(one.drop_index(number)).expect("it can be asked"), "it is gone");
    let by_user = |db: &Db| {
        let told = block_on(db.find::<Json>(query! { user: 1 }).under("talks:").limit(1000).explain());
        let told = told.expect("it can be asked");
        (told.plan, told.found)
    };
    assert_eq!(by_user(&db), (Access::Keys, 200));
    set(&db, "talks:new", json!({ "user": 1 }));
    assert!(rows(&one, Some(Kind::Index)).is_empty());
    drop((db, one));
    let again = open();
    block_on(again.build_indexes(|| true)).expect("indexes are built");
    assert_ne!(again.indexes.all()[0].number, number, "no index has the number of another");
    assert_eq!(by_user(&of_default(&again)), (Access::IndexSorted, 201));
}

pub fn insert_writes_only_what_is_new(store: impl Store) {
    let db = indexed(&store);
    assert_eq!(block_on(db.insert("k", &1)).expect("nothing is there").number(), 1);
    assert!(matches!(block_on(db.insert("k", &2)), Err(StoreError::Exists { key }) if key == "k"));
    assert_eq!(get(&db, "k"), Some(json!(1)));
}
