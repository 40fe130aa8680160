//! Typed documents in a running host, from what an author writes.

use std::{future::IntoFuture, sync::Arc};

use serde_json::{Value as Json, json};

use crate::{
    prelude::*,
    store::{
        Db, MemEngine, Schema, Space,
        codec::CodecError,
        conformance::block_on,
        engine::{Durability, Engine, Keyspace},
        index::{IndexField, IndexMeta},
        query::Find,
        transfer::Stillness,
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
fn a_context_has_the_documents_of_its_plugin_by_their_type() {
    let mut host = TestHost::of::<Shelf>().build();
    let _ = host.fire(&Fill { books: 20 });
    host.with::<Shelf, _>(async |ctx| {
        let books = ctx.docs::<Book>();
        assert_eq!(books.get("003").await?, Some(book("003", "eve", 3)));
        let found = books.find(query!(Book { pages: { gte: 10 } })).sort(|book| book.pages().descending()).limit(2);
        let page: Page<Entry<Book>> = found.await?;
        assert_eq!(page.iter().map(|found| &*found.key).collect::<Vec<_>>(), ["019", "018"]);
        let json: Json = ctx.db().get("books:000").await?.expect("it is there");
        assert_eq!(json, json!({ "isbn": "000", "authors": ["ada"], "pages": 0, "shelfMark": null }));
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
    let space = unprepared(engine, version);
    block_on(space.prepare()).expect("indexes are brought in line");
    Arc::new(space)
}

fn unprepared(engine: &Arc<dyn Engine>, version: u16) -> Space {
    let keyspace = Keyspace::of_plugin("shelf");
    block_on(engine.open(&keyspace)).expect("a keyspace opens");
    let migrations = (1..version).map(migration);
    let schema = Schema::new([retired(version)], (1..version).map(retired), migrations, &[]);
    Space::new(Arc::clone(engine), keyspace, Durability::Relaxed).with_schema(schema)
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
fn older_versions_are_read_through_the_migrations_that_are_linked() {
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

/// Books without a type, with a unique index.
fn marked_store() -> Arc<dyn Engine> {
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
    engine
}

/// Every row that there is, in lines that say what they are.
fn exported(space: &Arc<Space>) -> Vec<String> {
    let mut export = block_on(space.export("shelf", Stillness::Still)).expect("it begins");
    let mut text = String::new();
    while let Some(lines) = block_on(export.next()).expect("it can be read") {
        text.push_str(&lines);
    }
    // The first says when.
    text.lines().skip(1).map(ToOwned::to_owned).collect()
}

#[test]
fn who_only_reads_is_answered_by_what_is_there_and_leaves_it_so() {
    let engine = marked_store();
    let looking = unprepared(&engine, 3);
    block_on(looking.prepare_to_read()).expect("it can be read");
    let looking = Arc::new(looking);
    let before = exported(&looking);
    assert_eq!(block_on(looking.index_states()).expect("readable").len(), 1, "none is made");
    let verified = block_on(looking.verify()).expect("readable");
    assert!(verified.is_whole() && verified.documents == 300, "{verified:?}");
    let marked = db(&looking).docs::<Book>().find(query!(Book { shelfMark: "A7" }));
    let found = block_on(marked.into_future()).expect("it is answered without an index of today's version");
    assert_eq!(found.iter().map(|found| &*found.key).collect::<Vec<_>>(), ["007"]);
    assert_eq!(exported(&looking), before);

    let untyped = Space::new(Arc::clone(&engine), Keyspace::of_plugin("shelf"), Durability::Relaxed);
    let untyped = untyped.with_schema(Schema::new([], [], [], &MARKS));
    block_on(untyped.prepare_to_read()).expect("it can be read");
    let marked: Find<Json> = db(&Arc::new(untyped)).find(query! { shelfMark: "A7" }).under("books:");
    assert!(block_on(marked.explain()).expect("readable").index.is_some(), "it is ready, so it is used");
}

#[test]
fn what_was_unique_stays_so_when_the_version_changes() {
    let engine = marked_store();
    let mut host = TestHost::of::<Shelf>().engine(engine).build();
    let taken = host.with::<Shelf, _>(async |ctx| {
        let marked = Book { shelf_mark: Some("A299".into()), ..book("new", "eve", 1) };
        ctx.docs::<Book>().insert(&marked).await
    });
    assert!(matches!(taken, Err(StoreError::Duplicate { .. })), "{taken:?}");
}
