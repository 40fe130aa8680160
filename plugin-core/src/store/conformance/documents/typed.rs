//! What is promised of typed documents, and of versions of them.
//!
//! The types here are declared by hand, so that no binary with this suite in it has a plugin more.

use std::{collections::BTreeMap, sync::Arc};

use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};

use super::{Store, ask, block_on, manual, of_default, space, times};
use crate::{
    clock::Timestamp,
    error::{Error, Result},
    model,
    point::{Ix, PLUGINS, Plugin},
    query,
    store::{
        Access, Db, Entry, Page, Schema, Space, StoreError,
        codec::{CodecError, Content, Envelope},
        index::{IndexField, IndexMeta},
        typed::{self, Document, DocumentMeta, DocumentVersion, MigrationMeta, Stored},
    },
};

pub(super) struct Library;

impl Plugin for Library {
    type Config = ();
    const ID: &'static str = super::KEYSPACE;

    fn ix() -> &'static Ix {
        static IX: Ix = Ix::of(&PLUGINS);
        &IX
    }
}

/// The version that was written first.
#[model(stored)]
struct PaperV1 {
    id: String,
    author: String,
}

/// Pages were counted from here on.
#[model(stored)]
struct PaperV2 {
    id: String,
    author: String,
    pages: u32,
}

#[model(stored)]
#[derive(PartialEq)]
pub(super) struct Paper {
    pub(super) id: String,
    pub(super) authors: Vec<String>,
    pub(super) pages: Option<u32>,
    pub(super) shelf_mark: Option<String>,
    pub(super) state: State,
    pub(super) cites: BTreeMap<String, u8>,
    pub(super) written_at: Timestamp,
}

#[model(stored)]
#[derive(PartialEq)]
pub(super) enum State {
    Draft,
    Rated(i16),
    Printed { in_journal: String },
}

impl DocumentVersion for Paper {
    type Plugin = Library;
    const COLLECTION: &'static str = COLLECTION;
    const VERSION: u16 = 3;

    fn id(&self) -> &str {
        &self.id
    }
}

impl Document for Paper {
    fn meta() -> &'static DocumentMeta {
        &VERSIONS[2]
    }
}

const COLLECTION: &str = "papers";

static INDEXES: [IndexMeta; 3] = [
    IndexMeta::of("papers:", &[IndexField::ascending("authors")]),
    IndexMeta::of("papers:", &[IndexField::ascending("pages"), IndexField::ascending("id")]),
    IndexMeta::of("papers:", &[IndexField::ascending("shelfMark")]).unique(),
];

static VERSIONS: [DocumentMeta; 3] =
    [version::<PaperV1>(1, &[]), version::<PaperV2>(2, &[]), version::<Paper>(3, &INDEXES)];

const fn version<T: Stored + DeserializeOwned>(version: u16, indexes: &'static [IndexMeta]) -> DocumentMeta {
    DocumentMeta {
        collection: COLLECTION,
        version,
        id: "id",
        shape: T::shape,
        from_value: |value| typed::encode(&value.into_typed::<T>()?),
        indexes,
    }
}

/// The second refuses some documents.
static MIGRATIONS: [MigrationMeta; 2] = [
    MigrationMeta {
        collection: COLLECTION,
        from: 1,
        up: |bytes| {
            let PaperV1 { id, author } = typed::decode(bytes)?;
            Ok(typed::encode(&PaperV2 { id, author, pages: 0 })?)
        },
    },
    MigrationMeta {
        collection: COLLECTION,
        from: 2,
        up: |bytes| {
            let PaperV2 { id, author, pages } = typed::decode(bytes)?;
            match author.is_empty() {
                true => Err(Error::new("somebody wrote it")),
                false => Ok(typed::encode(&paper(&id, &author, Some(pages).filter(|pages| *pages > 0)))?),
            }
        },
    },
];

pub(super) fn paper(id: &str, author: &str, pages: Option<u32>) -> Paper {
    let (cites, written_at) = (BTreeMap::from([("other".into(), 2)]), Timestamp::UNIX_EPOCH);
    let authors = vec![author.into()];
    Paper { id: id.into(), authors, pages, shelf_mark: None, state: State::Draft, cites, written_at }
}

/// The keyspace as a process has it that knows the first so many versions.
pub(super) fn open(store: &impl Store, versions: usize) -> Arc<Space> {
    open_with(store, versions, &[])
}

/// The same where the plugin declares indexes beside those of the type.
pub(super) fn open_with(store: &impl Store, versions: usize, indexes: &'static [IndexMeta]) -> Arc<Space> {
    let (current, older) = (&VERSIONS[versions - 1], &VERSIONS[..versions - 1]);
    let schema = Schema::new([current], older, &MIGRATIONS[..versions - 1], indexes);
    space(store, schema, &manual().into())
}

fn set(db: &Db, key: &str, value: Json) {
    super::set(db, key, value);
}

/// The version that is stored.
fn version_of(space: &Arc<Space>, key: &str) -> u16 {
    let bytes = block_on(of_default(space).0.read(key)).expect("it can be read").expect("it is there");
    match Envelope::of(&bytes).expect("an envelope").content {
        Content::Typed { version, .. } => version,
        Content::Dynamic { .. } => 0,
    }
}

fn got(space: &Arc<Space>, id: &str) -> Option<Paper> {
    block_on(of_default(space).docs::<Paper>().get(id)).expect("it can be read")
}

/// The same where the migration that refused some takes them.
pub(super) fn open_mended(store: &impl Store, indexes: &'static [IndexMeta]) -> Arc<Space> {
    static MENDED: MigrationMeta = MigrationMeta {
        collection: COLLECTION,
        from: 2,
        up: |bytes| {
            let PaperV2 { id, author, pages } = typed::decode(bytes)?;
            let author = if author.is_empty() { "nobody".to_owned() } else { author };
            let shelf_mark = (pages == 77).then(|| "A1".to_owned());
            Ok(typed::encode(&Paper { shelf_mark, ..paper(&id, &author, Some(pages).filter(|pages| *pages > 0)) })?)
        },
    };
    let schema = Schema::new([&VERSIONS[2]], &VERSIONS[..2], [&MIGRATIONS[0], &MENDED], indexes);
    space(store, schema, &manual().into())
}

/// Two papers of the first version, one of which cannot be migrated, and one of the second.
pub(super) fn with_old_ones(store: &impl Store) {
    let first = of_default(&open(store, 1));
    set(&first, "papers:1", json!({ "id": "1", "author": "ada" }));
    set(&first, "papers:2", json!({ "id": "2", "author": "" }));
    let second = of_default(&open(store, 2));
    set(&second, "papers:3", json!({ "id": "3", "author": "eve", "pages": 9 }));
}

pub fn typed_documents_are_put_found_changed_and_deleted_by_their_type(store: impl Store) {
    let space = open(&store, 3);
    let papers = of_default(&space).docs::<Paper>();
    block_on(async {
        for n in 0..20_u32 {
            papers.put(&paper(&format!("{n:03}"), if n % 2 == 0 { "ada" } else { "eve" }, Some(n))).await?;
        }
        let everything = Paper {
            state: State::Printed { in_journal: "Ä".into() },
            authors: vec!["ada".into(), String::new()],
            written_at: "2026-07-01T12:00:00.000000001Z".parse().expect("an instant"),
            ..paper("all", "", None)
        };
        papers.put(&everything).await?;
        assert_eq!(papers.get("all").await?.as_ref(), Some(&everything));
        assert!(papers.delete("all").await? && !papers.delete("all").await?);

        let found = papers.find(query!(Paper { pages: { gte: 10 } })).sort(|paper| paper.pages().descending()).limit(2);
        let page: Page<Entry<Paper>> = found.await?;
        assert_eq!(page.iter().map(|found| &*found.key).collect::<Vec<_>>(), ["019", "018"]);
        let rest = papers.find(query!(Paper { pages: { gte: 10 } })).sort(|paper| paper.pages().descending());
        assert_eq!(rest.limit(100).after(page.next).await?.len(), 8);
        let told = papers.find(query!(Paper { pages: 4 })).explain().await?;
        assert_eq!((told.plan, told.documents_read), (Access::IndexSorted, 1));
        assert_eq!(papers.count(query!(Paper { pages: { lt: 5 } })).await?, 5);
        let changed = papers.update("004", |paper| paper.pages = Some(400)).await?.expect("it is there");
        assert_eq!((changed.pages, papers.count(query!(Paper { pages: { lt: 5 } })).await?), (Some(400), 4));
        let refused = papers.update("004", |paper| paper.id = "other".into()).await;
        assert!(matches!(refused, Err(StoreError::OtherId { .. })), "{refused:?}");

        let marked = |id| Paper { shelf_mark: Some("A1".into()), ..paper(id, "ada", Some(1)) };
        papers.insert(&marked("new")).await?;
        let taken = papers.insert(&marked("newer")).await;
        assert!(matches!(taken, Err(StoreError::Duplicate { .. })), "{taken:?}");
        let again = papers.insert(&marked("new")).await;
        assert!(matches!(again, Err(StoreError::Exists { .. })), "{again:?}");
        let versioned = papers.get_versioned("new").await?.expect("it is there");
        papers.replace(&marked("new"), versioned.revision).await?;
        let stale = papers.replace(&marked("new"), versioned.revision).await;
        assert!(matches!(stale, Err(StoreError::Conflict { .. })), "{stale:?}");

        let (mut rows, mut seen) = (papers.find(query!(Paper {})).limit(3).iter(), Vec::new());
        while let Some(entry) = rows.next().await? {
            assert_eq!(entry.key, entry.value.id);
            seen.push(entry.key);
        }
        assert!(seen.len() == 21 && seen.is_sorted(), "{seen:?}");
        Ok::<_, StoreError>(())
    })
    .expect("the store answers");
    drop((papers, space));
    assert_eq!(got(&open(&store.reopen(), 3), "019"), Some(paper("019", "eve", Some(19))), "after reopening");
}

pub fn typed_documents_are_part_of_transactions(store: impl Store) {
    let space = open(&store, 3);
    let db = of_default(&space);
    let refused = block_on(db.txn(|tx| async move {
        tx.docs_of::<Paper>().put(&paper("1", "ada", None))?;
        Err::<(), _>(Error::new("on second thought"))
    }));
    assert!(refused.is_err() && got(&space, "1").is_none());
    let done: Result<_> = block_on(db.txn(|tx| async move {
        let papers = tx.docs_of::<Paper>();
        papers.put(&paper("1", "ada", Some(1)))?;
        papers.insert(&paper("2", "eve", Some(2))).await?;
        let both = (papers.get("1").await?, papers.get("2").await?);
        assert!(matches!(papers.insert(&paper("1", "eve", None)).await, Err(StoreError::Exists { .. })));
        assert!(papers.delete("2").await?, "it was there");
        tx.set("count", &1)?;
        Ok(both)
    }));
    let both = (Some(paper("1", "ada", Some(1))), Some(paper("2", "eve", Some(2))));
    assert_eq!(done.expect("nobody is in between"), both);
    assert_eq!((got(&space, "1"), got(&space, "2")), (both.0, None));
    assert_eq!(super::get(&db, "count"), Some(json!(1)));
}

pub fn a_typed_document_is_read_by_its_shape_without_its_type(store: impl Store) {
    let db = of_default(&open(&store, 3));
    let papers = db.docs::<Paper>();
    let states = [State::Draft, State::Rated(-7), State::Printed { in_journal: "Ä".into() }];
    for (n, state) in (0_u32..).zip(states) {
        block_on(papers.put(&Paper { state, ..paper(&n.to_string(), "ada", Some(n)) })).expect("it can be stored");
    }
    let expected = json!({
        "id": "1", "authors": ["ada"], "pages": 1, "shelfMark": null, "state": { "rated": -7 },
        "cites": { "other": 2 }, "writtenAt": "1970-01-01T00:00:00.000Z",
    });
    assert_eq!(super::get(&db, "papers:1"), Some(expected));
    let keys = |filter| -> Vec<_> { ask(db.find::<Json>(filter)).into_iter().map(|found| found.key).collect() };
    assert_eq!(keys(query! { state.rated: { lt: 0 } }), ["papers:1"]);
    assert_eq!(keys(query! { state.printed.inJournal: "Ä" }), ["papers:2"]);
    assert_eq!(keys(query! { cites.other: 2, "authors.0": "ada", writtenAt: { lte: Timestamp::UNIX_EPOCH } }).len(), 3);
    let brief = db.find::<Json>(query! { pages: 1 }).under("papers:").select::<Json>(["pages", "state.rated"]);
    assert_eq!(ask(brief).items[0].value["pages"], 1);
}

pub fn what_is_written_without_its_type_becomes_of_it_or_is_refused(store: impl Store) {
    let space = open(&store, 3);
    let db = of_default(&space);
    let document = |id: &str, pages: Json| {
        let mut document = super::get(&db, "papers:1").expect("it is there");
        (document["id"], document["pages"]) = (json!(id), pages);
        document
    };
    block_on(db.docs::<Paper>().put(&paper("1", "ada", Some(1)))).expect("it can be stored");
    set(&db, "papers:7", document("7", json!(7)));
    assert_eq!((got(&space, "7"), version_of(&space, "papers:7")), (Some(paper("7", "ada", Some(7))), 3));
    let refused = block_on(db.set("papers:7", &document("7", json!("many"))));
    assert!(matches!(refused, Err(StoreError::Codec { source: CodecError::Value(_), .. })), "{refused:?}");
    let refused = block_on(db.set("papers:7", &document("8", json!(8))));
    let is_it = |source: &CodecError| matches!(source, CodecError::OtherId { field: "id", own } if own == "8");
    assert!(matches!(&refused, Err(StoreError::Codec { source, .. }) if is_it(source)), "{refused:?}");
    assert_eq!(got(&space, "7").and_then(|paper| paper.pages), Some(7), "nothing was written");
}

pub fn older_versions_are_read_through_their_migrations(store: impl Store) {
    with_old_ones(&store);
    let space = open(&store, 3);
    assert_eq!(got(&space, "1"), Some(paper("1", "ada", None)));
    assert_eq!(got(&space, "3"), Some(paper("3", "eve", Some(9))));
    let refused = block_on(of_default(&space).docs::<Paper>().get("2"));
    let is_it = |source: &CodecError| matches!(source, CodecError::Migration { from: 2, .. });
    assert!(
        matches!(&refused, Err(StoreError::Codec { key, source }) if key == "papers:2" && is_it(source)),
        "{refused:?}"
    );
    assert_eq!(
        ["papers:1", "papers:2", "papers:3"].map(|key| version_of(&space, key)),
        [1, 1, 2],
        "reading writes none"
    );
    let db = of_default(&space);
    block_on(db.docs::<Paper>().update("1", |paper| paper.pages = Some(5))).expect("it can be stored");
    assert_eq!((version_of(&space, "papers:1"), got(&space, "1")), (3, Some(paper("1", "ada", Some(5)))));
}

pub fn older_versions_are_stored_anew_in_the_background_and_what_cannot_be_stays(store: impl Store) {
    with_old_ones(&store);
    let space = open(&store, 3);
    block_on(space.migrate(|| true)).expect("the store answers");
    assert_eq!(["papers:1", "papers:2", "papers:3"].map(|key| version_of(&space, key)), [3, 1, 3]);
    assert_eq!(got(&space, "3"), Some(paper("3", "eve", Some(9))));
    let left = block_on(space.overview()).expect("it can be read").migrations;
    assert_eq!(left.iter().map(|left| (left.done, left.failed)).collect::<Vec<_>>(), [(true, 1)]);
}

pub fn migrating_goes_on_where_it_was_broken_off(store: impl Store) {
    let old = of_default(&open(&store, 1));
    for n in 0..450 {
        set(&old, &format!("papers:{n:03}"), json!({ "id": format!("{n:03}"), "author": "ada" }));
    }
    let renewed = |space: &Arc<Space>| (0..450).filter(|n| version_of(space, &format!("papers:{n:03}")) == 3).count();
    let first = open(&store, 3);
    block_on(first.migrate(times(1))).expect("it is broken off");
    let before = renewed(&first);
    assert!((1..=200).contains(&before), "{before}: a chunk, of as many as the engine gives");
    // Old again behind the place that was reached: who began anew would come by it.
    set(&old, "papers:000", json!({ "id": "000", "author": "ada" }));
    drop((old, first));
    let second = open(&store.reopen(), 3);
    block_on(second.migrate(|| true)).expect("it goes on");
    assert_eq!((renewed(&second), version_of(&second, "papers:000")), (449, 1));
}

pub fn what_could_not_be_migrated_is_tried_again_by_the_next_process(store: impl Store) {
    with_old_ones(&store);
    let first = open(&store, 3);
    block_on(first.migrate(|| true)).expect("the store answers");
    set(&of_default(&open(&store, 1)), "papers:2", json!({ "id": "2", "author": "eve" }));
    block_on(first.migrate(|| true)).expect("the store answers");
    assert_eq!(version_of(&first, "papers:2"), 1, "this process has had its turn");
    let next = open(&store, 3);
    block_on(next.migrate(|| true)).expect("the store answers");
    assert_eq!(version_of(&next, "papers:2"), 3);
}

pub fn what_cannot_be_migrated_can_be_deleted_in_a_transaction(store: impl Store) {
    with_old_ones(&store);
    let space = open(&store, 3);
    let deleted = block_on(of_default(&space).txn(|tx| async move { Ok(tx.delete("papers:2").await?) }));
    assert!(deleted.expect("nobody is in between"), "it was there");
    assert_eq!(got(&space, "2"), None);
}

pub fn a_newer_version_is_refused_and_stays_as_it_is(store: impl Store) {
    let newer = open(&store, 3);
    let stored = paper("9", "ada", Some(1));
    block_on(of_default(&newer).docs::<Paper>().put(&stored)).expect("it can be stored");
    let bytes = || block_on(of_default(&newer).0.read("papers:9")).expect("it can be read");
    let before = bytes();
    let older = open(&store, 2);
    let refused = block_on(of_default(&older).get::<Json>("papers:9"));
    let is_newer = |source: &CodecError| matches!(source, CodecError::NewerSchema { found: 3, known: 2 });
    assert!(matches!(&refused, Err(StoreError::Codec { source, .. }) if is_newer(source)), "{refused:?}");
    block_on(older.migrate(|| true)).expect("it leaves it alone");
    assert_eq!(bytes(), before);
    assert_eq!(got(&newer, "9"), Some(stored));
}

pub fn an_index_of_a_new_version_is_another_one_and_the_old_one_goes(store: impl Store) {
    with_old_ones(&store);
    let space = open(&store, 3);
    block_on(space.build_indexes(|| true)).expect("indexes are built");
    let count = of_default(&space).docs::<Paper>().count(query!(Paper { authors: vec!["ada".to_owned()] }));
    let told = block_on(count.explain()).expect("it can be asked");
    assert_eq!((told.plan, told.found), (Access::IndexKeys, 1), "what is not migrated yet is in it");
    let states = block_on(space.index_states()).expect("they can be read");
    assert!(states.len() == 3 && states.iter().all(|state| state.declared), "{states:?}");
}
