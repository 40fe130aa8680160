//! What is promised of indexes when the documents that they are of become another version, or get a type: of those that a plugin
//! declares under any prefix, too.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::{
    Store, app, ask, block_on, indexes, manual, of_default, rows, set, space,
    typed::{Paper, open, open_with, paper},
};
use crate::{
    query,
    store::{
        Access, Db, Filter, Space, StoreError,
        index::{IndexField, IndexMeta},
        key::Kind,
    },
};

/// Under the first version documents have none of these but `id`, the first field of no document is what it was in the third.
static OF_THE_PLUGIN: [IndexMeta; 4] = [
    IndexMeta::of("papers:", &[IndexField::ascending("authors.0")]).unique(),
    IndexMeta::of("papers:", &[IndexField::ascending("author")]).unique(),
    IndexMeta::of("pap", &[IndexField::descending("pages"), IndexField::ascending("id")]),
    IndexMeta::of("", &[IndexField::ascending("writtenAt"), IndexField::ascending("pages")]).sparse(),
];

/// How many there are, by an index.
fn count(db: &Db, filter: Filter, under: &str) -> u64 {
    let told = block_on(db.count(filter.clone()).under(under).explain()).expect("it can be asked");
    assert!(matches!(told.plan, Access::IndexKeys | Access::IndexInOrder | Access::IndexSorted), "{told:?}");
    ask(db.count(filter).under(under))
}

fn keys(db: &Db, filter: Filter) -> Vec<String> {
    ask(db.find::<Json>(filter).under("papers:").sort("authors.0")).into_iter().map(|found| found.key).collect()
}

/// As a server starts.
pub(super) fn start(space: &Arc<Space>) {
    block_on(space.build_at_once()).expect("they are built before anything is written");
    block_on(space.build_indexes(|| true)).expect("the others are built");
}

fn verify(space: &Arc<Space>) {
    let verified = block_on(space.verify()).expect("it can be looked at");
    assert!(verified.is_whole(), "{:?}", verified.problems);
}

pub fn an_index_of_the_plugin_follows_its_documents_to_another_version(store: impl Store) {
    let first = open_with(&store, 1, &OF_THE_PLUGIN);
    for (id, author) in [("1", "ada"), ("2", "eve"), ("3", "bob")] {
        set(&of_default(&first), &format!("papers:{id}"), json!({ "id": id, "author": author }));
    }
    let taken = block_on(of_default(&first).set("papers:4", &json!({ "id": "4", "author": "ada" })));
    assert!(matches!(taken, Err(StoreError::Duplicate { .. })), "{taken:?}");
    drop(first);

    let store = store.reopen();
    let third = open_with(&store, 3, &OF_THE_PLUGIN);
    start(&third);
    let db = of_default(&third);
    let papers = db.docs::<Paper>();
    assert_eq!(count(&db, query! { "authors.0": "ada" }, "papers:"), 1);
    assert_eq!(keys(&db, query! { "authors.0": { gte: "b" } }), ["papers:3", "papers:2"]);
    assert_eq!(count(&db, query! { author: "ada" }, "papers:"), 0, "nobody has it any more");
    assert_eq!(count(&db, query! { writtenAt: paper("", "", None).written_at }, ""), 3);
    let taken = block_on(papers.put(&paper("4", "ada", None)));
    assert!(matches!(&taken, Err(StoreError::Duplicate { other, .. }) if other == "papers:1"), "{taken:?}");
    verify(&third);

    block_on(papers.update("1", |paper| paper.authors = vec!["zoe".into()])).expect("it can be stored");
    assert!(block_on(papers.delete("2")).expect("it can be deleted"), "it was there");
    block_on(papers.put(&paper("4", "ada", Some(4)))).expect("nobody has that any more");
    block_on(papers.put(&paper("5", "eve", Some(5)))).expect("nor this");
    block_on(third.migrate(|| true)).expect("the store answers");
    assert_eq!(keys(&db, query! { "authors.0": { gte: "a" } }), ["papers:4", "papers:3", "papers:5", "papers:1"]);
    assert_eq!(count(&db, query! { pages: { gte: 4 } }, "papers:"), 2);
    verify(&third);
    drop((papers, db, third));

    // Without the index nobody keeps it as that version has it.
    let store = store.reopen();
    let without = open(&store, 3);
    start(&without);
    block_on(of_default(&without).docs::<Paper>().put(&paper("6", "fay", Some(6)))).expect("it can be stored");
    verify(&without);
    let again = open_with(&store, 3, &OF_THE_PLUGIN);
    start(&again);
    assert_eq!(count(&of_default(&again), query! { "authors.0": "fay" }, "papers:"), 1);
    verify(&again);
}

pub fn an_index_of_the_plugin_follows_documents_that_get_a_type_and_lose_it(store: impl Store) {
    let untyped = space(&store, indexes(&OF_THE_PLUGIN), &manual().into());
    let document = |author: &str, id: Option<&str>| {
        let mut document =
            json!({ "authors": [author], "state": "draft", "cites": {}, "writtenAt": "2026-07-01T00:00:00Z" });
        id.into_iter().for_each(|id| document["id"] = id.into());
        document
    };
    set(&of_default(&untyped), "papers:1", document("ada", None));
    set(&of_default(&untyped), "papers:2", document("eve", Some("2")));
    set(&of_default(&untyped), "other", json!({ "pages": 7, "writtenAt": null }));
    drop(untyped);

    let store = store.reopen();
    let typed = open_with(&store, 3, &OF_THE_PLUGIN);
    start(&typed);
    let db = of_default(&typed);
    assert_eq!(count(&db, query! { pages: Json::Null, id: "1" }, "papers:"), 1, "its id was in its key alone");
    let taken = block_on(db.docs::<Paper>().put(&paper("3", "ada", None)));
    assert!(matches!(taken, Err(StoreError::Duplicate { .. })), "{taken:?}");
    verify(&typed);
    block_on(typed.migrate(|| true)).expect("the store answers");
    verify(&typed);
    assert!(block_on(db.docs::<Paper>().delete("1")).expect("it can be deleted"), "it was there");
    verify(&typed);
    drop((db, typed));

    // Nobody has the type, and writes what has an entry of its own in each index.
    let store = store.reopen();
    let untyped = space(&store, indexes(&OF_THE_PLUGIN), &manual().into());
    set(&of_default(&untyped), "papers:4", document("zoe", None));
    drop(untyped);
    let store = store.reopen();
    let typed = open_with(&store, 3, &OF_THE_PLUGIN);
    start(&typed);
    assert_eq!(count(&of_default(&typed), query! { pages: Json::Null, id: "4" }, "papers:"), 1);
    verify(&typed);
}

pub fn entries_of_an_index_that_goes_go_too_where_the_last_document_went_before_them(store: impl Store) {
    let first = open_with(&store, 1, &OF_THE_PLUGIN);
    for name in ["a", "b", "c"] {
        set(&Db::over(Arc::clone(&first), app(name)), "papers:1", json!({ "id": "1", "author": "ada" }));
    }
    drop(first);
    let store = store.reopen();
    let third = open(&store, 3);
    // Commits do not keep them any more.
    for name in ["a", "b"] {
        let db = Db::over(Arc::clone(&third), app(name));
        assert!(block_on(db.delete("papers:1")).expect("it can be deleted"), "it was there");
    }
    start(&third);
    verify(&third);
    assert_eq!(
        [Kind::Index, Kind::Unique].map(|kind| rows(&third, Some(kind)).len()),
        [2, 1],
        "those of what is there"
    );
}

pub fn an_index_that_nobody_declares_goes_where_its_documents_become_another_version(store: impl Store) {
    let first = open_with(&store, 1, &OF_THE_PLUGIN);
    set(&of_default(&first), "papers:1", json!({ "id": "1", "author": "ada" }));
    let kept = open(&store, 1);
    start(&kept);
    assert_eq!(
        block_on(kept.index_states()).expect("they can be read").len(),
        OF_THE_PLUGIN.len(),
        "it waits for who wants it"
    );
    drop((first, kept));
    let store = store.reopen();
    let third = open(&store, 3);
    start(&third);
    let states = block_on(third.index_states()).expect("they can be read");
    assert!(states.len() == 3 && states.iter().all(|state| state.declared), "{states:?}");
    assert_eq!([Kind::Index, Kind::Unique].map(|kind| rows(&third, Some(kind)).len()), [2, 1], "of these alone");
    drop(third);
    // A binary before the type: what is of it is left as it is.
    let store = store.reopen();
    let untyped = space(&store, indexes(&[]), &manual().into());
    start(&untyped);
    set(
        &of_default(&untyped),
        "papers:2",
        json!({
            "authors": ["eve"], "state": "draft", "cites": {}, "writtenAt": "2026-07-01T00:00:00Z"
        }),
    );
    drop(untyped);
    let store = store.reopen();
    let typed = open(&store, 3);
    start(&typed);
    let both = of_default(&typed).docs::<Paper>().count(query!(Paper { pages: None }));
    assert_eq!(ask(both), 2, "it is read with what its type fills in");
    verify(&typed);
}
