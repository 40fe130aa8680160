//! Questions over 100,000 documents: with a filter and without an index, by an index, in an order, and how many.

use std::{hint::black_box, time::Duration};

use plugin_core::{
    query,
    store::{Db, Entry, Page, Selected},
};
use rocksdb::ReadOptions;
use rusqlite::Connection;
use tokio::runtime::Runtime;

use super::{
    MICROSECOND,
    data::{Brief, Conversation, DOCUMENTS, HITS, USERS, scattered, user},
    ours::{BY_USER, Bed, place},
    sqlite::{self, COUNT, LATEST, LATEST_BRIEF, OF_USER, SCAN, rows},
};
use crate::harness::{Case, Options, Targets, Time, interleave_in};

/// How long a case has in a round.
const SLICE: Duration = Duration::from_millis(4);

/// How many the latest are.
const TOP: usize = 20;

/// Ours, with whole documents.
const DOCUMENTS_OF_OURS: &str = "find";
/// Ours, with two fields that an index has.
const FIELDS_OF_OURS: &str = "find, select: from the index alone";
/// SQLite's, as documents of the same type.
const DOCUMENTS_OF_SQLITE: &str = "SQLite, documents read from JSON";
/// SQLite's rows as they are.
const TEXTS_OF_SQLITE: &str = "SQLite, JSON as text";
/// The same two fields.
const FIELDS_OF_SQLITE: &str = "SQLite, two fields";

/// What stands in the way of documents found by an index.
const LOOKUPS: &str = "RocksDB's batched look-ups of the documents alone take longer than SQLite takes in all; fields that an index has are \
                       had without them, by `select`";

pub(super) fn measure(options: &Options, targets: &mut Targets) {
    // A store of its own for each part, so that what is asked fits into the cache of the one that is asked.
    let bed = Bed::new();
    let lite = sqlite::filled(&bed.folder.path().join("queries.sqlite"));
    scan(options, &bed, &lite, targets);
    let bed = Bed::new();
    let db = bed.filled("indexed", BY_USER);
    let sides = Sides { runtime: &bed.runtime, db: &db, lite: &lite };
    sides.found(options, targets);
    sides.latest(options, HITS, "100 documents by an index, latest first, µs", targets, [1.0, 2.0]);
    sides.latest(options, TOP, "the latest 20 of 100, µs", targets, [1.0, 2.5]);
    sides.count(options, targets);
}

fn scan(options: &Options, bed: &Bed, lite: &Connection, targets: &mut Targets) {
    const RAW: &str = "RocksDB, an iterator over all";
    const OURS: &str = "find, unindexed";
    let db = bed.filled("plain", &[]);
    let (raw, family) = (bed.raw(), bed.family("plain"));
    let mut theirs = lite.prepare(SCAN).expect("a query");
    let table = interleave_in(
        Time::OfThread,
        SLICE,
        options,
        vec![
            Case::new(RAW, |times| {
                for _ in 0..times {
                    let mut reading = ReadOptions::default();
                    reading.set_iterate_lower_bound(place(0));
                    reading.set_iterate_upper_bound(place(DOCUMENTS));
                    let mut rows = raw.raw_iterator_cf_opt(&family, reading);
                    let mut count = 0;
                    rows.seek_to_first();
                    while let Some(row) = rows.item() {
                        black_box(row);
                        count += 1;
                        rows.next();
                    }
                    assert_eq!(count, DOCUMENTS);
                }
            }),
            Case::new(OURS, |times| {
                for time in 0..times {
                    let user = user(scattered(time, USERS));
                    let found = bed.runtime.block_on(async {
                        let (mut rows, mut found) = (db.find::<Conversation>(query! { userId: user }).iter(), 0);
                        while let Some(row) = rows.next().await.expect("a row") {
                            black_box(row);
                            found += 1;
                        }
                        found
                    });
                    assert_eq!(found, HITS);
                }
            }),
            Case::new("SQLite, unindexed", |times| {
                for time in 0..times {
                    let user = user(scattered(time, USERS));
                    let found = theirs.query_map([user], |row| Ok(sqlite::document(row))).expect("a query");
                    let found = found.fold(0, |count, row| {
                        black_box(row.expect("a row"));
                        count + 1
                    });
                    assert_eq!(found, HITS);
                }
            }),
        ],
    );
    table.print_in(MICROSECOND, "100 found among 100,000 without an index, µs", RAW);
    targets.at_most("full scan with a filter / a bare iterator", table.ratio(OURS, RAW), 1.6);
    targets.where_missed(
        "the field is found among names in every row, which takes nearly as long as RocksDB takes to come to the row; typed documents \
         have no names to be compared",
    );
}

/// Ours and SQLite's, with the same indexes.
struct Sides<'a> {
    runtime: &'a Runtime,
    db: &'a Db,
    lite: &'a Connection,
}

impl Sides<'_> {
    /// In the order of their keys.
    fn found(&self, options: &Options, targets: &mut Targets) {
        let [mut documents, mut texts] = [OF_USER; 2].map(|query| self.lite.prepare(query).expect("a query"));
        println!("SQLite: {}", sqlite::plan(self.lite, OF_USER));
        let table = interleave_in(
            Time::OfThread,
            SLICE,
            options,
            vec![
                Case::new(DOCUMENTS_OF_SQLITE, |times| {
                    each(times, |user| black_box(rows(&mut documents, user, HITS, sqlite::document)).len(), HITS);
                }),
                Case::new(TEXTS_OF_SQLITE, |times| {
                    each(times, |user| black_box(rows(&mut texts, user, HITS, sqlite::text)).len(), HITS);
                }),
                Case::new(DOCUMENTS_OF_OURS, |times| {
                    let find =
                        |user: &str| self.db.find::<Conversation>(query! { userId: user }).under("conversations:");
                    each(times, |user| self.runtime.block_on(async { page(find(user).await) }), HITS);
                }),
            ],
        );
        table.print_in(MICROSECOND, "100 documents by an index, µs", DOCUMENTS_OF_SQLITE);
        let name = "100 documents by an index";
        targets.at_most(format!("{name} / SQLite"), table.ratio(DOCUMENTS_OF_OURS, DOCUMENTS_OF_SQLITE), 2.0);
        targets.where_missed(LOOKUPS);
        let ratio = table.ratio(DOCUMENTS_OF_OURS, TEXTS_OF_SQLITE);
        targets.would_be_at_most(format!("{name} / SQLite, JSON left as text"), ratio, 2.0);
    }

    /// The latest first, as whole documents and as what an index has of them.
    fn latest(&self, options: &Options, limit: usize, title: &str, targets: &mut Targets, bounds: [f64; 2]) {
        let [mut documents, mut texts] = [LATEST; 2].map(|query| self.lite.prepare(query).expect("a query"));
        let mut fields = self.lite.prepare(LATEST_BRIEF).expect("a query");
        println!("SQLite, documents: {}", sqlite::plan(self.lite, LATEST));
        println!("SQLite, two fields: {}", sqlite::plan(self.lite, LATEST_BRIEF));
        let find = |user: &str| {
            let find = self.db.find::<Conversation>(query! { userId: user });
            find.under("conversations:").sort("-endedAt").limit(limit)
        };
        let table = interleave_in(
            Time::OfThread,
            SLICE,
            options,
            vec![
                Case::new(DOCUMENTS_OF_SQLITE, |times| {
                    each(times, |user| black_box(rows(&mut documents, user, limit, sqlite::document)).len(), limit);
                }),
                Case::new(TEXTS_OF_SQLITE, |times| {
                    each(times, |user| black_box(rows(&mut texts, user, limit, sqlite::text)).len(), limit);
                }),
                Case::new(DOCUMENTS_OF_OURS, |times| {
                    each(times, |user| self.runtime.block_on(async { page(find(user).await) }), limit);
                }),
                Case::new(FIELDS_OF_SQLITE, |times| {
                    each(times, |user| black_box(rows(&mut fields, user, limit, sqlite::brief)).len(), limit);
                }),
                Case::new(FIELDS_OF_OURS, |times| {
                    let select = |user: &str| find(user).select::<Brief>(["userId", "endedAt"]);
                    each(times, |user| self.runtime.block_on(async { fields_of(select(user).await) }), limit);
                }),
            ],
        );
        table.print_in(MICROSECOND, title, DOCUMENTS_OF_SQLITE);
        let name = format!("the latest {limit}");
        let [covered, whole] = bounds;
        let ratio = |ours, theirs| table.ratio(ours, theirs);
        targets.at_most(format!("{name}, two fields / SQLite"), ratio(FIELDS_OF_OURS, FIELDS_OF_SQLITE), covered);
        targets.where_missed(
            "two allocations a row, for the key and the text, take a fourth of the time, which SQLite's side makes as well, and RocksDB's \
             iterator a third; pages whose texts borrow from one allocation would need none of the first",
        );
        let found = ratio(FIELDS_OF_OURS, DOCUMENTS_OF_SQLITE);
        targets.would_be_at_most(format!("{name}, two fields / SQLite, documents"), found, covered);
        targets.at_most(format!("{name}, documents / SQLite"), ratio(DOCUMENTS_OF_OURS, DOCUMENTS_OF_SQLITE), whole);
        targets.where_missed(LOOKUPS);
        let left = ratio(DOCUMENTS_OF_OURS, TEXTS_OF_SQLITE);
        targets.would_be_at_most(format!("{name}, documents / SQLite, JSON left as text"), left, whole);
    }

    fn count(&self, options: &Options, targets: &mut Targets) {
        const OURS: &str = "count";
        const THEIRS: &str = "SQLite, count(*)";
        let mut theirs = self.lite.prepare(COUNT).expect("a query");
        let count = |user: &str| self.db.count(query! { userId: user }).under("conversations:");
        let found = |count: u64| usize::try_from(count).expect("small");
        let table = interleave_in(
            Time::OfThread,
            SLICE,
            options,
            vec![
                Case::new(THEIRS, |times| {
                    let mut counted = |user: &str| theirs.query_row([user], |row| row.get(0)).expect("a count");
                    each(times, |user| found(i64::unsigned_abs(counted(user))), HITS);
                }),
                Case::new(OURS, |times| {
                    each(
                        times,
                        |user| found(self.runtime.block_on(async { count(user).await }).expect("a count")),
                        HITS,
                    );
                }),
            ],
        );
        table.print_in(MICROSECOND, "how many, by an index, µs", THEIRS);
        targets.would_be_at_most("count of 100 by an index / SQLite", table.ratio(OURS, THEIRS), 1.0);
    }
}

/// Asks for one user after another; each must have so many.
fn each(times: u64, mut ask: impl FnMut(&str) -> usize, found: usize) {
    for time in 0..times {
        assert_eq!(ask(&user(scattered(time, USERS))), found);
    }
}

fn page(found: Result<Page<Entry<Conversation>>, plugin_core::store::StoreError>) -> usize {
    black_box(found.expect("a page")).len()
}

fn fields_of(found: Result<Page<Selected<Brief>>, plugin_core::store::StoreError>) -> usize {
    black_box(found.expect("a page")).len()
}
