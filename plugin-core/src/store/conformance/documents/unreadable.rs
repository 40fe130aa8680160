//! What is promised of indexes where documents cannot be read: those that their migration refuses, and those of a newer version.

use std::sync::Arc;

use serde_json::json;

use super::{
    Store, ask, block_on, fill, of_default, plant, set,
    typed::{Paper, open, open_mended, open_with, paper, with_old_ones},
    upgrades::start,
};
use crate::{
    query,
    store::{
        Access, Space, StoreError,
        engine::Write,
        index::{IndexField, IndexMeta, IndexState, Progress},
        verify::Fault,
    },
};

/// How many papers `author` wrote, by an index.
fn count(space: &Arc<Space>, author: &str) -> u64 {
    let papers = of_default(space).docs::<Paper>();
    let count = || papers.count(query!(Paper { authors: vec![author.to_owned()] }));
    let told = block_on(count().explain()).expect("it can be asked");
    assert_eq!(told.plan, Access::IndexKeys);
    ask(count())
}

fn states(space: &Space) -> Vec<IndexState> {
    block_on(space.index_states()).expect("they can be read")
}

/// What every index says of documents that it was built without: how many, and the first.
fn left_out(space: &Space) -> Option<(u64, String)> {
    let mut all = states(space).into_iter().map(|state| state.left_out.map(|left| (left.documents, left.key)));
    let first = all.next().expect("there are indexes");
    assert!(all.all(|other| other == first), "{:?}", states(space));
    first
}

fn is_ready(space: &Space) -> bool {
    states(space).iter().all(|state| state.progress == Progress::Ready)
}

fn verify(space: &Arc<Space>) {
    let verified = block_on(space.verify()).expect("it can be looked at");
    assert!(verified.is_whole(), "{:?}", verified.problems);
}

/// A store with a document that the third version's migration refuses, and a process of that version.
fn with_one_left_out(store: &impl Store) -> Arc<Space> {
    with_old_ones(store);
    let space = open(store, 3);
    start(&space);
    assert!(is_ready(&space));
    assert_eq!(left_out(&space), Some((1, "papers:2".into())));
    space
}

pub fn an_index_is_built_without_what_cannot_be_read_and_says_so(store: impl Store) {
    let space = with_one_left_out(&store);
    block_on(space.migrate(|| true)).expect("the store answers");
    assert_eq!([count(&space, "ada"), count(&space, "eve")], [1, 1]);
    let papers = of_default(&space).docs::<Paper>();
    block_on(papers.update("1", |paper| paper.shelf_mark = Some("A1".into()))).expect("it can be stored");
    let taken = block_on(papers.put(&Paper { shelf_mark: Some("A1".into()), ..paper("4", "ada", None) }));
    assert!(matches!(taken, Err(StoreError::Duplicate { .. })), "{taken:?}");
    let verified = block_on(space.verify()).expect("it can be looked at");
    let told = |problem: &str| verified.problems.iter().filter(|it| it.to_string().contains(problem)).count();
    assert_eq!((told("built without 1 that cannot be read"), told("it cannot be read:")), (3, 1), "{verified:?}");
    let is_first =
        |fault: &Fault| matches!(fault, Fault::LeftOut { app, key, .. } if app == "default" && key == "papers:2");
    assert_eq!(verified.problems.iter().filter(|it| is_first(&it.problem)).count(), 3);
    assert_eq!(verified.problems.len(), 4, "{:?}", verified.problems);
    drop((papers, space));

    // Where nothing can be read that could not be, nothing is built again.
    let store = store.reopen();
    let again = open(&store, 3);
    assert!(is_ready(&again));
    assert_eq!((left_out(&again), count(&again, "ada")), (Some((1, "papers:2".into())), 1));
}

pub fn what_an_index_was_built_without_is_in_it_when_it_can_be_read_again(store: impl Store) {
    drop(with_one_left_out(&store));
    let store = store.reopen();
    let mended = open_mended(&store, &[]);
    assert!(!is_ready(&mended), "no query goes by what is not whole");
    start(&mended);
    assert!(is_ready(&mended));
    assert_eq!((left_out(&mended), count(&mended, "nobody")), (None, 1));
    verify(&mended);
    block_on(mended.migrate(|| true)).expect("the store answers");
    verify(&mended);
    let papers = of_default(&mended).docs::<Paper>();
    block_on(papers.update("2", |paper| paper.authors = vec!["ada".into()])).expect("it can be stored");
    assert_eq!([count(&mended, "nobody"), count(&mended, "ada")], [0, 2]);
    verify(&mended);
    assert!(block_on(papers.delete("2")).expect("it can be deleted"), "it was there");
    assert_eq!(count(&mended, "ada"), 1);
    verify(&mended);
}

pub fn what_can_be_read_again_has_its_entries_whatever_comes_first(store: impl Store) {
    with_old_ones(&store);
    let first = of_default(&open(&store, 1));
    for id in ["5", "6", "7"] {
        set(&first, &format!("papers:{id}"), json!({ "id": id, "author": "" }));
    }
    let bytes =
        block_on(of_default(&open(&store, 1)).0.read("papers:1")).expect("it can be read").expect("it is there");
    let refusing = open(&store, 3);
    start(&refusing);
    assert_eq!(left_out(&refusing), Some((4, "papers:2".into())));
    // In the process that did not have it, as if its migration had failed once: what it has is the same before and after.
    let place = of_default(&refusing).0.place("papers:7").expect("a key");
    let readable = bytes.iter().map(|byte| if *byte == b'1' { b'7' } else { *byte }).collect();
    plant(&refusing, Write::put(place, readable));
    assert_eq!(count(&refusing, "ada"), 1);
    block_on(refusing.migrate(|| true)).expect("the store answers");
    assert_eq!(count(&refusing, "ada"), 2);
    drop((first, refusing));

    // In the next one, before the indexes are built.
    let store = store.reopen();
    let mended = open_mended(&store, &[]);
    let papers = of_default(&mended).docs::<Paper>();
    block_on(papers.update("5", |paper| paper.pages = Some(5))).expect("it can be stored");
    assert!(block_on(papers.delete("6")).expect("it can be deleted"), "it was there");
    block_on(mended.migrate(|| true)).expect("the store answers");
    start(&mended);
    assert_eq!((left_out(&mended), count(&mended, "nobody"), count(&mended, "ada")), (None, 2, 2));
    verify(&mended);
}

pub fn what_an_index_was_built_without_and_is_written_over_or_deleted_is_settled(store: impl Store) {
    let one = with_one_left_out(&store);
    block_on(of_default(&one).docs::<Paper>().put(&paper("2", "zoe", None))).expect("it can be stored");
    assert_eq!((left_out(&one), count(&one, "zoe")), (None, 1));
    verify(&one);
    drop(one);
    let store = store.reopen();
    let again = open(&store, 3);
    assert!(is_ready(&again), "its entries are there");
    verify(&again);
    drop(again);

    set(&of_default(&open(&store, 1)), "papers:9", json!({ "id": "9", "author": "" }));
    let again = open(&store, 3);
    start(&again);
    assert_eq!(left_out(&again), Some((1, "papers:9".into())));
    assert!(block_on(of_default(&again).delete("papers:9")).expect("it can be deleted"), "it was there");
    assert_eq!(left_out(&again), None);
    verify(&again);
    drop(again);
    let store = store.reopen();
    assert!(is_ready(&open(&store, 3)));
}

pub fn a_unique_value_of_what_can_be_read_again_is_nobody_elses(store: impl Store) {
    set(&of_default(&open(&store, 2)), "papers:2", json!({ "id": "2", "author": "", "pages": 77 }));
    let refusing = open(&store, 3);
    start(&refusing);
    let marked = |id: &str, mark: &str| Paper { shelf_mark: Some(mark.into()), ..paper(id, "ada", None) };
    block_on(of_default(&refusing).docs::<Paper>().put(&marked("3", "B1"))).expect("it can be stored");
    drop(refusing);
    let store = store.reopen();
    let mended = open_mended(&store, &[]);
    block_on(mended.build_at_once()).expect("it is built before anything is written");
    let papers = of_default(&mended).docs::<Paper>();
    for (mark, whose) in [("A1", "papers:2"), ("B1", "papers:3")] {
        let taken = block_on(papers.put(&marked("4", mark)));
        assert!(matches!(&taken, Err(StoreError::Duplicate { other, .. }) if other == whose), "{taken:?}");
    }
    start(&mended);
    verify(&mended);
    drop((papers, mended));

    // Of what nobody can read nobody knows what it has: another may take it, and who can read both again says so.
    set(&of_default(&open(&store, 2)), "papers:5", json!({ "id": "5", "author": "", "pages": 77 }));
    let refusing = open(&store, 3);
    start(&refusing);
    assert!(block_on(of_default(&refusing).delete("papers:2")).expect("it can be deleted"), "it was there");
    block_on(of_default(&refusing).docs::<Paper>().put(&marked("6", "A1"))).expect("nobody has it");
    drop(refusing);
    let store = store.reopen();
    let mended = open_mended(&store, &[]);
    start(&mended);
    let failed: Vec<_> = states(&mended).into_iter().filter(|state| state.progress == Progress::Failed).collect();
    let reason = failed.iter().filter_map(|state| state.reason.as_deref()).collect::<String>();
    assert!(failed.len() == 1 && reason.contains("`papers:5`") && reason.contains("`papers:6`"), "{failed:?}");
}

pub fn documents_of_a_newer_version_are_in_indexes_again_when_that_is_back(store: impl Store) {
    static BY_PAGES: [IndexMeta; 1] = [IndexMeta::of("papers:", &[IndexField::ascending("pages")])];
    set(&of_default(&open(&store, 1)), "papers:1", json!({ "id": "1", "author": "ada" }));
    let newer = open_with(&store, 3, &BY_PAGES);
    start(&newer);
    block_on(of_default(&newer).docs::<Paper>().put(&paper("9", "ada", Some(9)))).expect("it can be stored");
    drop(newer);
    let store = store.reopen();
    let older = open_with(&store, 2, &BY_PAGES);
    start(&older);
    assert!(states(&older).len() == 1 && is_ready(&older));
    assert_eq!(left_out(&older), Some((1, "papers:9".into())));
    set(&of_default(&older), "papers:2", json!({ "id": "2", "author": "ada", "pages": 9 }));
    assert_eq!(ask(of_default(&older).count(query! { pages: 9 }).under("papers:")), 1);
    drop(older);
    let store = store.reopen();
    let newer = open_with(&store, 3, &BY_PAGES);
    start(&newer);
    assert_eq!((left_out(&newer), count(&newer, "ada")), (None, 3));
    assert_eq!(ask(of_default(&newer).count(query! { pages: 9 }).under("papers:")), 2);
    verify(&newer);
}

pub fn an_index_that_was_built_without_many_is_built_again_at_each_start(store: impl Store) {
    let old = (0..130).map(|n| (format!("papers:{n:03}"), json!({ "id": format!("{n:03}"), "author": "" })));
    fill(&of_default(&open(&store, 1)), old);
    // Of one that is not known by its key the shelf mark is bound, once it can be read.
    set(&of_default(&open(&store, 2)), "papers:129", json!({ "id": "129", "author": "", "pages": 77 }));
    set(&of_default(&open(&store, 1)), "papers:ada", json!({ "id": "ada", "author": "ada" }));
    let space = open(&store, 3);
    start(&space);
    assert_eq!((left_out(&space), count(&space, "ada")), (Some((130, "papers:000".into())), 1));
    drop(space);
    let store = store.reopen();
    let again = open(&store, 3);
    assert!(!is_ready(&again), "it is not known of all of them that they cannot be read");
    start(&again);
    assert_eq!((left_out(&again), count(&again, "ada")), (Some((130, "papers:000".into())), 1));
    drop(again);
    let store = store.reopen();
    let mended = open_mended(&store, &[]);
    block_on(mended.build_at_once()).expect("they are built before anything is written");
    let papers = of_default(&mended).docs::<Paper>();
    let taken = block_on(papers.put(&Paper { shelf_mark: Some("A1".into()), ..paper("new", "ada", None) }));
    assert!(matches!(&taken, Err(StoreError::Duplicate { other, .. }) if other == "papers:129"), "{taken:?}");
    start(&mended);
    assert_eq!((left_out(&mended), count(&mended, "nobody")), (None, 130));
    verify(&mended);
}

pub fn of_many_that_are_left_out_no_more_is_said_than_is_known(store: impl Store) {
    let old = (0..130).map(|n| (format!("papers:{n:03}"), json!({ "id": format!("{n:03}"), "author": "" })));
    fill(&of_default(&open(&store, 1)), old);
    let space = open(&store, 3);
    start(&space);
    let papers = of_default(&space).docs::<Paper>();
    for n in 0..130 {
        assert!(block_on(papers.delete(&format!("{n:03}"))).expect("it can be deleted"));
    }
    // Thirty are not known by their keys: only building it again would tell that they are gone.
    assert_eq!(left_out(&space), Some((30, String::new())));
    let verified = block_on(space.verify()).expect("it can be looked at");
    assert!(
        verified.problems.iter().all(|it| it.to_string().contains("at most 30 that could not be read")),
        "{verified:?}"
    );
    drop((papers, space));
    let again = open(&store.reopen(), 3);
    start(&again);
    assert_eq!(left_out(&again), None);
    verify(&again);
}

pub fn bytes_that_are_no_document_can_be_written_over_and_removed(store: impl Store) {
    let space = open(&store, 3);
    let db = of_default(&space);
    for bytes in [&b""[..], b"abc", b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xff"] {
        for key in ["papers:1", "plain"] {
            let planted = || plant(&space, Write::put(db.0.place(key).expect("a key"), bytes.to_vec()));
            planted();
            let over = match key {
                "plain" => block_on(db.set(key, &1)),
                _ => block_on(db.docs::<Paper>().put(&paper("1", "ada", None))),
            };
            over.expect("it is written over");
            assert!(block_on(db.delete(key)).expect("it is a document"));
            planted();
            assert!(block_on(db.delete(key)).expect("it is removed"), "it was there");
        }
    }
    verify(&space);
}
