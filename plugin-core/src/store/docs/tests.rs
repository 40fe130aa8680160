//! Typed documents in a running host, from what an author writes.

use std::{future::IntoFuture, sync::Arc};

use serde_json::{Value as Json, json};

use crate::{
    prelude::*,
    store::{
        Access, Db, MemEngine, Schema, Space,
        codec::CodecError,
        conformance::block_on,
        engine::{Durability, Engine, Keyspace},
        index::{IndexField, IndexMeta},
        typed::{Document, DocumentMeta, DocumentVersion, MigrationMeta},
    },
    testing::TestHost,
};

#[plugin(id = "shelf")]
struct Shelf;

/// The version that was written first.
#[document(plugin = Shelf, collection = "books", version = 1, retired)]
struct BookV1 {
    #[id]
    isbn: String,
    author: String,
}

/// Pages were counted from here on.
#[document(plugin = Shelf, collection = "books", version = 2, retired)]
struct BookV2 {
    #[id]
    isbn: String,
    author: String,
    pages: u32,
}

/// A book.
#[document(plugin = Shelf, collection = "books", version = 3)]
#[index(authors)]
#[index(pages, isbn)]
#[index(shelf_mark, unique)]
#[derive(PartialEq)]
struct Book {
    #[id]
    isbn: String,
    authors: Vec<String>,
    pages: Option<u32>,
    shelf_mark: Option<String>,
}

#[migrate(from = 1)]
fn count_pages(old: BookV1) -> BookV2 {
    BookV2 { isbn: old.isbn, author: old.author, pages: 0 }
}

#[migrate(from = 2)]
fn several_authors(old: BookV2) -> Result<Book> {
    if old.author.is_empty() {
        return Err(Error::new("somebody wrote it"));
    }
    let pages = Some(old.pages).filter(|pages| *pages > 0);
    Ok(Book { isbn: old.isbn, authors: vec![old.author], pages, shelf_mark: None })
}

fn book(isbn: &str, author: &str, pages: u32) -> Book {
    Book { isbn: isbn.into(), authors: vec![author.into()], pages: Some(pages), shelf_mark: None }
}

#[hook_point("shelf:fill")]
struct Fill {
    books: u32,
}

#[hook("shelf:fill")]
async fn fill(ctx: &Context<Shelf>, fill: &Fill) -> Result<()> {
    for n in 0..fill.books {
        ctx.docs::<Book>().put(&book(&format!("{n:03}"), if n % 2 == 0 { "ada" } else { "eve" }, n)).await?;
    }
    Ok(())
}

#[test]
fn documents_are_put_found_counted_and_changed_by_their_type() {
    let mut host = TestHost::of::<Shelf>().build();
    let _ = host.fire(&Fill { books: 20 });
    host.with::<Shelf, _>(async |ctx| {
        let books = ctx.docs::<Book>();
        assert_eq!(books.get("003").await?, Some(book("003", "eve", 3)));
        let found = books.find(query!(Book { pages: { gte: 10 } })).sort(|book| book.pages().descending()).limit(2);
        let page: Page<Entry<Book>> = found.await?;
        assert_eq!(page.iter().map(|found| &*found.key).collect::<Vec<_>>(), ["019", "018"]);
        let told = books.find(query!(Book { pages: 4 })).explain().await?;
        assert_eq!((told.plan, told.documents_read), (Access::IndexSorted, 1));
        assert_eq!(books.count(query!(Book { pages: { lt: 5 } })).await?, 5);
        let changed = books.update("004", |book| book.pages = Some(400)).await?.expect("it is there");
        assert_eq!((changed.pages, books.count(query!(Book { pages: { lt: 5 } })).await?), (Some(400), 4));
        let refused = books.update("004", |book| book.isbn = "other".into()).await;
        assert!(matches!(refused, Err(StoreError::OtherId { .. })), "{refused:?}");
        let with_mark = |isbn| Book { shelf_mark: Some("A1".into()), ..book(isbn, "ada", 1) };
        books.insert(&with_mark("new")).await?;
        let taken = books.insert(&with_mark("newer")).await;
        assert!(matches!(taken, Err(StoreError::Duplicate { .. })), "{taken:?}");
        assert!(books.delete("new").await? && !books.delete("new").await?);
        let mut rows = books.find(query!(Book {})).limit(3).iter();
        let mut seen = 0;
        while let Some(entry) = rows.next().await? {
            assert_eq!(entry.key, entry.value.isbn);
            seen += 1;
        }
        assert_eq!(seen, 20);
        Ok::<_, Error>(())
    })
    .expect("the store answers");
}

#[test]
fn documents_without_a_type_are_other_views_of_the_same() {
    let mut host = TestHost::of::<Shelf>().build();
    let _ = host.fire(&Fill { books: 1 });
    host.with::<Shelf, _>(async |ctx| {
        let (db, books) = (ctx.db(), ctx.docs::<Book>());
        let json: Json = db.get("books:000").await?.expect("it is there");
        assert_eq!(json, json!({ "isbn": "000", "authors": ["ada"], "pages": 0, "shelfMark": null }));
        db.set("books:000", &json!({ "isbn": "000", "authors": [], "pages": 7, "shelfMark": null })).await?;
        assert_eq!(books.get("000").await?.and_then(|book| book.pages), Some(7));
        let refused = db.set("books:000", &json!({ "isbn": "000", "pages": "many" })).await;
        assert!(matches!(refused, Err(StoreError::Codec { source: CodecError::Value(_), .. })), "{refused:?}");
        Ok::<_, Error>(())
    })
    .expect("the store answers");
}

fn migration(from: u16) -> &'static MigrationMeta {
    let found = crate::registration::Registration::linked().find_map(|it| match &it.item {
        crate::registration::Item::Migration(item) if item.owner.id == "shelf" && item.meta.from == from => {
            Some(&item.meta)
        }
        _ => None,
    });
    found.expect("it is linked")
}

fn retired(version: u16) -> &'static DocumentMeta {
    let found = crate::registration::Registration::linked().find_map(|it| match &it.item {
        crate::registration::Item::Document(item) if item.owner.id == "shelf" && item.meta.version == version => {
            Some(&item.meta)
        }
        _ => None,
    });
    found.expect("it is linked")
}

/// The store as a binary with this version of the documents has it.
fn space(engine: &Arc<dyn Engine>, version: u16) -> Arc<Space> {
    let keyspace = Keyspace::of_plugin("shelf");
    block_on(engine.open(&keyspace)).expect("a keyspace opens");
    let migrations = (1..version).map(migration);
    let schema = Schema::new([retired(version)], (1..version).map(retired), migrations, &[]);
    let space = Space::new(Arc::clone(engine), keyspace, Durability::Relaxed).with_schema(schema);
    block_on(space.prepare()).expect("indexes are brought in line");
    Arc::new(space)
}

fn db(space: &Arc<Space>) -> Db {
    Db::over(Arc::clone(space), AppId::default())
}

fn old_store() -> Arc<dyn Engine> {
    let engine: Arc<dyn Engine> = Arc::new(MemEngine::new());
    let first = db(&space(&engine, 1));
    block_on(first.set("books:1", &json!({ "isbn": "1", "author": "ada" }))).expect("it can be stored");
    block_on(first.set("books:2", &json!({ "isbn": "2", "author": "" }))).expect("it can be stored");
    let second = db(&space(&engine, 2));
    block_on(second.set("books:3", &json!({ "isbn": "3", "author": "eve", "pages": 9 }))).expect("it can be stored");
    engine
}

#[test]
fn older_versions_are_read_through_their_migrations() {
    let books = db(&space(&old_store(), 3)).docs::<Book>();
    let first = block_on(books.get("1")).expect("it can be read").expect("it is there");
    assert_eq!(first, Book { pages: None, ..book("1", "ada", 0) });
    let third = block_on(books.get("3")).expect("it can be read").expect("it is there");
    assert_eq!(third, book("3", "eve", 9));
    let refused = block_on(books.get("2"));
    assert!(
        matches!(&refused, Err(StoreError::Codec { key, source: CodecError::Migration { from: 2, .. } }) if key == "books:2"),
        "{refused:?}"
    );
}

#[test]
fn older_versions_are_stored_anew_in_the_background_and_what_cannot_be_stays() {
    let engine = old_store();
    let space = space(&engine, 3);
    block_on(space.migrate(|| true)).expect("the store answers");
    let version = |key: &str| {
        let bytes = block_on(db(&space).0.read(key)).expect("it can be read").expect("it is there");
        match crate::store::codec::Envelope::of(&bytes).expect("an envelope").content {
            crate::store::codec::Content::Typed { version, .. } => version,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(["books:1", "books:2", "books:3"].map(version), [3, 1, 3]);
    assert_eq!(block_on(db(&space).docs::<Book>().get("3")).expect("it can be read"), Some(book("3", "eve", 9)));
}

#[test]
fn migrating_goes_on_where_it_was_broken_off() {
    let engine: Arc<dyn Engine> = Arc::new(MemEngine::new());
    let old = db(&space(&engine, 1));
    for n in 0..450 {
        block_on(old.set(&format!("books:{n:03}"), &json!({ "isbn": format!("{n:03}"), "author": "ada" })))
            .expect("stored");
    }
    let renewed = |space: &Arc<Space>| {
        let is_new = |n: &u32| {
            let bytes = block_on(db(space).0.read(&format!("books:{n:03}"))).expect("readable").expect("there");
            let content = crate::store::codec::Envelope::of(&bytes).expect("an envelope").content;
            matches!(content, crate::store::codec::Content::Typed { version: 3, .. })
        };
        (0..450).filter(is_new).count()
    };
    let looks = std::cell::Cell::new(0);
    let once = || {
        looks.set(looks.get() + 1);
        looks.get() <= 1
    };
    let first = space(&engine, 3);
    block_on(first.migrate(once)).expect("it is broken off");
    assert_eq!(renewed(&first), 200);
    // Old again behind the place that was reached: who began anew would come by it.
    block_on(old.set("books:000", &json!({ "isbn": "000", "author": "ada" }))).expect("stored");
    let second = space(&engine, 3);
    block_on(second.migrate(|| true)).expect("it goes on");
    assert_eq!(renewed(&second), 449);
}

#[test]
fn an_index_of_a_new_version_is_another_one_and_the_old_one_goes() {
    let engine = old_store();
    block_on(db(&space(&engine, 2)).delete("books:2")).expect("it can be deleted");
    let space = space(&engine, 3);
    block_on(space.build_indexes(|| true)).expect("indexes are built");
    let count = db(&space).docs::<Book>().count(query!(Book { authors: vec!["ada".to_owned()] }));
    assert_eq!(block_on(count.into_future()).expect("a count"), 1, "what is not migrated yet is in it");
    let states = block_on(space.index_states()).expect("they can be read");
    assert!(states.iter().all(|state| state.declared), "{states:?}");
}

#[test]
fn a_newer_version_is_refused_and_stays_as_it_is() {
    let engine = old_store();
    let newer = db(&space(&engine, 3));
    block_on(newer.docs::<Book>().put(&book("9", "ada", 1))).expect("it can be stored");
    let older = db(&space(&engine, 2));
    let refused = block_on(older.get::<Json>("books:9"));
    let is_newer = |source: &CodecError| matches!(source, CodecError::NewerSchema { found: 3, known: 2 });
    assert!(matches!(&refused, Err(StoreError::Codec { source, .. }) if is_newer(source)), "{refused:?}");
    assert_eq!(block_on(newer.docs::<Book>().get("9")).expect("it can be read"), Some(book("9", "ada", 1)));
}

#[test]
fn the_type_knows_its_collection() {
    assert_eq!((Book::COLLECTION, Book::VERSION, Book::meta().indexes.len()), ("books", 3, 3));
    let (isbn, author) = ("1".to_owned(), "ada".to_owned());
    assert_eq!(BookV1 { isbn, author }.id(), "1");
}

#[test]
fn what_was_written_before_there_was_a_type_has_its_id_from_its_key() {
    let engine: Arc<dyn Engine> = Arc::new(MemEngine::new());
    let keyspace = Keyspace::of_plugin("shelf");
    block_on(engine.open(&keyspace)).expect("a keyspace opens");
    let untyped = Db::new(Arc::clone(&engine), keyspace, AppId::default(), Durability::Relaxed);
    let stored = json!({ "authors": ["ada"], "pages": 7, "shelfMark": null });
    block_on(untyped.set("books:7:b", &stored)).expect("it can be stored");

    let mut host = TestHost::of::<Shelf>().engine(engine).build();
    host.with::<Shelf, _>(async |ctx| {
        let books = ctx.docs::<Book>();
        assert_eq!(books.get("7:b").await?, Some(book("7:b", "ada", 7)));
        assert_eq!(books.count(query!(Book { isbn: "7:b", pages: 7 })).await?, 1);
        books.update("7:b", |book| book.pages = Some(8)).await?.expect("it is there");
        // What is written without its type under the key of a document may leave its id out as well.
        ctx.db().set("books:9", &json!({ "authors": [], "pages": null, "shelfMark": null })).await?;
        assert_eq!(books.get("9").await?.map(|book| book.isbn), Some("9".into()));
        Ok::<_, Error>(())
    })
    .expect("the store answers");
}

static MARKS: [IndexMeta; 1] = [IndexMeta::of("books:", &[IndexField::ascending("shelfMark")]).unique()];

#[test]
fn what_was_unique_stays_so_when_the_version_changes() {
    let engine: Arc<dyn Engine> = Arc::new(MemEngine::new());
    let keyspace = Keyspace::of_plugin("shelf");
    block_on(engine.open(&keyspace)).expect("a keyspace opens");
    let before = Space::new(Arc::clone(&engine), keyspace, Durability::Relaxed);
    let before = before.with_schema(Schema::new([], [], [], &MARKS));
    block_on(before.prepare()).expect("indexes are brought in line");
    let before = db(&Arc::new(before));
    for n in 0..300 {
        let book = json!({ "isbn": format!("{n:03}"), "authors": ["ada"], "pages": 1, "shelfMark": format!("A{n}") });
        block_on(before.set(&format!("books:{n:03}"), &book)).expect("it can be stored");
    }
    let mut host = TestHost::of::<Shelf>().engine(engine).build();
    let taken = host.with::<Shelf, _>(async |ctx| {
        let marked = Book { shelf_mark: Some("A299".into()), ..book("new", "eve", 1) };
        ctx.docs::<Book>().insert(&marked).await
    });
    assert!(matches!(taken, Err(StoreError::Duplicate { .. })), "{taken:?}");
}

#[test]
fn a_document_is_stored_under_the_id_that_it_has() {
    let space = space(&old_store(), 3);
    let other = json!({ "isbn": "8", "authors": [], "pages": 1, "shelfMark": null });
    let refused = block_on(db(&space).set("books:7", &other));
    let is_it = |source: &CodecError| matches!(source, CodecError::OtherId { field: "isbn", own } if own == "8");
    assert!(matches!(&refused, Err(StoreError::Codec { source, .. }) if is_it(source)), "{refused:?}");
}

#[test]
fn a_document_that_cannot_be_migrated_can_be_deleted_in_a_transaction() {
    let space = space(&old_store(), 3);
    let deleted = block_on(db(&space).txn(|tx| async move { Ok(tx.delete("books:2").await?) }));
    assert!(deleted.expect("nobody is in between"), "it was there");
    assert_eq!(block_on(db(&space).docs::<Book>().get("2")).expect("it can be asked"), None);
}

#[test]
fn what_could_not_be_migrated_is_tried_again_by_the_next_process() {
    let engine = old_store();
    let version = || {
        let bytes = block_on(db(&space(&engine, 3)).0.read("books:2")).expect("it can be read").expect("it is there");
        match crate::store::codec::Envelope::of(&bytes).expect("an envelope").content {
            crate::store::codec::Content::Typed { version, .. } => version,
            other => panic!("{other:?}"),
        }
    };
    let first = space(&engine, 3);
    block_on(first.migrate(|| true)).expect("the store answers");
    block_on(db(&space(&engine, 1)).set("books:2", &json!({ "isbn": "2", "author": "eve" }))).expect("it is mended");
    block_on(first.migrate(|| true)).expect("the store answers");
    assert_eq!(version(), 1, "this process has had its turn");
    block_on(space(&engine, 3).migrate(|| true)).expect("the store answers");
    assert_eq!(version(), 3);
}
