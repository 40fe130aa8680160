//! Stores and hosts of today over rows of then.

use plugin_core::{
    __rt::stored::docs,
    query,
    store::{Access, Entry, Page, StoreError, Value, conformance::block_on, index::Progress},
};
use serde_json::{Value as Json, json};

use crate::{
    earlier, fixture,
    fixture::{Fixture, Row},
    hosted,
    notation::to_json,
    stored::{self, LATER, Note, db, dump, engine, note, space},
};

#[test]
fn todays_store_reads_documents_of_then() {
    let fixture = fixture("documents", stored::documents);
    let space = space(&engine(&stored::KEYSPACE, fixture.rows()), &[], 9);
    for (means, _) in fixture.0.iter().filter(|(means, _)| means["row"] == "document") {
        let (app, key) = (means["app"].as_str().expect("a text"), means["key"].as_str().expect("a text"));
        let found: Option<Value> = block_on(db(&space, app).get(key)).expect("it is read");
        assert_eq!(found.as_ref().map(to_json).as_ref(), Some(&means["holds"]["value"]), "{key}");
    }
    assert_eq!(block_on(db(&space, "default").increment("count", 1)).expect("a number"), -1);
}

#[test]
fn todays_store_brings_typed_documents_of_then_to_today() {
    let fixture = fixture("typed", stored::typed);
    let space = space(&engine(&stored::KEYSPACE, fixture.rows()), &[], 9);
    let docs = docs::<Note>(&db(&space, "default"));
    let get = |id| block_on(docs.get(id)).expect("it is read");
    assert_eq!(get("1"), Some(note("1")));
    assert_eq!(get("2"), Some(Note { author: Some("ada".into()), ..note("2") }));
    assert_eq!(get("old"), Some(Note { author: Some("eve".into()), ..note("old") }));
}

#[test]
fn todays_store_finds_by_indexes_of_then() {
    finds_by_indexes(&fixture("indexes-of-collections", stored::indexes));
    finds_by_indexes(&earlier("indexes").1);
}

fn finds_by_indexes(fixture: &Fixture) {
    let space = space(&engine(&stored::KEYSPACE, fixture.rows()), &LATER, 9);
    block_on(space.prepare()).expect("what is kept of indexes is read");
    let db = db(&space, "default");
    let ones = || db.find::<Json>(query! { a: 1 }).under("values:");
    let explained = block_on(ones().explain()).expect("it is found");
    assert!(explained.index.is_some(), "{explained:?}");
    let keys = |page: Page<Entry<Json>>| page.into_iter().map(|entry| entry.key).collect::<Vec<_>>();
    let found = block_on(async { ones().await }).expect("it is found");
    assert_eq!(keys(found), ["values:number:1", "values:number:1.0"]);
    // From the entries alone, each number as it was written.
    let select = || db.find::<Json>(query! { a: 1 }).under("values:").sort("a").select::<Json>(["a"]);
    let selected = block_on(async { select().await }).expect("it is found");
    let values: Vec<Json> = selected.into_iter().map(|found| found.value).collect();
    assert_eq!(values, [json!({ "a": 1 }), json!({ "a": 1.0 })]);
    let covered = block_on(select().explain()).expect("it is found").plan;
    assert!(matches!(covered, Access::CoveringIndexInOrder | Access::CoveringIndex), "{covered:?}");
    let taken = block_on(db.set("users:eve", &json!({ "email": "ada@example.org", "of": 1 })));
    assert!(taken.expect_err("somebody has it").to_string().contains("users:ada"));
    // Whatever had been built of it before.
    block_on(space.build_indexes(|| true)).expect("the others are built");
    let by_email = || db.find::<Json>(query! { email: { exists: true } }).sort("email");
    let found = block_on(async { by_email().await }).expect("it is found");
    assert_eq!(keys(found), ["users:ada", "users:guest"]);
    let used = block_on(by_email().explain()).expect("it is found").index;
    assert_eq!(used.as_deref(), Some("\"\", email"));
}

#[test]
fn todays_store_ends_the_dropping_of_then() {
    let fixture = fixture("dropping", stored::dropping);
    let engine = engine(&stored::KEYSPACE, fixture.rows());
    let space = space(&engine, &[], 9);
    block_on(async {
        space.prepare().await?;
        let of_values = async || {
            let states = space.index_states().await?.into_iter().filter(|state| state.definition.contains("values"));
            Ok::<Vec<_>, StoreError>(states.map(|state| state.progress).collect())
        };
        assert_eq!(of_values().await?, [Progress::Dropping]);
        let asked = db(&space, "shop").find::<Json>(query! { d: 1 }).under("values:").explain().await?;
        assert_eq!((asked.found, asked.index), (1, None), "what is left of it answers nothing");
        space.build_indexes(|| true).await?;
        assert_eq!(of_values().await?, []);
        Ok::<_, StoreError>(())
    })
    .expect("memory answers");
    let left: Vec<Row> = dump(&engine, &stored::KEYSPACE).into_iter().filter(|row| row.key[0] != 0x50).collect();
    assert!(left.iter().all(|row| row.key[0] == 0x10) && left.len() == 2, "documents alone: {left:?}");
}

#[test]
fn todays_store_goes_by_an_index_without_what_cannot_be_read_as_then() {
    let fixture = fixture("left-out", stored::left_out);
    let space = space(&engine(&stored::KEYSPACE, fixture.rows()), &[], 9);
    block_on(space.prepare()).expect("what is kept of indexes is read");
    let states = block_on(space.index_states()).expect("it is read");
    let left_out = states.first().and_then(|state| state.left_out.as_ref()).expect("a document is left out");
    assert_eq!((left_out.documents, &*left_out.app, &*left_out.key), (1, "default", "notes:later"));
    assert_eq!(states.first().map(|state| state.progress), Some(Progress::Ready));
}

#[test]
fn todays_host_knows_what_was_switched_off_then() {
    assert_eq!(hosted::is_off(fixture("system", hosted::system).rows()), [true, false]);
}

#[test]
fn todays_host_goes_on_with_what_waited_then() {
    let rows = fixture("host", hosted::rows).rows();
    assert_eq!(
        hosted::taken(rows),
        (Some(3), Some("invoice".into()), 200),
        "heard, received, and known when it comes again"
    );
}
